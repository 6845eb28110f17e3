"""Attacks on what all sandboxes of a machine share: kernel memory, counts and time. Accounts of the kernel are looked at, no clock."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sandbox_inside import PATIENCE, Inside
from tests.security.attacked import Attacked, host_user, processes_of, processes_of_user
from tests.security.test_limits import group_file

pytestmark = pytest.mark.native
TICKS_ALLOWED = 2
"""A process is stopped in the kernel's own time: at most this many hundredths of a second are forgiven."""
MINER = """
    import os, signal, threading
    def mine():
        while True:
            pass
    for _ in range(2):
        threading.Thread(target=mine, daemon=True).start()
    if os.fork() == 0:
        os.setsid()
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        if os.fork() == 0:
            mine()
        os._exit(0)
    os.wait()
    result = 'mining'
"""


def ticks(processes: list[int]) -> int:
    """CPU time of these processes, in hundredths of a second."""
    return sum(
        sum(int(each) for each in Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[11:13]) for one in processes
    )


async def until(condition: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something that only the kernel knows of."""
    async with asyncio.timeout(patience):
        while not condition():
            await asyncio.sleep(0.01)


async def answer_of(inside: Inside) -> Any:
    """With much patience. Raises EOFError when the sandbox ended instead."""
    deadline = asyncio.get_running_loop().time() + 8 * PATIENCE
    while True:
        try:
            return await inside.answer()
        except TimeoutError:
            assert asyncio.get_running_loop().time() < deadline


# ---------------------------------------------------------------- time


async def test_nothing_is_mined_between_invocations(attacked: Attacked) -> None:
    """Threads and a daemon that ignores all signals get no CPU while the environment is frozen, and are there again after it."""
    inside = await attacked.sandbox(memory_mib=1769)
    assert await inside.run(MINER) == "mining"
    processes = await processes_of(inside)
    assert len(processes) == 3  # the first, the client, the daemon
    busy = ticks(processes)
    await until(lambda: ticks(processes) > busy + 5)
    inside.sandbox.freeze()
    await asyncio.sleep(0.1)
    frozen = ticks(processes)
    await asyncio.sleep(0.5)
    assert ticks(processes) - frozen <= TICKS_ALLOWED
    inside.sandbox.thaw()
    await until(lambda: ticks(processes) > frozen + 5)


@pytest.mark.parametrize("frozen", [False, True])
async def test_a_daemon_that_ignores_every_signal_ends_with_its_sandbox(attacked: Attacked, frozen: bool) -> None:
    """As after a timeout: no process, no control group, no slot is left."""
    inside = await attacked.sandbox()
    user = await host_user(inside)
    assert await inside.run(MINER) == "mining"
    assert len(processes_of_user(user)) == 3
    if frozen:
        inside.sandbox.freeze()
    await inside.sandbox.destroy()
    await until(lambda: not processes_of_user(user))
    assert not group_file(attacked, "pids", "pids.current").parent.exists()
    again = await attacked.sandbox()
    assert await host_user(again) == user  # the same slot: it was given back, and nothing lives in it
    assert len(await processes_of(again)) == 2


async def test_a_storage_that_a_daemon_held_open_is_freed(attacked: Attacked) -> None:
    inside = await attacked.sandbox()
    daemon = """
        import os, signal
        if os.fork() == 0:
            os.setsid()
            os.chdir('/tmp')
            held = open('/tmp/held', 'wb')
            held.write(b'x' * (8 << 20))
            while True:
                signal.pause()
        result = 'left'
    """
    assert await inside.run(daemon) == "left"
    images = attacked.home / "images"
    before = {each for each in images.rglob("*") if each.is_file()}
    await attacked.end()
    attacked._made.clear()
    attacked._storages.clear()
    storage = await attacked.provider.temporary_storage(512)
    await attacked.provider.release(storage)
    assert len({each for each in images.rglob("*") if each.is_file()}) <= len(before)


# ---------------------------------------------------------------- counts


async def test_who_uses_up_inotify_leaves_the_others_theirs(attacked: Attacked) -> None:
    """The kernel counts instances and watches by user; each sandbox has a user of its own on the host."""
    attacker, victim = await attacked.sandbox(memory_mib=1024), await attacked.sandbox()
    exhausting = """
        import ctypes, errno, os
        libc = ctypes.CDLL(None, use_errno=True)
        instances = []
        while True:
            instances.append(libc.inotify_init1(0))
            if instances[-1] < 0:
                break
        result = [errno.errorcode[ctypes.get_errno()], len(instances)]
    """
    error, instances = await attacker.run(exhausting)
    assert error == "EMFILE"
    assert instances <= 1024
    watching = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        result = libc.inotify_add_watch(libc.inotify_init1(0), b'/tmp', 0x100)
    """
    assert await victim.run(watching) >= 1


async def test_empty_files_end_with_the_inodes_of_tmp_and_hurt_nobody(attacked: Attacked) -> None:
    attacker, victim = await attacked.sandbox(), await attacked.sandbox()
    free = "import os; result = os.statvfs('/tmp').f_ffree"
    before = os.statvfs(attacked.home).f_ffree
    filling = """
        import errno, os
        count = 0
        os.mkdir('/tmp/many')
        try:
            while count < 1000000:
                os.mknod(f'/tmp/many/{count}')
                count += 1
        except OSError as error:
            result = [count, errno.errorcode[error.errno]]
    """
    inodes = await attacker.run(free)
    attacker.submit(filling)
    count, error = await answer_of(attacker)
    assert error == "ENOSPC"
    assert count <= inodes
    assert await victim.run("open('/tmp/mine', 'w').write('x'); result = 'written'") == "written"
    assert before - os.statvfs(attacked.home).f_ffree < 1000 or os.statvfs(attacked.home).f_files == 0


async def test_posix_message_queues_are_few_and_small(inside: Inside) -> None:
    code = """
        import ctypes, errno
        libc = ctypes.CDLL(None, use_errno=True)
        library = libc if hasattr(libc, 'mq_open') else ctypes.CDLL('librt.so.1', use_errno=True)
        count = 0
        while library.mq_open(b'/queue%d' % count, 0o102, 0o600, None) >= 0:
            count += 1
        result = [count, errno.errorcode[ctypes.get_errno()]]
    """
    count, error = await inside.run(code)
    assert error in ("EMFILE", "ENOSPC")
    assert 1 <= count <= 64


# ---------------------------------------------------------------- memory

WAYS_TO_HOLD_MEMORY = {
    "a_file_in_memory": """
        import os
        held = os.memfd_create('x')
        while True:
            os.write(held, b'x' * (1 << 20))
    """,
    "shared_memory_of_system_v": """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        libc.shmat.restype = ctypes.c_void_p
        libc.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
        while True:
            ctypes.memset(libc.shmat(libc.shmget(0, 16 << 20, 0o1600), None, 0), 1, 16 << 20)
    """,
    "shared_mappings": """
        import mmap
        kept = []
        while True:
            kept.append(mmap.mmap(-1, 16 << 20))
            kept[-1].write(b'x' * (16 << 20))
    """,
    "unix_sockets_and_pipes": """
        import os, socket
        while True:
            kept = []
            try:
                while True:
                    kept += socket.socketpair()
                    kept[-1].setblocking(False)
                    kept[-1].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 24)
                    try:
                        while True:
                            kept[-1].send(b'x' * 65536)
                    except BlockingIOError:
                        pass
            except OSError:
                if os.fork():
                    os.wait()
    """,
}


@pytest.mark.parametrize("way", WAYS_TO_HOLD_MEMORY)
async def test_memory_outside_of_the_heap_is_memory_too(attacked: Attacked, way: str) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    inside.submit(WAYS_TO_HOLD_MEMORY[way])
    await until(inside.sandbox.was_out_of_memory, 4 * PATIENCE)
    assert inside.sandbox.memory_peak_mib() <= 128


IP_SOCKETS = {
    "tcp": """
                one = socket.create_connection(listener.getsockname())
                kept += [one, listener.accept()[0]]
    """,
    "udp": """
                one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                one.bind(('127.0.0.1', 0))
                one.connect(one.getsockname())
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
                kept += [one, one.dup()]
    """,
}


@pytest.mark.parametrize("kind", IP_SOCKETS)
async def test_what_waits_in_ip_sockets_is_held_to_the_memory_size(attacked: Attacked, kind: str) -> None:
    """The kernel's memory for it is one pool for the whole machine. Looked at is the pool, because a send is no proof of keeping."""
    inside = await attacked.sandbox(memory_mib=128)
    code = f"""
        import os, socket
        def pages():
            fields = [line.split() for line in open('/proc/net/sockstat') if line.startswith({kind.upper() + ":"!r})][0]
            return int(fields[fields.index('mem') + 1])
        before, kept, sends = pages(), [], 0
        listener = socket.create_server(('127.0.0.1', 0), backlog=128)
        while len(kept) < 960:
            try:{IP_SOCKETS[kind]}
                one.setblocking(False)
                for _ in range(4000):
                    one.send(b'x' * 32768)
            except BlockingIOError:
                pass
            except OSError:
                break
        result = (pages() - before) * os.sysconf('SC_PAGE_SIZE') >> 20
    """
    inside.submit(code)
    try:
        held = await answer_of(inside)
    except EOFError:
        assert inside.sandbox.was_out_of_memory()  # version 2: it is memory like any other
    else:
        assert held <= 2 * 128  # a socket may always keep a little


async def test_reading_much_through_the_page_cache_costs_the_function_alone(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    code = """
        with open('/tmp/big', 'wb') as file:
            for _ in range(300):
                file.write(b'x' * (1 << 20))
        with open('/tmp/big', 'rb') as file:
            while file.read(1 << 20):
                pass
        result = 'read'
    """
    assert await inside.run(code) == "read"
    assert inside.sandbox.memory_peak_mib() <= 128
    assert not inside.sandbox.was_out_of_memory()
