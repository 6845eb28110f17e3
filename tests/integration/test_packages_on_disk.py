"""What is the disk PackageStore's own: crashes, restarts, sweeps, permissions of the folders, enormous tables of contents."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from lambent.adapters.packages import DiskPackageStore
from lambent.core.errors import InvalidParameterValue, ServiceFault
from lambent.core.package_rules import ENTRIES_AT_MOST
from tests.contract.zips import entry, link, overlapping, with_many_entries, zipped

HELLO = zipped(("app.py", b"print('hello')"))
OTHER = zipped(("other.py", b""))
ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "packages"


def below(folder: Path) -> set[str]:
    """What is stored, without the boot's name."""
    return {path.name for part in ("zips", "incoming") for path in (folder / part).iterdir()} | {
        path.name for part in ("trees", "merged") for boot in (folder / part).iterdir() for path in boot.iterdir()
    }


class TestRestarts:
    async def test_packages_are_there_after_a_restart(self, folder: Path) -> None:
        package = await DiskPackageStore(folder).add_zip(HELLO)
        again = DiskPackageStore(folder)
        assert (await again.unpacked(package.digest) / "app.py").read_text() == "print('hello')"

    async def test_a_tree_is_not_written_again_after_a_restart(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        package = await store.add_zip(HELLO)
        before = (await store.unpacked(package.digest)).stat().st_ino
        assert (await DiskPackageStore(folder).unpacked(package.digest)).stat().st_ino == before

    async def test_trees_of_an_earlier_boot_are_made_again(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        package = await store.add_zip(HELLO)
        tree = await store.unpacked(package.digest)
        tree.parent.rename(folder / "trees" / "an-earlier-boot")
        (folder / "trees" / "an-earlier-boot" / package.digest / "app.py").write_text("")  # half of it reached the disk
        again = DiskPackageStore(folder)
        assert await again.sweep(frozenset({package.digest})) == 1
        assert (await again.unpacked(package.digest) / "app.py").read_text() == "print('hello')"

    async def test_a_sweep_removes_what_nobody_uses_and_what_a_crash_left(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        kept, unused = await store.add_zip(HELLO), await store.add_zip(OTHER)
        for package in (kept, unused):
            await store.unpacked(package.digest)
        assert await store.merged([kept.digest, unused.digest])
        (folder / "incoming" / "crashed").mkdir()
        (folder / "incoming" / "crashed" / "zip").write_bytes(b"half")
        assert await DiskPackageStore(folder).sweep(frozenset({kept.digest})) == 3
        assert below(folder) == {f"{kept.digest}.zip", kept.digest}

    async def test_merged_layers_in_use_survive_a_sweep(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        digests = [(await store.add_zip(each)).digest for each in (HELLO, OTHER)]
        merged = await store.merged(digests)
        again = DiskPackageStore(folder)
        assert await again.sweep(frozenset(digests)) == 0
        assert await again.merged(digests) == merged

    async def test_a_sweep_leaves_what_this_process_has_just_added(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        package = await store.add_zip(HELLO)
        assert await store.sweep(frozenset()) == 0
        assert await store.unpacked(package.digest)

    async def test_an_empty_store_can_be_swept(self, folder: Path) -> None:
        assert await DiskPackageStore(folder).sweep(frozenset()) == 0

    async def test_a_refused_zip_leaves_nothing(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        for content in (HELLO[:-1], zipped(("../x", b""))):
            with pytest.raises(InvalidParameterValue):
                await store.add_zip(content)
        assert below(folder) == set()


class TestPermissions:
    async def test_sandboxes_may_read_trees_and_only_those(self, folder: Path) -> None:
        before = os.umask(0o077)
        try:
            store = DiskPackageStore(folder)
            tree = await store.unpacked((await store.add_zip(zipped(("a/b.py", b"")))).digest)
        finally:
            os.umask(before)
        places = [folder, tree.parents[1], tree.parent, tree, tree / "a", tree / "a" / "b.py"]
        modes = [f"{stat.S_IMODE(place.stat().st_mode):o}" for place in places]
        assert modes == ["755", "755", "755", "755", "755", "644"]
        assert [f"{stat.S_IMODE((folder / each).stat().st_mode):o}" for each in ("zips", "incoming")] == ["700", "700"]

    async def test_a_folder_that_cannot_be_written_is_a_fault_of_the_service(self, tmp_path: Path) -> None:
        (tmp_path / "packages").write_text("in the way")
        with pytest.raises(ServiceFault):
            await DiskPackageStore(tmp_path / "packages").add_zip(HELLO)

    async def test_merging_uses_no_space_of_its_own(self, folder: Path) -> None:
        store = DiskPackageStore(folder)
        digests = [(await store.add_zip(each)).digest for each in (HELLO, zipped(("b", b"b"), link("l", "nowhere")))]
        merged = await store.merged(digests)
        assert merged
        assert (merged / "app.py").stat().st_ino == (await store.unpacked(digests[0]) / "app.py").stat().st_ino

    async def test_modification_times_are_kept(self, folder: Path) -> None:
        info = entry("extended")
        info.extra = b"UT\x05\x00\x01" + (1_700_000_001).to_bytes(4, "little")
        odd = entry("impossible")
        odd.date_time = (1980, 0, 0, 0, 0, 0)
        store = DiskPackageStore(folder)
        tree = await store.unpacked((await store.add_zip(zipped(("plain", b""), (info, b""), (odd, b"")))).digest)
        times = {path.name: path.stat().st_mtime for path in tree.iterdir()}
        assert times == {"plain": 1_714_979_290, "extended": 1_700_000_001, "impossible": 315_532_800}


class TestBombs:
    async def test_overlapping_entries_are_refused(self, folder: Path) -> None:
        with pytest.raises(InvalidParameterValue, match="overlap"):
            await DiskPackageStore(folder).add_zip(overlapping())

    async def test_too_many_implied_folders_are_refused(self, folder: Path) -> None:
        names = ["/".join([f"{number}", *"abcdefghij" * 10]) for number in range(ENTRIES_AT_MOST // 100)]
        with pytest.raises(InvalidParameterValue, match="entries"):
            await DiskPackageStore(folder).examine_zip(zipped(*((name, b"") for name in names)))

    @pytest.mark.parametrize("count", [ENTRIES_AT_MOST + 1, 800_000])
    def test_an_enormous_table_of_contents_is_refused_before_it_fills_the_memory(self, tmp_path: Path, count: int) -> None:
        (tmp_path / "bomb.zip").write_bytes(with_many_entries(count))
        code = """if True:
            import asyncio, pathlib, sys
            from lambent.adapters.packages import DiskPackageStore
            folder = pathlib.Path(sys.argv[1])
            try:
                asyncio.run(DiskPackageStore(folder / "packages").add_zip(folder / "bomb.zip"))
            except Exception as error:
                print(type(error).__name__, error)
        """
        limit = 192 * 1024 * 1024
        process = subprocess.run(
            ["prlimit", f"--data={limit}", sys.executable, "-c", code, str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=ROOT,
            timeout=60,
            check=True,
        )
        assert process.stdout.startswith("InvalidParameterValue Could not unzip uploaded file.")
