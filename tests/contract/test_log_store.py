"""What every LogStore does: the fake and the one on disk."""

import pytest

from lambent.core.function import Owner
from lambent.core.ports import LogStore

ME = Owner(account="000000000000", region="us-east-1")
OTHER = Owner(account="111111111111", region="us-east-1")
GROUP = "/aws/lambda/f"
STREAM = "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef"
NOW = 1_700_000_000.0


async def read(logs: LogStore, group: str = GROUP, owner: Owner = ME, **more: object) -> list[str]:
    events, _ = await logs.events(
        owner, group, **{"streams": None, "start": 0, "end": 1 << 60, "after": None, "limit": 1000, **more}
    )
    return [event.message for event in events]


async def names(logs: LogStore, owner: Owner = ME, *, prefix: str = "", after: str | None = None, limit: int = 10) -> list[str]:
    return [each.name for each in await logs.groups(owner, prefix=prefix, after=after, limit=limit)]


async def test_what_was_written_is_read_at_once_in_the_order_of_time(logs: LogStore) -> None:
    first, second = logs.open_stream(ME, GROUP, STREAM), logs.open_stream(ME, GROUP, STREAM + "b")
    first.write(NOW, b"one\n")
    second.write(NOW + 2, b"three")
    first.write(NOW + 1, b"two")
    assert await read(logs) == ["one", "two", "three"]


async def test_an_event_keeps_its_facts(logs: LogStore) -> None:
    logs.open_stream(ME, GROUP, STREAM).write(NOW + 0.125, "grüße\nzwei".encode())
    (event,), token = await logs.events(ME, GROUP, streams=None, start=0, end=1 << 60, after=None, limit=10)
    assert (event.stream, event.timestamp, event.message, token) == (STREAM, int(NOW * 1000) + 125, "grüße\nzwei", None)
    assert event.ingestion == int(NOW * 1000)


async def test_invalid_text_is_replaced_when_read(logs: LogStore) -> None:
    logs.open_stream(ME, GROUP, STREAM).write(NOW, b"a\xff\x00b")
    assert await read(logs) == ["a\ufffd\x00b"]


async def test_a_span_has_its_start_and_not_its_end(logs: LogStore) -> None:
    stream = logs.open_stream(ME, GROUP, STREAM)
    for second in range(4):
        stream.write(NOW + second, str(second).encode())
    assert await read(logs, start=int((NOW + 1) * 1000), end=int((NOW + 3) * 1000)) == ["1", "2"]


async def test_pages_follow_one_another_without_gap_or_repeat(logs: LogStore) -> None:
    streams = [logs.open_stream(ME, GROUP, f"{STREAM}{n}") for n in range(3)]
    for n in range(20):
        streams[n % 3].write(NOW + n // 4, f"{n:02}".encode())
    seen: list[str] = []
    token: str | None = None
    while True:
        events, token = await logs.events(ME, GROUP, streams=None, start=0, end=1 << 60, after=token, limit=3)
        seen += [event.message for event in events]
        if token is None:
            break
    assert sorted(seen) == [f"{n:02}" for n in range(20)]


async def test_streams_can_be_chosen(logs: LogStore) -> None:
    logs.open_stream(ME, GROUP, "a").write(NOW, b"a")
    logs.open_stream(ME, GROUP, "b").write(NOW, b"b")
    assert await read(logs, streams=["b"]) == ["b"]


async def test_groups_and_streams_are_listed_by_name(logs: LogStore) -> None:
    for group in ("/aws/lambda/z", "/aws/lambda/a", "other.group_1-x#y"):
        logs.open_stream(ME, group, STREAM).write(NOW, b"x")
    assert await names(logs) == ["/aws/lambda/a", "/aws/lambda/z", "other.group_1-x#y"]
    assert await names(logs, prefix="/aws", after="/aws/lambda/a") == ["/aws/lambda/z"]
    assert len(await names(logs, limit=2)) == 2
    (stream,) = await logs.streams(ME, "/aws/lambda/a", prefix="2026")
    assert (stream.name, stream.last_event_ms) == (STREAM, int(NOW * 1000))
    assert list(await logs.streams(ME, "/aws/lambda/a", prefix="nothing")) == []


async def test_owners_do_not_see_one_another(logs: LogStore) -> None:
    logs.open_stream(ME, GROUP, STREAM).write(NOW, b"mine")
    assert await names(logs, OTHER) == []
    with pytest.raises(KeyError):
        await read(logs, owner=OTHER)


async def test_an_unknown_group_is_a_key_error(logs: LogStore) -> None:
    with pytest.raises(KeyError):
        await read(logs, group="none")
    with pytest.raises(KeyError):
        await logs.streams(ME, "none", prefix="")


async def test_a_closed_stream_can_be_opened_again(logs: LogStore) -> None:
    stream = logs.open_stream(ME, GROUP, STREAM)
    stream.write(NOW, b"before")
    stream.close()
    stream.close()
    logs.open_stream(ME, GROUP, STREAM).write(NOW + 1, b"after")
    assert await read(logs) == ["before", "after"]
