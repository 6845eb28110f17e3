"""The LogStore on disk: function logs by account, Region, group and stream, in append-only segments."""

from lambent.adapters.logs.store import DiskLogStore

__all__ = ["DiskLogStore"]
