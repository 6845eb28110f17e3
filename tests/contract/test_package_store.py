"""The contract of the PackageStore, held by the fake and by the one on disk."""

import asyncio
import base64
import hashlib
import stat
import zipfile
from pathlib import Path

import pytest

from lambent.adapters.packages import DiskPackageStore
from lambent.core.errors import InvalidParameterValue
from lambent.core.limits import UNZIPPED_BYTES
from lambent.core.package_rules import COULD_NOT_UNZIP, DEPTH_AT_MOST, EMPTY_ZIP, TOO_LARGE
from lambent.core.ports import PackageStore
from lambent.testing.packages import FakePackageStore
from tests.contract.zips import central_field, declaring, encrypted, entry, folder, link, patched, zipped

HELLO = zipped(("app.py", b"print('hello')"), ("lib/deep/data.txt", b"x" * 10_000))


@pytest.fixture(params=["fake", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PackageStore:
    return (FakePackageStore if request.param == "fake" else DiskPackageStore)(tmp_path)


def listing(root: Path) -> dict[str, str]:
    """Every path below, links not followed: `mode content`."""
    found = {}
    for path in root.rglob("*"):
        mode = path.lstat().st_mode
        content = f"-> {path.readlink()}" if stat.S_ISLNK(mode) else path.read_text() if stat.S_ISREG(mode) else "/"
        found[path.relative_to(root).as_posix()] = content if stat.S_ISLNK(mode) else f"{stat.S_IMODE(mode):o} {content}"
    return found


async def tree(store: PackageStore, content: bytes) -> dict[str, str]:
    return listing(await store.unpacked((await store.add_zip(content)).digest))


async def layered(store: PackageStore, *layers: bytes) -> dict[str, str]:
    merged = await store.merged([(await store.add_zip(each)).digest for each in layers])
    assert merged
    return listing(merged)


class TestAccepting:
    @pytest.mark.parametrize("kind", [bytes, Path])
    async def test_a_package_is_named_by_its_content(self, store: PackageStore, kind: type, tmp_path: Path) -> None:
        (file := tmp_path / "given.zip").write_bytes(HELLO)
        given = HELLO if kind is bytes else file
        package = await store.add_zip(given)
        assert package.digest == hashlib.sha256(HELLO).hexdigest()
        assert base64.b64decode(package.sha256).hex() == package.digest
        assert (package.size, package.unpacked_size) == (len(HELLO), 10_014)
        assert await store.examine_zip(given) == package
        assert file.read_bytes() == HELLO

    async def test_adding_again_is_the_same(self, store: PackageStore) -> None:
        packages = await asyncio.gather(*(store.add_zip(HELLO) for _ in range(5)))
        assert len(set(packages)) == 1

    async def test_examining_stores_nothing(self, store: PackageStore) -> None:
        package = await store.examine_zip(HELLO)
        with pytest.raises(KeyError):
            await store.unpacked(package.digest)
        with pytest.raises(KeyError):
            await store.read_zip(package.digest)

    async def test_the_zip_comes_back_as_uploaded(self, store: PackageStore) -> None:
        package = await store.add_zip(HELLO)
        assert b"".join([chunk async for chunk in await store.read_zip(package.digest)]) == HELLO

    @pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", ""])
    async def test_an_unknown_package_is_a_key_error(self, store: PackageStore, digest: str) -> None:
        with pytest.raises(KeyError):
            await store.unpacked(digest)
        with pytest.raises(KeyError):
            await store.merged([digest])
        with pytest.raises(KeyError):
            await store.read_zip(digest)

    async def test_bytes_before_the_zip_do_no_harm(self, store: PackageStore) -> None:
        assert "app.py" in await tree(store, b"#!/usr/bin/env python3\n" + HELLO)


class TestUnpacking:
    async def test_files_and_folders_are_there(self, store: PackageStore) -> None:
        assert await tree(store, HELLO) == {
            "app.py": "644 print('hello')",
            "lib": "755 /",
            "lib/deep": "755 /",
            "lib/deep/data.txt": "644 " + "x" * 10_000,
        }

    async def test_it_is_unpacked_once_however_many_ask(self, store: PackageStore) -> None:
        package = await store.add_zip(HELLO)
        places = await asyncio.gather(*(store.unpacked(package.digest) for _ in range(8)))
        assert len(set(places)) == 1
        assert (places[0] / "app.py").read_text() == "print('hello')"

    async def test_unix_modes_are_kept(self, store: PackageStore) -> None:
        found = await tree(
            store,
            zipped(
                (entry("bootstrap", stat.S_IFREG | 0o755), b"#!"),
                (entry("private.py", stat.S_IFREG | 0o600), b""),
                (entry("no_type", 0o640), b""),
                folder("closed", 0o700),
            ),
        )
        assert found == {"bootstrap": "755 #!", "private.py": "600 ", "no_type": "640 ", "closed": "700 /"}

    @pytest.mark.parametrize(("name", "mode"), [("a", "644 "), ("a/", "755 /")])
    @pytest.mark.parametrize("attributes", [0, 0x10, stat.S_IFREG << 16])
    async def test_without_unix_modes_everybody_may_read(
        self, store: PackageStore, name: str, mode: str, attributes: int
    ) -> None:
        assert await tree(store, central_field(zipped((name, b"")), 38, "<I", attributes)) == {"a": mode}

    async def test_nobody_else_may_write_and_nothing_runs_as_root(self, store: PackageStore) -> None:
        found = await tree(store, zipped((entry("a", stat.S_IFREG | 0o6777), b""), folder("b", 0o1777), folder("c", 0o055)))
        assert found == {"a": "755 ", "b": "755 /", "c": "755 /"}

    async def test_a_file_in_a_closed_folder_is_written(self, store: PackageStore) -> None:
        assert await tree(store, zipped(folder("a", 0o100), ("a/b", b"c"))) == {"a": "700 /", "a/b": "644 c"}

    async def test_links_are_kept_as_they_are(self, store: PackageStore) -> None:
        found = await tree(
            store, zipped(link("lib.so", "lib.so.1"), ("lib.so.1", b"elf"), link("out", "../.."), link("abs", "/etc/passwd"))
        )
        assert found == {"lib.so.1": "644 elf", "lib.so": "-> lib.so.1", "out": "-> ../..", "abs": "-> /etc/passwd"}

    async def test_names_are_cleaned(self, store: PackageStore) -> None:
        found = await tree(store, zipped(("./a//b", b"1"), folder("."), ("snow ☃", b"2"), ("cc:d", b"3")))
        assert found == {"a": "755 /", "a/b": "644 1", "snow ☃": "644 2", "cc:d": "644 3"}

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    async def test_of_two_files_of_one_name_the_later_counts(self, store: PackageStore) -> None:
        assert await tree(store, zipped(("a", b"1"), ("./a", b"2"))) == {"a": "644 2"}
        assert await tree(store, zipped(("a", b"1"), ("a", b"3"))) == {"a": "644 3"}

    async def test_only_folders_are_a_package_too(self, store: PackageStore) -> None:
        assert await tree(store, zipped(folder("empty"))) == {"empty": "755 /"}

    async def test_a_package_of_the_greatest_size_is_taken(self, store: PackageStore) -> None:
        package = await store.examine_zip(zipped(("big", bytes(UNZIPPED_BYTES))))
        assert package.unpacked_size == UNZIPPED_BYTES


def damaged(position: int) -> bytes:
    changed = bytearray(HELLO)
    changed[position] ^= 0xFF
    return bytes(changed)


CORRUPT = {
    "text": b"this is not a zip, though long enough to be one" * 3,
    "short": b"PK",
    "truncated at the end": HELLO[:-1],
    "truncated in the middle": HELLO[: len(HELLO) // 2],
    "a head alone": HELLO[:30],
    "damaged content": damaged(HELLO.index(b"app.py") + 8),
    "damaged crc": central_field(HELLO, 16, "<I", 12345),
    "declares less than it holds": declaring(HELLO, 3),
    "declares more than it holds": declaring(HELLO, 30_000),
    "an offset beyond the end": central_field(HELLO, 42, "<I", 2**31),
    "a directory before the start": HELLO[:-6] + (2**31).to_bytes(4, "little") + HELLO[-2:],
}
HOSTILE = {
    "encrypted": encrypted(HELLO),
    "absolute": zipped(("/etc/cron.d/x", b"")),
    "parent": zipped(("../x", b"")),
    "parent in the middle": zipped(("a/../../x", b"")),
    "parent at the end": zipped(("a/..", b"")),
    "parent of a folder": zipped(folder("a/..")),
    "drive letter": zipped(("C:/x", b"")),
    "drive letter without a slash": zipped(("c:x", b"")),
    "backslash": zipped(("a\\..\\b", b"")),
    "nul": patched(zipped(("a%b", b"")), b"a%b", b"a\0b"),
    "through a link": zipped(link("a", "/tmp"), ("a/b", b"")),
    "through a link that comes later": zipped(("a/b", b""), link("a", "/tmp")),
    "a folder through a link": zipped(link("a", "/tmp"), folder("a/b")),
    "a link through a link": zipped(link("a", "/tmp"), link("a/b", "/tmp")),
    "through a file": zipped(("a", b""), ("a/b", b"")),
    "link instead of a file": zipped(("a", b""), link("./a", "/etc/passwd")),
    "file instead of a link": zipped(link("a", "/etc/passwd"), ("./a", b"")),
    "two links": zipped(link("a", "b"), link("./a", "c")),
    "folder instead of a file": zipped(("a", b""), folder("a")),
    "link to nothing": zipped(link("a", "")),
    "link with a nul": zipped(link("a", "b\0c")),
    "link that is too long": zipped(link("a", "b" * 5000)),
    "root is a link": zipped(link(".", "/tmp")),
    "fifo": zipped((entry("a", stat.S_IFIFO | 0o644), b"")),
    "device": zipped((entry("a", stat.S_IFBLK | 0o644), b"")),
    "character device": zipped((entry("a", stat.S_IFCHR | 0o644), b"")),
    "socket": zipped((entry("a", stat.S_IFSOCK | 0o644), b"")),
    "name too long": zipped(("a" * 256, b"")),
    "path too long": zipped(("/".join(["a" * 200] * 11), b"")),
    "too deep": zipped(("/".join("a" * (DEPTH_AT_MOST + 1)), b"")),
    "another compression": central_field(HELLO, 10, "<H", zipfile.ZIP_LZMA),
    "an unknown compression": central_field(HELLO, 10, "<H", 99),
}


class TestRefusing:
    @pytest.mark.parametrize("content", CORRUPT.values(), ids=CORRUPT)
    async def test_damage_is_told_in_lambdas_words(self, store: PackageStore, content: bytes) -> None:
        for attempt in (store.add_zip, store.examine_zip):
            with pytest.raises(InvalidParameterValue) as refusal:
                await attempt(content)
            assert refusal.value.message == COULD_NOT_UNZIP

    @pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
    async def test_what_could_do_harm_is_refused_with_its_reason(self, store: PackageStore, content: bytes) -> None:
        with pytest.raises(InvalidParameterValue) as refusal:
            await store.add_zip(content)
        assert refusal.value.message.startswith(f"{COULD_NOT_UNZIP} (")
        with pytest.raises(KeyError):
            await store.unpacked(hashlib.sha256(content).hexdigest())

    @pytest.mark.parametrize("content", [b"", zipped()], ids=["no bytes", "no entries"])
    async def test_an_empty_zip_is_refused(self, store: PackageStore, content: bytes, tmp_path: Path) -> None:
        (file := tmp_path / "given.zip").write_bytes(content)
        for given in (content, file):
            with pytest.raises(InvalidParameterValue) as refusal:
                await store.add_zip(given)
            assert refusal.value.message == EMPTY_ZIP

    @pytest.mark.parametrize(
        "content",
        [
            zipped(("a", bytes(UNZIPPED_BYTES)), ("b", b"1")),
            declaring(HELLO, UNZIPPED_BYTES + 1),
            declaring(HELLO, 0xFFFFFFFE),
        ],
        ids=["real", "declared", "declared enormous"],
    )
    async def test_more_than_250_mib_is_refused(self, store: PackageStore, content: bytes) -> None:
        with pytest.raises(InvalidParameterValue) as refusal:
            await store.add_zip(content)
        assert refusal.value.message == TOO_LARGE


class TestMerging:
    async def test_no_layers_are_none(self, store: PackageStore) -> None:
        assert await store.merged([]) is None

    async def test_one_layer_is_itself(self, store: PackageStore) -> None:
        assert await layered(store, zipped(("python/a.py", b"1"))) == {"python": "755 /", "python/a.py": "644 1"}

    async def test_later_layers_win_and_the_rest_stays(self, store: PackageStore) -> None:
        first = zipped(("bin/tool", b"1"), ("lib/a", b"1"), link("lib/l", "a"))
        second = zipped(
            (entry("bin/tool", stat.S_IFREG | 0o755), b"2"), folder("lib", 0o750), link("lib/l", "b"), ("lib/b", b"2")
        )
        assert await layered(store, first, second) == {
            "bin": "755 /",
            "bin/tool": "755 2",
            "lib": "750 /",
            "lib/a": "644 1",
            "lib/b": "644 2",
            "lib/l": "-> b",
        }
        assert (await layered(store, second, first))["bin/tool"] == "644 1"

    async def test_a_file_takes_the_place_of_a_folder_and_the_reverse(self, store: PackageStore) -> None:
        file, full = zipped(("a", b"1")), zipped(("a/b/c", b"2"))
        assert await layered(store, file, full) == {"a": "755 /", "a/b": "755 /", "a/b/c": "644 2"}
        assert await layered(store, full, file) == {"a": "644 1"}

    async def test_a_layer_is_not_written_through_the_link_of_another(self, store: PackageStore, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        found = await layered(store, zipped(link("a", str(outside))), zipped(("a/b", b"2")))
        assert found == {"a": "755 /", "a/b": "644 2"}
        found = await layered(store, zipped(("f", b"1"), link("a", str(outside / "new"))), zipped(("a", b"2")))
        assert found == {"f": "644 1", "a": "644 2"}
        assert list(outside.iterdir()) == []

    async def test_merging_leaves_each_layer_as_it_was(self, store: PackageStore) -> None:
        first, second = zipped(("a", b"1"), ("d/x", b"1")), zipped(("a", b"2"), folder("d", 0o700))
        before = await tree(store, first), await tree(store, second)
        await layered(store, first, second)
        assert (await tree(store, first), await tree(store, second)) == before

    async def test_the_same_layers_are_merged_once(self, store: PackageStore) -> None:
        digests = [(await store.add_zip(zipped((name, b"")))).digest for name in "abc"]
        places = await asyncio.gather(*(store.merged(digests) for _ in range(5)))
        assert len(set(places)) == 1
        assert await store.merged(digests[::-1]) != places[0]


class TestSweeping:
    async def test_what_is_in_use_stays(self, store: PackageStore) -> None:
        package = await store.add_zip(HELLO)
        assert await store.sweep(frozenset({package.digest})) == 0
        assert await store.unpacked(package.digest)
