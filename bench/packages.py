"""Code packages of the measured functions, made from bench/handlers."""

import io
import os
import zipfile
from pathlib import Path

HANDLERS = Path(__file__).parent / "handlers"


def package(*names: str, also: Path | None = None) -> bytes:
    """A zip of these handlers; `also` is a folder whose contents are added, such as a vendored library."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            _add(archive, name, (HANDLERS / name).read_bytes())
        for file in sorted(also.rglob("*")) if also else ():
            if file.is_file() and "__pycache__" not in file.parts:
                _add(archive, file.relative_to(also).as_posix(), file.read_bytes())
    return buffer.getvalue()


def padded(size: int) -> bytes:
    """An echo function whose zip has `size` bytes or a few more, unlike every other: nothing of it compresses."""
    buffer = io.BytesIO(package("echo.py"))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_STORED) as archive:
        entry = zipfile.ZipInfo("padding.bin")
        entry.external_attr = 0o100644 << 16
        archive.writestr(entry, os.urandom(size))
    return buffer.getvalue()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o100755 << 16  # Lambda wants code that everybody may read
    archive.writestr(entry, content)
