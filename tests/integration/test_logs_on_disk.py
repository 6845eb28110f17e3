"""What only the LogStore on disk promises: it survives restarts and torn writes, and stays under its limit."""

import os
from pathlib import Path

from lambent.adapters.logs import DiskLogStore
from lambent.core.function import Owner
from lambent.core.log_group import LogGroup
from lambent.testing.system import FakeClock

ME = Owner(account="000000000000", region="us-east-1")
NOW = 1_700_000_000.0


def store(folder: Path, retention: int = 1 << 30) -> DiskLogStore:
    return DiskLogStore(folder, FakeClock(now=NOW), retention_bytes=retention)


async def messages(logs: DiskLogStore, group: str = "g", limit: int = 100_000) -> list[str]:
    events, _ = await logs.events(ME, group, streams=None, start=0, end=1 << 60, after=None, limit=limit)
    return [event.message for event in events]


async def test_events_survive_a_restart_without_a_clean_end_of_the_process(tmp_path: Path) -> None:
    first = store(tmp_path)
    async with first.running():
        first.open_stream(ME, "g", "s").write(NOW, b"kept")
    assert await messages(store(tmp_path)) == ["kept"]


async def test_a_torn_record_is_cut_off_and_writing_goes_on_after_it(tmp_path: Path) -> None:
    first = store(tmp_path)
    async with first.running():
        first.open_stream(ME, "g", "s").write(NOW, b"whole")
    (segment,) = tmp_path.glob("*/*/*/*~*")
    with segment.open("ab") as file:
        file.write(b"\x00\x00\x00\x50torn")
    again = store(tmp_path)
    assert await messages(again) == ["whole"]
    async with again.running():
        again.open_stream(ME, "g", "s").write(NOW + 1, b"next")
        assert await messages(again) == ["whole", "next"]


async def test_the_oldest_logs_go_when_there_are_too_many(tmp_path: Path) -> None:
    logs = store(tmp_path, retention=20 << 20)
    async with logs.running():
        stream = logs.open_stream(ME, "g", "s")
        for n in range(40):
            stream.write(NOW + n, b"%02d" % n + b"x" * (1 << 20))
            await logs.groups(ME, prefix="", after=None, limit=1)
        kept = [text[:2] for text in await messages(logs)]
    assert kept[-1] == "39"
    assert "00" not in kept
    assert sum(path.stat().st_size for path in tmp_path.glob("*/*/*/*~*")) <= 21 << 20


async def test_what_the_disk_cannot_keep_up_with_is_dropped_and_said(tmp_path: Path) -> None:
    logs = store(tmp_path)
    stream = logs.open_stream(ME, "g", "s")
    for _ in range(90):
        stream.write(NOW, b"x" * (1 << 20))
    said = [text for text in await messages(logs) if text.startswith(tuple("123456789"))]
    assert len(said) == 1
    assert said[0].endswith("log events were dropped: the disk could not keep up")
    assert len(await messages(logs)) + int(said[0].split()[0]) == 91


async def test_a_very_long_group_name_is_listed_whole(tmp_path: Path) -> None:
    logs = store(tmp_path)
    name = "/g/" + "x" * 509
    logs.open_stream(ME, name, "s").write(NOW, b"m")
    assert [each.name for each in await logs.groups(ME, prefix="/g", after=None, limit=5)] == [name]
    assert await messages(logs, name) == ["m"]
    logs.open_stream(ME, "..", "s").write(NOW, b"no escape")
    assert await messages(logs, "..") == ["no escape"]
    assert not list(tmp_path.glob("*/*~*"))


async def test_what_is_past_its_retention_leaves_the_disk_and_what_is_kept_does_not(tmp_path: Path) -> None:
    clock = FakeClock(now=NOW)
    logs = DiskLogStore(tmp_path, clock, retention_bytes=1 << 30)
    for group, days in (("old", 1), ("kept", None)):
        await logs.add_group(ME, LogGroup(name=group, created_ms=0, retention_days=days))
        await logs.add_stream(ME, group, "s")
        await logs.put(ME, group, "s", [(int(NOW * 1000), b"m")])
    for segment in tmp_path.glob("*/*/*/*~*"):
        os.utime(segment, (NOW, NOW))
    logs._admin.expire(NOW + 86_400 - 1)
    assert len(list(tmp_path.glob("*/*/*/*~*"))) == 2
    logs._admin.expire(NOW + 86_400 + 100)
    assert [each.parent.name for each in tmp_path.glob("*/*/*/*~*")] == ["kept"]


async def test_settings_that_somebody_spoilt_do_not_end_the_writing_of_logs(tmp_path: Path) -> None:
    logs = store(tmp_path)
    async with logs.running():
        logs.open_stream(ME, "g", "s").write(NOW, b"one")
        await logs.groups(ME, prefix="", after=None, limit=1)
        (settings,) = tmp_path.glob("*/*/*/.group.json")
        whole = settings.read_text()
        settings.write_text("{")
        logs._admin._looked = 0.0
        logs._expire()
        settings.write_text(whole)
        logs.open_stream(ME, "g", "s").write(NOW, b"two")
        assert await messages(logs) == ["one", "two"]
