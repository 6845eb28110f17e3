"""The fake is verified for event source mappings too: whatever is written in whatever order, both stores answer alike."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambent.core.event_source_mapping import MappingSelection, MappingState
from lambent.core.ports import Store
from tests.contract.stored_values import OTHER_ACCOUNT, OWNER, SOURCES, function, key, mapping
from tests.integration.store_histories import Step, check_history

REVISIONS = st.sampled_from(["r1", "r2"])
SELECTIONS = [
    MappingSelection(source_arn=source, function_arn=arn)
    for source in (None, SOURCES["sqs"][0].arn, SOURCES["mq"][0].arn)
    for arn in (None, key().arn, key().qualified_arn("live"))
]


@st.composite
def steps(draw: st.DrawFn) -> Step:
    given = mapping(
        draw(st.sampled_from(["m1", "m2", "m3"])),
        draw(st.sampled_from(list(SOURCES))),
        owner=draw(st.sampled_from([OWNER, OWNER, OTHER_ACCOUNT])),
        qualifier=draw(st.sampled_from([None, "live"])),
        state=draw(st.sampled_from(MappingState)),
        revision_id=draw(REVISIONS),
        tags=draw(st.sampled_from([{}, {"team": "snow ☃"}])),
    )
    expected = draw(REVISIONS)
    return draw(
        st.sampled_from(
            [
                lambda store: store.add_event_source_mapping(given),
                lambda store: store.add_event_source_mapping(given),
                lambda store: store.replace_event_source_mapping(given, expected_revision=expected),
                lambda store: store.replace_event_source_mapping(given, expected_revision=expected),
                lambda store: store.delete_event_source_mapping(given.key, expected_revision=expected),
                lambda store: store.event_source_mapping_like(given),
                lambda store: store.add_function(function()),
                lambda store: store.delete_function(key()),
            ]
        )
    )


async def picture(store: Store) -> list[Any]:
    """All that can be read of mappings."""
    seen: list[Any] = [list(await store.unsettled_event_source_mappings())]
    for owner in (OWNER, OTHER_ACCOUNT):
        for selection in SELECTIONS:
            seen.append(list(await store.event_source_mappings(owner, selection, after=None, limit=2)))
            seen.append(list(await store.event_source_mappings(owner, selection, after="m1", limit=9)))
        seen += [await store.event_source_mapping(mapping(uuid, owner=owner).key) for uuid in ("m1", "m2", "m3")]
    return seen


@settings(max_examples=40, deadline=None)
@given(st.lists(steps(), min_size=20, max_size=60))
def test_the_fake_and_the_real_store_keep_mappings_alike(todo: list[Step]) -> None:
    check_history(todo, picture, lambda store, told: store.subscribe_to_mappings(told))
