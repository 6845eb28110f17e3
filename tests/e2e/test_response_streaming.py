"""Response streaming with unmodified boto3: Node.js and custom runtimes, pieces as they are made, errors, slow and lost clients."""

import base64
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server_process import ServerProcess, deployed, result_of

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1024 * 1024
NODE = """
// The function waits until its caller has said something about it: by a tag, which it asks the platform for.
const told = async (context, word) => {
  const tags = process.env.AWS_ENDPOINT_URL + '/2017-03-31/tags/' + encodeURIComponent(context.invokedFunctionArn)
  while (!((await (await fetch(tags)).json()).Tags || {})[word]) await new Promise((go) => setTimeout(go, 20))
}
exports.handler = awslambda.streamifyResponse(async (event, stream, context) => { BODY })
"""


def node_function(client: Any, runtime: str, body: str, **settings: Any) -> str:
    options = {"Timeout": 30, "MemorySize": 512, **settings}
    return deployed(client, {"f.js": NODE.replace("BODY", body)}, runtime=runtime, **options)


def tell(client: Any, name: str, word: str) -> None:
    client.tag_resource(Resource=f"arn:aws:lambda:us-east-1:000000000000:function:{name}", Tags={word: "yes"})


def stream(client: Any, name: str, **options: Any) -> dict[str, Any]:
    return dict(client.invoke_with_response_stream(FunctionName=name, **options))


def whole(client: Any, name: str, **options: Any) -> tuple[bytes, dict[str, str]]:
    """The body and the InvokeComplete event of a response that is read to its end."""
    events = list(stream(client, name, **options)["EventStream"])
    assert [each for each in events if "InvokeComplete" in each] == events[-1:]
    return b"".join(each["PayloadChunk"]["Payload"] for each in events[:-1]), events[-1]["InvokeComplete"]


def test_each_piece_arrives_before_the_function_makes_the_next(client: Any, node_runtime: str) -> None:
    body = """
      stream.setContentType('text/event-stream')
      for (const word of ['one', 'two', 'three']) { stream.write(word); await told(context, word) }
      stream.end('end')
    """
    name = node_function(client, node_runtime, body)
    reply = stream(client, name, LogType="Tail")
    headers = reply["ResponseMetadata"]["HTTPHeaders"]
    assert (reply["ExecutedVersion"], headers["x-amzn-remapped-content-type"]) == ("$LATEST", "text/event-stream")
    events = iter(reply["EventStream"])
    for word in ("one", "two", "three"):
        assert next(events) == {"PayloadChunk": {"Payload": word.encode()}}
        tell(client, name, word)  # only now may the function go on
    *last, complete = events
    assert last == [{"PayloadChunk": {"Payload": b"end"}}]
    assert "REPORT RequestId: " in base64.b64decode(complete["InvokeComplete"]["LogResult"]).decode()


def test_the_response_is_over_while_the_function_goes_on(client: Any, node_runtime: str) -> None:
    name = node_function(client, node_runtime, "stream.end('all'); await told(context, 'go'); console.log('went on')")
    assert whole(client, name) == (b"all", {})
    tell(client, name, "go")
    assert whole(client, name) == (b"all", {})


def test_a_prelude_comes_before_the_body_and_ends_with_eight_zero_bytes(client: Any, node_runtime: str) -> None:
    body = """
      const meta = { statusCode: 201, headers: { 'X-A': 'b' }, cookies: ['c=d'] }
      stream = awslambda.HttpResponseStream.from(stream, meta)
      stream.write('hello'); stream.end()
    """
    name = node_function(client, node_runtime, body)
    reply = stream(client, name)
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-amzn-remapped-content-type"] == (
        "application/vnd.awslambda.http-integration-response"
    )
    received = b"".join(each["PayloadChunk"]["Payload"] for each in reply["EventStream"] if "PayloadChunk" in each)
    prelude, _, content = received.partition(bytes(8))
    assert json.loads(prelude) == {"statusCode": 201, "headers": {"X-A": "b"}, "cookies": ["c=d"]}
    assert content == b"hello"


@pytest.mark.parametrize(
    ("body", "received", "code", "message"),
    [
        ("stream.write('half'); throw new RangeError('midway')", b"half", "RangeError", "midway"),
        ("throw new RangeError('at once')", b"", "Unhandled", "at once"),
        ("stream.write('half'); await told(context, 'never')", b"half", "Sandbox.Timedout", "Task timed out after 2.00 seconds"),
        ("stream.write('half'); await null; setTimeout(() => process.exit(7), 50); await told(context, 'never')", b"half",
         "Runtime.ExitError", "exit status 7"),
        ("stream.write('half'); await null; stream.destroy()", b"half", "Runtime.TruncatedResponse", "truncated"),
    ],
)  # fmt: skip
def test_an_error_is_told_after_what_came_before_it(
    client: Any, node_runtime: str, body: str, received: bytes, code: str, message: str
) -> None:
    name = node_function(client, node_runtime, body, Timeout=2)
    got, complete = whole(client, name)
    assert (got, complete["ErrorCode"]) == (received, code)
    assert message in json.loads(complete["ErrorDetails"])["errorMessage"]


def test_under_a_plain_invoke_a_streamed_response_is_collected_up_to_6_mb(client: Any, node_runtime: str) -> None:
    name = node_function(client, node_runtime, "stream.write('\"'); stream.write('x'.repeat(event)); stream.end('\"')")
    assert result_of(client.invoke(FunctionName=name, Payload=b"3000000")) == "x" * 3_000_000
    reply = client.invoke(FunctionName=name, Payload=b"7000000")
    assert (reply["FunctionError"], result_of(reply)["errorType"]) == ("Unhandled", "Function.ResponseSizeTooLarge")
    assert whole(client, name, Payload=b"7000000")[0] == b'"' + b"x" * 7_000_000 + b'"'


def test_a_buffered_function_answers_in_pieces_too(client: Any, python_runtime: str) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): return 'x' * e"}, runtime=python_runtime)
    assert whole(client, name, Payload=b"500000") == (b'"' + b"x" * 500_000 + b'"', {})


def test_when_the_client_goes_the_function_runs_to_its_end(server: ServerProcess, client: Any, node_runtime: str) -> None:
    body = """
      if (event === 'again') return stream.end(String(globalThis.sent))
      stream.on('error', () => {})
      for (let n = 0; n < 640; n++) {
        if (!stream.write(Buffer.alloc(65536))) await new Promise((go) => stream.once('drain', go))
        globalThis.sent = (n + 1) * 65536
      }
      stream.end()
    """
    name = node_function(client, node_runtime, body)
    host, _, port = server.endpoint.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        path = f"/2021-11-15/functions/{name}/response-streaming-invocations"
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 2\r\n\r\n".encode() + b"{}")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    while True:
        try:
            assert whole(client, name, Payload=b'"again"') == (str(40 * MEBIBYTE).encode(), {})
        except client.exceptions.TooManyRequestsException:
            continue
        break


def memory_of(server: ServerProcess) -> int:
    """Resident bytes of the server itself, none of them shared with files."""
    assert server.process is not None
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.partition("RssAnon:")[2].split()[0]) * 1024


def test_a_client_that_does_not_read_costs_the_server_no_memory(server: ServerProcess, client: Any, node_runtime: str) -> None:
    body = """
      for (let n = 0; n < event; n++) {
        if (!stream.write(Buffer.alloc(65536, n))) await new Promise((go) => stream.once('drain', go))
        if (n === 8) await told(context, 'go')
      }
      stream.end()
    """
    name = node_function(client, node_runtime, body)
    tell(client, name, "go")
    whole(client, name, Payload=b"16")
    client.untag_resource(Resource=f"arn:aws:lambda:us-east-1:000000000000:function:{name}", TagKeys=["go"])
    events = iter(stream(client, name, Payload=b"1600")["EventStream"])
    received = len(next(events)["PayloadChunk"]["Payload"])
    before = memory_of(server)
    tell(client, name, "go")
    for _ in range(40):  # other work passes through the same server while the response waits
        client.get_function(FunctionName=name)
    assert memory_of(server) - before < 30 * MEBIBYTE
    received += sum(len(each["PayloadChunk"]["Payload"]) for each in events if "PayloadChunk" in each)
    assert received == 100 * MEBIBYTE


@pytest.mark.slow
def test_two_hundred_mebibytes_are_streamed_and_one_byte_more_is_not(client: Any, node_runtime: str) -> None:
    body = """
      for (let n = 0; n < 3200; n++) if (!stream.write(Buffer.alloc(65536, n))) await new Promise((go) => stream.once('drain', go))
      stream.end(event)
    """
    name = node_function(client, node_runtime, body, Timeout=300)
    for more in ("", "x"):
        received, complete = 0, {}
        for each in stream(client, name, Payload=json.dumps(more))["EventStream"]:
            received += len(each.get("PayloadChunk", {}).get("Payload", b""))
            complete = each.get("InvokeComplete", complete)
        assert received == 200 * MEBIBYTE
        assert complete.get("ErrorCode") == ("Function.ResponseSizeTooLarge" if more else None)


def test_a_shell_bootstrap_streams_with_curl(client: Any) -> None:
    if not shutil.which("curl"):
        pytest.skip("this host has no curl")
    source = (ROOT / "examples" / "streaming-bootstrap" / "bootstrap").read_text()
    name = deployed(client, {"bootstrap": source}, runtime="provided.al2023", handler="any", Timeout=20)
    reply = stream(client, name, Payload=b'{"a":1}')
    assert reply["ResponseMetadata"]["HTTPHeaders"]["x-amzn-remapped-content-type"] == "text/plain"
    pieces = [each["PayloadChunk"]["Payload"] for each in reply["EventStream"] if "PayloadChunk" in each]
    assert b"".join(pieces) == b'event: {"a":1}\npiece 1\npiece 2\npiece 3\n'
    assert result_of_text(client, name) == "event: {}\npiece 1\npiece 2\npiece 3\n"


def result_of_text(client: Any, name: str) -> str:
    return str(client.invoke(FunctionName=name)["Payload"].read().decode())


TRAILERS = r"""#!/bin/bash
set -eu
host="${AWS_LAMBDA_RUNTIME_API%:*}" port="${AWS_LAMBDA_RUNTIME_API#*:}"
while true; do
  exec 3<>"/dev/tcp/$host/$port"
  printf 'GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n' >&3
  id="$(sed -n 's/^lambda-runtime-aws-request-id: *//Ip' <&3 | tr -d '\r')"
  exec 3<>"/dev/tcp/$host/$port"
  printf 'POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\r\nHost: x\r\nConnection: close\r\n' "$id" >&3
  printf 'Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n' >&3
  printf 'Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n\r\n' >&3
  printf '4\r\nhalf\r\n' >&3
  printf '0\r\nLambda-Runtime-Function-Error-Type: Function.Midway\r\n' >&3
  printf 'Lambda-Runtime-Function-Error-Body: %s\r\n\r\n' "$(printf '{"errorMessage":"midway"}' | base64 -w0)" >&3
  cat <&3 >/dev/null
done
"""


def test_a_bootstrap_that_fails_midway_says_so_in_its_trailers(client: Any) -> None:
    name = deployed(client, {"bootstrap": TRAILERS}, runtime="provided.al2023", handler="any", Timeout=20)
    for _ in range(2):
        expected = {"ErrorCode": "Function.Midway", "ErrorDetails": '{"errorMessage":"midway"}'}
        assert whole(client, name) == (b"half", expected)
    reply = client.invoke(FunctionName=name)
    assert (reply["FunctionError"], result_of(reply)) == ("Unhandled", {"errorMessage": "midway"})


def test_at_the_process_level_too(start_server: Callable[..., ServerProcess], node_runtime: str) -> None:
    client = start_server(isolation="process").client("lambda")
    name = node_function(client, node_runtime, "stream.write('one'); await told(context, 'go'); stream.end('two')")
    events = iter(stream(client, name)["EventStream"])
    assert next(events) == {"PayloadChunk": {"Payload": b"one"}}
    tell(client, name, "go")
    assert list(events) == [{"PayloadChunk": {"Payload": b"two"}}, {"InvokeComplete": {}}]
