"""Runtime identifiers and their deprecation."""

import botocore.session
import pytest

from lambent.core.errors import InvalidParameterValue
from lambent.core.runtimes_table import RUNTIMES, check_runtime, runtime_version_arn, supports_snap_start


def test_the_table_has_exactly_the_runtimes_of_the_service_model() -> None:
    model = botocore.session.get_session().get_service_model("lambda")
    assert set(RUNTIMES) == set(model.shape_for("Runtime").enum)


@pytest.mark.parametrize("identifier", ["python3.12", "nodejs22.x", "provided.al2023", "provided.al2", "nodejs20.x", "python3.9"])
def test_supported_and_lately_deprecated_runtimes_may_be_created(identifier: str) -> None:
    check_runtime(identifier, creating=True)


@pytest.mark.parametrize("identifier", ["python3.7", "nodejs14.x", "go1.x", "java8", "provided", "ruby2.7"])
def test_runtimes_past_the_create_date_may_be_updated_only(identifier: str) -> None:
    check_runtime(identifier, creating=False)
    with pytest.raises(InvalidParameterValue, match=f"The runtime parameter of {identifier} is no longer supported"):
        check_runtime(identifier, creating=True)


@pytest.mark.parametrize("creating", [True, False])
@pytest.mark.parametrize("identifier", ["python2.7", "python3.6", "nodejs12.x", "nodejs", "dotnetcore2.1"])
def test_old_runtimes_are_blocked(identifier: str, creating: bool) -> None:
    with pytest.raises(InvalidParameterValue, match="no longer supported for creating or updating AWS Lambda functions"):
        check_runtime(identifier, creating=creating)


def test_an_unknown_runtime_is_told_what_there_is() -> None:
    with pytest.raises(InvalidParameterValue, match=r"Value cobol at 'runtime' failed .*python3\.12"):
        check_runtime("cobol", creating=False)


@pytest.mark.parametrize(
    ("identifier", "supported"), [("python3.12", True), ("java21", True), ("nodejs22.x", False), (None, False)]
)
def test_snap_start_is_for_some_runtimes(identifier: str | None, supported: bool) -> None:
    assert supports_snap_start(identifier) is supported


def test_the_runtime_version_arn_belongs_to_the_region_and_to_no_account() -> None:
    arn = runtime_version_arn("python3.12", region="eu-west-1")
    assert arn.startswith("arn:aws:lambda:eu-west-1::runtime:")
    assert arn != runtime_version_arn("python3.13", region="eu-west-1")
