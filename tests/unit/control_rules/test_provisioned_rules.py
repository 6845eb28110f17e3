"""Provisioned concurrency: how it is split, how far it has come, and what may not have it."""

import pytest

from lambent.core.alias import Alias
from lambent.core.errors import InvalidParameterValue, LambdaError, ResourceConflict
from lambent.core.function import LATEST, FunctionConfiguration, FunctionKey, Owner
from lambent.core.invocation import InvocationStatus
from lambent.core.provisioned_concurrency import (
    INIT_FAILURE,
    AllocationStatus,
    ProvisionedConcurrencyConfig,
    Standing,
    allocations,
    shares,
    wanted,
)
from lambent.core.provisioned_retry import ATTEMPTS, Attempts
from lambent.core.provisioned_rules import (
    Budget,
    check_alias_may_move,
    check_amount,
    check_configuration_allows,
    check_covers_provisioned,
    check_no_overlap,
    check_qualifier,
)
from lambent.core.report import Report, report_line
from lambent.core.reserved_concurrency import check_reservation

KEY = FunctionKey(owner=Owner(account="000000000000", region="us-east-1"), name="hello")
READY, IN_PROGRESS, FAILED = AllocationStatus.READY, AllocationStatus.IN_PROGRESS, AllocationStatus.FAILED


def config(qualifier: str, requested: int, at: float = 1.0) -> ProvisionedConcurrencyConfig:
    return ProvisionedConcurrencyConfig(key=KEY, qualifier=qualifier, requested=requested, last_modified=at)


def alias(name: str, version: str, **routing: float) -> Alias:
    weights = {number.removeprefix("v"): weight for number, weight in routing.items()}
    return Alias(key=KEY, name=name, version=version, routing=weights, revision_id="a")


@pytest.mark.parametrize(
    ("requested", "target", "expected"),
    [
        (10, alias("live", "1"), {"1": 10}),
        (10, alias("live", "1", v2=0.3), {"1": 7, "2": 3}),
        (3, alias("live", "1", v2=0.5), {"1": 1, "2": 2}),
        (1, alias("live", "1", v2=0.1), {"1": 1}),
        (1, alias("live", "1", v2=0.9), {"2": 1}),
        (10, alias("live", "1", v2=0.0), {"1": 10}),
        (10, alias("live", "1", v2=1.0), {"2": 10}),
        (10, alias("live", LATEST), {}),
        (10, None, {}),
    ],
)
def test_an_alias_shares_out_by_weight_and_never_to_latest(
    requested: int, target: Alias | None, expected: dict[str, int]
) -> None:
    assert shares(config("live", requested), target) == expected


def test_a_version_has_all_of_its_own_and_aliases_of_one_version_add_up() -> None:
    assert shares(config("7", 4), None) == {"7": 4}
    aliases = {"a": alias("a", "1"), "b": alias("b", "1", v2=0.5)}
    assert wanted([config("a", 2), config("b", 4), config("3", 5)], aliases) == {"1": 4, "2": 2, "3": 5}


@pytest.mark.parametrize(
    ("ready", "failure", "failed_at", "expected"),
    [
        (0, None, 0.0, (0, IN_PROGRESS, None)),
        (1, None, 0.0, (1, IN_PROGRESS, None)),
        (2, None, 0.0, (2, READY, None)),
        (5, None, 0.0, (2, READY, None)),
        (1, INIT_FAILURE, 2.0, (1, FAILED, INIT_FAILURE)),
        (1, INIT_FAILURE, 0.5, (1, IN_PROGRESS, None)),  # the config is newer than the failure
        (2, INIT_FAILURE, 2.0, (2, READY, None)),
    ],
)
def test_the_status_is_what_is_really_there(
    ready: int, failure: str | None, failed_at: float, expected: tuple[int, AllocationStatus, str | None]
) -> None:
    standing = Standing(ready=ready, failure=failure, failed_at=failed_at)
    found = allocations([config("1", 2)], {}, lambda *_: standing)["1"]
    assert (found.allocated, found.status, found.reason) == expected


def test_aliases_of_one_version_share_its_environments_in_order() -> None:
    aliases = {"a": alias("a", "1"), "b": alias("b", "1")}
    found = allocations([config("a", 2), config("b", 2)], aliases, lambda *_: Standing(ready=3))
    assert (found["a"].status, found["b"].allocated, found["b"].status) == (READY, 1, IN_PROGRESS)


def test_a_weighted_alias_is_ready_when_both_versions_are() -> None:
    ready = {"1": 7, "2": 0}
    aliases = {"live": alias("live", "1", v2=0.3)}
    assert allocations([config("live", 10)], aliases, lambda _, number: Standing(ready=ready[number]))["live"].allocated == 7
    ready["2"] = 3
    assert allocations([config("live", 10)], aliases, lambda _, number: Standing(ready=ready[number]))["live"].status is READY


def test_an_alias_without_a_published_version_has_failed() -> None:
    found = allocations([config("live", 1)], {"live": alias("live", LATEST)}, lambda *_: Standing())["live"]
    assert (found.status, found.allocated) == (FAILED, 0)


UNPUBLISHED = "Provisioned Concurrency Configs cannot be applied to unpublished function versions."


@pytest.mark.parametrize(
    ("qualifier", "target", "words"),
    [
        (LATEST, None, UNPUBLISHED),
        ("live", alias("live", LATEST), UNPUBLISHED),
        ("live", alias("live", "1", v2=0.5), "Alias with weights can not be used with Provisioned Concurrency"),
    ],
)
def test_latest_and_weighted_aliases_cannot_be_given_any(qualifier: str, target: Alias | None, words: str) -> None:
    with pytest.raises(InvalidParameterValue) as caught:
        check_qualifier(qualifier, target)
    assert caught.value.message == words


def test_versions_and_plain_aliases_can() -> None:
    check_qualifier("1", None)
    check_qualifier("live", alias("live", "1"))


@pytest.mark.parametrize(
    ("given", "allowed"), [({}, True), ({"ApplyOn": "None"}, True), ({"ApplyOn": "PublishedVersions"}, False)]
)
def test_snap_start_excludes_it(given: dict[str, str], *, allowed: bool) -> None:
    configuration = FunctionConfiguration(role="r", settings={"SnapStart": given})
    if allowed:
        check_configuration_allows(configuration)
    else:
        with pytest.raises(InvalidParameterValue, match="SnapStart"):
            check_configuration_allows(configuration)


@pytest.mark.parametrize(
    ("qualifier", "target", "configured", "aliases", "allowed"),
    [
        ("live", alias("live", "1"), [], [], True),
        ("live", alias("live", "1"), ["2"], [], True),
        ("live", alias("live", "1"), ["1"], [], False),
        ("live", alias("live", "2", v1=0.1), ["1"], [], False),
        ("live", alias("live", "1"), ["other"], [alias("other", "1")], True),
        ("1", None, ["live"], [alias("live", "1")], False),
        ("1", None, ["live"], [alias("live", "2", v1=0.1)], False),
        ("1", None, ["live", "2"], [alias("live", "2")], True),
        ("1", None, ["1"], [], True),
    ],
)
def test_a_version_is_not_provisioned_by_number_and_through_an_alias(
    qualifier: str, target: Alias | None, configured: list[str], aliases: list[Alias], *, allowed: bool
) -> None:
    known = {each.name: each for each in aliases}
    if allowed:
        check_no_overlap(qualifier, target, configured=configured, aliases=known)
    else:
        with pytest.raises(ResourceConflict):
            check_no_overlap(qualifier, target, configured=configured, aliases=known)


@pytest.mark.parametrize(
    ("moved", "error"),
    [
        (alias("live", "1"), None),
        (alias("live", "1", v3=0.2), None),
        (alias("live", LATEST), InvalidParameterValue),
        (alias("live", "2"), ResourceConflict),
        (alias("live", "1", v2=0.2), ResourceConflict),
        (alias("other", LATEST), None),
        (alias("other", "2"), None),
    ],
)
def test_a_provisioned_alias_moves_to_published_versions_that_are_not_provisioned(
    moved: Alias, error: type[LambdaError] | None
) -> None:
    given = {"configured": ["live", "2"], "aliases": {"live": alias("live", "1")}}
    if error is None:
        check_alias_may_move(moved, (), **given)
    else:
        with pytest.raises(error):
            check_alias_may_move(moved, (), **given)


def budget(**given: int | None) -> Budget:
    return Budget(**{"account_limit": 1000, "committed": 0, "reserved": None, "provisioned": 0, **given})  # type: ignore[arg-type]


UNRESERVED = "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [100]."
RESERVED = "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"


@pytest.mark.parametrize(
    ("asked", "present", "given", "words"),
    [
        (900, 0, budget(), None),
        (901, 0, budget(), UNRESERVED),
        (400, 0, budget(committed=500), None),
        (401, 0, budget(committed=500), UNRESERVED),
        (500, 400, budget(committed=800, provisioned=400), None),
        (501, 400, budget(committed=800, provisioned=400), UNRESERVED),
        (399, 400, budget(committed=990, provisioned=400), None),
        (1, 0, budget(account_limit=50), UNRESERVED.replace("100", "50")),
        (5, 0, budget(reserved=5, committed=1000), None),
        (6, 0, budget(reserved=5), RESERVED),
        (3, 0, budget(reserved=5, provisioned=3), RESERVED),
        (3, 1, budget(reserved=5, provisioned=3), None),
        (1, 0, budget(reserved=0), RESERVED),
    ],
)
def test_it_fits_into_the_reservation_or_leaves_100_to_the_account(
    asked: int, present: int, given: Budget, words: str | None
) -> None:
    if words is None:
        check_amount(asked, present=present, budget=given)
        return
    with pytest.raises(InvalidParameterValue) as caught:
        check_amount(asked, present=present, budget=given)
    assert caught.value.message == words


def test_a_reservation_covers_what_is_provisioned() -> None:
    check_covers_provisioned(3, provisioned=3)
    with pytest.raises(InvalidParameterValue, match=r"should not be lower than function's total provisioned concurrency \[3\]\."):
        check_covers_provisioned(2, provisioned=3)


def test_a_reservation_takes_the_place_of_what_is_provisioned() -> None:
    check_reservation(150, present=50, reserved_in_account=800, account_limit=1000)
    with pytest.raises(InvalidParameterValue):
        check_reservation(151, present=50, reserved_in_account=800, account_limit=1000)


def test_three_failures_in_a_row_are_called_failed_and_pauses_grow() -> None:
    attempts, pauses = Attempts(), []
    while not attempts.exhausted:
        attempts = attempts.failed()
        pauses.append(attempts.pause)
    assert pauses == [0.5, 1.0, 2.0]
    assert Attempts(failures=1000).pause == 60.0
    assert Attempts().pause == 0.0
    assert Attempts().failed(hopeless=True).failures == ATTEMPTS


@pytest.mark.parametrize(("ahead", "billed"), [(False, 12), (True, 3)])
def test_init_done_ahead_is_shown_and_not_billed_with_the_invocation(billed: int, *, ahead: bool) -> None:
    report = Report(
        request_id="r",
        duration_ms=2.5,
        init_ms=9.0,
        memory_mib=128,
        memory_used_mib=1,
        status=InvocationStatus.SUCCESS,
        ahead=ahead,
    )
    assert f"Duration: 2.50 ms\tBilled Duration: {billed} ms\t" in report_line(report)
    assert report_line(report).endswith("Init Duration: 9.00 ms\t")
