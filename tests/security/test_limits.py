"""Limits under attack: memory, processes, CPU, /tmp, open files. Accounts of the kernel are looked at, never a wall clock."""

import asyncio
import os
import re
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native.control_groups import PERIOD_US, detect, quota_us
from lambent.core.environment import Exit
from tests.contract.sandbox_inside import PATIENCE, Inside, Raised
from tests.security.attacked import Attacked

pytestmark = pytest.mark.native


def group_file(attacked: Attacked, controller: str, name: str, slot: int = 0) -> Path:
    """A file of a sandbox's control group, in whichever version this host has."""
    layout = detect(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    assert attacked.provider._link is not None
    server = attacked.provider._link.configuration["name"]
    parent = layout.legacy.get(controller) or layout.unified
    assert parent is not None
    return parent / server / str(slot) / name


async def exit_of(inside: Inside) -> Exit:
    async with asyncio.timeout(PATIENCE):
        return await asyncio.shield(inside.sandbox.exited)


async def test_a_fork_bomb_is_held_to_1024_processes_and_dies_with_its_sandbox(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=1024)
    output = os.dup(inside.sandbox.output)
    code = """
        import os, signal
        count = 0
        while True:
            try:
                if os.fork() == 0:
                    signal.pause()
            except BlockingIOError:
                break
            count += 1
        result = count
    """
    assert await inside.run(code) <= 1024 - 1
    most = int(group_file(attacked, "pids", "pids.current").read_text())
    assert 1000 < most <= 1025
    inside.submit("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")
    await inside.sandbox.destroy()
    os.set_blocking(output, True)
    async with asyncio.timeout(PATIENCE):
        while await asyncio.to_thread(os.read, output, 65536):
            pass
    os.close(output)
    assert not group_file(attacked, "pids", "pids.current").parent.exists()


async def test_threads_are_counted_as_processes(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=1024)
    code = """
        import threading
        stop, count = threading.Event(), 0
        threading.stack_size(65536)
        try:
            while True:
                threading.Thread(target=stop.wait, daemon=True).start()
                count += 1
        except RuntimeError:
            pass
        stop.set()
        result = count
    """
    assert 900 < await inside.run(code) < 1024


async def test_memory_of_all_processes_together_is_held(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    code = """
        import os
        for _ in range(6):
            if os.fork() == 0:
                x = bytearray(b'x') * (40 << 20)
                import signal; signal.pause()
        while True:
            os.wait()
    """
    inside.submit(code)
    async with asyncio.timeout(PATIENCE):
        while not inside.sandbox.was_out_of_memory():
            await asyncio.sleep(0.01)
    assert inside.sandbox.memory_peak_mib() <= 128


async def test_the_runtime_killed_for_memory_is_told_as_out_of_memory(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    inside.submit("x = bytearray(b'x') * (500 << 20)")
    assert await exit_of(inside) == Exit(signal=9, out_of_memory=True)


async def test_tmp_takes_its_size_and_no_more_and_not_from_memory(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    code = """
        import errno
        written, block = 0, b'x' * (1 << 20)
        with open('/tmp/big', 'wb', buffering=0) as file:
            try:
                while True:
                    written += file.write(block)
            except OSError as error:
                result = [written >> 20, errno.errorcode[error.errno]]
    """
    written, error = await inside.run(code)
    assert error == "ENOSPC"
    assert 512 <= written <= 530
    assert await inside.run(
        "import os; os.unlink('/tmp/big'); open('/tmp/small', 'w').write('y'); result = os.listdir('/tmp')"
    ) == ["small"]
    assert not inside.sandbox.was_out_of_memory()


async def test_cpu_is_held_in_proportion_to_memory(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=256)
    inside.sandbox.end_burst()
    name = "cpu.cfs_quota_us" if group_file(attacked, "cpu", "cpu.cfs_quota_us").exists() else "cpu.max"
    assert group_file(attacked, "cpu", name).read_text().split()[0] == str(quota_us(256)) == str(round(256 / 1769 * PERIOD_US))
    await inside.run("import time\nend = time.process_time() + 0.05\nwhile time.process_time() < end: pass")
    statistics = dict(line.split() for line in group_file(attacked, "cpu", "cpu.stat").read_text().splitlines())
    assert int(statistics["nr_throttled"]) >= 5


async def test_init_has_a_whole_cpu_until_the_first_freeze(attacked: Attacked) -> None:
    inside = await attacked.sandbox(memory_mib=128)
    name = "cpu.cfs_quota_us" if group_file(attacked, "cpu", "cpu.cfs_quota_us").exists() else "cpu.max"
    assert group_file(attacked, "cpu", name).read_text().split()[0] == str(PERIOD_US)
    inside.sandbox.freeze()
    inside.sandbox.thaw()
    assert group_file(attacked, "cpu", name).read_text().split()[0] == str(quota_us(128))
    assert await inside.run("result = 1") == 1


async def test_open_files_are_held_to_1024(inside: Inside) -> None:
    code = """
        import os, resource
        opened = []
        try:
            while True:
                opened.append(os.open('/dev/null', os.O_RDONLY))
        except OSError:
            pass
        result = [max(opened), resource.getrlimit(resource.RLIMIT_NOFILE)]
        for each in opened:
            os.close(each)
    """
    assert await inside.run(code) == [1023, [1024, 1024]]


@pytest.mark.parametrize("limit", ["RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE", "RLIMIT_MEMLOCK"])
async def test_limits_cannot_be_raised(inside: Inside, limit: str) -> None:
    with pytest.raises(Raised, match=re.compile(r"ValueError|PermissionError")):
        await inside.run(f"import resource; resource.setrlimit(resource.{limit}, (1 << 30, 1 << 30))")
