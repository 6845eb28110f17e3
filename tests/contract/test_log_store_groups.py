"""What every LogStore does with groups and streams as a whole: made by name, set, filled from outside, deleted, expired."""

import pytest

from lambent.core.function import Owner
from lambent.core.log_group import DAY_MS, LogGroup, SubscriptionFilter
from lambent.core.ports import AlreadyStored, LogStore

ME = Owner(account="000000000000", region="us-east-1")
NOW = 1_700_000_000.0
NOW_MS = int(NOW * 1000)
LONG = "s/" + "x" * 500


async def messages(logs: LogStore, group: str = "g") -> list[str]:
    events, _ = await logs.events(ME, group, streams=None, start=0, end=1 << 60, after=None, limit=1000)
    return [each.message for each in events]


async def test_a_group_keeps_its_settings_and_the_time_it_was_made(logs: LogStore) -> None:
    hook = SubscriptionFilter(name="f", pattern="x", destination_arn="arn", created_ms=5, settings={"distribution": "Random"})
    await logs.add_group(ME, LogGroup(name="g", created_ms=7, tags={"a": "b"}))
    with pytest.raises(AlreadyStored):
        await logs.add_group(ME, LogGroup(name="g", created_ms=8))
    await logs.replace_group(ME, LogGroup(name="g", created_ms=9, retention_days=3, filters=(hook,), kms_key_id="k"))
    assert await logs.group(ME, "g") == LogGroup(name="g", created_ms=7, retention_days=3, filters=(hook,), kms_key_id="k")
    assert await logs.group(ME, "none") is None
    with pytest.raises(KeyError):
        await logs.replace_group(ME, LogGroup(name="none", created_ms=9))


async def test_a_group_that_a_function_made_is_a_group(logs: LogStore) -> None:
    logs.open_stream(ME, "g", "s").write(NOW, b"hello")
    (found,) = await logs.groups(ME, prefix="", after=None, limit=5)
    assert (found.name, found.created_ms, found.retention_days) == ("g", NOW_MS, None)
    assert found.stored_bytes >= 5
    with pytest.raises(AlreadyStored):
        await logs.add_group(ME, LogGroup(name="g", created_ms=8))


async def test_a_deleted_group_takes_its_streams_along_and_comes_again_when_written_to(logs: LogStore) -> None:
    stream = logs.open_stream(ME, "g", "s")
    stream.write(NOW, b"before")
    assert await logs.delete_group(ME, "g")
    assert not await logs.delete_group(ME, "g")
    with pytest.raises(KeyError):
        await messages(logs)
    logs.open_stream(ME, "g", "s").write(NOW, b"after")
    assert await messages(logs) == ["after"]


@pytest.mark.parametrize("name", ["s", LONG, "~odd", ".hidden"])
async def test_a_stream_is_made_empty_filled_from_outside_and_deleted(logs: LogStore, name: str) -> None:
    with pytest.raises(KeyError, match="group"):
        await logs.add_stream(ME, "g", name)
    await logs.add_group(ME, LogGroup(name="g", created_ms=7))
    with pytest.raises(KeyError, match="stream"):
        await logs.put(ME, "g", name, [(1, b"x")])
    await logs.add_stream(ME, "g", name)
    with pytest.raises(AlreadyStored):
        await logs.add_stream(ME, "g", name)
    (empty,) = await logs.streams(ME, "g", prefix=name[:1])
    assert (empty.name, empty.last_event_ms, empty.stored_bytes) == (name, None, 0)
    await logs.put(ME, "g", name, [(NOW_MS - 1, b"one"), (NOW_MS, b"three")])
    (filled,) = await logs.streams(ME, "g", prefix="")
    assert (filled.name, filled.first_event_ms, filled.last_event_ms) == (name, NOW_MS - 1, NOW_MS)
    assert (filled.last_ingestion_ms, filled.stored_bytes) == (NOW_MS, 8)
    assert await messages(logs) == ["one", "three"]
    assert await logs.delete_stream(ME, "g", name)
    assert not await logs.delete_stream(ME, "g", name)
    assert list(await logs.streams(ME, "g", prefix="")) == []


async def test_streams_of_an_unknown_group_are_not_put_to_or_deleted(logs: LogStore) -> None:
    with pytest.raises(KeyError, match="group"):
        await logs.put(ME, "g", "s", [(1, b"x")])
    with pytest.raises(KeyError, match="group"):
        await logs.delete_stream(ME, "g", "s")


async def test_what_is_past_its_retention_is_not_shown(logs: LogStore) -> None:
    await logs.add_group(ME, LogGroup(name="g", created_ms=7))
    await logs.add_stream(ME, "g", "s")
    await logs.put(ME, "g", "s", [(NOW_MS - DAY_MS - 1, b"old"), (NOW_MS - DAY_MS, b"kept"), (NOW_MS, b"new")])
    assert await messages(logs) == ["old", "kept", "new"]
    await logs.replace_group(ME, LogGroup(name="g", created_ms=7, retention_days=1))
    assert await messages(logs) == ["kept", "new"]
