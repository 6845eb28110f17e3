"""A real native sandbox for attacks. Where there is no level `native`, these tests skip and say why."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.sandbox.native.provider import NativeProvider
from lambent.adapters.sandbox.probe import probe
from lambent.core.environment import IsolationLevel
from tests.contract.sandbox_inside import Inside, write_code
from tests.security.attacked import Attacked


@pytest.fixture(scope="session")
def native() -> None:
    """Skips where native is not available."""
    report = asyncio.run(probe({IsolationLevel.NATIVE}))[0]
    if not report.available:
        pytest.skip(f"level native: {report.reason}")


@pytest.fixture(scope="session")
def home(native: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Holds a function's code and, as a data directory would, secrets."""
    home = tmp_path_factory.mktemp("sandboxes_home")
    home.chmod(0o755)
    write_code(home / "code")
    (home / "data").mkdir()
    (home / "data" / "secret").write_text("the platform's")
    return home


@pytest.fixture
async def attacked(home: Path) -> AsyncIterator[Attacked]:
    """A running provider without outside network."""
    provider = NativeProvider(folder=home / "images", network=False, ready_storages=0)
    async with provider.running():
        found = Attacked(provider, home)
        yield found
        await found.end()


@pytest.fixture
async def inside(attacked: Attacked) -> Inside:
    """The attacker's position: code in a sandbox of 256 MiB."""
    return await attacked.sandbox()


@pytest.fixture
def secrets(home: Path) -> list[str]:
    """Files of the host that the test process can read and a function must not."""
    return [
        str(home / "data" / "secret"),
        str(home / "code" / "app.py"),
        str(Path.home() / ".profile"),
        "/etc/shadow",
        "/etc/gshadow",
    ]
