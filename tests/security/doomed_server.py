"""A process that starts native sandboxes and waits to be killed. Prints one line when they run: its control groups' name and the ids
of all processes."""

import asyncio
import os
import sys
from pathlib import Path

from lambent.adapters.sandbox.native.provider import NativeProvider
from tests.contract.sandbox_inside import write_code
from tests.security.attacked import Attacked


def family(parent: int) -> list[int]:
    """All that descends from a process."""
    found = []
    for each in Path(f"/proc/{parent}/task").iterdir():
        for child in (each / "children").read_text().split():
            found += [int(child), *family(int(child))]
    return found


async def main(home: Path) -> None:
    write_code(home / "code")
    provider = NativeProvider(folder=home / "images", network=False, ready_storages=1, registry=home / "registry")
    async with provider.running():
        attacked = Attacked(provider, home)
        busy, frozen = await attacked.sandbox(), await attacked.sandbox()
        busy.submit("import os\nfor _ in range(5): os.fork()\nwhile True: pass")
        frozen.sandbox.freeze()
        await provider.create(busy.sandbox.runtime)
        assert provider._link is not None
        print(provider._link.configuration["name"], *family(os.getpid()), flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
