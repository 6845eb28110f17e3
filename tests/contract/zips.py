"""Zips for tests, honest and hostile."""

import io
import stat
import struct
import zipfile

PLAIN = 0o644


def entry(name: str, mode: int = stat.S_IFREG | PLAIN) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10))
    info.external_attr = mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def zipped(*entries: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(entry(name) if isinstance(name, str) else name, content)
    return buffer.getvalue()


def link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    return entry(name, stat.S_IFLNK | 0o777), target.encode()


def folder(name: str, mode: int = 0o755) -> tuple[zipfile.ZipInfo, bytes]:
    return entry(f"{name}/", stat.S_IFDIR | mode), b""


def patched(content: bytes, old: bytes, new: bytes) -> bytes:
    """Change names and numbers inside a finished zip, which zipfile would not write."""
    assert old in content
    assert len(old) == len(new)
    return content.replace(old, new)


def central_field(content: bytes, offset: int, form: str, value: int) -> bytes:
    """Overwrite a field of the first central directory entry (APPNOTE 4.3.12), `offset` bytes into it."""
    changed = bytearray(content)
    struct.pack_into(form, changed, content.index(b"PK\x01\x02") + offset, value)
    return bytes(changed)


def encrypted(content: bytes) -> bytes:
    return central_field(content, 8, "<H", 1)


def declaring(content: bytes, size: int) -> bytes:
    """The first entry says that it is `size` bytes unzipped."""
    return central_field(content, 24, "<I", size)


def overlapping() -> bytes:
    """Two entries that share one compressed body, as zip bombs do."""
    content = zipped(("aa", b"x" * 1000), ("bb", b"y" * 1000))
    second = content.rindex(b"PK\x01\x02")
    changed = bytearray(content)
    struct.pack_into("<I", changed, second + 42, 10)
    return bytes(changed)


def with_many_entries(count: int) -> bytes:
    """A small zip64 whose table of contents has `count` lines, all of one empty file."""
    local = b"PK\x03\x04" + struct.pack("<5H3I2H", 20, 0, 0, 0, 0, 0, 0, 0, 1, 0) + b"a"
    line = b"PK\x01\x02" + struct.pack("<6H3I5H2I", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    directory = line * count
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, len(directory), len(local))
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, len(local) + len(directory), 1)
    end = b"PK\x05\x06" + struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return local + directory + end64 + locator + end
