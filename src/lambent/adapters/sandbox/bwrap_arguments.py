"""What bwrap is told: the file system of a Lambda execution environment, and every wall that bubblewrap can build around it."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lambent.adapters.sandbox.client_files import command_inside, runtimes_directory
from lambent.adapters.sandbox.native.root_plan import root_plan
from lambent.core.ports import Workload
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

_LAUNCHER = "/var/lambent/listen.py"
_OWN_LANGUAGE = "/var/lambent/language"
_USER, _GROUP = 993, 990
"""Lambda's own sbx_user1051."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Descriptors:
    """Numbers, the same inside and outside until the launcher moves them."""

    hand: int
    channel: int
    telemetry: int
    seccomp: int
    information: int
    """bwrap writes here which process is the first one inside."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inside:
    """What is put into the sandbox."""

    runtime: RuntimeInstallation
    workload: Workload
    user: int | None
    """As root: the user, without meaning on the host, that the function becomes. None: whoever runs the server."""

    @property
    def supervised(self) -> bool:
        """Whether the launcher stays as the supervisor: extensions come in layers, and only who has some pays for it."""
        return self.workload.layers_directory is not None


def arguments(inside: Inside, files: Sequence[tuple[int, str]], descriptors: Descriptors) -> list[str]:
    """All of bwrap's arguments. `files` are descriptors of what to write at which path."""
    plan = root_plan(inside.runtime, Path("/"))
    words = [*_walls(inside.user), "--seccomp", str(descriptors.seccomp), "--info-fd", str(descriptors.information)]
    for folder in (*plan["folders"], "/var/lambent", _OWN_LANGUAGE):  # those that bwrap makes by itself may be root's alone
        words += ["--dir", folder]
    for descriptor, target in files:
        words += ["--file", str(descriptor), target]
    # JUSTIFICATION: a proc of its own process namespace; a /dev of null, zero, full, random, urandom, tty; no real device.
    words += ["--proc", "/proc", "--dev", "/dev"]
    # JUSTIFICATION: the host's programs and libraries, the interpreter, the code: read-only; bwrap adds nosuid and nodev.
    for source, target in _read_only(inside, plan["binds"], plan["copies"]):
        words += ["--ro-bind", source, target]
    for target, source in plan["links"].items():
        words += ["--symlink", source, target]
    # JUSTIFICATION: /tmp is all that a function may write to.
    words += ["--bind", inside.workload.temporary_storage.identifier, "/tmp"]  # noqa: S108 - the path inside
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/var/task", "--clearenv"]
    for name, value in _environment(plan["environment"]).items():
        words += ["--setenv", name, value]
    return [*words, "--", *_program(inside, descriptors)]


def synthetic_files(inside: Inside) -> dict[str, str]:
    """Small files of /etc by path. The sandbox's user is in them under Lambda's name."""
    files = dict(root_plan(inside.runtime, Path("/"))["files"])
    if inside.user is not None:
        files["/etc/passwd"] = files["/etc/passwd"].replace(f":{_USER}:{_GROUP}:", f":{inside.user}:{inside.user}:")
        files["/etc/group"] = files["/etc/group"].replace(f":{_GROUP}:", f":{inside.user}:")
    return files


def own_interpreter() -> tuple[str, tuple[str, str] | None]:
    """The path inside of the interpreter that runs this, and what to mount where for it (None: it is in /usr)."""
    prefix = Path(sys.base_prefix).resolve()
    executable = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
    if prefix == Path("/usr") or not executable.is_relative_to(prefix):
        return str(executable), None
    return f"{_OWN_LANGUAGE}/{executable.relative_to(prefix)}", (str(prefix), _OWN_LANGUAGE)


def _walls(user: int | None) -> Iterator[str]:
    # JUSTIFICATION: dies with the server also on kill -9, and cannot type into its terminal.
    yield from ("--die-with-parent", "--new-session")
    yield from (
        "--unshare-ipc",
        "--unshare-pid",
        "--unshare-net",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--hostname",
        "localhost",
    )
    yield from ("--cap-drop", "ALL")
    if user is None:
        yield from ("--unshare-user", "--uid", str(_USER), "--gid", str(_GROUP))
    else:
        # JUSTIFICATION: started by root, the launcher inside becomes a user that owns nothing on the host, by which it loses
        # these three as well. A user namespace would map Lambda's user to the host's root.
        for capability in ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP"):
            yield from ("--cap-add", capability)


def _read_only(inside: Inside, binds: Sequence[list[str]], copies: Sequence[list[str]]) -> Iterator[tuple[str, str]]:
    for source, target in (*binds, *copies):
        if target != "/tmp":  # noqa: S108 - the native level's own programs pass through there
            yield source, target
    yield str(runtimes_directory() / "sandbox" / "listen.py"), _LAUNCHER
    if inside.supervised:
        yield str(runtimes_directory() / "sandbox" / "sandbox_supervisor.py"), "/var/lambent/sandbox_supervisor.py"
    if inside.runtime.family is not RuntimeFamily.PYTHON and (mount := own_interpreter()[1]) is not None:
        yield mount
    yield str(inside.workload.task_directory), "/var/task"
    if inside.workload.layers_directory is not None:
        yield str(inside.workload.layers_directory), "/opt"


def _environment(of_runtime: Mapping[str, str]) -> dict[str, str]:
    """Until the client replaces it. Lambent's own interpreter may be one with a shared library, which nothing else finds."""
    libraries = [of_runtime.get("LD_LIBRARY_PATH", ""), f"{_OWN_LANGUAGE}/lib" if own_interpreter()[1] else ""]
    return {**of_runtime, "LD_LIBRARY_PATH": ":".join(each for each in libraries if each)}


def _program(inside: Inside, descriptors: Descriptors) -> list[str]:
    runtime = inside.runtime
    interpreter = own_interpreter()[0]
    if runtime.family is RuntimeFamily.PYTHON:
        interpreter = str(root_plan(runtime, Path("/"))["interpreter"])
    client = command_inside(runtime, interpreter)
    numbers = [str(each) for each in (descriptors.hand, descriptors.channel, descriptors.telemetry)]
    user = "-" if inside.user is None else str(inside.user)
    largest_file = str(inside.workload.temporary_storage.size_mib << 20)
    stay = "1" if inside.supervised else "0"
    return [interpreter, "-I", "-S", "-B", _LAUNCHER, *numbers, user, largest_file, stay, *client]


def is_root() -> bool:
    """Whether the server is root, for whom bwrap needs no user namespace."""
    return os.geteuid() == 0
