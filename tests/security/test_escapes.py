"""Ways out of a sandbox: each test is an attack from within, and fails if the attack succeeds."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tests.contract.sandbox_inside import Inside, Raised
from tests.security.attacked import Attacked

pytestmark = pytest.mark.native

# ---------------------------------------------------------------- files


async def test_the_hosts_secrets_are_not_there(inside: Inside, secrets: list[str]) -> None:
    for path in secrets:
        with pytest.raises(Raised, match=r"FileNotFoundError|PermissionError"):
            await inside.run("open(path).read()", path=path)


async def test_only_what_a_function_needs_is_in_the_root(inside: Inside) -> None:
    shown = set(await inside.run("import os; result = os.listdir('/')"))
    expected = {"bin", "dev", "etc", "home", "lib", "mnt", "opt", "proc", "sbin", "tmp", "usr", "var"}
    assert shown - {"lib32", "lib64", "libx32"} == expected
    assert set(await inside.run("import os; result = os.listdir('/var')")) == {"lang", "runtime", "task"}
    assert await inside.run("import os; result = os.listdir('/home/sbx_user1051') + os.listdir('/mnt')") == []
    assert set(await inside.run("import os; result = os.listdir('/dev')")) == {
        "null", "zero", "full", "random", "urandom", "tty", "fd", "stdin", "stdout", "stderr",
    }  # fmt: skip


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/etc",
        "/dev",
        "/usr",
        "/usr/bin",
        "/opt",
        "/var",
        "/var/task",
        "/var/lang",
        "/var/runtime",
        "/home/sbx_user1051",
        "/mnt",
    ],
)
async def test_nothing_can_be_written_but_tmp(inside: Inside, path: str) -> None:
    with pytest.raises(Raised, match=r"OSError|PermissionError"):
        await inside.run("open(path + '/planted', 'w')", path=path)


async def test_the_kernels_settings_can_be_neither_changed_nor_peeked_at(inside: Inside) -> None:
    for path in (
        "/proc/sys/kernel/hostname",
        "/proc/sys/vm/overcommit_memory",
        "/proc/sys/kernel/core_pattern",
        "/proc/irq/default_smp_affinity",
    ):
        with pytest.raises(Raised, match=r"OSError|PermissionError|FileNotFoundError"):
            await inside.run("open(path, 'w').write('1')", path=path)
    peek = "import os; result = open(path, 'rb').read(16).hex() if os.path.exists(path) else ''"
    for path in ("/proc/keys", "/proc/timer_list", "/proc/kallsyms"):
        assert await inside.run(peek, path=path) == ""
    assert not await inside.run("import os; result = os.path.exists('/sys/kernel') or os.path.exists('/dev/shm')")


async def test_no_device_can_be_made(inside: Inside) -> None:
    for kind in ("S_IFBLK", "S_IFCHR"):
        with pytest.raises(Raised, match="PermissionError"):
            await inside.run(f"import os, stat; os.mknod('/tmp/disk', stat.{kind} | 0o666, os.makedev(7, 0))")


async def test_a_set_user_id_program_gives_nothing(inside: Inside) -> None:
    code = """
        import os, shutil, subprocess
        shutil.copy('/usr/bin/id', '/tmp/id')
        os.chmod('/tmp/id', 0o4755)
        result = [subprocess.run([path, '-u'], capture_output=True, text=True).stdout.strip() for path in ('/tmp/id', '/usr/bin/id')]
    """
    assert await inside.run(code) == ["993", "993"]


async def test_other_sandboxes_code_and_files_are_out_of_sight(attacked: Attacked) -> None:
    other_code = attacked.home / "other"
    other_code.mkdir(exist_ok=True)
    (other_code / "app.py").write_text((attacked.home / "code" / "app.py").read_text())
    (other_code / "password").write_text("theirs")
    victim, attacker = await attacked.sandbox(task_directory=other_code), await attacked.sandbox()
    assert await victim.run("open('/tmp/mine', 'w').write('x'); result = open('/var/task/password').read()") == "theirs"
    search = """
        import os
        result = [os.path.join(folder, name) for folder, folders, names in os.walk('/', onerror=None)
                  for name in names if name in ('password', 'mine') and folder.startswith(('/tmp', '/var/task', '/opt', '/proc', '/home'))]
    """
    assert await attacker.run(search) == []


# ---------------------------------------------------------------- privileges


async def test_no_capability_is_left_in_any_set(inside: Inside) -> None:
    status = await inside.run("result = open('/proc/self/status').read()")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {fields[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (fields["NoNewPrivs"], fields["Seccomp"]) == ("1", "2")
    assert fields["Uid"].split() == ["993"] * 4
    assert fields["Gid"].split() == ["990"] * 4
    assert fields["Groups"].strip() == "" or fields["Groups"].split() == ["990"]


async def test_each_living_sandbox_has_a_host_user_of_its_own(attacked: Attacked) -> None:
    sandboxes = [await attacked.sandbox() for _ in range(3)]
    users = {await each.run("result = open('/proc/self/uid_map').read().split()[1]") for each in sandboxes}
    assert len(users) == 3
    assert all(int(each) >= 0x70000000 for each in users)


async def test_only_five_descriptors_are_inherited(attacked: Attacked) -> None:
    sandbox = await attacked.blank()
    inside = await Inside(sandbox).start()
    code = """
        import os, socket
        kinds = {}
        for name in os.listdir('/proc/self/fd'):
            try:
                kinds[name] = os.readlink('/proc/self/fd/' + name).split(':')[0]
            except OSError:
                pass  # the listing's own
        result = kinds
    """
    kinds = await inside.run(code)
    assert sorted(kinds.values()) == ["/dev/null", "pipe", "pipe", "pipe", "socket"]


@pytest.mark.parametrize("call", ["os.setuid(0)", "os.setgid(0)", "os.setgroups([0])", "os.seteuid(0)", "os.chroot('/tmp')"])
async def test_nobody_becomes_root(inside: Inside, call: str) -> None:
    with pytest.raises(Raised, match=r"PermissionError|OSError"):
        await inside.run(f"import os; {call}")


async def test_the_first_process_cannot_be_killed_seen_or_robbed(inside: Inside) -> None:
    code = """
        import os, signal
        for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP):
            try:
                os.kill(1, number)
            except PermissionError:
                pass
        result = [os.path.exists('/proc/1/fd'), [each for each in os.listdir('/proc') if each.isdigit() and each != str(os.getpid())]]
    """
    assert await inside.run(code) == [False, []]
    assert not inside.sandbox.exited.done()
    assert await inside.run("result = 'alive'") == "alive"


# ---------------------------------------------------------------- network


async def test_raw_and_packet_sockets_are_refused(inside: Inside) -> None:
    for arguments in (
        "socket.AF_INET, socket.SOCK_RAW, 1",
        "socket.AF_PACKET, socket.SOCK_RAW",
        "40, socket.SOCK_STREAM",
        "38, 5",
    ):
        with pytest.raises(Raised, match=r"PermissionError|OSError"):
            await inside.run(f"import socket; socket.socket({arguments})")


async def test_the_network_cannot_be_changed(inside: Inside) -> None:
    code = """
        import socket, struct
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
            link.bind((0, 0))
            index = socket.if_nametoindex('lo')
            down = struct.pack('=BxHiII', 0, 0, index, 0, 1)
            link.send(struct.pack('=IHHII', 16 + len(down), 16, 5, 1, 0) + down)
            result = struct.unpack('=i', link.recv(4096)[16:20])[0]
    """
    assert await inside.run(code) == -1  # EPERM


async def test_the_hosts_loopback_is_not_the_functions(inside: Inside) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with pytest.raises(Raised, match=r"ConnectionRefusedError|TimeoutError"):
            await inside.run("import socket; socket.create_connection(('127.0.0.1', port), 2)", port=listener.getsockname()[1])
        for address in ("10.255.255.255", "192.0.2.1"):
            with pytest.raises(Raised, match="OSError"):
                await inside.run("import socket; socket.create_connection((address, 80), 2)", address=address)


async def test_abstract_sockets_of_the_host_are_out_of_reach(inside: Inside) -> None:
    name = f"\0lambent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(name)
        listener.listen()
        with pytest.raises(Raised, match="ConnectionRefusedError"):
            await inside.run("import socket; socket.socket(socket.AF_UNIX).connect(name)", name=name)


async def test_each_sandbox_has_a_runtime_api_of_its_own(attacked: Attacked) -> None:
    victim, attacker = await attacked.sandbox(), await attacked.sandbox()
    attacker.submit("import socket; result = socket.create_connection(('127.0.0.1', 9001)).recv(8).decode()")
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        connection, _ = await loop.sock_accept(attacker.sandbox.runtime_api)
    with connection:
        connection.send(b"attacker")
    assert await attacker.answer() == "attacker"
    with pytest.raises(BlockingIOError):
        victim.sandbox.runtime_api.accept()


# ---------------------------------------------------------------- the blank


async def test_a_sandbox_learns_nothing_of_the_server_from_its_memory(inside: Inside) -> None:
    """The fork of a zygote has the zygote's memory, which must hold no path of the platform's data."""
    maps = await inside.run("result = open('/proc/self/maps').read()")
    environment = await inside.run("result = open('/proc/self/environ').read() + open('/proc/self/cmdline').read()")
    assert str(Path.home() / ".local") not in maps + environment
    assert "images" not in environment
