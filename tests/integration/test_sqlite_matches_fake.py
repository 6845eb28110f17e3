"""The fake is verified: whatever is written in whatever order, it and the store on SQLite answer alike."""

from dataclasses import replace
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from lambent.core.function import LATEST, State
from lambent.core.ports import Store
from tests.contract.stored_values import OTHER_ACCOUNT, OWNER, alias, edited, function, key, layer, package, published
from tests.integration.store_histories import Step, check_history

OWNERS = st.sampled_from([OWNER, OWNER, OWNER, OTHER_ACCOUNT])
KEYS = st.builds(key, st.sampled_from("fffg"), OWNERS)
NUMBERS = st.sampled_from(["1", "2", "3", LATEST])
PACKAGES = st.builds(package, st.sampled_from("abc"), st.integers(0, 50))


@st.composite
def steps(draw: st.DrawFn) -> Step:
    the_key, number, other, code = draw(KEYS), draw(NUMBERS), draw(NUMBERS), draw(PACKAGES)
    state, fresh, layer_name = (
        draw(st.sampled_from(State)),
        draw(st.sampled_from([True, True, True, False])),
        draw(st.sampled_from("xy")),
    )
    routing = draw(st.sampled_from([{}, {other: 0.5}]))
    given = function(the_key.name, the_key.owner, code=code, state=state, reserved=draw(st.none() | st.integers(0, 3)))
    the_alias = alias(draw(st.sampled_from("pq")), number, of=the_key, routing=routing)

    async def replace_function(store: Store) -> None:
        changed = replace(given, next_version=(await store.function(the_key) or given).next_version)
        await store.replace_function(changed, expected_revision="r1" if fresh else "other")

    async def publish(store: Store) -> None:
        version, after = published(await store.function(the_key) or given)
        await store.publish_version(
            version, function=edited(after, "r1", code=code), expected_revision="r1" if fresh else "other"
        )

    async def replace_version(store: Store) -> None:
        stored = await store.version(the_key, number)
        if stored:
            await store.replace_version(replace(stored, code=code, state=state), expected_revision="v1" if fresh else "other")

    choices: list[Step] = [
        lambda store: store.add_function(given),
        replace_function,
        publish,
        publish,
        replace_version,
        lambda store: store.delete_version(the_key, number),
        lambda store: store.delete_function(the_key),
        lambda store: store.add_alias(the_alias),
        lambda store: store.replace_alias(the_alias, expected_revision="a1" if fresh else "other"),
        lambda store: store.delete_alias(the_key, the_alias.name),
        lambda store: store.add_layer_version(layer(layer_name, the_key.owner, package=code)),
        lambda store: store.delete_layer_version(layer(layer_name, the_key.owner).key, 1 if number == LATEST else int(number)),
    ]
    return draw(st.sampled_from(choices))


async def picture(store: Store) -> list[Any]:
    """All that can be read."""
    seen: list[Any] = [sorted(map(str, await store.unsettled())), await store.packages_in_use()]
    for owner in (OWNER, OTHER_ACCOUNT):
        functions = list(await store.functions(owner, after=None, limit=10))
        layers = list(await store.layers(owner, after=None, limit=10))
        seen += [functions, layers, await store.usage(owner), list(await store.all_versions(owner, after=None, limit=99))]
        for each in functions:
            seen += [list(await store.versions(each.key, after=None, limit=99))]
            seen += [list(await store.aliases(each.key, version=version, after=None, limit=9)) for version in (None, "1", LATEST)]
        for newest in layers:
            seen += [list(await store.layer_versions(newest.key, before=None, limit=99))]
    return seen


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(st.lists(steps(), min_size=30, max_size=60))
def test_the_fake_and_the_real_store_answer_alike(todo: list[Step]) -> None:
    check_history(todo, picture)
