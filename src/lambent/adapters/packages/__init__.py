"""Code packages on disk: zips named by their content, each checked before it is accepted and unpacked once."""

from lambent.adapters.packages.store import DiskPackageStore

__all__ = ["DiskPackageStore"]
