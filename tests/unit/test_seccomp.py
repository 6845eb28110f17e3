"""The allow-list: what functions need works under it, and the ways out do not. Each case runs in a process of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lambent.adapters.sandbox import seccomp, system_calls
from lambent.core.ports import SandboxFault

LOAD = """
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]
code = open(sys.argv[1], "rb").read()
memory = ctypes.create_string_buffer(code, len(code))
program = Program(len(code) // 8, ctypes.addressof(memory))
def load():
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0
def call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(each) for each in arguments))
    return 0 if result >= 0 else ctypes.get_errno()
load()
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("seccomp") / "filter"
    try:
        path.write_bytes(seccomp.build_filter())
    except SandboxFault as missing:
        pytest.skip(str(missing))
    return path


def run(program: Path, code: str) -> subprocess.CompletedProcess[str]:
    script = LOAD + textwrap.dedent(code)
    return subprocess.run([sys.executable, "-c", script, program], capture_output=True, text=True, timeout=30, check=False)


def number(name: str) -> int:
    import pyseccomp

    return int(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name))


@pytest.mark.parametrize(
    "name", ["mount", "unshare", "setns", "ptrace", "bpf", "keyctl", "io_uring_setup", "userfaultfd", "perf_event_open"]
)
def test_a_way_out_is_refused_whatever_its_arguments(program: Path, name: str) -> None:
    done = run(program, f"print(call({number(name)}, 0, 0, 0, 0, 0))")
    assert done.stdout.strip() == "1", done.stderr


@pytest.mark.parametrize("flag", seccomp._CLONE_NEW)
def test_clone_makes_no_namespace_of_any_kind(program: Path, flag: int) -> None:
    done = run(
        program,
        f"print(call({number('clone')}, {flag | 17}, 0, 0, 0, 0), call({number('clone')}, {flag | 1 << 40 | 17}, 0, 0, 0, 0))",
    )
    assert done.stdout.strip() == "1 1", done.stderr


def test_clone3_looks_like_an_older_kernel_so_that_libc_falls_back(program: Path) -> None:
    done = run(program, f"print(call({number('clone3')}, 0, 0) == errno.ENOSYS)")
    assert done.stdout.strip() == "True", done.stderr


def test_threads_and_child_processes_work(program: Path) -> None:
    code = """
        import threading, subprocess
        thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
        print(subprocess.run(["/bin/sh", "-c", "echo child | cat"], capture_output=True, text=True).stdout.strip())
    """
    assert run(program, code).stdout.split() == ["thread", "child"]


def test_sockets_are_unix_ip_and_routing_netlink_only(program: Path) -> None:
    code = """
        for family, protocol in ((1, 0), (2, 0), (10, 0), (16, 0)):
            socket.socket(family, socket.SOCK_STREAM if family != 16 else socket.SOCK_RAW, protocol).close()
        refused = []
        for family, protocol in ((16, 12), (16, 9), (17, 0), (38, 0), (40, 0), (31, 0), (3, 0), (44, 0)):
            try:
                socket.socket(family, socket.SOCK_RAW, protocol)
            except OSError as error:
                refused.append(error.errno == errno.EAFNOSUPPORT)
        print(len(socket.if_nameindex()) > 0, refused)
    """
    done = run(program, code)
    assert done.stdout.strip() == f"True {[True] * 8}", done.stderr


def test_nothing_is_typed_into_a_terminal_also_not_with_stray_upper_bits(program: Path) -> None:
    code = f"""
        import pty
        parent, child = pty.openpty()
        letter = ctypes.create_string_buffer(b"x")
        print([call({number("ioctl")}, child, request, ctypes.addressof(letter))
            for request in (0x5412, 0x5412 | 1 << 32, 0x541C, 0x541C | 1 << 63)], os.isatty(child), os.get_terminal_size(child).lines)
    """
    done = run(program, code)
    assert done.stdout.strip() == "[1, 1, 1, 1] True 0", done.stderr


def test_address_randomisation_cannot_be_turned_off(program: Path) -> None:
    done = run(program, f"print(call({number('personality')}, 0xFFFFFFFF), call({number('personality')}, 0x0040000) > 0)")
    assert done.stdout.strip() == "0 True", done.stderr


@pytest.mark.parametrize("command", [["node", "-e", "setTimeout(() => fetch, 1); console.log('fine')"], ["bash", "-c", "echo fine | cat"],
    ["curl", "--version"], ["java", "-Xmx64m", "-version"], ["ruby", "-e", "puts 1"]], ids=lambda command: command[0])  # fmt: skip
def test_other_programs_of_functions_run(program: Path, command: list[str]) -> None:
    import shutil

    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = run(program, f"os.execvp({command[0]!r}, {command!r})")
    assert done.returncode == 0, done.stderr


def test_nothing_is_both_allowed_and_refused() -> None:
    allowed = [name for names in system_calls.ALLOWED.values() for name in names]
    assert len(allowed) == len(set(allowed))
    assert not set(allowed) & set(system_calls.REFUSED)
    assert not {"clone", "clone3", "ioctl", "socket", "personality"} & set(allowed)


def test_prefixes_cover_every_number_but_the_excluded_ones_once() -> None:
    pairs = list(seccomp.prefixes_without((0x5412, 0x541C)))
    probes = [0, 1, 0x5411, 0x5413, 0x541B, 0x541D, 0x7FFFFFFF, 0xFFFFFFFF, 0x5401, 0x541B]
    assert all(sum(probe & mask == value for mask, value in pairs) == 1 for probe in probes)
    assert not [1 for probe in (0x5412, 0x541C) for mask, value in pairs if probe & mask == value]
    assert sum(2 ** (32 - mask.bit_count()) for mask, _ in pairs) == 2**32 - 2
