"""Platform log lines: INIT_START, START, END, REPORT and their JSON forms, to the tab (facts B3, H1)."""

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from lambent.core.environment import InitializationType
from lambent.core.invocation import InvocationStatus
from lambent.core.runtime import RuntimeInstallation

_RANK = {"DEBUG": 0, "INFO": 1, "WARN": 2}
_DEFAULT_LEVEL = "INFO"


class Report(NamedTuple):
    """What one invocation used. A tuple, not a dataclass: one is made per invocation. Name the fields when making one."""

    request_id: str
    duration_ms: float
    init_ms: float | None
    """The init phase before this invocation, when it is the first of its environment; None otherwise."""
    memory_mib: int
    """MemorySize."""
    memory_used_mib: int
    status: InvocationStatus
    error_type: str | None = None
    ahead: bool = False
    """Init was done ahead of the invocation, by provisioned concurrency, and is billed there (facts B3, F3)."""

    @property
    def billed_ms(self) -> int:
        """Rounded up; includes init for every package type since 1 August 2025 (facts B3), unless it was done ahead."""
        init_ms = 0.0 if self.init_ms is None or self.ahead else self.init_ms
        return math.ceil(round(self.duration_ms + init_ms, 2))


def start_line(request_id: str, version: str) -> str:
    """The first line of an invocation."""
    return f"START RequestId: {request_id} Version: {version}"


def end_line(request_id: str) -> str:
    """The line after the function's own output."""
    return f"END RequestId: {request_id}"


def report_line(report: Report) -> str:
    """The last line. The suffix is for time-outs and for runtimes that died; an exception in the handler has none."""
    request_id, duration_ms, init_ms, memory_mib, memory_used_mib, status, error_type, _ = report
    init = "" if init_ms is None else f"Init Duration: {init_ms:.2f} ms\t"
    return (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {report.billed_ms} ms\t"
        f"Memory Size: {memory_mib} MB\tMax Memory Used: {memory_used_mib} MB\t{init}{_suffix(status, error_type)}"
    )


def runtime_version(runtime: RuntimeInstallation) -> str:
    """As INIT_START names it: `python:3.12.1`, `nodejs:20.11.0`, `provided:al2023`."""
    name = runtime.identifier.rstrip("0123456789.x") if runtime.version else runtime.identifier.partition(".")[0]
    return f"{name}:{runtime.version or runtime.identifier.partition('.')[2]}"


def init_start_line(*, runtime_version: str, runtime_version_arn: str) -> str:
    """The first line of an environment's log stream."""
    return f"INIT_START Runtime Version: {runtime_version}\tRuntime Version ARN: {runtime_version_arn}"


def init_report_line(*, init_ms: float, status: InvocationStatus, error_type: str | None) -> str:
    """For an init phase that failed; for provisioned concurrency always (facts B3)."""
    return f"INIT_REPORT Init Duration: {init_ms:.2f} ms\tPhase: init\t{_suffix(status, error_type)}"


def _suffix(status: InvocationStatus, error_type: str | None) -> str:
    if status is InvocationStatus.TIMEOUT:
        return "Status: timeout"
    if status is InvocationStatus.ERROR:
        return f"Status: error\tError Type: {error_type}"
    return ""


# ---------------------------------------------------------------- JSON format


def level_shows(configured: str | None, level: str) -> bool:
    """Whether a system record of this level (DEBUG, INFO, WARN) passes the function's SystemLogLevel."""
    return _RANK[level] >= _RANK.get(configured or _DEFAULT_LEVEL, 1)


def start_record(request_id: str, version: str) -> Mapping[str, object]:
    """The record of `platform.start`."""
    return {"requestId": request_id, "version": version}


def report_record(report: Report) -> Mapping[str, object]:
    """The record of `platform.report` (Telemetry API schema)."""
    metrics: dict[str, object] = {
        "durationMs": round(report.duration_ms, 3),
        "billedDurationMs": report.billed_ms,
        "memorySizeMB": report.memory_mib,
        "maxMemoryUsedMB": report.memory_used_mib,
    }
    if report.init_ms is not None:
        metrics["initDurationMs"] = round(report.init_ms, 3)
    record: dict[str, object] = {"requestId": report.request_id, "metrics": metrics, "status": report.status.value}
    return record if report.error_type is None else {**record, "errorType": report.error_type}


def runtime_done_record(report: Report) -> Mapping[str, object]:
    """The record of `platform.runtimeDone`."""
    record: dict[str, object] = {"requestId": report.request_id, "status": report.status.value}
    if report.error_type is not None:
        record["errorType"] = report.error_type
    return {**record, "metrics": {"durationMs": round(report.duration_ms, 3)}}


def init_start_record(
    *, kind: InitializationType, function: str, version: str, runtime_version: str, runtime_version_arn: str
) -> Mapping[str, object]:
    """The record of `platform.initStart`."""
    return {
        "initializationType": kind.value,
        "phase": "init",
        "runtimeVersion": runtime_version,
        "runtimeVersionArn": runtime_version_arn,
        "functionName": function,
        "functionVersion": version,
    }


def init_report_record(
    *, kind: InitializationType, init_ms: float, status: InvocationStatus, error_type: str | None
) -> Mapping[str, object]:
    """The record of `platform.initReport`."""
    record: dict[str, object] = {"initializationType": kind.value, "phase": "init", "status": status.value}
    if error_type is not None:
        record["errorType"] = error_type
    return {**record, "metrics": {"durationMs": round(init_ms, 3)}}


def json_line(kind: str, record: Mapping[str, object], at: float) -> str:
    """One system record, such as `platform.start`, as a log line; `at` is epoch seconds."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": time, "type": kind, "record": record}, separators=(",", ":"))
