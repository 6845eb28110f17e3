"""Control groups, version 1, version 2 and both at once: where ours are, and the group of one sandbox.

From the kernel's documentation: admin-guide/cgroup-v1/{memory,cpu,pids,freezer-subsystem} and admin-guide/cgroup-v2. Of
Lambent it imports only constants (the warden imports it, and must start fast).
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lambent.core.limits import MEBIBYTE, MEMORY_MIB_PER_CPU, PROCESSES

CONTROLLERS = ("memory", "cpu", "pids")
PERIOD_US = 20_000
"""Short, so that a function with a small share is not stalled for long: at 128 MiB it runs 1.4 ms of every 20 ms."""
LEAST_QUOTA_US = 1_000
"""The kernel's own minimum."""
_LEAF = "lambent-server"
"""Where our own processes go when version 2 wants them in a leaf."""
_SOCKET_MEMORY = "memory.kmem.tcp.limit_in_bytes"
# JUSTIFICATION: version 1 does not count what waits in TCP and UDP sockets as memory unless it is limited by itself, and the
# kernel's memory for it is one pool for the machine: a function of 128 MiB could hold gigabytes, and every socket would starve.
_PROCESSES = PROCESSES + 1
"""Lambda's limit, and the sandbox's first process, which is ours."""


class Unavailable(Exception):
    """This host's control groups cannot hold a sandbox; the message says why and what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The folders in which our groups are made."""

    unified: Path | None
    """Version 2. On a host with version 1 controllers it carries none, but still freezes and kills."""
    legacy: Mapping[str, Path]
    """Version 1, by controller; empty on a pure version 2 host."""

    def parents(self) -> tuple[Path, ...]:
        """All of them."""
        return tuple(dict.fromkeys([*self.legacy.values(), *([self.unified] if self.unified else [])]))


def detect(mounts: str, own: str, root: Path = Path("/")) -> Layout:
    """From the texts of /proc/self/mountinfo and /proc/self/cgroup; `root` is put before every path. Raises Unavailable."""
    paths = _own_paths(own)
    unified: Path | None = None
    legacy: dict[str, Path] = {}
    for line in mounts.splitlines():
        left, _, right = line.partition(" - ")
        inside, place = left.split(" ")[3:5]
        kind, _, options = right.split(" ", 2)
        base = root / place.lstrip("/")
        if kind == "cgroup2":
            unified = _below(base, inside, paths.get("", "/"))
        elif kind == "cgroup":
            for name in {*CONTROLLERS, "freezer"} & set(options.split(" ")[-1].split(",")) & set(paths):
                legacy[name] = _below(base, inside, paths[name])
    held = set(legacy) & set(CONTROLLERS)
    if held and held != set(CONTROLLERS):
        _explain(set(CONTROLLERS) - held)
    if not held and unified is None:
        _explain(set(CONTROLLERS))
    return Layout(unified=unified, legacy=legacy if held else {})


def _own_paths(own: str) -> dict[str, str]:
    """Controller name (empty for version 2) -> path of our group in that hierarchy."""
    found: dict[str, str] = {}
    for line in own.splitlines():
        _, controllers, path = line.split(":", 2)
        found.update((name, path) for name in controllers.split(","))
    return found


def _below(mounted: Path, inside: str, path: str) -> Path:
    """Our group's folder, where `inside` is the group that is mounted."""
    if inside != "/" and (path == inside or path.startswith(inside + "/")):
        path = path[len(inside) :]
    folder = mounted / path.lstrip("/")
    if folder.name == _LEAF:
        folder = folder.parent  # where an earlier start has put our processes
    return folder if folder.is_dir() else mounted


def _explain(missing: set[str]) -> None:
    raise Unavailable(
        f"no control group controller for: {', '.join(sorted(missing))}. Start Lambent where /sys/fs/cgroup is mounted with them "
        "(on a bare machine they are; in a container, run it with --cgroupns=host and a writable /sys/fs/cgroup, or --privileged)"
    )


class ControlGroups:
    """The groups of one server: one folder of its own in each hierarchy, one below it per sandbox."""

    def __init__(self, layout: Layout, name: str) -> None:
        self._layout = layout
        self.folders: dict[str, Path] = {key: parent / name for key, parent in layout.legacy.items()}
        if layout.unified is not None:
            if "freezer" in self.folders:
                del self.folders["freezer"]  # version 2 freezes better: what is frozen can be killed
            self.folders[""] = layout.unified / name

    @property
    def version(self) -> int:
        """Of the hierarchy that holds memory, CPU and processes."""
        return 1 if self._layout.legacy else 2

    def prepare(self) -> None:
        """Make the server's own folders. Raises Unavailable."""
        try:
            if self.version == 2:
                self._delegate()
            for folder in self.folders.values():
                folder.mkdir(exist_ok=True)
            if self.version == 2:
                self._enable(self.folders[""])
            else:
                self._count_socket_memory()
        except OSError as error:
            raise Unavailable(
                f"cannot make control groups: {error}. Lambent needs root, and control groups it may write"
            ) from error

    def _count_socket_memory(self) -> None:
        """Unlimited, but counted from now on: the first group that counts makes the kernel patch itself, and no start may pay."""
        with suppress(FileNotFoundError):
            _write(self.folders["memory"] / _SOCKET_MEMORY, "-1")

    def _delegate(self) -> None:
        """Version 2: find a group that may pass its controllers down. Only leaves, and the very root, may have processes then."""
        own, name = self.folders[""].parent, self.folders[""].name
        top = next((each for each in (own, *own.parents) if not (each.parent / "cgroup.procs").exists()), own)
        for candidate, evacuate in ((own, False), (own, True), (top, False)):
            with suppress(OSError):
                if evacuate:
                    _evacuate(candidate)
                self._enable(candidate)
                self.folders[""] = candidate / name
                return
        raise Unavailable(
            f"the control group {own} cannot pass on {', '.join(CONTROLLERS)}. Start Lambent as a service with "
            "Delegate=yes, or as root outside of a restricted container"
        )

    def _enable(self, folder: Path) -> None:
        (folder / "cgroup.subtree_control").write_text(" ".join(f"+{name}" for name in CONTROLLERS))

    def group(self, name: str) -> "Group":
        """Make the group of one sandbox, unlimited but for processes. Raises OSError."""
        return Group({key: folder / name for key, folder in self.folders.items()}, self.version)


def _evacuate(folder: Path) -> None:
    """Move the processes of our own group into a leaf, if it has no other child groups: all of a container, or delegated."""
    if any(each.is_dir() and each.name != _LEAF for each in folder.iterdir()):
        raise OSError("other groups live here")
    leaf = folder / _LEAF
    leaf.mkdir(exist_ok=True)
    for process in (folder / "cgroup.procs").read_text().split():
        with suppress(ProcessLookupError):
            (leaf / "cgroup.procs").write_text(process)


class Group:
    """One sandbox's folders. Open descriptors are kept by the caller, so that they work when the folder is hidden."""

    def __init__(self, folders: Mapping[str, Path], version: int) -> None:
        self._folders = folders
        self._version = version
        self._main = folders["memory"] if version == 1 else folders[""]
        try:
            for folder in folders.values():
                folder.mkdir(exist_ok=True)
            (folders.get("pids", self._main) / "pids.max").write_text(str(_PROCESSES))
            if version == 1:
                (folders["cpu"] / "cpu.cfs_period_us").write_text(str(PERIOD_US))
        except OSError:
            self.remove()
            raise

    def joining(self) -> list[int]:
        """Descriptors to which a process writes `0` to join, one per hierarchy."""
        return [os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC) for folder in self._folders.values()]

    def watching(self) -> list[int]:
        """Descriptors for the server: freezer, peak of memory, out-of-memory count, CPU quota."""
        freezer = self._folders[""] / "cgroup.freeze" if "" in self._folders else self._folders["freezer"] / "freezer.state"
        if self._version == 1:
            names = (freezer, self._main / "memory.max_usage_in_bytes", self._main / "memory.oom_control")
            quota = self._folders["cpu"] / "cpu.cfs_quota_us"
        else:
            peak = self._main / "memory.peak"
            names = (freezer, peak if peak.exists() else self._main / "memory.current", self._main / "memory.events")
            quota = self._main / "cpu.max"
        return [os.open(each, os.O_RDWR | os.O_CLOEXEC if each == freezer else os.O_RDONLY | os.O_CLOEXEC) for each in names] + [
            os.open(quota, os.O_WRONLY | os.O_CLOEXEC)
        ]

    def limit(self, memory_mib: int, quota_us: int) -> None:
        """Hold memory (no swap) and CPU (microseconds of every period). Raises OSError."""
        size = str(memory_mib * MEBIBYTE)
        if self._version == 1:
            _write(self._main / "memory.limit_in_bytes", size)
            with suppress(FileNotFoundError):  # a kernel without swap accounting
                _write(self._main / "memory.memsw.limit_in_bytes", size)
            with suppress(FileNotFoundError):
                _write(self._main / _SOCKET_MEMORY, size)
            _write(self._folders["cpu"] / "cpu.cfs_quota_us", str(quota_us))
            return
        _write(self._main / "memory.max", size)
        with suppress(FileNotFoundError):  # a kernel without swap
            _write(self._main / "memory.swap.max", "0")
        _write(self._main / "cpu.max", f"{quota_us} {PERIOD_US}")

    def kill(self) -> None:
        """Kill everything inside, frozen or not, as far as this kernel can; the caller also kills the first process."""
        with suppress(OSError, KeyError):
            _write(self._folders[""] / "cgroup.kill", "1")
        with suppress(OSError, KeyError):
            _write(self._folders["freezer"] / "freezer.state", "THAWED")

    def remove(self) -> bool:
        """Whether all folders are gone; False while something inside is still ending."""
        gone = True
        for folder in self._folders.values():
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                gone = False
        return gone


def quota_us(memory_mib: int, *, least_cpus: float = 0.0) -> int:
    """CPU time per period for this memory: 1,769 MiB is one vCPU (Developer Guide, configuration-memory)."""
    share = max(memory_mib / MEMORY_MIB_PER_CPU, least_cpus)
    return max(round(share * PERIOD_US), LEAST_QUOTA_US)


def _write(path: Path, content: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, content.encode())
    finally:
        os.close(descriptor)
