"""The contract of the Store, held by the fake and by the one on SQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.store import SqlStore
from lambent.core.function import LATEST, FunctionKey, State, UpdateStatus
from lambent.core.layer import LayerKey
from lambent.core.ports import AccountUsage, AlreadyStored, StaleWrite, Store
from lambent.testing.store import FakeStore
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
    published,
)


@pytest.fixture(params=["fake", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    if request.param == "fake":
        yield FakeStore()
        return
    database = Database(tmp_path / "data")
    async with database.running():
        yield SqlStore(database)


async def publish(store: Store, name: str = "hello", revision: str = "v1") -> str:
    stored = await store.function(key(name))
    assert stored
    version, after = published(stored, revision)
    await store.publish_version(version, function=after, expected_revision=stored.latest.revision_id)
    return version.version


class TestFunctions:
    async def test_a_function_comes_back_as_it_was_given(self, store: Store) -> None:
        given = replace(function(layers="xy", reserved=7), serving=latest(revision_id="old", state=State.INACTIVE))
        assert await store.add_function(given) == given
        assert await store.function(key()) == given

    async def test_an_unknown_function_is_none(self, store: Store) -> None:
        assert await store.function(key()) is None

    async def test_a_second_function_of_the_name_is_refused_and_the_first_stays(self, store: Store) -> None:
        first = await store.add_function(function())
        with pytest.raises(AlreadyStored):
            await store.add_function(function(revision_id="other"))
        assert await store.function(key()) == first

    async def test_accounts_and_regions_do_not_see_one_another(self, store: Store) -> None:
        for owner in (OWNER, OTHER_ACCOUNT, OTHER_REGION):
            await store.add_function(function(owner=owner, revision_id=owner.region + owner.account))
        for owner in (OWNER, OTHER_ACCOUNT, OTHER_REGION):
            (found,) = await store.functions(owner, after=None, limit=10)
            assert found.key.owner == owner
        assert await store.delete_function(key(owner=OTHER_REGION))
        assert await store.function(key()) is not None

    async def test_functions_are_listed_by_name_page_by_page(self, store: Store) -> None:
        for name in ("b", "A", "c", "a_1", "a-1"):
            await store.add_function(function(name))
        page = await store.functions(OWNER, after=None, limit=3)
        rest = await store.functions(OWNER, after=page[-1].key.name, limit=1000)
        assert [each.key.name for each in (*page, *rest)] == ["A", "a-1", "a_1", "b", "c"]

    async def test_a_replacement_needs_the_stored_revision(self, store: Store) -> None:
        stored = await store.add_function(function())
        changed = edited(stored, "r2", last_modified=9.0)
        await store.replace_function(changed, expected_revision="r1")
        with pytest.raises(StaleWrite):
            await store.replace_function(edited(stored, "r3"), expected_revision="r1")
        assert await store.function(key()) == changed

    async def test_a_function_that_is_gone_cannot_be_replaced(self, store: Store) -> None:
        with pytest.raises(StaleWrite):
            await store.replace_function(function(), expected_revision="r1")

    async def test_of_many_replacements_at_once_one_wins(self, store: Store) -> None:
        stored = await store.add_function(function())
        results = await asyncio.gather(
            *(store.replace_function(edited(stored, f"n{n}"), expected_revision="r1") for n in range(20)),
            return_exceptions=True,
        )
        assert sum(each is None for each in results) == 1
        assert sum(isinstance(each, StaleWrite) for each in results) == 19
        winner = await store.function(key())
        assert winner
        assert winner.latest.revision_id == f"n{results.index(None)}"

    async def test_deleting_takes_versions_and_aliases_along(self, store: Store) -> None:
        await store.add_function(function())
        number = await publish(store)
        await store.add_alias(alias(version=number))
        assert await store.delete_function(key())
        assert not await store.delete_function(key())
        assert await store.version(key(), number) is None
        assert await store.alias(key(), "live") is None
        assert await store.add_function(function())
        assert await store.versions(key(), after=None, limit=10) == []
        assert await store.aliases(key(), version=None, after=None, limit=10) == []


class TestVersions:
    async def test_publishing_stores_the_version_and_the_function_together(self, store: Store) -> None:
        version, after = published(await store.add_function(function()))
        await store.publish_version(version, function=after, expected_revision="r1")
        assert await store.version(key(), "1") == version
        assert await store.function(key()) == after

    async def test_a_stale_publish_stores_neither(self, store: Store) -> None:
        stored = await store.add_function(function())
        version, after = published(stored)
        with pytest.raises(StaleWrite):
            await store.publish_version(version, function=after, expected_revision="other")
        assert await store.version(key(), "1") is None
        assert await store.function(key()) == stored

    async def test_a_number_that_is_taken_is_refused_and_the_function_stays(self, store: Store) -> None:
        stored = await store.add_function(function())
        await publish(store)
        before = await store.function(key())
        version, after = published(stored, "again")
        with pytest.raises(AlreadyStored):
            await store.publish_version(version, function=after, expected_revision="after-v1")
        assert await store.function(key()) == before

    @pytest.mark.parametrize("number", [LATEST, "1", "9" * 30])
    async def test_a_number_that_was_not_published_is_none(self, store: Store, number: str) -> None:
        await store.add_function(function())
        assert await store.version(key(), number) is None
        assert not await store.delete_version(key(), number)

    async def test_numbers_go_on_after_delete_and_create(self, store: Store) -> None:
        await store.add_function(function())
        await publish(store, revision="v1")
        await publish(store, revision="v2")
        await store.delete_function(key())
        again = await store.add_function(function())
        assert again.next_version == 3
        assert await store.function(key()) == again
        assert await publish(store, revision="v3") == "3"
        await store.delete_function(key())
        assert (await store.add_function(function())).next_version == 4

    async def test_versions_are_listed_by_number_not_by_text(self, store: Store) -> None:
        await store.add_function(function())
        for number in range(1, 13):
            await publish(store, revision=f"v{number}")
        first = await store.versions(key(), after=None, limit=9)
        rest = await store.versions(key(), after=9, limit=100)
        assert [each.version for each in (*first, *rest)] == [str(number) for number in range(1, 13)]

    async def test_all_versions_go_by_name_then_latest_then_number(self, store: Store) -> None:
        for name in ("b", "a"):
            await store.add_function(function(name))
            await publish(store, name, "v1")
            await publish(store, name, "v2")
        await store.add_function(function("c", OTHER_ACCOUNT))
        expected = [(name, version) for name in "ab" for version in (LATEST, "1", "2")]
        for size in (1, 2, 3, 100):
            found: list[tuple[str, str]] = []
            while page := await store.all_versions(OWNER, after=found[-1] if found else None, limit=size):
                found += [(each.key.name, each.version) for each in page]
            assert found == expected

    async def test_a_version_is_replaced_by_its_own_revision(self, store: Store) -> None:
        await store.add_function(function())
        await publish(store)
        version = await store.version(key(), "1")
        assert version
        settled = replace(version, state=State.FAILED, state_reason="no", revision_id="v1b")
        await store.replace_version(settled, expected_revision="v1")
        assert await store.version(key(), "1") == settled
        with pytest.raises(StaleWrite):
            await store.replace_version(version, expected_revision="v1")
        with pytest.raises(StaleWrite):
            await store.replace_version(replace(version, version="2"), expected_revision="v1")

    async def test_a_version_that_an_alias_refers_to_stays(self, store: Store) -> None:
        await store.add_function(function())
        await publish(store, revision="v1")
        await publish(store, revision="v2")
        await store.add_alias(alias(version="1", routing={"2": 0.25}))
        for number in ("1", "2"):
            with pytest.raises(StaleWrite):
                await store.delete_version(key(), number)
        await store.replace_alias(alias(version="2", revision_id="a2"), expected_revision="a1")
        assert await store.delete_version(key(), "1")
        assert not await store.delete_version(key(), "1")
        assert await store.delete_alias(key(), "live")
        assert await store.delete_version(key(), "2")


class TestAliases:
    async def test_an_alias_comes_back_as_it_was_given(self, store: Store) -> None:
        await store.add_function(function())
        await publish(store, revision="v1")
        await publish(store, revision="v2")
        given = alias(version="1", routing={"2": 0.1}, description="ü")
        await store.add_alias(given)
        assert await store.alias(key(), "live") == given
        assert await store.alias(key(), "other") is None
        assert await store.alias(key("other"), "live") is None

    async def test_a_second_alias_of_the_name_is_refused(self, store: Store) -> None:
        await store.add_function(function())
        await store.add_alias(alias())
        with pytest.raises(AlreadyStored):
            await store.add_alias(alias(revision_id="a2"))
        assert await store.alias(key(), "live") == alias()

    @pytest.mark.parametrize("given", [alias(version="1"), alias(version=LATEST, routing={"7": 0.5})])
    async def test_an_alias_cannot_refer_to_a_version_that_is_gone(self, store: Store, given: object) -> None:
        await store.add_function(function())
        await store.add_alias(alias("other"))
        with pytest.raises(StaleWrite):
            await store.add_alias(given)  # type: ignore[arg-type]
        with pytest.raises(StaleWrite):
            await store.replace_alias(replace(given, name="other"), expected_revision="a1")  # type: ignore[type-var]
        assert await store.aliases(key(), version=None, after=None, limit=10) == [alias("other")]

    async def test_an_alias_needs_its_function(self, store: Store) -> None:
        with pytest.raises(StaleWrite):
            await store.add_alias(alias())

    async def test_a_replacement_needs_the_stored_revision(self, store: Store) -> None:
        await store.add_function(function())
        await store.add_alias(alias())
        await store.replace_alias(alias(revision_id="a2", description="new"), expected_revision="a1")
        for name in ("live", "gone"):
            with pytest.raises(StaleWrite):
                await store.replace_alias(alias(name, revision_id="a3"), expected_revision="a1")
        assert await store.alias(key(), "live") == alias(revision_id="a2", description="new")

    async def test_aliases_are_listed_by_name_and_by_version(self, store: Store) -> None:
        await store.add_function(function())
        await publish(store, revision="v1")
        await publish(store, revision="v2")
        for name, version, routing in (("c", "1", {}), ("a", LATEST, {}), ("b", "2", {"1": 0.5})):
            await store.add_alias(alias(name, version, routing=routing))

        async def names(version: str | None, after: str | None = None, limit: int = 10) -> list[str]:
            return [each.name for each in await store.aliases(key(), version=version, after=after, limit=limit)]

        assert await names(None) == ["a", "b", "c"]
        assert await names(None, "a", 1) == ["b"]
        assert await names("1") == ["b", "c"]
        assert await names("1", "b") == ["c"]
        assert await names(LATEST) == ["a"]
        assert await names("77") == []

    async def test_a_deleted_alias_is_gone(self, store: Store) -> None:
        await store.add_function(function())
        await store.add_alias(alias())
        assert await store.delete_alias(key(), "live")
        assert not await store.delete_alias(key(), "live")
        assert await store.alias(key(), "live") is None


class TestLayers:
    async def test_numbers_are_given_by_the_store_and_never_again(self, store: Store) -> None:
        first = await store.add_layer_version(layer())
        second = await store.add_layer_version(layer())
        assert (first.version, second.version) == (1, 2)
        assert await store.layer_version(first.key, 1) == replace(layer(), version=1)
        for number in (1, 2):
            assert await store.delete_layer_version(first.key, number)
        assert (await store.add_layer_version(layer())).version == 3
        assert (await store.add_layer_version(layer(owner=OTHER_REGION))).version == 1

    async def test_numbers_are_distinct_when_many_publish_at_once(self, store: Store) -> None:
        stored = await asyncio.gather(*(store.add_layer_version(layer()) for _ in range(30)))
        assert sorted(each.version for each in stored) == list(range(1, 31))

    async def test_versions_are_listed_newest_first(self, store: Store) -> None:
        for _ in range(11):
            await store.add_layer_version(layer())
        layer_key = layer().key
        first = await store.layer_versions(layer_key, before=None, limit=4)
        rest = await store.layer_versions(layer_key, before=8, limit=100)
        assert [each.version for each in (*first, *rest)] == list(range(11, 0, -1))

    async def test_layers_are_listed_by_name_with_their_newest_version(self, store: Store) -> None:
        for name in ("b", "a", "b", "c", "b"):
            await store.add_layer_version(layer(name))
        await store.add_layer_version(layer("a", OTHER_ACCOUNT))
        await store.delete_layer_version(layer("b").key, 3)
        await store.delete_layer_version(layer("c").key, 1)
        found = await store.layers(OWNER, after=None, limit=10)
        assert [(each.key.name, each.version) for each in found] == [("a", 1), ("b", 2)]
        assert [each.key.name for each in await store.layers(OWNER, after="a", limit=10)] == ["b"]

    @pytest.mark.parametrize("number", [1, 0, 10**40])
    async def test_an_unknown_layer_version_is_none(self, store: Store, number: int) -> None:
        layer_key = LayerKey(owner=OWNER, name="none")
        assert await store.layer_version(layer_key, number) is None
        assert not await store.delete_layer_version(layer_key, number)


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
