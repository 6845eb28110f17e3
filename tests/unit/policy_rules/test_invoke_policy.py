"""Who may invoke: the own account unless denied, others only where the policy of that qualifier allows it (facts G6)."""

import pytest

from lambent.control.invoke_policy import InvokePolicy
from lambent.core.alias import Alias
from lambent.core.errors import AccessDenied
from lambent.core.function import FunctionKey, Owner
from lambent.core.names import FunctionReference
from lambent.core.ports import Store
from lambent.core.resource_policy import ResourcePolicy, function_target
from lambent.testing.store import FakeStore
from tests.contract.stored_values import OTHER_ACCOUNT, OWNER, function, key

STRANGER = OTHER_ACCOUNT


@pytest.fixture
async def store() -> Store:
    store = FakeStore()
    await store.add_function(function())
    await store.add_alias(Alias(key=key(), name="live", version="$LATEST", revision_id="a"))
    return store


async def say(store: Store, effect: str, *, qualifier: str | None = None, revision: str | None = None, to: str = "*") -> None:
    target = function_target(key(), qualifier)
    statement = {"Effect": effect, "Principal": {"AWS": to}, "Action": "lambda:InvokeFunction", "Resource": target.arn}
    policy = ResourcePolicy(target=target, revision_id=effect, statements=(statement,))
    await store.put_policy(policy, expected_revision=revision)


def named(qualifier: str | None = None, of: FunctionKey | None = None) -> FunctionReference:
    return FunctionReference(key=of or key(), qualifier=qualifier)


async def allowed(policy: InvokePolicy, caller: Owner, qualifier: str | None = None) -> bool:
    try:
        await policy.check(named(qualifier), caller)
    except AccessDenied:
        return False
    return True


async def test_without_a_policy_the_own_account_may_and_others_may_not(store: Store) -> None:
    policy = InvokePolicy(store)
    assert await allowed(policy, OWNER)
    with pytest.raises(AccessDenied) as refusal:
        await policy.check(named("live"), STRANGER)
    assert refusal.value.message == (
        "User: arn:aws:iam::111111111111:root is not authorized to perform: lambda:InvokeFunction on resource: "
        f"{key().arn}:live because no resource-based policy allows the lambda:InvokeFunction action"
    )


async def test_a_function_that_does_not_exist_is_denied_to_others_alike(store: Store) -> None:
    policy = InvokePolicy(store)
    with pytest.raises(AccessDenied):
        await policy.check(named(of=key("nobody")), STRANGER)
    await policy.check(named(of=key("nobody")), OWNER)


async def test_a_grant_holds_for_exactly_the_qualifier_that_it_is_on(store: Store) -> None:
    policy = InvokePolicy(store)
    await say(store, "Allow", qualifier="live", to=STRANGER.account)
    assert await allowed(policy, STRANGER, "live")
    assert [await allowed(policy, STRANGER, each) for each in (None, "$LATEST", "1")] == [False] * 3
    await say(store, "Allow", to=STRANGER.account)
    assert [await allowed(policy, STRANGER, each) for each in (None, "$LATEST", "1")] == [True, False, False]


async def test_a_grant_counts_from_the_moment_it_is_written_and_no_longer_than_it_stands(store: Store) -> None:
    policy = InvokePolicy(store)
    for _ in range(2):
        assert not await allowed(policy, STRANGER)
        await say(store, "Allow")
        assert await allowed(policy, STRANGER)
        await store.delete_policy(function_target(key(), None), expected_revision="Allow")
    await say(store, "Allow")
    assert await allowed(policy, STRANGER)
    await store.delete_function(key())
    assert not await allowed(policy, STRANGER)


async def test_a_deny_holds_for_the_own_account_too(store: Store) -> None:
    policy = InvokePolicy(store)
    assert await allowed(policy, OWNER)
    await say(store, "Deny")
    with pytest.raises(AccessDenied, match="with an explicit deny in a resource-based policy"):
        await policy.check(named(), OWNER)
    assert not await allowed(policy, STRANGER)
    assert await allowed(policy, OWNER, "live")


async def test_made_up_names_do_not_fill_the_memory(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lambent.control.invoke_policy._REMEMBERED", 5)
    policy = InvokePolicy(store)
    for number in range(50):
        await policy.check(named(of=key(f"f{number}")), OWNER)
        await policy.check(named(f"q{number}"), OWNER)
    assert len(policy._policies) <= 5
    assert all(len(each) <= 5 for each in policy._policies.values())
