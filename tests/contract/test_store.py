"""The contract of the Store, held by the fake and by the one on SQL: functions and versions."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.function import LATEST, State
from lambent.core.ports import AlreadyStored, StaleWrite, Store
from tests.contract.stored_values import (
    OTHER_ACCOUNT,
    OTHER_REGION,
    OWNER,
    alias,
    edited,
    function,
    key,
    latest,
    publish,
    published,
)


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
