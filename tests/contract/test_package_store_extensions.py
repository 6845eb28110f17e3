"""Which files of merged layers every PackageStore takes for external extensions."""

from pathlib import Path

import pytest

from lambent.adapters.packages import DiskPackageStore
from lambent.core.ports import PackageStore
from lambent.testing.packages import FakePackageStore
from tests.contract.zips import link, zipped


@pytest.fixture(params=["fake", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PackageStore:
    return (FakePackageStore if request.param == "fake" else DiskPackageStore)(tmp_path)


async def test_external_extensions_are_the_files_in_the_folder_extensions_of_the_merged_layers(store: PackageStore) -> None:
    first = zipped(("extensions/b", b"1"), ("extensions/folder/c", b"2"), ("other/d", b"3"), link("extensions/l", "b"))
    second = zipped(("extensions/a", b"1"))
    digests = [(await store.add_zip(each)).digest for each in (first, second)]
    merged = await store.merged(digests)
    assert merged
    assert list(await store.external_extensions(merged)) == ["a", "b", "l"]
    none = await store.merged([(await store.add_zip(zipped(("python/x.py", b"")))).digest])
    assert none
    assert list(await store.external_extensions(none)) == []
