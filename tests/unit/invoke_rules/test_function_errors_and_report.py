"""The platform's own words about an invocation: error documents, log lines, variables (facts B2, B3, E5, H1)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambent.core.concurrency import throttle_reserved, throttle_unreserved
from lambent.core.environment import Exit
from lambent.core.environment_variables import Credentials, Surroundings, environment_variables
from lambent.core.errors import ThrottleReason
from lambent.core.function import CodePackage, FunctionConfiguration, FunctionKey, FunctionVersion, Owner
from lambent.core.function_errors import exit_reason, normalise_error_type, response_too_large, timed_out
from lambent.core.invocation import InvocationStatus
from lambent.core.ports import SandboxPaths
from lambent.core.report import Report, init_report_line, json_line, level_shows, report_line, report_record, runtime_version
from lambent.core.runtime import RuntimeInstallation
from lambent.testing.runtimes import fake_runtime

REPORT = Report(
    request_id="id", duration_ms=133.61, init_ms=80.0, memory_mib=128, memory_used_mib=31, status=InvocationStatus.SUCCESS
)


def test_report_is_exact_to_the_tab_and_bills_init() -> None:
    assert report_line(REPORT) == (
        "REPORT RequestId: id\tDuration: 133.61 ms\tBilled Duration: 214 ms\tMemory Size: 128 MB\t"
        "Max Memory Used: 31 MB\tInit Duration: 80.00 ms\t"
    )


@given(st.floats(0, 900_000), st.none() | st.floats(0, 10_000))
def test_billing_rounds_up_and_never_by_more_than_a_millisecond(duration: float, init: float | None) -> None:
    billed = Report(
        request_id="id", duration_ms=duration, init_ms=init, memory_mib=1, memory_used_mib=1, status=InvocationStatus.SUCCESS
    ).billed_ms
    assert -0.01 <= billed - (duration + (init or 0)) < 1.01


@pytest.mark.parametrize(
    ("status", "error_type", "end"),
    [
        (InvocationStatus.TIMEOUT, "Sandbox.Timedout", "Status: timeout"),
        (InvocationStatus.ERROR, "Runtime.ExitError", "Status: error\tError Type: Runtime.ExitError"),
        (InvocationStatus.FAILURE, "Runtime.Unknown", "Max Memory Used: 31 MB\t"),
    ],
)
def test_report_tells_time_outs_and_deaths(status: InvocationStatus, error_type: str, end: str) -> None:
    report = Report(
        request_id="id", duration_ms=1, init_ms=None, memory_mib=128, memory_used_mib=31, status=status, error_type=error_type
    )
    assert report_line(report).endswith(end)
    assert report_record(report)["errorType"] == error_type


def test_init_report() -> None:
    line = init_report_line(init_ms=1236.04, status=InvocationStatus.TIMEOUT, error_type="Sandbox.Timedout")
    assert line == "INIT_REPORT Init Duration: 1236.04 ms\tPhase: init\tStatus: timeout"


def test_json_records_have_time_type_and_record() -> None:
    record = json.loads(json_line("platform.report", report_record(REPORT), 0.5))
    assert record["time"] == "1970-01-01T00:00:00.500Z"
    assert record["record"]["metrics"] == {
        "durationMs": 133.61, "billedDurationMs": 214, "memorySizeMB": 128, "maxMemoryUsedMB": 31, "initDurationMs": 80.0}  # fmt: skip


def test_system_log_levels() -> None:
    assert [level_shows(None, each) for each in ("DEBUG", "INFO", "WARN")] == [False, True, True]
    assert [level_shows("DEBUG", each) for each in ("DEBUG", "INFO", "WARN")] == [True, True, True]
    assert [level_shows("WARN", each) for each in ("DEBUG", "INFO", "WARN")] == [False, False, True]


@pytest.mark.parametrize(
    ("identifier", "text"),
    [("python3.12", "python:3.12.0"), ("nodejs20.x", "nodejs:20.0"), ("provided.al2023", "provided:al2023")],
)
def test_runtime_versions_are_named_as_lambda_does(identifier: str, text: str) -> None:
    assert runtime_version(fake_runtime(identifier)) == text


@pytest.mark.parametrize(
    ("given_type", "kept"),
    [
        ("Runtime.ImportModuleError", "Runtime.ImportModuleError"),
        ("Function.Mine", "Function.Mine"),
        ("Function.mine", "Function.Unknown"),
        ("Function.Mine1", "Function.Unknown"),
        ("ValueError", "Runtime.Unknown"),
        ("", "Runtime.Unknown"),
        ("Runtime.A\nREPORT", "Runtime.Unknown"),
    ],
)
def test_error_types_are_kept_only_in_lambdas_form(given_type: str, kept: str) -> None:
    assert normalise_error_type(given_type) == kept


def test_exits_are_told_as_the_emulator_does() -> None:
    assert exit_reason(Exit(code=0)) == "Runtime exited without providing a reason"
    assert exit_reason(Exit()) == "Runtime exited without providing a reason"
    assert exit_reason(Exit(code=127)) == "Runtime exited with error: exit status 127"
    assert exit_reason(Exit(signal=6)) == "Runtime exited with error: signal: aborted"
    assert exit_reason(Exit(signal=999)) == "Runtime exited with error: signal: signal 999"


def test_time_out_and_size_errors() -> None:
    assert json.loads(timed_out("id", 0.5).payload)["errorMessage"] == "RequestId: id Error: Task timed out after 0.50 seconds"
    assert response_too_large().status is InvocationStatus.FAILURE


def test_concurrency_arithmetic() -> None:
    assert throttle_reserved(reserved=0, running=0) is ThrottleReason.RESERVED_CONCURRENCY
    assert throttle_reserved(reserved=2, running=1) is None
    assert throttle_reserved(reserved=2, running=2) is ThrottleReason.RESERVED_CONCURRENCY
    assert throttle_unreserved(account_limit=1000, reserved_total=900, running=99) is None
    assert throttle_unreserved(account_limit=1000, reserved_total=900, running=100) is ThrottleReason.ACCOUNT_CONCURRENCY


def variables(runtime: RuntimeInstallation, **configuration) -> dict[str, str]:
    version = FunctionVersion(
        key=FunctionKey(owner=Owner(account="123456789012", region="eu-west-1"), name="hello"),
        version="3",
        configuration=FunctionConfiguration(
            **{"role": "r", "handler": "app.handler", "log_group": "/aws/lambda/hello", **configuration}
        ),
        code=CodePackage(digest="", sha256="", size=0, unpacked_size=0),
        revision_id="",
        last_modified=0,
    )
    surroundings = Surroundings(
        runtime=runtime,
        paths=SandboxPaths(),
        runtime_api_address="127.0.0.1:9001",
        endpoint_url="http://127.0.0.1:4566",
        telemetry_descriptor=4,
        log_stream="stream",
        credentials=Credentials(access_key_id="A", secret_access_key="S", session_token="T"),
    )
    return environment_variables(version, surroundings)


def test_reserved_variables_win_over_the_users_and_the_users_over_defaults() -> None:
    found = variables(
        fake_runtime("python3.12"), environment={"AWS_REGION": "mars", "TZ": "Europe/Berlin", "AWS_ENDPOINT_URL": "http://mine"}
    )
    assert found["AWS_REGION"] == found["AWS_DEFAULT_REGION"] == "eu-west-1"
    assert found["TZ"] == "Europe/Berlin"
    assert found["AWS_ENDPOINT_URL"] == "http://mine"
    assert found["AWS_ACCESS_KEY"] == found["AWS_ACCESS_KEY_ID"] == "A"
    assert found["AWS_SESSION_TOKEN"] == "T"
    assert found["_HANDLER"] == "app.handler"
    assert found["AWS_LAMBDA_FUNCTION_VERSION"] == "3"
    assert found["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert found["AWS_LAMBDA_INITIALIZATION_TYPE"] == "on-demand"
    assert found["LAMBDA_TASK_ROOT"] == "/var/task"
    assert "AWS_LAMBDA_LOG_LEVEL" not in found


def test_each_family_has_its_own() -> None:
    python, node, provided = (variables(fake_runtime(each)) for each in ("python3.12", "nodejs20.x", "provided.al2023"))
    assert python["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.12"
    assert python["_LAMBDA_TELEMETRY_LOG_FD"] == "4"
    assert python["PYTHONPATH"] == "/var/runtime"
    assert node["NODE_PATH"] == "/opt/nodejs/node20/node_modules:/opt/nodejs/node_modules:/var/runtime/node_modules"
    ruby = variables(fake_runtime("ruby3.3"))
    assert ruby["GEM_PATH"] == "/var/task/vendor/bundle/ruby/3.3.0:/opt/ruby/gems/3.3.0"
    assert ruby["RUBYLIB"] == "/var/task:/var/runtime/lib:/opt/ruby/lib"
    assert "AWS_EXECUTION_ENV" not in provided
    assert "_LAMBDA_TELEMETRY_LOG_FD" not in provided


def test_log_settings_reach_the_runtime() -> None:
    found = variables(fake_runtime("python3.12"), log_format="JSON", application_log_level="DEBUG")
    assert (found["AWS_LAMBDA_LOG_FORMAT"], found["AWS_LAMBDA_LOG_LEVEL"]) == ("JSON", "DEBUG")
