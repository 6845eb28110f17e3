"""Our Python client against AWS's own, awslambdaric from PyPI: results, error documents and log records, byte for byte."""

import importlib.util
import json
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Client, found, lambda_environment, python_command, write_files
from runtime_api_stub import run_awslambdaric

pytestmark = pytest.mark.skipif(importlib.util.find_spec("awslambdaric") is None, reason="awslambdaric is not installed")

REQUEST_ID = "8476a536-e9f4-11e8-9739-2dfe598c3fcd"
ARN = "arn:aws:lambda:eu-west-1:000000000000:function:greeter"

RESULTS = {
    "the event itself": "return event",
    "nothing": "return None",
    "text beyond ascii": "return 'grüße 😀 \\u2028 \\x7f </script>'",
    "bytes as they are": "return b'\\xff raw'",
    "bytes inside": "return {'a': b'text', b'key': 1}",
    "bytes that are not text": "return [b'\\xff']",
    "decimals": "import decimal; D = decimal.Decimal; return [D('1.10'), D('1E+5'), D('NaN'), D('Infinity'), D('-0'), {'x': D('3')}]",
    "a decimal key": "import decimal; return {decimal.Decimal(1): 1}",
    "a named tuple": "import collections; return [collections.namedtuple('P', 'x y')(1, {'z': (2,)})]",
    "something with _asdict": "return [type('A', (), {'_asdict': lambda self: {'a': 1}})()]",
    "not a number": "return [float('nan'), float('inf'), -0.0, 1e22]",
    "keys that are not text": "return {1: 1, None: 2, True: 3, 1.5: 4}",
    "a tuple key": "return {(1, 2): 3}",
    "a set": "return {1, 2}",
    "an object": "return object",
    "a date": "import datetime; return datetime.datetime(2020, 1, 1)",
    "an enumeration": "import enum; return [enum.IntEnum('E', 'A').A, enum.Enum('F', {'B': 'b'}, type=str).B]",
    "a cycle": "a = []; a.append(a); return a",
    "a cycle with a named tuple": "import collections; a = []; a.append(collections.namedtuple('P', 'x')(a)); return a",
    "a generator": "return (x for x in [1])",
    "a big number": "return 2 ** 70",
    "ordered and default dictionaries": "import collections; return [collections.OrderedDict(b=1, a=2), collections.defaultdict(int, a=1)]",
    "deep nesting": "\n  a = []\n  for _ in range(100000): a = [a]\n  return a",
}
FAILURES = {
    "an exception": "raise ValueError('bad näme')",
    "an exception without words": "raise KeyError",
    "an exception of two lines": "raise RuntimeError('one\\n  two')",
    "a chain": "\n  try: 1 / 0\n  except ZeroDivisionError as e: raise OSError('on top') from e",
    "deep recursion": "\n  import sys; sys.setrecursionlimit(150)  # the stub takes no longer header\n  def again(n): return again(n + 1)\n  return again(0)",
    "a class of its own": "\n  class Mine(Exception): pass\n  raise Mine('x', 2)",
    "code made at run time": "exec('raise IndexError(1)')",
}
EVENTS = [
    b"{}",
    b'{"a": [1, 2.5, "\xc3\xa9"]}',
    b' {"a": 1}\n',
    b'"text"',
    b"1e400",
    b'"\\ud83d\\ude00"',
    b"\xef\xbb\xbf{}",
    b"",
    b"tru",
    b"\xff",
]
MODULES = {
    "a missing module": ("", "nowhere.handler"),
    "a missing module below": ("import nothing_of_that_name", "f.handler"),
    "no function of that name": ("", "f.handler"),
    "no dot": ("", "handler"),
    "a built-in module": ("", "sys.exit"),
    "a syntax error": ("def handler(:\n  pass", "f.handler"),
    "a module that raises": ("\n\nraise ValueError('at import')", "f.handler"),
    "a module that imports what raises": ("import g", "f.handler"),
    "an import of a name that is not there": ("from json import nothing", "f.handler"),
}


@pytest.fixture
def ours() -> list[str]:
    """awslambdaric runs on the Python of these tests, so must our client."""
    name = "python{}.{}".format(*sys.version_info[:2])
    return python_command(found(name) or pytest.skip(f"no {name} apart from the virtual environment"))


@pytest.fixture
def compare(tmp_path: Path, ours: list[str]) -> Callable[..., None]:
    """Run the same function under both clients and compare all that leaves them."""

    def both(
        files: dict[str, str],
        handler: str = "f.handler",
        event: bytes = b'{"key": "value"}',
        *,
        context: str = "",
        **variables: str | None,
    ) -> None:
        task = tmp_path / "task"
        write_files(task, files)
        variables.setdefault("AWS_EXECUTION_ENV", "AWS_Lambda_python3.11")
        environment = lambda_environment(task, handler, LAMBDA_RUNTIME_DIR=str(task), **variables)
        headers = {
            "Lambda-Runtime-Aws-Request-Id": REQUEST_ID,
            "Lambda-Runtime-Deadline-Ms": "1900000000000",
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
        }
        if context:
            headers |= {
                "Lambda-Runtime-Client-Context": context,
                "Lambda-Runtime-Cognito-Identity": '{"cognitoIdentityId": "i", "cognitoIdentityPoolId": "p"}',
            }
        theirs, their_records, their_output = run_awslambdaric(task, environment, event, headers)
        with Client(ours, environment, handler) as client:
            answer = client.assign()
            if answer.kind == "R":
                identity = headers.get("Lambda-Runtime-Cognito-Identity", "")
                answer = client.invoke(
                    raw=event,
                    request_id=REQUEST_ID,
                    deadline="1900000000000",
                    arn=ARN,
                    trace="",
                    client_context=context,
                    identity=identity,
                )
            client.close()
            our_records, our_output = client.telemetry_bytes(), client.lines()
        assert {"response": "S", "error": "E", "init": "X"}[theirs.kind] == answer.kind
        assert without_places(answer.body) == without_places(theirs.body)
        if answer.kind == "X":
            assert answer.error_type == theirs.error_type
        assert records_of(our_records) == records_of(their_records)
        assert masked(our_output) == masked(their_output.decode())

    return both


def without_places(body: bytes) -> bytes:
    """Both clients' own frames and addresses of objects differ: replace them."""
    body = re.sub(rb"0x[0-9a-f]+", b"0x", body)
    body = re.sub(rb"line repeated \d+ more", b"line repeated", body)  # they call the handler from deeper
    return re.sub(rb'File \\"[^"]*?/bootstrap.py\\", line \d+', b"File bootstrap", body)


def masked(text: str) -> str:
    text = re.sub(r"0x[0-9a-f]+", "0x", text)
    text = re.sub(r"line repeated \d+ more", "line repeated", text)
    text = re.sub(r'File (\\?")[^"]*?/bootstrap.py\1, line \d+', "File bootstrap", text)
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z", "TIME", text)


def records_of(content: bytes) -> list[tuple[int, str]]:
    found_records = []
    while content:
        kind, length, _ = struct.unpack_from(">IIQ", content)
        found_records.append((kind, masked(content[16 : 16 + length].decode())))
        content = content[16 + length :]
    return found_records


@pytest.mark.parametrize("execution_environment", ["AWS_Lambda_python3.11", "AWS_Lambda_python3.13"])
@pytest.mark.parametrize("body", RESULTS.values(), ids=RESULTS)
def test_a_result_has_the_same_bytes(compare: Callable[..., None], body: str, execution_environment: str) -> None:
    compare({"f.py": f"def handler(event, context):\n  {body}\n"}, AWS_EXECUTION_ENV=execution_environment)


@pytest.mark.parametrize("body", FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_a_failure_has_the_same_document_and_the_same_record(compare: Callable[..., None], body: str, log_format: str) -> None:
    compare({"f.py": f"def handler(event, context):\n  {body}\n"}, AWS_LAMBDA_LOG_FORMAT=log_format)


def test_a_handler_of_the_wrong_signature_has_the_same_document(compare: Callable[..., None]) -> None:
    compare({"f.py": "def handler(event): pass\n"})


@pytest.mark.parametrize("event", EVENTS, ids=repr)
def test_an_event_is_understood_or_refused_alike(compare: Callable[..., None], event: bytes) -> None:
    compare({"f.py": "def handler(event, context): return [event]\n"}, event=event)


@pytest.mark.parametrize(("source", "handler"), MODULES.values(), ids=MODULES)
@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_a_failure_to_load_has_the_same_document_and_the_same_records(
    compare: Callable[..., None], source: str, handler: str, log_format: str
) -> None:
    compare(
        {"f.py": source, "g.py": "def broken(): raise OSError('below')\nbroken()\n"}, handler, AWS_LAMBDA_LOG_FORMAT=log_format
    )


@pytest.mark.parametrize("handler", ["f.handler", "pkg/sub/mod.handler", "pkg.sub.mod.handler"])
def test_handler_names_are_resolved_alike(compare: Callable[..., None], handler: str) -> None:
    source = "def handler(event, context): return __name__\n"
    compare({"f.py": source, "pkg/sub/mod.py": source}, handler)


LOGGING = """
import logging
log = logging.getLogger("my.logger")
logging.warning("while loading")
def handler(event, context):
    logging.getLogger().setLevel("DEBUG") if event.get("all") else None
    logging.debug("debug %s", 1)
    logging.info("info")
    log.warning("two\\nlines", extra={"order": 7, "what": object})
    log.error({"a": "dictionary", "n": [1]})
    logging.log(35, "in between")
    try:
        1 / 0
    except ZeroDivisionError:
        log.exception("it broke")
    context.log("plain")
    print("printed", "raw")
    return "done"
"""


@pytest.mark.parametrize("log_format", ["Text", "JSON", None])
@pytest.mark.parametrize("level", ["", "INFO", "TRACE", "ERROR", None])
@pytest.mark.parametrize("descriptor", ["4", None], ids=["telemetry", "output"])
def test_logging_leaves_the_same_records(
    compare: Callable[..., None], log_format: str | None, level: str | None, descriptor: str | None
) -> None:
    event = b'{"all": true}' if level == "" else b"{}"
    compare(
        {"f.py": LOGGING},
        event=event,
        AWS_LAMBDA_LOG_FORMAT=log_format,
        AWS_LAMBDA_LOG_LEVEL=level,
        _LAMBDA_TELEMETRY_LOG_FD=descriptor,
    )


CONTEXT = """
import os
def handler(event, context):
    seen = {name: repr(getattr(context, name)) for name in dir(context) if not name.startswith("__") and not callable(getattr(context, name))}
    trace = os.environ.get("_X_AMZN_TRACE_ID"), os.environ.get("_LAMBDA_TELEMETRY_LOG_FD"), os.getcwd()
    seen.pop("_of_environment", None)
    return [seen, sorted(vars(context)), repr(context), context.w3c(), context.get_remaining_time_in_millis() > 10 ** 9, trace]
"""


@pytest.mark.parametrize(
    "context",
    [
        "",
        "{}",
        json.dumps(
            {
                "client": {"installation_id": "i", "app_title": "t"},
                "custom": {"a": 1},
                "env": {"b": 2},
                "w3c": {"traceparent": "00-1", "x": 1, "baggage": 5},
            }
        ),
        '{"client": null, "w3c": []}',
        "not json",
    ],
)
def test_the_context_has_the_same_members(compare: Callable[..., None], context: str) -> None:
    compare({"f.py": CONTEXT}, context=context)
