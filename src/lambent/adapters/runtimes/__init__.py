"""The runtimes of this host: which exact interpreters it has, and how a user gets those that it lacks."""

from lambent.adapters.runtimes.advice import missing_runtime_message
from lambent.adapters.runtimes.catalog import HostRuntimes
from lambent.adapters.runtimes.folders import own_folder, search_folders

__all__ = ["HostRuntimes", "missing_runtime_message", "own_folder", "search_folders"]
