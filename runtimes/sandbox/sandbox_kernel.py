"""The system calls that Python has no function for, as small functions that raise OSError: namespaces, mounts, capabilities.

Used by the programs of this folder, which run as root before a sandbox is locked. Standard library only, CPython 3.8 and newer.
"""

import ctypes
import fcntl
import os
import signal
import socket
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWCGROUP = 0x02000000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4
MOUNT_ATTR_NOEXEC = 0x8

_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_MOVE_MOUNT_F_EMPTY_PATH = 4
# Numbers since 424 are the same on every architecture.
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_CLOSE_RANGE = 436
_SYS_MOUNT_SETATTR = 442
_SYS_PIVOT_ROOT = {"x86_64": 155}.get(os.uname().machine, 41)

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_KEEPCAPS = 8
_PR_SET_SECCOMP = 22
_PR_CAPBSET_DROP = 24
_PR_SET_SECUREBITS = 28
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SECCOMP_MODE_FILTER = 2
_SECURE = 0b11101111
"""SECBIT_NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE, each locked, and KEEP_CAPS locked off: root is nobody special."""
_CAPABILITY_VERSION_3 = 0x20080522
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (ctypes.c_char_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p)
_libc.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)
_libc.syscall.restype = ctypes.c_long


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "user_namespace")]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def _checked(result, what):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, "%s: %s" % (what, os.strerror(number)))
    return result


def unshare(flags):
    _checked(_libc.unshare(flags), "unshare")


def set_namespace(descriptor, kind):
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source, target, kind, flags, options=None):
    encoded = [None if each is None else os.fsencode(each) for each in (source, target, kind, options)]
    _checked(_libc.mount(encoded[0], encoded[1], encoded[2], flags, encoded[3]), "mount %s" % target)


def unmount(target, flags=0):
    _checked(_libc.umount2(os.fsencode(target), flags), "umount2 %s" % target)


def bind(source, target, attributes, recursive=False):
    """Show `source` (a file or a folder) at `target` as well, with these MOUNT_ATTR_ flags from the first moment on."""
    deep = _AT_RECURSIVE if recursive else 0
    tree = _syscall("open_tree", _SYS_OPEN_TREE, _AT_FDCWD, os.fsencode(source), _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | deep)
    try:
        set_attributes(tree, attributes, deep)
        _syscall("move_mount", _SYS_MOVE_MOUNT, tree, b"", _AT_FDCWD, os.fsencode(target), _MOVE_MOUNT_F_EMPTY_PATH)
    finally:
        os.close(tree)


def set_attributes(tree, attributes, flags=0):
    """On a mount's descriptor."""
    wanted = _MountAttributes(set=attributes)
    _syscall(
        "mount_setattr",
        _SYS_MOUNT_SETATTR,
        tree,
        b"",
        _AT_EMPTY_PATH | flags,
        ctypes.byref(wanted),
        ctypes.c_size_t(ctypes.sizeof(wanted)),
    )


def pivot_root_here():
    """Make the current folder, a mount point, the root; the old root is under it until `unmount(".", MNT_DETACH)`."""
    _syscall("pivot_root", _SYS_PIVOT_ROOT, b".", b".")


def close_from(lowest):
    _syscall("close_range", _SYS_CLOSE_RANGE, ctypes.c_uint(lowest), ctypes.c_uint(0xFFFFFFFF), ctypes.c_uint(0))


def _syscall(name, number, *arguments):
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments), name)


def die_with_parent():
    """SIGKILL when the parent thread ends. The kernel forgets this when the process changes its user."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def set_dumpable(dumpable):
    """Whether processes of the same user may look into this one through /proc or ptrace."""
    _prctl(_PR_SET_DUMPABLE, int(dumpable))


def become(user, group):
    """Take an unprivileged user and group for good, but keep the capabilities for the steps that follow."""
    _prctl(_PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    _prctl(_PR_SET_KEEPCAPS, 0)
    header, data = _capabilities()
    _checked(_libc.capget(header, data), "capget")
    effective, permitted, inheritable, effective_high, permitted_high, inheritable_high = struct.unpack("=6I", data)
    data = ctypes.create_string_buffer(
        struct.pack("=6I", permitted, permitted, inheritable, permitted_high, permitted_high, 0), 24
    )
    _checked(_libc.capset(header, data), "capset")


def drop_capabilities():
    """Every capability, out of every set, with no way back."""
    number = 0
    while _libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _prctl(_PR_SET_SECUREBITS, _SECURE)
    header, data = _capabilities()
    _checked(_libc.capset(header, data), "capset")
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def _capabilities():
    return ctypes.create_string_buffer(struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), 8), ctypes.create_string_buffer(24)


def install_filter(program):
    """Load a seccomp filter, given as `struct sock_filter[]`."""
    wanted = _Program(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(wanted))


def _prctl(option, *arguments):
    padded = arguments + (0,) * (4 - len(arguments))
    _checked(_libc.prctl(option, *padded), "prctl %d" % option)


def raise_loopback():
    """Switch on the loopback interface of this network namespace."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(any_socket, _SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
