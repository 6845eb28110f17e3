"""Isolation level `bwrap`: what its walls hold."""

import errno
import socket
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.sandbox.bwrap import BwrapProvider
from lambent.core.environment import Exit
from tests.contract.level_talk import HANDLER, bwrap_level, code_folder, processes_with, start


@pytest.fixture
async def provider(tmp_path: Path) -> AsyncIterator[BwrapProvider]:
    async with bwrap_level(tmp_path) as running:
        yield running


@pytest.fixture
def task(tmp_path: Path) -> Path:
    return code_folder(tmp_path / "task", app_py=HANDLER)


async def test_the_function_has_no_rights_and_is_nobody_in_particular(provider: BwrapProvider, task: Path) -> None:
    talk = await (await start(provider, task)).ready()
    status = await talk.invoke("open('/proc/self/status').read()")
    facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {facts[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (facts["NoNewPrivs"], facts["Seccomp"]) == ("1", "2")
    user = await talk.invoke(
        "[os.getuid(), os.getgid(), os.getgroups(), __import__('pwd').getpwuid(os.getuid()).pw_name, socket.gethostname()]"
    )
    assert user[0] != 0
    assert user[3:] == ["sbx_user1051", "localhost"]
    assert set(user[2]) <= {user[1], 65534}


@pytest.mark.parametrize(
    "path",
    [
        "/var/task/x",
        "/opt/x",
        "/etc/x",
        "/usr/x",
        "/x",
        "/var/lang/x",
        "/var/runtime/x",
        "/dev/x",
        "/dev/shm/x",
        "/proc/sys/kernel/hostname",
        "/home/x",
    ],
)
async def test_nothing_can_be_written_but_tmp(provider: BwrapProvider, task: Path, path: str) -> None:
    talk = await (await start(provider, task)).ready()
    answer = await talk.invoke_raw(f"open({path!r}, 'w').write('x')")
    assert answer[:1] == b"E"
    assert any(word in answer for word in (b"Read-only file system", b"Permission denied", b"No such file")), answer
    assert await talk.invoke("open('/tmp/x', 'w').write('x')") == 1


async def test_the_host_cannot_be_seen(provider: BwrapProvider, task: Path, tmp_path: Path) -> None:
    talk = await (await start(provider, task)).ready()
    assert await talk.invoke("[each for each in os.listdir('/proc') if each.isdigit() and int(each) > 50]") == []
    assert await talk.invoke(f"os.path.exists({str(tmp_path)!r})") is False
    lines = await talk.invoke("[open(f'/proc/{each}/cmdline').read() for each in os.listdir('/proc') if each.isdigit()]")
    assert str(tmp_path) not in "".join(lines)
    descriptors = await talk.invoke(
        "{each: os.readlink(f'/proc/self/fd/{each}') for each in os.listdir('/proc/self/fd') if os.path.exists(f'/proc/self/fd/{each}')}"
    )
    assert not [
        each for each in descriptors.values() if each.startswith("/") and not each.startswith(("/dev/", "/proc/", "/var/"))
    ], descriptors
    assert set(await talk.invoke("[name for _, name in socket.if_nameindex()]")) <= {
        "lo",
        "sit0",
        "tunl0",
        "ip6tnl0",
        "gre0",
        "gretap0",
        "erspan0",
        "ip_vti0",
        "ip6_vti0",
        "ip6gre0",
    }


async def test_no_listener_of_the_host_can_be_reached(provider: BwrapProvider, task: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        talk = await (await start(provider, task)).ready()
        code = await talk.invoke(f"socket.socket().connect_ex(('127.0.0.1', {listener.getsockname()[1]}))")
        assert code == errno.ECONNREFUSED
        assert await talk.invoke("socket.socket().connect_ex(('192.0.2.1', 80))") == errno.ENETUNREACH


async def test_ways_out_are_refused(provider: BwrapProvider, task: Path) -> None:
    talk = await (await start(provider, task)).ready()
    assert await talk.invoke(
        "[ctypes.CDLL(None).unshare(0x10000000), ctypes.CDLL(None).mount(b'x', b'/tmp', b'tmpfs', 0, None)]"
    ) == [-1, -1]
    assert await talk.invoke("subprocess.run(['unshare', '-U', 'true'], capture_output=True).returncode") != 0


async def test_two_sandboxes_do_not_share_tmp(provider: BwrapProvider, task: Path) -> None:
    one, two = [await (await start(provider, task)).ready() for _ in range(2)]
    await one.invoke("open('/tmp/secret', 'w').write('x')")
    assert await two.invoke("os.listdir('/tmp')") == []


async def test_a_fork_bomb_and_daemons_end_with_the_sandbox(provider: BwrapProvider, task: Path) -> None:
    mark = f"daemon-{uuid.uuid4()}"
    talk = await (await start(provider, task)).ready()
    daemon = f"[subprocess.Popen(['setsid', 'sh', '-c', '(sleep 300; : {mark}) & sleep 300; : {mark}'], start_new_session=True).pid, time.sleep(0.05)]"
    await talk.invoke(daemon)
    assert processes_with(mark)
    failed = await talk.invoke_raw("[subprocess.Popen(['sleep', '300']) for _ in range(2000)]")
    assert b"Resource temporarily unavailable" in failed
    await talk.sandbox.destroy()
    assert not processes_with(mark)
    assert await talk.sandbox.exited == Exit(signal=9)
