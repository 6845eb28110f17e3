"""What changes groups and streams as a whole: made, set, deleted, expired. Its owner calls it under the writer's lock."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from lambent.adapters.logs.appender import Appender
from lambent.adapters.logs.group_files import read_group, remove_group, retention_days, write_group
from lambent.adapters.logs.layout import StreamName, group_folder, group_folders, make_group_folder, segments
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup, oldest_kept
from lambent.core.ports import AlreadyStored

_LOOK_SECONDS: Final = 60.0
"""Between two looks for what is past its retention."""


class Administration:
    """Blocking; the port (LogStore) has the contracts."""

    def __init__(self, root: Path, appender: Appender) -> None:
        self._root = root
        self._appender = appender
        self._looked = 0.0

    def add_group(self, owner: Owner, group: LogGroup) -> None:
        if group_folder(self._root, owner, group.name).is_dir():
            raise AlreadyStored(group.name)
        write_group(make_group_folder(self._root, owner, group.name), group)

    def replace_group(self, owner: Owner, group: LogGroup) -> None:
        folder = group_folder(self._root, owner, group.name)
        stored = read_group(folder, group.name)
        if stored is None:
            raise KeyError("group")
        write_group(folder, replace(group, created_ms=stored.created_ms))

    def delete_group(self, owner: Owner, name: str) -> bool:
        folder = group_folder(self._root, owner, name)
        if not folder.is_dir():
            return False
        self._appender.forget(owner, name)
        remove_group(folder)
        return True

    def add_stream(self, name: StreamName, now_ms: int) -> None:
        if name.stream in self._streams(name):
            raise AlreadyStored(name.stream)
        self._appender.touch(name, now_ms)

    def delete_stream(self, name: StreamName) -> bool:
        paths = self._streams(name).get(name.stream)
        if paths is None:
            return False
        self._appender.forget(name.owner, name.group, name.stream)
        for path in paths:
            path.unlink()
        return True

    def put(self, name: StreamName, events: Sequence[tuple[int, bytes]], now_ms: int) -> None:
        if name.stream not in self._streams(name):
            raise KeyError("stream")
        self._appender.append(name, events, now_ms)

    def expire(self, now: float) -> None:
        """Delete segments of which nothing is kept any more. Looks once a minute at most."""
        if now - self._looked < _LOOK_SECONDS:
            return
        self._looked = now
        for folder in group_folders(self._root):
            oldest = oldest_kept(retention_days(folder), int(now * 1000))
            for path in (path for paths in segments(folder).values() for path in paths) if oldest else ():
                self._appender.expire_before(path, oldest)

    def _streams(self, name: StreamName) -> dict[str, list[Path]]:
        try:
            return segments(group_folder(self._root, name.owner, name.group))
        except KeyError:
            raise KeyError("group") from None
