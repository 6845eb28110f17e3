"""What the level native needs of a host: each missing thing is named, with what to do about it."""

from pathlib import Path

import pytest

from lambent.adapters.sandbox.native import requirements
from lambent.adapters.sandbox.native.control_groups import Unavailable
from lambent.adapters.sandbox.probe import probe, provider_of
from lambent.core.environment import IsolationLevel
from lambent.core.ports import SandboxFault


def fail_with(error: Exception):
    def fail(*_: object) -> None:
        raise error

    return fail


def test_an_ordinary_user_is_told_to_be_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements.os, "geteuid", lambda: 1000)
    assert "root" in (requirements.problem() or "")


@pytest.fixture
def all_but(monkeypatch: pytest.MonkeyPatch):
    """Every check passes but the one named."""

    def choose(name: str) -> None:
        for each in ("_root", "_namespaces", "_mounts", "_groups", "_loop_devices", "_mkfs", "_seccomp"):
            if each != name:
                monkeypatch.setattr(requirements, each, lambda: None)

    return choose


def test_without_memory_control_the_level_is_not_there(all_but, monkeypatch: pytest.MonkeyPatch) -> None:
    all_but("_groups")
    monkeypatch.setattr(requirements, "detect", fail_with(Unavailable("no control group controller for: memory")))
    assert requirements.problem() == "no control group controller for: memory"


def test_without_loop_devices_the_level_is_not_there(all_but, monkeypatch: pytest.MonkeyPatch) -> None:
    all_but("_loop_devices")
    monkeypatch.setattr(requirements.os, "access", lambda *_: False)
    assert "modprobe loop" in (requirements.problem() or "")


def test_without_mkfs_the_level_is_not_there(all_but, monkeypatch: pytest.MonkeyPatch) -> None:
    all_but("_mkfs")
    monkeypatch.setattr(requirements.shutil, "which", lambda *_, **__: None)
    assert "e2fsprogs" in (requirements.problem() or "")


def test_without_a_system_call_filter_the_level_is_not_there(all_but, monkeypatch: pytest.MonkeyPatch) -> None:
    all_but("_seccomp")
    monkeypatch.setattr(requirements, "build_filter", fail_with(SandboxFault("libseccomp cannot be loaded")))
    assert requirements.problem() == "libseccomp cannot be loaded"


def test_version_2_without_controllers_says_so(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpuset io\n")
    assert "Delegate=yes" in (requirements._version_2(tmp_path) or "")
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory pids\n")
    assert requirements._version_2(tmp_path) is None


async def test_a_level_that_is_missing_is_reported_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "problem", lambda: "no loop devices")
    report = (await probe({IsolationLevel.NATIVE}))[0]
    assert (report.available, report.reason) == (False, "no loop devices")


async def test_reports_come_strongest_first_and_process_says_what_it_is() -> None:
    reports = await probe(None)
    assert [each.level for each in reports] == list(IsolationLevel)
    assert reports[-1].available
    assert "holds nothing" in reports[-1].notes[0]
    assert all(each.available or each.reason for each in reports)


@pytest.mark.parametrize("level", list(IsolationLevel))
def test_each_level_has_a_provider_of_its_own(level: IsolationLevel, tmp_path: Path) -> None:
    assert provider_of(level, tmp_path, network=False).level is level
