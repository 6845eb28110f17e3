"""The contract of the Store for code signing configurations, and for the functions that have one."""

from dataclasses import replace

import pytest

from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey, UntrustedArtifact
from lambent.core.function import Owner
from lambent.core.ports import AlreadyStored, StaleWrite, Store
from tests.contract.stored_values import OTHER_ACCOUNT, OTHER_REGION, OWNER, edited, function, key


def config(number: int = 1, owner: Owner = OWNER, **fields: object) -> CodeSigningConfig:
    given = {"allowed_publishers": ("p1", "p2"), "last_modified": 1.5, "tags": {"team": "ü"}, **fields}
    return CodeSigningConfig(key=CodeSigningKey(owner=owner, identifier=f"csc-{number:017}"), **given)  # type: ignore[arg-type]


FULL = config(description="snow ☃", untrusted_artifact=UntrustedArtifact.ENFORCE)


async def test_a_config_comes_back_as_it_was_given_to_its_owner_alone(store: Store) -> None:
    await store.add_code_signing_config(FULL)
    assert await store.code_signing_config(FULL.key) == FULL
    for other in (OTHER_ACCOUNT, OTHER_REGION):
        assert await store.code_signing_config(replace(FULL.key, owner=other)) is None
    with pytest.raises(AlreadyStored):
        await store.add_code_signing_config(config())
    assert await store.code_signing_config(FULL.key) == FULL


async def test_configs_are_listed_by_identifier_page_by_page(store: Store) -> None:
    for number in (3, 1, 2):
        await store.add_code_signing_config(config(number))
    await store.add_code_signing_config(config(9, OTHER_ACCOUNT))
    first = await store.code_signing_configs(OWNER, after=None, limit=2)
    rest = await store.code_signing_configs(OWNER, after=first[-1].key.identifier, limit=2)
    assert [*first, *rest] == [config(1), config(2), config(3)]


async def test_a_config_is_swapped_only_for_the_one_expected(store: Store) -> None:
    with pytest.raises(StaleWrite):
        await store.replace_code_signing_config(FULL, expected=config())
    await store.add_code_signing_config(config())
    await store.replace_code_signing_config(FULL, expected=config())
    with pytest.raises(StaleWrite):
        await store.replace_code_signing_config(config(description="late"), expected=config())
    assert await store.code_signing_config(FULL.key) == FULL


async def test_a_config_is_deleted_once(store: Store) -> None:
    await store.add_code_signing_config(config())
    assert not await store.delete_code_signing_config(config(1, OTHER_ACCOUNT).key)
    assert await store.delete_code_signing_config(config().key)
    assert not await store.delete_code_signing_config(config().key)
    assert await store.code_signing_config(config().key) is None


async def test_a_config_stays_while_a_function_has_it(store: Store) -> None:
    await store.add_code_signing_config(config())
    await store.add_code_signing_config(config(2))
    for name in ("b", "a", "c"):
        stored = await store.add_function(replace(function(name), code_signing_config=config().key.identifier))
        assert stored.code_signing_config == config().key.identifier
    found = await store.functions_of_code_signing_config(config().key, after=None, limit=2)
    found = [*found, *await store.functions_of_code_signing_config(config().key, after=found[-1].name, limit=2)]
    assert found == [key("a"), key("b"), key("c")]
    assert await store.functions_of_code_signing_config(replace(config().key, owner=OTHER_ACCOUNT), after=None, limit=9) == []
    with pytest.raises(StaleWrite):
        await store.delete_code_signing_config(config().key)

    await store.delete_function(key("a"))
    moved = replace(edited(function("b"), "r2"), code_signing_config=config(2).key.identifier)
    await store.replace_function(moved, expected_revision="r1")
    await store.replace_function(edited(function("c"), "r2"), expected_revision="r1")
    assert (await store.function(key("b"))).code_signing_config == config(2).key.identifier
    assert await store.functions_of_code_signing_config(config().key, after=None, limit=9) == []
    assert await store.delete_code_signing_config(config().key)


async def test_a_function_is_never_stored_with_a_config_that_is_not_there(store: Store) -> None:
    with pytest.raises(StaleWrite):
        await store.add_function(replace(function(), code_signing_config=config().key.identifier))
    assert await store.function(key()) is None
    await store.add_function(function())
    wanted = replace(edited(function(), "r2"), code_signing_config=config().key.identifier)
    with pytest.raises(StaleWrite):
        await store.replace_function(wanted, expected_revision="r1")
    await store.add_code_signing_config(config(1, OTHER_ACCOUNT))
    with pytest.raises(StaleWrite):
        await store.replace_function(wanted, expected_revision="r1")
    assert await store.function(key()) == function()
