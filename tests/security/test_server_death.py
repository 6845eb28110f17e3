"""When the server is killed, everything inside dies at once, and the next start leaves no trace of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native.control_groups import detect
from lambent.adapters.sandbox.native.provider import NativeProvider

pytestmark = pytest.mark.native
PATIENCE = 20.0


def alive(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def groups(name: str) -> list[Path]:
    layout = detect(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())
    return [parent / name for parent in layout.parents() if (parent / name).exists()]


def loop_devices(marker: str) -> list[str]:
    """Loop devices whose file lay in a folder of this name."""
    found = []
    for each in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            found.append(each.read_text())
        except OSError:
            continue  # freed just now
    return [each for each in found if marker in each]


async def test_kill_9_of_the_server_ends_its_sandboxes_and_leaves_nothing(native: None, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.security.doomed_server", str(tmp_path)]
    server = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE)
    try:
        assert server.stdout is not None
        name, *numbers = server.stdout.readline().decode().split()
        processes = [int(each) for each in numbers]
        assert len(processes) > 8
        assert all(alive(each) for each in processes)
        assert groups(name)
        assert loop_devices(str(tmp_path))
    finally:
        server.kill()
        server.communicate()
    deadline = time.monotonic() + PATIENCE
    while any(alive(each) for each in processes) or loop_devices(str(tmp_path)):
        assert time.monotonic() < deadline, [each for each in processes if alive(each)]
        time.sleep(0.01)
    async with NativeProvider(
        folder=tmp_path / "images", network=False, ready_storages=0, registry=tmp_path / "registry"
    ).running():
        pass
    assert not groups(name)
    assert not list((tmp_path / "images").iterdir())
    assert os.path.ismount("/proc")  # the host's own mounts are as they were


async def test_the_death_of_the_warden_ends_sandboxes_and_the_next_create_starts_another(native: None, tmp_path: Path) -> None:
    from tests.contract.sandbox_inside import write_code
    from tests.security.attacked import Attacked

    tmp_path.chmod(0o755)
    write_code(tmp_path / "code")
    provider = NativeProvider(folder=tmp_path / "images", network=False, ready_storages=0)
    async with provider.running():
        attacked = Attacked(provider, tmp_path)
        inside = await attacked.sandbox()
        assert provider._link is not None
        provider._link._process.kill()
        assert (await inside.sandbox.exited).signal == signal.SIGKILL
        await inside.sandbox.destroy()
        assert await (await attacked.sandbox()).run("result = 1") == 1
        await attacked.end()
