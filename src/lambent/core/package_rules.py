"""What a code package may contain: pure rules for a zip's table of contents, held before anything is written (facts G2).

Lambda honours links and unix modes and takes at most 250 MiB unzipped. What is refused here could otherwise write outside of
the package's folder, or exhaust the disk that it is unpacked on.
"""

import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from lambent.core.errors import InvalidParameterValue
from lambent.core.limits import UNZIPPED_BYTES

COULD_NOT_UNZIP = "Could not unzip uploaded file. Please check your file, then try to upload again."
EMPTY_ZIP = "Uploaded file must be a non-empty zip"
TOO_LARGE = f"Unzipped size must be smaller than {UNZIPPED_BYTES} bytes"

ENTRIES_AT_MOST = 200_000
"""Files and folders, folders that only paths imply included: more would exhaust inodes, not bytes."""
NAME_BYTES_AT_MOST = 255
"""One component of a path, as on every Linux file system."""
PATH_BYTES_AT_MOST = 2048
DEPTH_AT_MOST = 128
LINK_BYTES_AT_MOST = 4095

_STORED, _DEFLATED = 0, 8
_DRIVE_LETTER = re.compile(r"[A-Za-z]:")
_KEPT_PERMISSIONS = 0o755
"""setuid, setgid and sticky go; so does write permission for others: nobody but us may change a package."""


class EntryKind(Enum):
    """What an entry becomes on disk."""

    DIRECTORY = 1
    FILE = 2
    LINK = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class DeclaredEntry:
    """One line of a zip's table of contents, as the zip says it."""

    name: str
    size: int
    """Bytes unzipped, as declared."""
    mode: int
    """Unix st_mode, type bits included; 0 when the zip carries none."""
    encrypted: bool
    compression: int
    """The method's number in the zip."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PlannedEntry:
    """One thing to write: never reached through a link, never outside of the package."""

    path: str
    """Relative, `/` between components, no `.` or `..`."""
    kind: EntryKind
    permissions: int
    """Files without o+r keep it so: the function meets `Permission denied`, as in Lambda."""
    size: int
    index: int | None
    """Which of the declared entries holds the content; None for a folder that only paths imply."""


def corrupt(reason: str | None = None) -> InvalidParameterValue:
    """Lambda's one message for everything that is wrong with a zip, and why in brackets when more can be said."""
    return InvalidParameterValue(f"{COULD_NOT_UNZIP} ({reason})" if reason else COULD_NOT_UNZIP)


def plan(entries: Iterable[DeclaredEntry]) -> tuple[PlannedEntry, ...]:
    """What to write, in an order that is safe: folders from the top down, then files, then links.

    Of two files or folders of one name the later counts. Raises InvalidParameterValue.
    """
    planned: dict[str, PlannedEntry] = {}
    count = unpacked = 0
    for index, entry in enumerate(entries):
        count += 1
        unpacked += entry.size
        if unpacked > UNZIPPED_BYTES:
            raise InvalidParameterValue(TOO_LARGE)
        _add(planned, _planned(entry, index))
    if not count:
        raise InvalidParameterValue(EMPTY_ZIP)
    for path in list(planned):
        _add_parents(planned, path)
    return tuple(sorted(planned.values(), key=lambda each: (each.kind.value, each.path)))


def unpacked_size(planned: Iterable[PlannedEntry]) -> int:
    """Bytes that the planned entries take."""
    return sum(each.size for each in planned)


def check_link(target: bytes) -> None:
    """Any target will do: a link is never followed by us, and inside the sandbox it leads nowhere but inside. Raises."""
    if not target or b"\0" in target or len(target) > LINK_BYTES_AT_MOST:
        raise corrupt("a link has no usable target")


def _planned(entry: DeclaredEntry, index: int) -> PlannedEntry:
    if entry.encrypted:
        raise corrupt("it is encrypted")
    if entry.compression not in (_STORED, _DEFLATED):
        raise corrupt(f"{entry.name[:100]!r} is compressed by a method other than deflate")
    kind = _kind(entry)
    permissions = stat.S_IMODE(entry.mode) & _KEPT_PERMISSIONS or (0o755 if kind is EntryKind.DIRECTORY else 0o644)
    if kind is EntryKind.DIRECTORY:
        permissions |= 0o700  # we must be able to fill and to remove it
    path = _path(entry.name)
    return PlannedEntry(path=path, kind=kind, permissions=permissions, size=entry.size, index=index)


def _kind(entry: DeclaredEntry) -> EntryKind:
    match stat.S_IFMT(entry.mode):
        case stat.S_IFLNK:
            return EntryKind.LINK
        case 0 | stat.S_IFREG | stat.S_IFDIR as form:
            is_directory = form == stat.S_IFDIR or entry.name.endswith("/")
            return EntryKind.DIRECTORY if is_directory else EntryKind.FILE
        case _:
            raise corrupt(f"{entry.name!r} is a special file")


def _path(name: str) -> str:
    """The name as a clean relative path; empty for the root itself."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    sizes = [len(part.encode("utf-8", "surrogatepass")) for part in parts]
    if name.startswith("/") or _DRIVE_LETTER.match(name):
        raise corrupt(f"the name {name[:100]!r} is absolute")
    if ".." in parts:
        raise corrupt(f"the name {name[:100]!r} leaves the package")
    if not name or "\0" in name or "\\" in name or _has_surrogate(name):
        raise corrupt(f"the name {name[:100]!r} is not a path")
    if len(parts) > DEPTH_AT_MOST or sum(sizes) + len(sizes) > PATH_BYTES_AT_MOST or max(sizes, default=0) > NAME_BYTES_AT_MOST:
        raise corrupt(f"the name {name[:100]!r} is too long")
    return "/".join(parts)


def _has_surrogate(name: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in name)


def _add(planned: dict[str, PlannedEntry], entry: PlannedEntry) -> None:
    if not entry.path:
        if entry.kind is not EntryKind.DIRECTORY:
            raise corrupt("its root is not a folder")
        return
    other = planned.get(entry.path)
    if other is not None and (other.kind is not entry.kind or entry.kind is EntryKind.LINK):
        raise corrupt(f"it has {entry.path[:100]!r} twice")
    planned[entry.path] = entry
    _check_count(planned)


def _add_parents(planned: dict[str, PlannedEntry], path: str) -> None:
    for parent in _parents(path):
        known = planned.get(parent)
        if known is None:
            planned[parent] = PlannedEntry(path=parent, kind=EntryKind.DIRECTORY, permissions=0o755, size=0, index=None)
            _check_count(planned)
        elif known.kind is not EntryKind.DIRECTORY:
            raise corrupt(f"{path[:100]!r} is reached through {parent[:100]!r}, which is no folder")


def _parents(path: str) -> Iterator[str]:
    end = path.rfind("/")
    while end > 0:
        yield path[:end]
        end = path.rfind("/", 0, end)


def _check_count(planned: dict[str, PlannedEntry]) -> None:
    if len(planned) > ENTRIES_AT_MOST:
        raise corrupt(f"it has more than {ENTRIES_AT_MOST} entries")
