"""The system calls that sandboxed code may make: one seccomp allow-list, as BPF, for every isolation level that filters.

What is not listed answers ENOSYS, as if the kernel were older: libraries have a fall-back for that, and system calls invented
after this list are off until someone has looked at them. What is known and refused answers EPERM. Code of another architecture
(32-bit x86, x32) is killed. The list is Docker's default profile without everything that makes namespaces, mounts, traces,
loads code into the kernel or reaches subsystems that a function has no business with.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping
from errno import EAFNOSUPPORT, EPERM
from typing import Any

from lambent.adapters.sandbox.system_calls import ALLOWED, NEWER_THAN_LIBSECCOMP, REFUSED
from lambent.core.ports import SandboxFault

_CLONE_NEW = (0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET (linux/sched.h); NEWTIME exists for clone3 and unshare only."""
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_NETLINK_ROUTE = 0
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_PERSONALITIES = (0x0, 0x8, 0x20000, 0x20008, 0xFFFFFFFF)
_INT = 0xFFFFFFFF
"""The kernel looks at 32 bits of an int argument only, so a comparison must ignore the others (CVE-2019-10063)."""
_BINARY_TREE = 2

Rule = Callable[..., None]
"""`SyscallFilter.add_rule`: action, name, conditions."""


@functools.cache
def build_filter() -> bytes:
    """The filter as `struct sock_filter[]`, for `bwrap --seccomp` and for `seccomp(SECCOMP_SET_MODE_FILTER)`.

    Built once per process (some milliseconds). Raises SandboxFault when libseccomp is not there.
    """
    seccomp = _library()
    program = seccomp.SyscallFilter(seccomp.ERRNO(38))  # ENOSYS
    program.set_attr(seccomp.Attr.ACT_BADARCH, seccomp.KILL_PROCESS)
    program.set_attr(seccomp.Attr.CTL_OPTIMIZE, _BINARY_TREE)
    numbers = _numbers(seccomp)
    for names in ALLOWED.values():
        for name in names:
            _add(program.add_rule, seccomp.ALLOW, numbers.get(name))
    for name in REFUSED:
        _add(program.add_rule, seccomp.ERRNO(EPERM), numbers.get(name))
    for conditional in (_clone, _socket, _ioctl, _personality):
        conditional(program.add_rule, seccomp)
    return _export(program)


def _library() -> Any:  # noqa: ANN401 - pyseccomp has no types
    try:
        import pyseccomp  # noqa: PLC0415 - it loads libseccomp at import, which only the levels that filter need
    except (ImportError, RuntimeError) as missing:
        raise SandboxFault(f"libseccomp cannot be loaded ({missing}): install the package libseccomp2") from missing
    return pyseccomp


def _numbers(seccomp: Any) -> Mapping[str, int]:  # noqa: ANN401
    """Numbers on this architecture, by name. A name that does not exist here has none, and is left out."""
    names = {name for group in ALLOWED.values() for name in group} | set(REFUSED)
    known = {name: _resolve(seccomp, name) for name in names}
    return {**NEWER_THAN_LIBSECCOMP, **{name: number for name, number in known.items() if number >= 0}}


def _resolve(seccomp: Any, name: str) -> int:  # noqa: ANN401
    try:
        return int(seccomp.resolve_syscall(seccomp.Arch.NATIVE, name))
    except (ValueError, OSError):
        return -1


def _add(add_rule: Rule, action: int, number: int | None) -> None:
    if number is not None:
        add_rule(action, number)


def _clone(add_rule: Rule, seccomp: Any) -> None:  # noqa: ANN401
    # JUSTIFICATION: threads and fork. Namespaces are refused: in a user namespace of its own, code has every capability and
    # with them kernel code that was never meant for strangers. clone3 hides its flags in memory, where no filter sees them:
    # it stays off (ENOSYS), and every libc falls back to clone.
    add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, sum(_CLONE_NEW), 0))
    for flag in _CLONE_NEW:
        add_rule(seccomp.ERRNO(EPERM), "clone", seccomp.Arg(0, seccomp.MASKED_EQ, flag, flag))


def _socket(add_rule: Rule, seccomp: Any) -> None:  # noqa: ANN401
    # JUSTIFICATION: what functions talk: Unix, IPv4, IPv6; and routing netlink, by which libc's getaddrinfo and getifaddrs
    # find the interfaces. Every other family (packet, vsock, alg, bluetooth ...) is attack surface without a use.
    for family in (_AF_UNIX, _AF_INET, _AF_INET6):
        add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, family))
    route = seccomp.Arg(2, seccomp.EQ, _NETLINK_ROUTE)
    add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, _AF_NETLINK), route)
    refused = seccomp.ERRNO(EAFNOSUPPORT)
    for family in set(range(_AF_NETLINK)) - {_AF_UNIX, _AF_INET, _AF_INET6}:
        add_rule(refused, "socket", seccomp.Arg(0, seccomp.EQ, family))
    add_rule(refused, "socket", seccomp.Arg(0, seccomp.EQ, _AF_NETLINK), seccomp.Arg(2, seccomp.NE, _NETLINK_ROUTE))
    add_rule(refused, "socket", seccomp.Arg(0, seccomp.GT, _AF_NETLINK))


def _ioctl(add_rule: Rule, seccomp: Any) -> None:  # noqa: ANN401
    # JUSTIFICATION: terminals, pipes and sockets need ioctl; what a device does with it is a matter of which devices are there.
    # TIOCSTI and TIOCLINUX type into the terminal from which the server may have been started.
    for mask, value in prefixes_without((_TIOCSTI, _TIOCLINUX)):
        add_rule(seccomp.ALLOW, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, mask, value))
    for request in (_TIOCSTI, _TIOCLINUX):
        add_rule(seccomp.ERRNO(EPERM), "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, _INT, request))


def _personality(add_rule: Rule, seccomp: Any) -> None:  # noqa: ANN401
    # JUSTIFICATION: asking for the personality, and the plain Linux ones. Others turn off address randomisation.
    for value in _PERSONALITIES:
        add_rule(seccomp.ALLOW, "personality", seccomp.Arg(0, seccomp.EQ, value))


def prefixes_without(excluded: tuple[int, ...], prefix: int = 0, length: int = 0) -> Iterator[tuple[int, int]]:
    """`(mask, value)` pairs that together match every 32-bit number but the excluded ones, and each number once.

    A filter can say "equal under a mask", but not "different under a mask".
    """
    mask = _INT & ~(_INT >> length)
    inside = tuple(each for each in excluded if each & mask == prefix)
    if not inside:
        yield mask, prefix
    elif length < 32:
        yield from prefixes_without(inside, prefix, length + 1)
        yield from prefixes_without(inside, prefix | (1 << (31 - length)), length + 1)


def _export(program: Any) -> bytes:  # noqa: ANN401
    """A file: libseccomp writes to a descriptor; a file in memory takes programs of any length without blocking."""
    descriptor = os.memfd_create("seccomp", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "w+b") as file:
        program.export_bpf(file)
        file.seek(0)
        return file.read()
