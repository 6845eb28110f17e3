"""The fake is verified for what hangs on functions and layers too: whatever is written in whatever order, both stores answer alike."""

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import LATEST
from lambent.core.function_url import AuthType, FunctionUrl
from lambent.core.ports import Store
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import ResourcePolicy, function_target, layer_target
from tests.contract.stored_values import alias, function, key, layer, published
from tests.integration.store_histories import Step, check_history

QUALIFIERS = ["", LATEST, "1", "2", "live", "old"]


async def publish(store: Store) -> None:
    stored = await store.function(key())
    if stored:
        version, after = published(stored)
        fresh = replace(after, latest=replace(after.latest, revision_id="r1"))
        await store.publish_version(version, function=fresh, expected_revision="r1")


@st.composite
def steps(draw: st.DrawFn) -> Step:
    qualifier, name = draw(st.sampled_from(QUALIFIERS)), draw(st.sampled_from(["live", "old"]))
    number, revision = draw(st.sampled_from([1, 2])), draw(st.sampled_from([None, "p1", "p2"]))
    target = draw(st.sampled_from([function_target(key(), qualifier), layer_target(layer().key, number)]))
    policy = ResourcePolicy(target=target, revision_id=draw(st.sampled_from(["p1", "p2"])), statements=({"Sid": "s"},))
    config = EventInvokeConfig(key=key(), qualifier=qualifier, last_modified=0.5, maximum_retries=number)
    url = FunctionUrl(
        key=key(), qualifier=qualifier, url_id=f"id-{qualifier}", auth_type=AuthType.NONE, created=float(number), modified=2.0
    )
    provisioned = ProvisionedConcurrencyConfig(key=key(), qualifier=qualifier, requested=number, last_modified=0.5)
    common: list[Step] = [
        lambda store: store.put_policy(policy, expected_revision=revision),
        lambda store: store.put_event_invoke_config(config),
        lambda store: store.put_function_url(url),
        lambda store: store.put_provisioned_concurrency(provisioned),
        lambda store: store.add_function(function()),
        lambda store: store.add_alias(alias(name)),
    ]
    rare: list[Step] = [
        publish,
        lambda store: store.delete_policy(target, expected_revision=revision or "p1"),
        lambda store: store.delete_event_invoke_config(key(), qualifier),
        lambda store: store.delete_function_url(key(), qualifier),
        lambda store: store.delete_provisioned_concurrency(key(), qualifier),
        lambda store: store.add_layer_version(layer()),
        lambda store: store.delete_layer_version(layer().key, number),
        lambda store: store.delete_alias(key(), name),
        lambda store: store.delete_version(key(), str(number)),
        lambda store: store.delete_function(key()),
    ]
    return draw(st.sampled_from(common * 3 + rare))


async def picture(store: Store) -> list[Any]:
    """All that can be read."""
    seen: list[Any] = [list(await store.event_invoke_configs(key(), after=None, limit=9))]
    seen += [list(await store.function_urls(key(), after=after, limit=9)) for after in (None, "", "live")]
    seen += [list(await store.provisioned_concurrency(key())), await store.usage(key().owner)]
    for qualifier in QUALIFIERS:
        seen += [await store.policy(function_target(key(), qualifier)), await store.event_invoke_config(key(), qualifier)]
        seen.append(await store.function_url(key(), qualifier))
    return [*seen, *[await store.policy(layer_target(layer().key, number)) for number in (1, 2)]]


@settings(max_examples=40, deadline=None)
@given(st.lists(steps(), min_size=20, max_size=60))
def test_the_fake_and_the_real_store_keep_and_drop_alike(todo: list[Step]) -> None:
    check_history(todo, picture)
