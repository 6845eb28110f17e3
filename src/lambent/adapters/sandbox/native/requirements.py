"""What a host must offer for level `native`: each requirement is tried, not guessed from versions."""

import ctypes
import ctypes.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from lambent.adapters.sandbox.native import control_groups
from lambent.adapters.sandbox.native.control_groups import Unavailable, detect
from lambent.adapters.sandbox.seccomp import build_filter
from lambent.core.ports import SandboxFault

_SYS_MOUNT_SETATTR = 442
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")
_CAP_SYS_ADMIN = 21
_ENOSYS = 38


def problem() -> str | None:
    """The first thing that is missing and what to do about it; None when nothing is."""
    checks: tuple[Callable[[], str | None], ...] = (_root, _namespaces, _mounts, _groups, _loop_devices, _mkfs, _seccomp)
    return next((found for check in checks if (found := check()) is not None), None)


def _root() -> str | None:
    if os.geteuid() != 0:
        return "it needs root: start Lambent as root (sudo lambent start), or use the level bwrap"
    status = Path("/proc/self/status").read_text("ascii")
    effective = int(status.partition("CapEff:")[2].split()[0], 16)
    if not effective >> _CAP_SYS_ADMIN & 1:
        return "it needs the capability CAP_SYS_ADMIN, which this container does not have: run it with --privileged"
    if Path("/proc/self/uid_map").read_text("ascii").split() != ["0", "0", "4294967295"]:
        return "it needs the host's root, and this one is root of a user namespace only: use the level bwrap"
    return None


def _namespaces() -> str | None:
    missing = [each for each in _NAMESPACES if not Path(f"/proc/self/ns/{each}").exists()]
    if missing:
        return f"this kernel has no namespaces of kind {', '.join(missing)}"
    limit = Path("/proc/sys/user/max_user_namespaces")
    if limit.exists() and int(limit.read_text("ascii")) == 0:
        return "user namespaces are switched off: sysctl -w user.max_user_namespaces=10000"
    return None


def _mounts() -> str | None:
    ctypes.set_errno(0)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(ctypes.c_long(_SYS_MOUNT_SETATTR), -1, b"", 0, None, ctypes.c_size_t(0))
    if ctypes.get_errno() == _ENOSYS:
        return "it needs Linux 5.12 or newer (mount_setattr)"
    return None


def _groups() -> str | None:
    try:
        layout = detect(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    except (Unavailable, OSError) as failure:
        return str(failure)
    for parent in layout.parents():
        if not os.access(parent, os.W_OK):
            return f"{parent} is not writable: control groups cannot be made there (in a container: --privileged)"
    if not layout.legacy and layout.unified is not None:
        return _version_2(layout.unified)
    return None


def _version_2(own: Path) -> str | None:
    """Controllers must be there to be passed down, here or at the top."""
    for folder in (own, *own.parents):
        offered = folder / "cgroup.controllers"
        if offered.exists() and set(control_groups.CONTROLLERS) <= set(offered.read_text().split()):
            return None
    wanted = ", ".join(control_groups.CONTROLLERS)
    return f"no control group above {own} offers {wanted}: start Lambent as a service with Delegate=yes"


def _loop_devices() -> str | None:
    if not os.access("/dev/loop-control", os.R_OK | os.W_OK):
        return "there are no loop devices, which hold /tmp to its size: modprobe loop (in a container: --privileged)"
    return None


def _mkfs() -> str | None:
    if shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin") is None:
        return "mkfs.ext4 is missing, which makes /tmp: apt-get install e2fsprogs"
    return None


def _seccomp() -> str | None:
    try:
        build_filter()
    except SandboxFault as fault:
        return str(fault)
    return None


def notes() -> Iterator[str]:
    """What is good to know about a host that has all that is needed."""
    layout = detect(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    if layout.legacy and layout.unified is None:
        yield "control groups version 1 only: a frozen sandbox of a killed server lives until the next start"
    if layout.legacy and not (layout.legacy["memory"] / "memory.memsw.limit_in_bytes").exists() and _has_swap():
        yield "this kernel does not account swap: a sandbox may use swap beyond its memory (boot with swapaccount=1)"


def _has_swap() -> bool:
    return len(Path("/proc/swaps").read_text("ascii").splitlines()) > 1
