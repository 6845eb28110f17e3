"""Runtime identifiers and their deprecation."""

from datetime import UTC, datetime

import botocore.session
import pytest

from lambent.core.errors import InvalidParameterValue, OperationNotImplemented
from lambent.core.runtimes_table import RUNTIMES, check_runtime, runtime_version_arn, supports_snap_start


def test_the_table_has_exactly_the_runtimes_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("lambda")
    assert set(RUNTIMES) == set(model.shape_for("Runtime").enum)


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


TODAY = day("2026-11-25")
DEPRECATED = ["provided.al2", "nodejs20.x", "ruby3.2", "python3.9", "nodejs18.x", "dotnet6", "python3.8", "nodejs16.x"]
UPDATED_ONLY = ["python3.7", "nodejs14.x", "go1.x", "java8", "provided", "ruby2.7"]


@pytest.mark.parametrize("creating", [True, False])
@pytest.mark.parametrize("identifier", ["python3.12", "nodejs22.x", "provided.al2023", "java8.al2"])
def test_supported_runtimes_may_be_used_whenever_no_day_has_been_set(identifier: str, creating: bool) -> None:
    check_runtime(identifier, creating=creating, now=TODAY)
    check_runtime(identifier, creating=creating, now=day("2099-01-01"))


@pytest.mark.parametrize(("creating", "last"), [(True, "2027-01-31T23:59:59"), (False, "2027-03-02T23:59:59")])
@pytest.mark.parametrize("identifier", DEPRECATED)
def test_deprecated_runtimes_are_blocked_from_a_day_on(identifier: str, creating: bool, last: str) -> None:
    check_runtime(identifier, creating=creating, now=TODAY)
    check_runtime(identifier, creating=creating, now=day(last))
    with pytest.raises(InvalidParameterValue, match=f"The runtime parameter of {identifier} is no longer supported"):
        check_runtime(identifier, creating=creating, now=day(last) + 1)


@pytest.mark.parametrize("identifier", UPDATED_ONLY)
def test_runtimes_past_the_create_date_may_be_updated_only(identifier: str) -> None:
    check_runtime(identifier, creating=False, now=TODAY)
    for creating, now in ((True, TODAY), (False, day("2027-03-03"))):
        with pytest.raises(InvalidParameterValue, match=f"The runtime parameter of {identifier} is no longer supported"):
            check_runtime(identifier, creating=creating, now=now)


@pytest.mark.parametrize("creating", [True, False])
@pytest.mark.parametrize("identifier", ["python2.7", "python3.6", "nodejs12.x", "nodejs", "dotnetcore2.1"])
def test_old_runtimes_are_blocked(identifier: str, creating: bool) -> None:
    with pytest.raises(InvalidParameterValue, match="no longer supported for creating or updating AWS Lambda functions"):
        check_runtime(identifier, creating=creating, now=TODAY)


def test_a_runtime_of_the_users_own_is_not_pretended() -> None:
    with pytest.raises(OperationNotImplemented, match="Customer-managed runtimes"):
        check_runtime("custom", creating=True, now=TODAY)


def test_an_unknown_runtime_is_told_what_there_is() -> None:
    with pytest.raises(InvalidParameterValue, match=r"Value cobol at 'runtime' failed .*python3\.12"):
        check_runtime("cobol", creating=False, now=TODAY)


@pytest.mark.parametrize(
    ("identifier", "supported"), [("python3.12", True), ("java21", True), ("nodejs22.x", False), (None, False)]
)
def test_snap_start_is_for_some_runtimes(identifier: str | None, supported: bool) -> None:
    assert supports_snap_start(identifier) is supported


def test_the_runtime_version_arn_belongs_to_the_region_and_to_no_account() -> None:
    arn = runtime_version_arn("python3.12", region="eu-west-1")
    assert arn.startswith("arn:aws:lambda:eu-west-1::runtime:")
    assert arn != runtime_version_arn("python3.13", region="eu-west-1")
