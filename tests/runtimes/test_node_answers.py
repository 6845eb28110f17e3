"""The Node client on every Node of this machine: context, results, failures, callbacks."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Client

CONTEXT = """
exports.handler = async (event, context) => {
  const { getRemainingTimeInMillis, succeed, fail, done, ...plain } = context
  return { plain, keys: Object.keys(context), left: getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID,
    gone: [process.env.LEFT_OVER, process.env._LAMBDA_TELEMETRY_LOG_FD], cwd: process.cwd() }
}
"""


def test_the_context_has_lambdas_members(run_node: Callable[..., Client], tmp_path: Path, is_modern: bool) -> None:
    client = run_node(CONTEXT).start()
    seen = client.invoke(
        {},
        request_id="a" * 36,
        arn="arn:1",
        trace="Root=9",
        tenant="blue",
        client_context='{"custom": {"a": 1}}',
        identity='{"i": 2}',
    ).document
    assert seen["plain"] == {
        **({} if is_modern else {"callbackWaitsForEmptyEventLoop": True}),
        "functionVersion": "$LATEST",
        "functionName": "greeter",
        "memoryLimitInMB": "128",
        "logGroupName": "/aws/lambda/greeter",
        "logStreamName": client.environment["AWS_LAMBDA_LOG_STREAM_NAME"],
        "clientContext": {"custom": {"a": 1}},
        "identity": {"i": 2},
        "invokedFunctionArn": "arn:1",
        "awsRequestId": "a" * 36,
        "tenantId": "blue",
        **({"xRayTraceId": "Root=9"} if is_modern else {}),
    }
    assert 0 < seen["left"] <= 60_000
    assert (seen["trace"], seen["gone"], seen["cwd"]) == ("Root=9", [None, None], str(tmp_path / "task"))
    assert ("succeed" in seen["keys"]) is not is_modern


FAILURES = """
class Odd extends Error { constructor() { super('odd'); this.name = 'Odd'; this.code = 7 } }
exports.handler = async (event) => {
  switch (event) {
    case 'error': throw new TypeError('wrong')
    case 'odd': throw new Odd()
    case 'text': throw 'only text'
    case 'undefined': throw undefined
    case 'object': throw { a: 1 }
    case 'cycle': { const a = {}; a.a = a; return a }
    case 'bigint': return 1n
    case 'del': throw new Error('a\\x7Fb')
    default: return event
  }
}
"""


@pytest.mark.parametrize(
    ("event", "error_type", "message"),
    [
        ("error", "TypeError", "wrong"),
        ("odd", "Odd", "odd"),
        ("text", "string", "only text"),
        ("object", "object", "[object Object]"),
        ("cycle", "Error", "Unable to stringify response body"),
        ("bigint", "Error", "Unable to stringify response body"),
        ("del", "Error", "a%7Fb"),
    ],
)
def test_what_is_thrown_is_told(
    run_node: Callable[..., Client], tmp_path: Path, is_modern: bool, event: str, error_type: str, message: str
) -> None:
    client = run_node(FAILURES).start()
    answer = client.invoke(event)
    if is_modern and event in ("cycle", "bigint"):
        error_type = "Runtime.JSONStringifyError"
    assert (answer.kind, answer.error_type) == ("E", error_type)
    assert (answer.document["errorType"], answer.document["errorMessage"]) == (error_type, message)
    trace = answer.document["trace"]
    if event == "error":
        assert trace[0] == "TypeError: wrong"
        assert re.fullmatch(rf"    at .*\({tmp_path}/task/index.js:5:\d+\)", trace[1])
        assert len([line for line in trace if "/runtimes/node/" in line]) == 1
    if event in ("text", "object"):
        assert trace == []
    assert client.invoke("fine").body == b'"fine"'
    client.close()
    assert "\tERROR\tInvoke Error \t{" in client.records()[0].message


def test_rejecting_with_nothing(run_node: Callable[..., Client], is_modern: bool) -> None:
    document = run_node(FAILURES).start().invoke("undefined").document
    if is_modern:
        assert document == {"errorType": "undefined", "errorMessage": "undefined", "trace": []}
    else:
        assert document == {"errorType": "string", "errorMessage": "handled", "trace": []}


CALLBACKS = {
    "callback": ("(e, c, callback) => { callback(null, { a: 1 }) }", b'{"a":1}'),
    "callback later": ("(e, c, callback) => { setTimeout(callback, 5, null, 2) }", b"2"),
    "callback waits for the loop": (
        "(e, c, callback) => { callback(null, globalThis.late || 'early'); setTimeout(() => console.log('late'), 20) }",
        b'"early"',
    ),
    "nothing": ("(e, c) => {}", b"null"),
    "a plain value is ignored": ("(e, c) => 5", b"null"),
    "done": ("(e, c) => { c.done(null, 3) }", b"3"),
    "succeed": ("(e, c) => { c.succeed(4); c.succeed(5); c.fail('no') }", b"4"),
    "twice": ("(e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; callback(null, 1); callback(null, 2) }", b"1"),
    "callback and promise": (
        "async (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; callback(null, 1); return 2 }",
        b"1",
    ),
    "undefined": ("(e, c, callback) => { callback() }", b"null"),
    "a promise that never settles": ("() => new Promise(() => {})", b"null"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_callback_handlers_answer_once(run_node: Callable[..., Client], is_modern: bool, name: str) -> None:
    if is_modern:
        pytest.skip("Node 24 and later have no callbacks")
    source, expected = CALLBACKS[name]
    client = run_node(f"exports.handler = {source}").start()
    assert [client.invoke({}).body for _ in range(3)] == [expected] * 3
    assert client.close() == 0
    if name == "callback waits for the loop":
        assert len(client.records()) == 3


def test_without_waiting_what_is_left_goes_on_while_the_next_invocation_is_awaited(
    run_node: Callable[..., Client], is_modern: bool
) -> None:
    if is_modern:
        pytest.skip("Node 24 and later have no callbacks")
    source = "exports.handler = (e, c, callback) => { c.callbackWaitsForEmptyEventLoop = false; setTimeout(() => process.stdout.write('late'), 30); callback(null, 1) }"
    client = run_node(source).start()
    assert client.invoke().body == b"1"
    client.output.wait_for(b"late")


@pytest.mark.parametrize(
    "call", ["callback(new RangeError('no'))", "c.fail(new RangeError('no'))", "c.done(new RangeError('no'))"]
)
def test_callback_errors_are_told(run_node: Callable[..., Client], is_modern: bool, call: str) -> None:
    if is_modern:
        pytest.skip("Node 24 and later have no callbacks")
    client = run_node(f"exports.handler = (e, c, callback) => {{ {call} }}").start()
    assert [client.invoke().error_type for _ in range(2)] == ["RangeError"] * 2


def test_modern_runtimes_answer_with_a_plain_value_and_exit_on_a_promise_that_never_settles(
    run_node: Callable[..., Client], is_modern: bool
) -> None:
    if not is_modern:
        pytest.skip("before Node 24 both are null")
    assert run_node("exports.handler = () => 5").start().invoke().body == b"5"
    client = run_node("exports.handler = () => new Promise(() => {})").start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 0


def test_an_answer_after_the_empty_loop_has_answered_is_told(run_node: Callable[..., Client], is_modern: bool) -> None:
    if is_modern:
        pytest.skip("Node 24 and later have no callbacks")
    source = "let late; exports.handler = (event, context, callback) => { if (late) late(null, 'late'); else late = context.done; if (event) callback(null, event) }"
    client = run_node(source).start()
    assert client.invoke(None).body == b"null"
    assert client.invoke("second").body == b'"second"'
    client.close()
    assert client.records()[0].message.endswith("Cannot call complete more than once per invocation.\n")
