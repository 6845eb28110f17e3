"""Installing a runtime: real pip on a wheel of our own, what is left behind, what a failure leaves, and who finds it."""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from lambent.adapters.runtimes import HostRuntimes
from lambent.adapters.runtimes.installed import NOTE
from lambent.adapters.runtimes.installing import install_runtime
from lambent.adapters.runtimes.sources import InstallFailure
from lambent.core.runtime import RuntimeFamily
from lambent.core.runtime_sources import DebianSource, WheelSource

LAMBENT = Path(sys.executable).parent / "lambent"
SOURCE = WheelSource(requirement="own-node==20.*", folder="own_node", program="bin/node")


def wheel(folder: Path, *, version: str = "20.1.0", says: str = "Node") -> Path:
    """A wheel whose interpreter is a script that answers like one."""
    folder.mkdir(exist_ok=True)
    path = folder / f"own_node-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        program = zipfile.ZipInfo("own_node/bin/node")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, f"#!/bin/sh\nprintf '{says}\\n{version}\\n/nowhere\\n'\n")
        archive.writestr(f"own_node-{version}.dist-info/METADATA", f"Metadata-Version: 2.1\nName: own-node\nVersion: {version}\n")
        archive.writestr(f"own_node-{version}.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"own_node-{version}.dist-info/RECORD", "")
    return path


@pytest.fixture(autouse=True)
def own_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip looks nowhere else."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    return tmp_path / "wheels"


def test_a_runtime_is_unpacked_tried_noted_and_found(tmp_path: Path, own_index: Path) -> None:
    package, steps = wheel(own_index), []
    installed = install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", steps.append)
    root = tmp_path / "runtimes" / "nodejs20.x"
    assert (installed.version, installed.executable, installed.prefix) == ("20.1.0", root / "bin" / "node", root)
    assert [each.partition(" ")[0] for each in steps] == ["downloading", "unpacking", "trying"]
    note = json.loads((root / NOTE).read_text())
    assert note["contents"] == {package.name: hashlib.sha256(package.read_bytes()).hexdigest()}
    assert [each.name for each in (tmp_path / "runtimes").iterdir()] == ["nodejs20.x"]
    assert HostRuntimes(None, [], installed=[tmp_path / "runtimes"]).find("nodejs20.x") == installed


def test_installing_again_replaces_what_was_there(tmp_path: Path, own_index: Path) -> None:
    for version in ("20.1.0", "20.2.0"):
        wheel(own_index, version=version)
        installed = install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", lambda _: None)
    assert installed.version == "20.2.0"
    assert [each.name for each in (tmp_path / "runtimes").iterdir()] == ["nodejs20.x"]


@pytest.mark.parametrize("says", ["Other", "Node\\n19.0.0\\n/x #"])
def test_what_does_not_run_as_the_runtime_is_refused_and_leaves_nothing(tmp_path: Path, own_index: Path, says: str) -> None:
    wheel(own_index, says=says)
    with pytest.raises(InstallFailure, match=r"does not run here as nodejs20\.x"):
        install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", lambda _: None)
    assert list((tmp_path / "runtimes").iterdir()) == []


def test_a_package_that_is_not_there_is_told_in_pips_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(InstallFailure, match="No matching distribution"):
        install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", lambda _: None)
    assert list((tmp_path / "runtimes").iterdir()) == []


def test_a_failure_leaves_the_runtime_that_was_there(tmp_path: Path, own_index: Path) -> None:
    package = wheel(own_index)
    before = install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", lambda _: None)
    package.unlink()
    with pytest.raises(InstallFailure):
        install_runtime("nodejs20.x", SOURCE, tmp_path / "runtimes", lambda _: None)
    assert HostRuntimes(None, [], installed=[tmp_path / "runtimes"]).find("nodejs20.x") == before


def test_a_host_without_apt_is_told_what_to_do_instead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InstallFailure, match=r"apt-get is not on this host.*rbenv"):
        install_runtime("ruby3.3", DebianSource(suite="trixie", package="ruby3.3"), tmp_path / "runtimes", lambda _: None)
    assert list((tmp_path / "runtimes").iterdir()) == []


@pytest.mark.parametrize("note", ["", "{", "[]", '{"family": "cobol", "program": "x", "source": ""}', '{"family": "ruby"}'])
def test_a_folder_whose_note_cannot_be_read_is_passed_over(tmp_path: Path, note: str) -> None:
    (tmp_path / "it").mkdir()
    (tmp_path / "it" / NOTE).write_text(note)
    found = HostRuntimes(None, [], installed=[tmp_path]).installations()
    assert {each.family for each in found} == {RuntimeFamily.PROVIDED}


def test_the_command_lists_and_refuses_in_words_and_in_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAMBENT_DATA_DIRECTORY", str(tmp_path / "data"))
    listed = subprocess.run([LAMBENT, "runtimes", "--json"], capture_output=True, text=True, check=True, timeout=120)
    by_name = {each["runtime"]: each for each in json.loads(listed.stdout)["runtimes"]}
    assert {"provided.al2", "provided.al2023"} <= set(by_name)
    assert "process" in by_name["provided.al2"]["levels"]
    refused = subprocess.run([LAMBENT, "runtimes", "install", "java21"], capture_output=True, text=True, check=False, timeout=120)
    assert refused.returncode == 1
    assert "no client for java21" in refused.stderr
    as_json = subprocess.run([LAMBENT, "runtimes", "install", "x", "--json"], capture_output=True, check=False, timeout=120)
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout) == {"runtime": "x", "error": "Lambda has no runtime x."}
