"""The contract of the Store, continued: what accounts use, work lists, subscribers."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.function import FunctionKey, State, UpdateStatus
from lambent.core.ports import AccountUsage, AlreadyStored, StaleWrite, Store
from tests.contract.stored_values import (
    OTHER_ACCOUNT,
    OTHER_REGION,
    OWNER,
    alias,
    edited,
    function,
    key,
    latest,
    layer,
    package,
    publish,
    published,
)


class TestUsage:
    async def test_nothing_is_used_at_first(self, store: Store) -> None:
        assert await store.usage(OWNER) == AccountUsage(code_bytes=0, functions=0, reserved_concurrency=0)

    async def test_usage_follows_every_kind_of_write(self, store: Store) -> None:
        async def used() -> tuple[int, int, int]:
            usage = await store.usage(OWNER)
            return usage.code_bytes, usage.functions, usage.reserved_concurrency

        stored = await store.add_function(function(code=package("a", 100), reserved=5))
        assert await used() == (100, 1, 5)
        changed = replace(edited(stored, "r2", code=package("b", 30)), reserved_concurrency=None)
        await store.replace_function(changed, expected_revision="r1")
        assert await used() == (30, 1, 0)
        await publish(store, revision="v1")
        await publish(store, revision="v2")
        assert await used() == (90, 1, 0)
        version = await store.version(key(), "1")
        assert version
        await store.replace_version(replace(version, code=package("a", 31)), expected_revision="v1")
        assert await used() == (91, 1, 0)
        await store.add_layer_version(layer(package=package("c", 1000)))
        assert await used() == (1091, 1, 0)
        await store.delete_version(key(), "2")
        assert await used() == (1061, 1, 0)
        await store.add_function(function("other", code=package("a", 5), reserved=2))
        assert await used() == (1066, 2, 2)
        await store.delete_function(key())
        await store.delete_layer_version(layer().key, 1)
        assert await used() == (5, 1, 2)
        assert (await store.usage(OTHER_ACCOUNT)).functions == 0

    async def test_refused_writes_use_nothing(self, store: Store) -> None:
        stored = await store.add_function(function())
        before = await store.usage(OWNER)
        version, after = published(stored)
        with pytest.raises(AlreadyStored):
            await store.add_function(function())
        with pytest.raises(StaleWrite):
            await store.replace_function(edited(stored, "x", code=package("b", 9)), expected_revision="no")
        with pytest.raises(StaleWrite):
            await store.publish_version(version, function=after, expected_revision="no")
        assert await store.usage(OWNER) == before

    async def test_usage_is_right_after_many_writes_at_once(self, store: Store) -> None:
        names = [f"f{number}" for number in range(40)]
        await asyncio.gather(*(store.add_function(function(name, code=package("a", 3), reserved=1)) for name in names))
        await asyncio.gather(*(store.delete_function(key(name)) for name in names[::2]))
        assert await store.usage(OWNER) == AccountUsage(code_bytes=60, functions=20, reserved_concurrency=20)


class TestWorkLists:
    async def test_unsettled_functions_of_every_owner_are_found(self, store: Store) -> None:
        await store.add_function(function("settled"))
        await store.add_function(function("creating", state=State.PENDING))
        await store.add_function(function("updating", OTHER_ACCOUNT, last_update_status=UpdateStatus.IN_PROGRESS))
        stored = await store.add_function(function("publishing"))
        version, after = published(stored)
        await store.publish_version(replace(version, state=State.PENDING), function=after, expected_revision="r1")
        found = await store.unsettled()
        assert sorted(each.name for each in found) == ["creating", "publishing", "updating"]
        assert key("updating", OTHER_ACCOUNT) in found

    async def test_settled_functions_leave_the_list(self, store: Store) -> None:
        stored = await store.add_function(function(state=State.PENDING))
        await store.replace_function(edited(stored, "r2", state=State.ACTIVE), expected_revision="r1")
        assert list(await store.unsettled()) == []

    async def test_packages_in_use_are_code_serving_code_layers_and_layer_versions(self, store: Store) -> None:
        stored = await store.add_function(function(code=package("1"), layers="2"))
        await publish(store)
        current = await store.function(key())
        assert current
        changed = replace(edited(current, "r9", code=package("3")), serving=latest(code=package("4"), layers="5"))
        await store.replace_function(changed, expected_revision=current.latest.revision_id)
        await store.add_layer_version(layer(package=package("6")))
        assert await store.packages_in_use() == {digit * 64 for digit in "123456"}
        await store.delete_version(key(), "1")
        assert await store.packages_in_use() == {digit * 64 for digit in "23456"}
        await store.delete_layer_version(layer().key, 1)
        await store.delete_function(stored.key)
        assert await store.packages_in_use() == frozenset()


class TestSubscribers:
    async def test_every_write_tells_before_it_returns(self, store: Store) -> None:
        told: list[FunctionKey] = []
        store.subscribe(told.append)
        store.subscribe(told.append)

        async def times(write: object) -> int:
            before = len(told)
            await write  # type: ignore[misc]
            return len(told) - before

        assert await times(store.add_function(function())) == 2
        assert await times(store.replace_function(edited(function(), "r2"), expected_revision="r1")) == 2
        assert await times(publish(store)) == 2
        version = await store.version(key(), "1")
        assert version
        assert await times(store.replace_version(version, expected_revision="v1")) == 2
        assert await times(store.add_alias(alias(version="1"))) == 2
        assert await times(store.replace_alias(alias(revision_id="a2"), expected_revision="a1")) == 2
        assert await times(store.delete_alias(key(), "live")) == 2
        assert await times(store.delete_version(key(), "1")) == 2
        assert await times(store.delete_function(key())) == 2
        assert set(told) == {key()}

    async def test_writes_that_change_nothing_tell_nobody(self, store: Store) -> None:
        await store.add_function(function())
        told: list[FunctionKey] = []
        store.subscribe(told.append)
        assert not await store.delete_alias(key(), "none")
        assert not await store.delete_version(key(), "3")
        assert not await store.delete_function(key("other"))
        with pytest.raises(StaleWrite):
            await store.replace_function(function(), expected_revision="no")
        assert told == []

    async def test_a_subscriber_that_looks_sees_the_write(self, store: Store) -> None:
        seen: list[str] = []

        def look(changed: FunctionKey) -> None:
            reading = store.function(changed).__await__()  # a read of one row never yields
            try:
                next(reading)
            except StopIteration as done:
                seen.append(done.value.latest.revision_id)

        stored = await store.add_function(function())
        store.subscribe(look)
        await store.replace_function(edited(stored, "r2"), expected_revision="r1")
        assert seen == ["r2"]


async def test_owners_are_those_who_have_a_function(store: Store) -> None:
    assert list(await store.owners()) == []
    await store.add_function(function())
    await store.add_function(function("other", OTHER_REGION))
    assert set(await store.owners()) == {OWNER, OTHER_REGION}
    await store.delete_function(key("other", OTHER_REGION))
    assert list(await store.owners()) == [OWNER]
