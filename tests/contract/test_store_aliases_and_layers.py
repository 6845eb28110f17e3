"""The contract of the Store, continued: aliases and layers."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.function import LATEST
from lambent.core.layer import LayerKey
from lambent.core.ports import AlreadyStored, StaleWrite, Store
from tests.contract.stored_values import (
    OTHER_ACCOUNT,
    OTHER_REGION,
    OWNER,
    alias,
    function,
    key,
    layer,
    publish,
)


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
