"""Things that break beside the functions: a zygote that dies, callers that go away, descriptors that run out. Nothing may leak."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native.provider import NativeProvider
from lambent.core.ports import SandboxFault, TemporaryStorage, Workload
from tests.contract.sandbox_inside import OWN_PYTHON
from tests.security.attacked import Attacked
from tests.security.doomed_server import family
from tests.security.test_limits import group_file

pytestmark = pytest.mark.native
PATIENCE = 15.0


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def zygotes(provider: NativeProvider) -> list[int]:
    """Children of the warden."""
    assert provider._link is not None
    warden = provider._link._process.pid
    found = []
    for each in Path(f"/proc/{warden}/task").iterdir():
        found += [int(child) for child in (each / "children").read_text().split()]
    return found


async def until_no_groups(attacked: Attacked) -> None:
    folder = group_file(attacked, "pids", "x").parents[1]
    async with asyncio.timeout(PATIENCE):
        while any(each.is_dir() for each in folder.iterdir()):
            await asyncio.sleep(0.01)


async def test_sandboxes_die_with_their_zygote_and_the_next_create_has_another(attacked: Attacked) -> None:
    inside = await attacked.sandbox()
    (zygote,) = zygotes(attacked.provider)
    os.kill(zygote, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        assert (await inside.sandbox.exited).signal == signal.SIGKILL
    await inside.sandbox.destroy()
    assert await (await attacked.sandbox()).run("result = 1") == 1
    assert zygotes(attacked.provider) != [zygote]


async def test_sandboxes_leave_neither_descriptors_nor_groups_nor_processes(attacked: Attacked) -> None:
    await (await attacked.sandbox()).sandbox.destroy()
    before = descriptors()
    for _ in range(3):
        made = await asyncio.gather(*(attacked.provider.create(OWN_PYTHON) for _ in range(4)))
        await asyncio.gather(*(each.destroy() for each in made))
    assert descriptors() == before
    await until_no_groups(attacked)
    (zygote,) = zygotes(attacked.provider)
    assert family(zygote) == []


async def test_a_caller_that_goes_away_during_create_leaves_nothing(attacked: Attacked) -> None:
    await (await attacked.sandbox()).sandbox.destroy()
    before = descriptors()
    for turns in range(8):
        creating = asyncio.create_task(attacked.provider.create(OWN_PYTHON))
        for _ in range(turns):
            await asyncio.sleep(0)
        creating.cancel()
        with pytest.raises(asyncio.CancelledError):
            await creating
    await asyncio.gather(*attacked.provider._errands)
    await until_no_groups(attacked)
    assert descriptors() == before


async def test_an_assign_that_fails_says_why_and_the_sandbox_can_be_destroyed(attacked: Attacked) -> None:
    sandbox = await attacked.provider.create(OWN_PYTHON)
    unknown = TemporaryStorage(identifier="nobody's", size_mib=512)
    with pytest.raises(SandboxFault, match="no such temporary storage"):
        await sandbox.assign(
            Workload(
                task_directory=attacked.home, layers_directory=None, memory_mib=128, temporary_storage=unknown, network=False
            )
        )
    await sandbox.destroy()
    await until_no_groups(attacked)


async def test_storages_of_an_ended_warden_are_not_found_among_those_of_the_next(attacked: Attacked) -> None:
    stale = await attacked.provider.temporary_storage(512)
    assert attacked.provider._link is not None
    attacked.provider._link._process.kill()
    async with asyncio.timeout(PATIENCE):
        while not attacked.provider._link.broken:
            await asyncio.sleep(0.01)
    sandbox = await attacked.provider.create(OWN_PYTHON)
    await attacked.provider.temporary_storage(512)
    with pytest.raises(SandboxFault, match="no such temporary storage"):
        await sandbox.assign(
            Workload(task_directory=attacked.home, layers_directory=None, memory_mib=128, temporary_storage=stale, network=False)
        )
    await sandbox.destroy()


async def test_a_size_of_tmp_that_was_never_seen_before_is_made(attacked: Attacked) -> None:
    storage = await attacked.provider.temporary_storage(700)
    sandbox = await attacked.provider.create(OWN_PYTHON)
    given = {"task_directory": attacked.home / "code", "layers_directory": None, "memory_mib": 128, "network": False}
    await sandbox.assign(Workload(temporary_storage=storage, **given))
    from tests.contract.sandbox_inside import Inside

    inside = await Inside(sandbox).start()
    free = await inside.run("import os; found = os.statvfs('/tmp'); result = found.f_bavail * found.f_frsize >> 20")
    assert 700 <= free <= 720
    await sandbox.destroy()
    await attacked.provider.release(storage)


async def test_a_storage_that_cannot_be_made_is_a_fault(attacked: Attacked) -> None:
    with pytest.raises(SandboxFault, match="temporary storage"):
        await attacked.provider.temporary_storage(1 << 40)
    assert (await attacked.provider.temporary_storage(512)).size_mib == 512


async def test_ctrl_c_and_the_stop_of_a_service_are_the_servers_alone(attacked: Attacked) -> None:
    """A terminal and systemd signal the whole group; what is being invoked must be able to end."""
    inside = await attacked.sandbox()
    assert attacked.provider._link is not None
    for process in (attacked.provider._link._process.pid, *zygotes(attacked.provider)):
        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(process, number)
    assert await inside.run("result = 'alive'") == "alive"
    dispositions = (
        "import signal; result = [signal.getsignal(each) == signal.SIG_DFL for each in (signal.SIGTERM, signal.SIGCHLD)]"
    )
    assert await (await attacked.sandbox()).run(dispositions) == [True, True]
