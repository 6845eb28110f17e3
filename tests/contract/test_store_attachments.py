"""The contract of the Store for what hangs on a function's qualifiers and on layer versions: policies, event invoke configs."""

import asyncio
from dataclasses import replace

import pytest

from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import LATEST, FunctionKey
from lambent.core.function_url import AuthType, FunctionUrl
from lambent.core.ports import StaleWrite, Store
from lambent.core.resource_policy import PolicyTarget, ResourcePolicy, function_target, layer_target
from tests.contract.stored_values import OTHER_ACCOUNT, alias, function, key, layer, published


@pytest.fixture
async def complete(store: Store) -> Store:
    """A function with version 1 and alias `live`, and a layer version."""
    version, after = published(await store.add_function(function()))
    await store.publish_version(version, function=after, expected_revision="r1")
    await store.add_alias(alias())
    await store.add_layer_version(layer())
    return store


def config(qualifier: str = LATEST, **fields: object) -> EventInvokeConfig:
    given = {"maximum_retries": 0, "on_failure": "arn:aws:sqs:us-east-1:000000000000:q", **fields}
    return EventInvokeConfig(key=key(), qualifier=qualifier, last_modified=1.5, **given)  # type: ignore[arg-type]


def policy(target: PolicyTarget, revision: str = "p1") -> ResourcePolicy:
    return ResourcePolicy(target=target, revision_id=revision, statements=({"Sid": "ü", "Condition": {"Bool": {"a": "true"}}},))


def url(qualifier: str = "", **fields: object) -> FunctionUrl:
    given = {"url_id": f"id-{qualifier}", "auth_type": AuthType.NONE, "cors": {"MaxAge": 1, "AllowOrigins": ["*"]}, **fields}
    return FunctionUrl(key=key(), qualifier=qualifier, created=1.5, modified=2.5, **given)  # type: ignore[arg-type]


FUNCTION = function_target(key(), None)
TARGETS = [FUNCTION, function_target(key(), "1"), function_target(key(), "live"), layer_target(layer().key, 1)]
MISSING = [
    function_target(key("other"), None),
    function_target(key(owner=OTHER_ACCOUNT), None),
    function_target(key(), "2"),
    function_target(key(), "9" * 30),
    function_target(key(), "dead"),
    layer_target(layer().key, 2),
    layer_target(layer().key, 10**30),
]


async def test_configs_come_back_as_they_were_given_and_are_listed_by_qualifier(complete: Store) -> None:
    for qualifier in ("live", "1", LATEST):
        await complete.put_event_invoke_config(config(qualifier))
    assert await complete.event_invoke_config(key(), "1") == config("1")
    assert await complete.event_invoke_config(key(owner=OTHER_ACCOUNT), "1") is None
    first = await complete.event_invoke_configs(key(), after=None, limit=2)
    rest = await complete.event_invoke_configs(key(), after=first[-1].qualifier, limit=2)
    assert [each.qualifier for each in (*first, *rest)] == [LATEST, "1", "live"]


async def test_a_config_is_replaced_and_deleted_once(complete: Store) -> None:
    await complete.put_event_invoke_config(config())
    await complete.put_event_invoke_config(config(maximum_age=60))
    assert await complete.event_invoke_config(key(), LATEST) == config(maximum_age=60)
    assert await complete.delete_event_invoke_config(key(), LATEST)
    assert not await complete.delete_event_invoke_config(key(), LATEST)


@pytest.mark.parametrize("given", [replace(config(), key=key("other")), config("2"), config("9" * 30), config("dead")])
async def test_a_config_needs_what_it_is_for(complete: Store, given: EventInvokeConfig) -> None:
    with pytest.raises(StaleWrite):
        await complete.put_event_invoke_config(given)
    assert await complete.event_invoke_configs(given.key, after=None, limit=9) == []


async def test_function_urls_are_put_replaced_listed_and_deleted_once(complete: Store) -> None:
    for each in (url("live"), url()):
        await complete.put_function_url(each)
    await complete.put_function_url(url("live", auth_type=AuthType.AWS_IAM))
    assert await complete.function_url(key(), "") == url()
    assert await complete.function_url(key(), "live") == url("live", auth_type=AuthType.AWS_IAM)
    first = await complete.function_urls(key(), after=None, limit=1)
    rest = await complete.function_urls(key(), after=first[-1].qualifier, limit=9)
    assert [each.qualifier for each in (*first, *rest)] == ["", "live"]
    assert await complete.delete_function_url(key(), "live")
    assert not await complete.delete_function_url(key(), "live")


async def test_a_function_url_goes_with_its_alias_or_function(complete: Store) -> None:
    for each in (url("live"), url()):
        await complete.put_function_url(each)
    await complete.delete_alias(key(), "live")
    assert await complete.function_urls(key(), after=None, limit=9) == [url()]
    await complete.delete_function(key())
    assert await complete.function_url(key(), "") is None


@pytest.mark.parametrize("given", [replace(url(), key=key("other")), url("dead"), url("2")])
async def test_a_function_url_needs_what_it_is_for(complete: Store, given: FunctionUrl) -> None:
    with pytest.raises(StaleWrite):
        await complete.put_function_url(given)


@pytest.mark.parametrize("target", TARGETS)
async def test_a_policy_is_added_once_then_swapped_by_its_own_revision(complete: Store, target: PolicyTarget) -> None:
    await complete.put_policy(policy(target), expected_revision=None)
    assert await complete.policy(target) == policy(target)
    assert [await complete.policy(each) for each in TARGETS if each != target] == [None] * 3
    for expected in (None, "other"):
        with pytest.raises(StaleWrite):
            await complete.put_policy(policy(target, "p2"), expected_revision=expected)
    await complete.put_policy(policy(target, "p2"), expected_revision="p1")
    with pytest.raises(StaleWrite):
        await complete.delete_policy(target, expected_revision="p1")
    assert await complete.policy(target) == policy(target, "p2")
    await complete.delete_policy(target, expected_revision="p2")
    assert await complete.policy(target) is None
    for write in (
        complete.delete_policy(target, expected_revision="p2"),
        complete.put_policy(policy(target), expected_revision="p2"),
    ):
        with pytest.raises(StaleWrite):
            await write


@pytest.mark.parametrize("target", MISSING)
async def test_a_policy_needs_what_it_is_about(complete: Store, target: PolicyTarget) -> None:
    with pytest.raises(StaleWrite):
        await complete.put_policy(policy(target), expected_revision=None)
    assert await complete.policy(target) is None


async def test_of_many_first_policies_at_once_one_wins(complete: Store) -> None:
    writes = (complete.put_policy(policy(FUNCTION, f"p{n}"), expected_revision=None) for n in range(10))
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert sum(each is None for each in results) == 1
    stored = await complete.policy(FUNCTION)
    assert stored
    assert stored.revision_id == f"p{results.index(None)}"


async def test_everything_goes_with_its_qualifier_and_nothing_else_does(complete: Store) -> None:
    for target in TARGETS:
        await complete.put_policy(policy(target), expected_revision=None)
    for qualifier in ("live", "1", LATEST):
        await complete.put_event_invoke_config(config(qualifier))

    async def left() -> tuple[list[str], list[str]]:
        policies = [each.qualifier for each in TARGETS[:3] if await complete.policy(each)]
        return policies, [each.qualifier for each in await complete.event_invoke_configs(key(), after=None, limit=9)]

    await complete.delete_alias(key(), "live")
    assert await left() == (["", "1"], [LATEST, "1"])
    await complete.delete_version(key(), "1")
    assert await left() == ([""], [LATEST])
    await complete.delete_function(key())
    assert await left() == ([], [])
    assert await complete.policy(TARGETS[3])
    await complete.delete_layer_version(layer().key, 1)
    assert await complete.policy(TARGETS[3]) is None


async def test_a_new_function_of_the_name_starts_without_the_old_grants(complete: Store) -> None:
    await complete.put_policy(policy(FUNCTION), expected_revision=None)
    await complete.delete_function(key())
    await complete.add_function(function())
    assert await complete.policy(FUNCTION) is None


async def test_subscribers_are_told_of_a_functions_policies_and_configs_only(complete: Store) -> None:
    told: list[FunctionKey] = []
    complete.subscribe(told.append)
    await complete.put_policy(policy(FUNCTION), expected_revision=None)
    await complete.delete_policy(FUNCTION, expected_revision="p1")
    await complete.put_event_invoke_config(config())
    await complete.delete_event_invoke_config(key(), LATEST)
    assert told == [key()] * 4
    await complete.put_policy(policy(TARGETS[3]), expected_revision=None)
    await complete.delete_event_invoke_config(key(), LATEST)
    assert told == [key()] * 4
