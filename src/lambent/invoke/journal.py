"""The log of one execution environment: the platform's lines around the function's own, in the function's log format."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from lambent.core.environment import InitializationType
from lambent.core.extension import ExtensionState, extension_line, platform_extension_record
from lambent.core.function import FunctionVersion
from lambent.core.invocation import InvocationStatus, Outcome
from lambent.core.limits import LOG_TAIL_BYTES
from lambent.core.ports import Chance, Clock, LogStream
from lambent.core.report import (
    Report,
    end_line,
    init_report_line,
    init_report_record,
    init_start_line,
    init_start_record,
    json_line,
    level_shows,
    report_line,
    report_record,
    runtime_done_record,
    runtime_version,
    start_line,
    start_record,
)
from lambent.core.runtime import RuntimeInstallation
from lambent.core.runtimes_table import runtime_version_arn
from lambent.invoke.extensions import Extension


def log_stream_name(version: FunctionVersion, clock: Clock, chance: Chance) -> str:
    """`YYYY/MM/DD/[version]<32 hex>`; with the function's name in it where the log group may be shared (facts H1)."""
    day = datetime.fromtimestamp(clock.now(), UTC).strftime("%Y/%m/%d")
    shared = version.configuration.log_group != f"/aws/lambda/{version.key.name}"
    return f"{day}/{version.key.name if shared else ''}[{version.version}]{chance.token(32)}"


class Journal:
    """Writes one log stream. Never raises: what LogStream promises."""

    __slots__ = ("_clock", "_is_json", "_kind", "_level", "_stream", "_tail", "_tail_bytes", "_version")

    def __init__(self, version: FunctionVersion, stream: LogStream, clock: Clock, kind: InitializationType) -> None:
        self._version = version
        self._stream = stream
        self._kind = kind
        self._clock = clock
        self._is_json = version.configuration.log_format.upper() == "JSON"
        self._level = version.configuration.system_log_level
        self._tail: list[bytes] | None = None
        self._tail_bytes = 0

    def output(self, message: bytes) -> None:
        """One event of the function's own."""
        self._stream.write(self._clock.now(), message)
        if self._tail is not None:
            self._keep(message)

    def init_start(self, runtime: RuntimeInstallation) -> None:
        """The init phase begins."""
        facts = {
            "runtime_version": runtime_version(runtime),
            "runtime_version_arn": runtime_version_arn(runtime.identifier, region=self._version.key.owner.region),
        }
        if self._is_json:
            function, version = self._version.key.name, self._version.version
            record = init_start_record(kind=self._kind, function=function, version=version, **facts)
            self._json("platform.initStart", record, "INFO")
        else:
            self._text(init_start_line(**facts))

    def init_report(self, seconds: float, failure: Outcome | None) -> None:
        """The init phase failed, or (None) it is not on-demand and went well."""
        milliseconds = seconds * 1000
        status, error_type = (InvocationStatus.SUCCESS, None) if failure is None else (failure.status, failure.error_type)
        if self._is_json:
            record = init_report_record(kind=self._kind, init_ms=milliseconds, status=status, error_type=error_type)
            self._json("platform.initReport", record, "INFO" if failure is None else "WARN")
        else:
            self._text(init_report_line(init_ms=milliseconds, status=status, error_type=error_type))

    def start(self, request_id: str, *, tail: bool) -> None:
        """An invocation begins; `tail` keeps its last 4 KiB for the caller."""
        self._tail = [] if tail else None
        self._tail_bytes = 0
        if self._is_json:
            self._json("platform.start", start_record(request_id, self._version.version), "INFO")
        else:
            self._text(start_line(request_id, self._version.version))

    def finish(self, report: Report) -> bytes:
        """The invocation ended; returns the tail, if it was asked for."""
        if self._is_json:
            level = "WARN" if report.status is not InvocationStatus.SUCCESS else "INFO"
            self._json("platform.runtimeDone", runtime_done_record(report), "WARN" if level == "WARN" else "DEBUG")
            self._json("platform.report", report_record(report), level)
        else:
            now, end, line = self._clock.now(), end_line(report.request_id).encode(), report_line(report).encode()
            self._stream.write(now, end)
            self._stream.write(now, line)
            if self._tail is not None:
                self._keep(end)
                self._keep(line)
        return self.tail()

    def tail(self) -> bytes:
        """What is kept of the log so far, for a caller who is answered before the end; nothing more is kept."""
        tail, self._tail = self._tail, None
        return b"" if tail is None else b"".join(tail)[-LOG_TAIL_BYTES:]

    def extensions(self, extensions: Iterable[Extension]) -> None:
        """Init is over: how each extension came out of it."""
        for each in extensions:
            facts = (each.name, each.state, each.events, each.error_type)
            if self._is_json:
                level = "INFO" if each.state is ExtensionState.READY else "WARN"
                self._json("platform.extension", platform_extension_record(*facts), level)
            else:
                self._text(extension_line(*facts))

    def close(self) -> None:
        """The environment is gone."""
        self._stream.close()

    def _text(self, line: str) -> None:
        self.output(line.encode())

    def _json(self, kind: str, record: Mapping[str, object], level: str) -> None:
        if level_shows(self._level, level):
            self.output(json_line(kind, record, self._clock.now()).encode())

    def _keep(self, message: bytes) -> None:
        tail = self._tail
        if tail is None:
            return
        piece = message.removesuffix(b"\n")[-LOG_TAIL_BYTES:] + b"\n"
        tail.append(piece)
        self._tail_bytes += len(piece)
        while self._tail_bytes - len(tail[0]) >= LOG_TAIL_BYTES:
            self._tail_bytes -= len(tail.pop(0))
