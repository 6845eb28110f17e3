"""The contract of the Store for event source mappings, over the fake and SQLite."""

from dataclasses import replace
from typing import Any

import pytest

from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingSelection, MappingState
from lambent.core.function import Owner
from lambent.core.ports import AlreadyStored, StaleWrite, Store
from tests.contract.stored_values import OTHER_ACCOUNT, OTHER_REGION, OWNER, SOURCES, function, key, mapping

EVERYTHING = MappingSelection()
QUEUE = SOURCES["sqs"][0].arn


async def uuids(store: Store, selection: MappingSelection = EVERYTHING, owner: Owner = OWNER, **place: Any) -> list[str]:
    found = await store.event_source_mappings(owner, selection, **{"after": None, "limit": 9, **place})
    return [each.key.uuid for each in found]


@pytest.mark.parametrize("source", SOURCES)
async def test_a_mapping_comes_back_as_it_was_given(store: Store, source: str) -> None:
    given = mapping("m1", source, qualifier="live", tags={"team": "a"}, enabled=False, state=MappingState.DISABLED)
    await store.add_event_source_mapping(given)
    assert await store.event_source_mapping(given.key) == given
    for owner in (OTHER_ACCOUNT, OTHER_REGION):
        assert await store.event_source_mapping(MappingKey(owner=owner, uuid="m1")) is None


@pytest.mark.parametrize("other", [mapping("m2"), mapping("m1", "kafka")])
async def test_uuid_and_identity_are_one_mappings_own(store: Store, other: EventSourceMapping) -> None:
    await store.add_event_source_mapping(mapping())
    with pytest.raises(AlreadyStored):
        await store.add_event_source_mapping(other)
    assert await uuids(store) == ["m1"]
    await store.add_event_source_mapping(mapping("m1", owner=OTHER_ACCOUNT))
    await store.add_event_source_mapping(mapping("m3", qualifier="live"))


async def test_the_mapping_of_an_identity_is_found(store: Store) -> None:
    await store.add_event_source_mapping(mapping("m1", "kafka"))
    found = await store.event_source_mapping_like(mapping("m2", "kafka"))
    assert found == mapping("m1", "kafka")
    assert await store.event_source_mapping_like(mapping("m2", "kafka", owner=OTHER_REGION)) is None
    assert await store.event_source_mapping_like(mapping("m2", "mq")) is None


async def test_a_replaced_mapping_must_be_the_expected_one(store: Store) -> None:
    await store.add_event_source_mapping(mapping())
    fresh = replace(mapping(), revision_id="r2", qualifier="live", state=MappingState.UPDATING)
    with pytest.raises(StaleWrite):
        await store.replace_event_source_mapping(fresh, expected_revision="r0")
    with pytest.raises(StaleWrite):
        await store.replace_event_source_mapping(mapping("m9"), expected_revision="r1")
    await store.replace_event_source_mapping(fresh, expected_revision="r1")
    assert await store.event_source_mapping(fresh.key) == fresh
    assert await uuids(store, MappingSelection(function_arn=key().arn)) == []
    assert await uuids(store, MappingSelection(function_arn=key().qualified_arn("live"))) == ["m1"]


async def test_a_replaced_mapping_may_not_become_like_another(store: Store) -> None:
    await store.add_event_source_mapping(mapping("m1"))
    await store.add_event_source_mapping(mapping("m2", qualifier="live"))
    with pytest.raises(AlreadyStored):
        await store.replace_event_source_mapping(mapping("m2", revision_id="r2"), expected_revision="r1")
    assert await store.event_source_mapping(mapping("m2").key) == mapping("m2", qualifier="live")


async def test_a_mapping_is_deleted_once_and_only_as_expected(store: Store) -> None:
    await store.add_event_source_mapping(mapping())
    with pytest.raises(StaleWrite):
        await store.delete_event_source_mapping(mapping().key, expected_revision="r0")
    await store.delete_event_source_mapping(mapping().key, expected_revision="r1")
    assert await store.event_source_mapping(mapping().key) is None
    with pytest.raises(StaleWrite):
        await store.delete_event_source_mapping(mapping().key, expected_revision="r1")


async def test_lists_are_by_uuid_in_pages(store: Store) -> None:
    for number in (3, 1, 2):
        await store.add_event_source_mapping(mapping(f"m{number}", qualifier=str(number)))
    await store.add_event_source_mapping(mapping("m0", owner=OTHER_REGION))
    assert await uuids(store, limit=2) == ["m1", "m2"]
    assert await uuids(store, after="m2") == ["m3"]
    assert await uuids(store, after="m3") == []
    assert await uuids(store, owner=OTHER_REGION) == ["m0"]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (EVERYTHING, ["m1", "m2", "m3", "m4"]),
        (MappingSelection(source_arn=QUEUE), ["m1", "m2"]),
        (MappingSelection(function_arn=key().arn), ["m1", "m3", "m4"]),
        (MappingSelection(source_arn=QUEUE, function_arn=key().qualified_arn("live")), ["m2"]),
        (MappingSelection(source_arn="arn:aws:sqs:us-east-1:000000000000:other"), []),
        (MappingSelection(function_arn=key("other").arn), []),
    ],
)
async def test_lists_hold_what_is_selected(store: Store, selection: MappingSelection, expected: list[str]) -> None:
    for each in (mapping("m1"), mapping("m2", qualifier="live"), mapping("m3", "kafka"), mapping("m4", "mq")):
        await store.add_event_source_mapping(each)
    assert await uuids(store, selection) == expected


async def test_transient_mappings_of_every_owner_are_found(store: Store) -> None:
    for number, state in enumerate(MappingState):
        await store.add_event_source_mapping(mapping(f"m{number}", qualifier=str(number), state=state))
    await store.add_event_source_mapping(mapping("m0", owner=OTHER_ACCOUNT, state=MappingState.DELETING))
    states = [(each.key.owner.account[0], each.state) for each in await store.unsettled_event_source_mappings()]
    settled = (MappingState.ENABLED, MappingState.DISABLED)
    assert states == [*(("0", state) for state in MappingState if state not in settled), ("1", MappingState.DELETING)]


async def test_a_mapping_outlives_its_function(store: Store) -> None:
    await store.add_function(function())
    await store.add_event_source_mapping(mapping())
    await store.delete_function(key())
    assert await store.event_source_mapping(mapping().key) == mapping()


async def test_who_subscribed_hears_of_each_write_that_was_one(store: Store) -> None:
    heard: list[str] = []
    store.subscribe_to_mappings(lambda each: heard.append(each.uuid))
    await store.add_event_source_mapping(mapping())
    with pytest.raises(AlreadyStored):
        await store.add_event_source_mapping(mapping("m2"))
    await store.replace_event_source_mapping(mapping(revision_id="r2"), expected_revision="r1")
    with pytest.raises(StaleWrite):
        await store.delete_event_source_mapping(mapping().key, expected_revision="r1")
    await store.delete_event_source_mapping(mapping().key, expected_revision="r2")
    assert heard == ["m1"] * 3
