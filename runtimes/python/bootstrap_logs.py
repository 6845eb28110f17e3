"""Log records of a Python function in Lambda's formats, written as records to the telemetry pipe, or as lines to standard output.

Formats, frames and levels are those of awslambdaric 4.2.2 (bootstrap.py, lambda_runtime_log_utils.py).
"""

import json
import logging
import os
import sys
import threading
import time
import traceback

_DATETIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_JSON_FRAME = 0xA55A0002
_TEXT_FRAME = 0xA55A0003
_RESERVED_FIELDS = frozenset(
    (
        "name msg args levelname levelno pathname filename module exc_info exc_text stack_info lineno funcName created msecs "
        "relativeCreated thread threadName processName process aws_request_id tenant_id _frame_type"
    ).split()
)
_encode_json = json.JSONEncoder(ensure_ascii=False, default=str).encode


class CurrentInvocation:
    """What log records carry of the invocation that is running; None before the first."""

    request_id = None
    tenant_id = None


def _frame_type(kind, level):
    """A kind of record with its level in the low bits: 2 for DEBUG up to 6 for CRITICAL, 0 for none."""
    return kind | ((level // 10 + 1) << 2 if level else 0)


def _clamped_level(record):
    return min(50, max(0, record.levelno)) // 10 * 10


class StandardLogSink:
    """Without a telemetry pipe: lines on standard output; an error's lines joined by carriage returns, so that it stays one."""

    def log(self, msg, frame_type=None):
        sys.stdout.write(msg)

    def log_error(self, message_lines, frame_type):
        sys.stdout.write("\r".join(message_lines) + "\n")


class FramedTelemetryLogSink:
    """Records on the telemetry pipe: u32be type, u32be length, u64be microseconds, bytes (docs/frame-protocol.md)."""

    def __init__(self, fd):
        self._fd = fd
        # Threads that log at once must not cut each other's long records in two: only short writes to a pipe are atomic.
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self):
        self._lock = threading.Lock()

    def log(self, msg, frame_type=None):
        message = msg.encode("utf8")
        head = (frame_type or _TEXT_FRAME).to_bytes(4, "big") + len(message).to_bytes(4, "big")
        record = head + (time.time_ns() // 1000).to_bytes(8, "big") + message
        with self._lock:
            written = os.write(self._fd, record)
            while written < len(record):
                written += os.write(self._fd, memoryview(record)[written:])

    def log_error(self, message_lines, frame_type):
        self.log("\n".join(message_lines), frame_type)


class LambdaLoggerHandler(logging.Handler):
    """The root handler of the text format, while no log level is configured."""

    def __init__(self, log_sink):
        logging.Handler.__init__(self)
        self.log_sink = log_sink

    def emit(self, record):
        self.log_sink.log(self.format(record))


class LambdaLoggerHandlerWithFrameType(LambdaLoggerHandler):
    """The root handler that also tells the platform each record's level."""

    def emit(self, record):
        message = self.format(record)
        self.log_sink.log(message, getattr(record, "_frame_type", None) or _frame_type(_TEXT_FRAME, _clamped_level(record)))


class LambdaLoggerFilter(logging.Filter):
    """Gives each record the request id and the tenant."""

    def filter(self, record):
        record.aws_request_id = CurrentInvocation.request_id or ""
        record.tenant_id = CurrentInvocation.tenant_id
        return True


class JsonFormatter(logging.Formatter):
    """One JSON document per record, in Lambda's key order; absent values are left out."""

    def __init__(self):
        super().__init__(datefmt=_DATETIME_FORMAT)

    def format(self, record):
        record.levelno = _clamped_level(record)
        record.levelname = logging.getLevelName(record.levelno)
        record._frame_type = _frame_type(_JSON_FRAME, record.levelno)  # noqa: SLF001 - Lambda's own name for it
        failed = record.exc_info
        result = {
            "timestamp": self.formatTime(record, self.datefmt),
            "level": record.levelname,
            "message": record.msg if isinstance(record.msg, dict) and not record.args else record.getMessage(),
            "logger": record.name,
            "stackTrace": traceback.format_tb(failed[2]) if failed else None,
            "errorType": failed[0].__name__ if failed else None,
            "errorMessage": str(failed[1]) if failed else None,
            "requestId": getattr(record, "aws_request_id", None),
            "location": f"{record.pathname}:{record.funcName}:{record.lineno}" if failed else None,
        }
        if getattr(record, "tenant_id", None) is not None:
            result["tenantId"] = record.tenant_id
        result.update((key, value) for key, value in record.__dict__.items() if key not in _RESERVED_FIELDS and key not in result)
        return _encode_json({key: value for key, value in result.items() if value is not None}) + "\n"


class Unbuffered:
    """Standard output or error that shows what is written at once."""

    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        pass

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def write(self, msg):
        self.stream.write(msg)
        self.stream.flush()

    def writelines(self, msgs):
        self.stream.writelines(msgs)
        self.stream.flush()


class Logs:
    """The function's logging, set up by its environment variables: the sink, and how an error is written to it."""

    def __init__(self, telemetry, encode):
        """`telemetry`: the descriptor of the telemetry pipe, None to use standard output. `encode`: value -> JSON text."""
        self._encode = encode
        self._is_json = os.environ.get("AWS_LAMBDA_LOG_FORMAT", "").upper() == "JSON"
        level = os.environ.get("AWS_LAMBDA_LOG_LEVEL", "")
        self._level = "DEBUG" if level == "TRACE" else level.upper()
        self.sink = StandardLogSink() if telemetry is None else FramedTelemetryLogSink(telemetry)

    def handler(self):
        """Lambda's handler of log records, in the configured format."""
        with_level = self._is_json or self._level
        handler = (LambdaLoggerHandlerWithFrameType if with_level else LambdaLoggerHandler)(self.sink)
        text_format = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n"
        handler.setFormatter(JsonFormatter() if self._is_json else logging.Formatter(text_format, "%Y-%m-%dT%H:%M:%S"))
        handler.addFilter(LambdaLoggerFilter())
        return handler

    def set_up(self):
        """Give the root logger Lambda's handler and level."""
        logging.Formatter.converter = time.gmtime
        logger = logging.getLogger()
        if self._level in logging._nameToLevel:  # noqa: SLF001 - the public mapping is newer than Python 3.8
            logger.setLevel(self._level)
        logger.addHandler(self.handler())

    @staticmethod
    def announce(message):
        """Through the root logger: a higher AWS_LAMBDA_LOG_LEVEL silences it."""
        logging.warning(message)  # noqa: LOG015 - the function's own log

    def log_error(self, error):
        """Write an error document as one record."""
        frame_type = _frame_type(_JSON_FRAME if self._is_json else _TEXT_FRAME, logging.ERROR)
        if self._is_json:
            timestamp = time.strftime(_DATETIME_FORMAT, logging.Formatter.converter(time.time()))
            lines = [self._encode({"timestamp": timestamp, "level": "ERROR", **error})]
        else:
            lines = _error_lines(error)
        self.sink.log_error(lines, frame_type)


def _error_lines(error):
    """`[ERROR] Type: message`, then the stack trace with spaces of its indentation made unbreakable."""
    described = ": ".join(part for part in (error.get("errorType"), error.get("errorMessage")) if part)
    lines = ["[ERROR] " + described if described else "[ERROR]"]
    if error.get("stackTrace") is not None:
        lines.append("Traceback (most recent call last):")
        for element in error["stackTrace"]:
            lines += [_unbreakable(line) for line in element.splitlines()] if element else [""]
    return lines


def _unbreakable(line):
    text = line.lstrip(" ")
    return "\u00a0" * (len(line) - len(text)) + text
