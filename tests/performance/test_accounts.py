"""The benchmark's book-keeping: what was lost, run twice or answered by one too many; memory of processes; packages; peers."""

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench.measure_lost import Account
from bench.memory import descendants, proportional_mb
from bench.packages import package
from bench.peers import install


def account_of(*answers: tuple[int, str, int]) -> Account:
    account = Account()
    for n, environment, call in answers:
        account.answers[n].append((environment, call))
    return account


def test_an_account_that_adds_up_has_no_faults() -> None:
    assert account_of((0, "a", 1), (1, "b", 1), (2, "a", 2)).faults(3) == []


@pytest.mark.parametrize(
    ("answers", "fault"),
    [
        ([(0, "a", 1)], "1 was answered 0 times"),
        ([(0, "a", 1), (0, "a", 2), (1, "a", 3)], "0 was answered 2 times"),
        ([(0, "a", 1), (1, "a", 3)], "a ran other calls than it answered"),
        ([(0, "a", 1), (1, "a", 1)], "a ran other calls than it answered"),
        ([(n, f"e{n}", 1) for n in range(11)], "11 environments, 10 allowed"),
    ],
)
def test_what_is_lost_or_doubled_is_found(answers: list[tuple[int, str, int]], fault: str) -> None:
    count = max(2, len({n for n, _, _ in answers}))
    assert account_of(*answers).faults(count) == [fault]


def test_a_failure_is_a_fault_also_when_all_were_answered() -> None:
    account = account_of((0, "a", 1))
    account.failures.append("a client stopped")
    assert account.faults(1) == ["a client stopped"]


def test_memory_counts_the_processes_below_and_not_the_process_itself() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; print(1, flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with child:
        assert child.stdout
        child.stdout.readline()
        assert child.pid in descendants(os.getpid())
        assert os.getpid() not in descendants(os.getpid())
        assert proportional_mb([child.pid]) > 0
        child.communicate(b"")
    assert proportional_mb([child.pid]) == 0


def test_a_package_holds_readable_handlers_and_what_is_vendored(tmp_path: Path) -> None:
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "part.py").write_text("x = 1")
    with zipfile.ZipFile(io.BytesIO(package("echo.py", also=tmp_path))) as archive:
        assert sorted(archive.namelist()) == ["echo.py", "library/part.py"]
        assert all(entry.external_attr >> 16 & 0o444 == 0o444 for entry in archive.infolist())


def test_a_peer_that_cannot_be_installed_is_absent_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "PEERS", tmp_path / "peers")
    monkeypatch.setattr(install, "BASE_PYTHON", str(tmp_path / "no-python"))
    with pytest.raises(install.Absent, match="could not be installed"):
        install.ministack()
    assert not list((tmp_path / "peers").iterdir())


def test_a_peer_is_absent_where_it_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(install.Absent, match="riscv64"):
        install.rie()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(install.Absent, match=r"Node\.js"):
        install.serverless_offline()
