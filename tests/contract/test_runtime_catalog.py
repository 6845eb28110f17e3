"""The contract of RuntimeCatalog over the host's interpreters and the fake, and how interpreters are found and remembered."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from lambent.adapters.runtimes import HostRuntimes, missing_runtime_message, search_folders
from lambent.adapters.runtimes import catalog as asking
from lambent.core.ports import RuntimeCatalog
from lambent.core.runtime import RuntimeFamily
from lambent.testing.runtimes import FakeRuntimeCatalog

OWN = f"python{sys.version_info.major}.{sys.version_info.minor}"
OWN_BINARY = Path(getattr(sys, "_base_executable", sys.executable)).resolve()


@pytest.fixture(params=["host", "fake"])
def catalog(request: pytest.FixtureRequest) -> RuntimeCatalog:
    return (
        HostRuntimes(None, [OWN_BINARY.parent])
        if request.param == "host"
        else FakeRuntimeCatalog([OWN, "provided.al2023", "provided.al2"])
    )


def test_exactly_what_is_listed_is_found(catalog: RuntimeCatalog) -> None:
    listed = catalog.installations()
    assert [each.identifier for each in listed] == sorted(each.identifier for each in listed)
    assert {OWN, "provided.al2", "provided.al2023"} <= {each.identifier for each in listed}
    assert all(catalog.find(each.identifier) == each for each in listed)
    assert catalog.find("python2.7") is None
    assert catalog.find("") is None


def test_an_interpreter_has_a_version_and_provided_has_none(catalog: RuntimeCatalog) -> None:
    own, provided = catalog.find(OWN), catalog.find("provided.al2023")
    assert own is not None
    assert own.family is RuntimeFamily.PYTHON
    assert own.version.startswith(OWN.removeprefix("python") + ".")
    assert provided is not None
    assert (provided.version, provided.executable, provided.prefix) == ("", None, None)


def test_the_real_binary_and_its_own_prefix_are_found_through_links(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(OWN_BINARY)
    found = HostRuntimes(None, [tmp_path]).find(OWN)
    assert found is not None
    assert found.executable == OWN_BINARY
    expected = Path(sys.base_prefix)
    assert found.prefix == (None if expected.is_relative_to("/usr") else expected)
    assert found.version == "{}.{}.{}".format(*sys.version_info[:3])


def test_node_is_found_by_its_major_version(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    (tmp_path / "node").symlink_to(node)
    found = [each for each in HostRuntimes(None, [tmp_path]).installations() if each.family is RuntimeFamily.NODE]
    assert len(found) == 1
    assert found[0].identifier == f"nodejs{found[0].version.split('.')[0]}.x"


def test_shims_broken_binaries_and_folders_are_no_interpreters(tmp_path: Path) -> None:
    (tmp_path / "python3").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "python3.12").write_bytes(b"\x7fELF and then nothing")
    (tmp_path / "node").mkdir()
    (tmp_path / "python3.9").symlink_to(tmp_path / "nowhere")
    for name in ("python3", "python3.12"):
        (tmp_path / name).chmod(0o755)
    (tmp_path / "python3.13").symlink_to("/bin/true")
    assert [each.identifier for each in HostRuntimes(None, [tmp_path, tmp_path / "missing"]).installations()] == [
        "provided.al2",
        "provided.al2023",
    ]


def test_answers_are_remembered_until_the_binary_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "runtimes.json"
    first = HostRuntimes(memory, [OWN_BINARY.parent])
    monkeypatch.setattr(asking, "ask", lambda *_: pytest.fail("it was asked again"))
    assert HostRuntimes(memory, [OWN_BINARY.parent]).installations() == first.installations()
    (mark, answer), *_ = json.loads(memory.read_text()).items()
    memory.write_text(json.dumps({mark + "0": answer}))
    asked: list[Path] = []
    monkeypatch.setattr(asking, "ask", lambda path, _: asked.append(path) or [])
    HostRuntimes(memory, [OWN_BINARY.parent])
    assert OWN_BINARY in asked


@pytest.mark.parametrize("content", ["", "[]", "{", '{"x": 1}', "\udcff"])
def test_a_broken_memory_is_forgotten(tmp_path: Path, content: str) -> None:
    memory = tmp_path / "runtimes.json"
    memory.write_bytes(content.encode("utf-8", "surrogateescape"))
    assert HostRuntimes(memory, [OWN_BINARY.parent]).find(OWN) is not None
    assert json.loads(memory.read_text())


def test_a_remembered_answer_of_the_wrong_form_is_asked_again(tmp_path: Path) -> None:
    memory = tmp_path / "runtimes.json"
    HostRuntimes(memory, [OWN_BINARY.parent])
    marks = json.loads(memory.read_text())
    memory.write_text(json.dumps({mark: ["CPython", 3] for mark in marks}))
    assert HostRuntimes(memory, [OWN_BINARY.parent]).find(OWN) is not None


def test_a_memory_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    assert HostRuntimes(tmp_path / "no" / "such" / "runtimes.json", [OWN_BINARY.parent]).find(OWN) is not None


def test_no_answer_is_not_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = tmp_path / "runtimes.json"
    with monkeypatch.context() as busy:
        busy.setattr(asking, "ask", lambda *_: [])
        assert HostRuntimes(memory, [OWN_BINARY.parent]).find(OWN) is None
    assert HostRuntimes(memory, [OWN_BINARY.parent]).find(OWN) is not None


@pytest.mark.parametrize("version", ["23.0.0-nightly20240901", "", "1.2", "3.12.1.4", "x.y.z", "3.7.16", "2.7.18", "14.21.3"])
def test_nightly_old_and_nonsense_versions_are_left_out(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    for name in ("CPython", "Node", "PyPy"):
        monkeypatch.setattr(asking, "ask", lambda *_, name=name: [name, version, "/opt/it"])
        found = HostRuntimes(None, [OWN_BINARY.parent]).installations()
        identifiers = [each.identifier for each in found if each.family is not RuntimeFamily.PROVIDED]
        assert identifiers in ([], ["python14.21"])


def test_version_managers_are_searched(tmp_path: Path) -> None:
    for folder in (".pyenv/versions/3.12.1/bin", ".local/share/uv/python/cpython-3.13/bin", ".nvm/versions/node/v20.1.0/bin",
        ".asdf/installs/python/3.11.1/bin", ".rbenv/versions/3.4.1/bin", ".local/share/mise/installs/node/22/bin", "elsewhere/versions/3.9/bin"):  # fmt: skip
        (tmp_path / folder).mkdir(parents=True)
    found = search_folders({"PATH": "/first::/second"}, tmp_path)
    assert found[:2] == [Path("/first"), Path("/second")]
    assert {each.relative_to(tmp_path).parts[0] for each in found if each.is_relative_to(tmp_path)} == {
        ".pyenv",
        ".local",
        ".nvm",
        ".asdf",
        ".rbenv",
    }
    assert tmp_path / "elsewhere/versions/3.9/bin" in search_folders({"PYENV_ROOT": str(tmp_path / "elsewhere")}, tmp_path)


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("python3.12", "uv python install 3.12"),
        ("nodejs20.x", "nvm install 20"),
        ("ruby3.4", "rbenv install 3.4"),
        ("ruby3.3", "lambent runtimes install ruby3.3"),
        ("java21", "no client"),
    ],
)
def test_a_missing_runtime_comes_with_how_to_get_it(identifier: str, words: str) -> None:
    assert words in missing_runtime_message(identifier)
    assert identifier in missing_runtime_message(identifier)
