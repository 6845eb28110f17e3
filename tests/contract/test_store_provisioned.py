"""The contract of the Store for provisioned concurrency: kept with its qualifier, counted where nothing is reserved."""

from dataclasses import replace

import pytest

from lambent.core.function import FunctionKey
from lambent.core.ports import StaleWrite, Store
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from tests.contract.stored_values import OTHER_ACCOUNT, OTHER_REGION, OWNER, alias, edited, function, key, published


async def complete_function(store: Store, name: str = "hello", *, reserved: int | None = None) -> None:
    """A function with version 1 and alias `live`."""
    version, after = published(await store.add_function(function(name, reserved=reserved)))
    await store.publish_version(version, function=after, expected_revision="r1")
    await store.add_alias(alias(of=key(name)))


@pytest.fixture
async def complete(store: Store) -> Store:
    await complete_function(store)
    return store


def config(qualifier: str = "1", requested: int = 2, *, of: FunctionKey | None = None) -> ProvisionedConcurrencyConfig:
    return ProvisionedConcurrencyConfig(key=of or key(), qualifier=qualifier, requested=requested, last_modified=1.5)


async def test_configs_come_back_by_qualifier_as_they_were_given(complete: Store) -> None:
    for qualifier in ("live", "1"):
        await complete.put_provisioned_concurrency(config(qualifier))
    assert list(await complete.provisioned_concurrency(key())) == [config("1"), config("live")]
    for other in (key("other"), key(owner=OTHER_ACCOUNT), key(owner=OTHER_REGION)):
        assert list(await complete.provisioned_concurrency(other)) == []


async def test_a_config_is_replaced_and_deleted_once(complete: Store) -> None:
    await complete.put_provisioned_concurrency(config())
    await complete.put_provisioned_concurrency(config(requested=9))
    assert list(await complete.provisioned_concurrency(key())) == [config(requested=9)]
    assert await complete.delete_provisioned_concurrency(key(), "1")
    assert not await complete.delete_provisioned_concurrency(key(), "1")
    assert list(await complete.provisioned_concurrency(key())) == []


@pytest.mark.parametrize("given", [config(of=key("other")), config("2"), config("9" * 30), config("dead")])
async def test_a_config_needs_what_it_is_for(complete: Store, given: ProvisionedConcurrencyConfig) -> None:
    with pytest.raises(StaleWrite):
        await complete.put_provisioned_concurrency(given)
    assert list(await complete.provisioned_functions()) == []


async def test_a_config_goes_with_its_version_alias_or_function(complete: Store) -> None:
    for qualifier in ("live", "1"):
        await complete.put_provisioned_concurrency(config(qualifier))
    await complete.delete_alias(key(), "live")
    assert list(await complete.provisioned_concurrency(key())) == [config("1")]
    await complete.delete_version(key(), "1")
    assert list(await complete.provisioned_concurrency(key())) == []
    await complete_function(complete, "whole")
    await complete.put_provisioned_concurrency(config(of=key("whole")))
    await complete.delete_function(key("whole"))
    assert list(await complete.provisioned_concurrency(key("whole"))) == []
    assert (await complete.usage(OWNER)).provisioned_concurrency == 0


async def test_the_functions_that_have_any_are_found(complete: Store) -> None:
    await complete_function(complete, "another")
    await complete_function(complete, "none")
    for each in (config(), config("live"), config(of=key("another"))):
        await complete.put_provisioned_concurrency(each)
    assert list(await complete.provisioned_functions()) == [key("another"), key()]


async def test_the_account_counts_what_no_reservation_holds(complete: Store) -> None:
    await complete_function(complete, "reserving", reserved=10)
    for each in (config(), config("live", 3), config(requested=5, of=key("reserving"))):
        await complete.put_provisioned_concurrency(each)
    usage = await complete.usage(OWNER)
    assert (usage.reserved_concurrency, usage.provisioned_concurrency, usage.committed_concurrency) == (10, 5, 15)
    stored = await complete.function(key())
    assert stored
    reserving = replace(edited(stored, "r9"), reserved_concurrency=7)
    await complete.replace_function(reserving, expected_revision=stored.latest.revision_id)
    usage = await complete.usage(OWNER)
    assert (usage.reserved_concurrency, usage.provisioned_concurrency) == (17, 0)
    assert (await complete.usage(OTHER_ACCOUNT)).committed_concurrency == 0


async def test_subscribers_are_told(complete: Store) -> None:
    told: list[FunctionKey] = []
    complete.subscribe(told.append)
    await complete.put_provisioned_concurrency(config())
    await complete.delete_provisioned_concurrency(key(), "1")
    await complete.delete_provisioned_concurrency(key(), "1")
    assert told == [key()] * 2
