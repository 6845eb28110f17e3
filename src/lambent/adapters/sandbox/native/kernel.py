"""The system calls of the warden that Python has no function for: namespaces, and mounts that are made before they are visible.

Standard library only: the warden imports nothing heavy, so that it starts at once.
"""

import ctypes
import os
import signal

CLONE_FS = 0x00000200
CLONE_NEWNS = 0x00020000
MS_NOSUID = 2
MS_NODEV = 4
MS_NOATIME = 1024
MS_REC = 16384
MS_PRIVATE = 1 << 18
MS_SLAVE = 1 << 19
MNT_DETACH = 2
MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_IDMAP = 0x00100000

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_OPEN_TREE_CLONE = 1
_MOVE_MOUNT_F_EMPTY_PATH = 4
# Numbers since 424 are the same on every architecture.
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_MOUNT_SETATTR = 442
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
_libc.syscall.restype = ctypes.c_long


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Own copies of what `flags` (CLONE_) name, for the calling thread."""
    _checked(_libc.unshare(flags), "unshare")


def enter_mounts(namespace: int) -> None:
    """Make the mount namespace of this descriptor the calling thread's. It must not share CLONE_FS with other threads."""
    _checked(_libc.setns(namespace, CLONE_NEWNS), "setns")


def die_with_parent() -> None:
    """SIGKILL when the thread that started this process ends."""
    _checked(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "prctl")


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """The system call of this name. Raises OSError."""
    encoded = kind.encode() if kind else None
    _checked(_libc.mount(os.fsencode(source), os.fsencode(target), encoded, flags, options.encode()), f"mount {target}")


def unmount(target: str) -> None:
    """Out of sight at once; the file system is freed when its last copy in a sandbox is gone."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), f"umount {target}")


def copy_mount(path: str, attributes: int, user_namespace: int | None = None) -> int:
    """A descriptor of a new mount of what is at `path`, attached nowhere yet; later mounts below `path` do not appear in it.

    With a user namespace, files that belong on disk to a user inside it belong through this mount to his counterpart outside.
    """
    flags = _OPEN_TREE_CLONE | os.O_CLOEXEC
    tree = _checked(_libc.syscall(_SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(path), flags), f"open_tree {path}")
    wanted = _MountAttributes(set=attributes, propagation=MS_PRIVATE, user_namespace=user_namespace or 0)
    if user_namespace is not None:
        wanted.set |= MOUNT_ATTR_IDMAP
    size = ctypes.c_size_t(ctypes.sizeof(wanted))
    try:
        _checked(_libc.syscall(_SYS_MOUNT_SETATTR, tree, b"", _AT_EMPTY_PATH, ctypes.byref(wanted), size), "mount_setattr")
    except OSError:
        os.close(tree)
        raise
    return tree


def attach_mount(tree: int, target: str) -> None:
    """Show it at `target` in the calling thread's mount namespace."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH
    _checked(_libc.syscall(_SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), flags), f"move_mount {target}")
