"""The Node client on every Node of this machine: resolving handlers, results, callbacks, failures, the console, streams, wrappers."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Answer, Client, write_files

SIX_MEBIBYTES = 6 * 1024 * 1024
LARGEST = SIX_MEBIBYTES + 100

TASK = {
    "index.js": "exports.handler = async (event) => ['index.js', event]; exports.a = { b: { c: async () => 'nested' } }; exports.text = 'x'",
    "dir/file.cjs": "exports.handler = async () => 'cjs'",
    "esm.mjs": "await null; export const handler = async () => import.meta.url.split('/').pop(); export default { only: async () => 'default' }",
    "package/package.json": '{"type": "module"}',
    "package/main.js": "export const handler = async () => 'module by package.json'",
    "extensionless": "exports.handler = async () => 'extensionless'",
    "node_modules/library/index.js": "exports.handler = async () => 'from node_modules'",
    "syntax.js": "exports.handler = async ( => 1",
    "missing.js": "require('nowhere')",
    "throws.js": "throw new RangeError('at load')",
    "rejects.js": "Promise.reject(new Error('left behind')); exports.handler = async () => 1; const end = Date.now() + 50; while (Date.now() < end);",
}


@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        ("index.handler", ["index.js", {"k": "grüße"}]),
        ("index.a.b.c", "nested"),
        ("dir/file.handler", "cjs"),
        ("esm.handler", "esm.mjs"),
        ("package/main.handler", "module by package.json"),
        ("library.handler", "from node_modules"),
    ],
)
def test_handlers_are_found_where_lambda_finds_them(run_node: Callable[..., Client], handler: str, expected: object) -> None:
    assert run_node(TASK, handler).start().invoke({"k": "grüße"}).document == expected


def test_a_file_without_extension_is_found_by_callback_runtimes(run_node: Callable[..., Client], is_modern: bool) -> None:
    client = run_node(TASK, "extensionless.handler").start()
    assert client.invoke().document == "extensionless"
    assert is_modern in (True, False)


def test_the_default_export_is_looked_into_by_modern_runtimes_only(run_node: Callable[..., Client], is_modern: bool) -> None:
    assert run_node(TASK, "esm.only").assign().kind == ("R" if is_modern else "X")


def test_modules_of_layers_are_found_through_node_path(run_node: Callable[..., Client], tmp_path: Path) -> None:
    write_files(tmp_path / "layers", {"nodejs/node_modules/layered/index.js": "exports.name = 'layered'"})
    client = run_node(
        "const l = require('layered'); exports.handler = async () => l.name",
        NODE_PATH=str(tmp_path / "layers/nodejs/node_modules"),
    )
    assert client.start().invoke().document == "layered"


REFUSED = {
    "index.nothing": ("Runtime.HandlerNotFound", "index.nothing is undefined or not exported"),
    "index.text": ("Runtime.HandlerNotFound", "index.text is not a function"),
    "index": ("Runtime.MalformedHandlerName", "Bad handler"),
    "../index.handler": (
        "Runtime.MalformedHandlerName",
        "'../index.handler' is not a valid handler name. Use absolute paths when specifying root directories in handler names.",
    ),
    "nowhere.handler": ("Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'\nRequire stack:"),
    "missing.handler": ("Runtime.ImportModuleError", "Error: Cannot find module 'nowhere'\nRequire stack:"),
    "syntax.handler": ("Runtime.UserCodeSyntaxError", "SyntaxError: "),
    "throws.handler": ("RangeError", "at load"),
}


@pytest.mark.parametrize("handler", REFUSED)
def test_a_failure_to_load_is_an_init_error(run_node: Callable[..., Client], handler: str, is_modern: bool) -> None:
    client = run_node(TASK, handler)
    answer = client.assign()
    error_type, message = REFUSED[handler]
    assert (answer.kind, answer.error_type) == ("X", error_type)
    assert list(answer.document) == ["errorType", "errorMessage", "trace"]
    assert answer.document["errorType"] == error_type
    assert answer.document["errorMessage"].startswith(message)
    assert client.wait() == (1 if is_modern else 129)
    words = r"undefined\tERROR\tUncaught Exception \t" if not is_modern else r"-\tERROR\tInit Error \t"
    assert re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t" + words + r"\{", client.records()[0].message)


def test_a_rejection_left_behind_while_loading(run_node: Callable[..., Client], is_modern: bool) -> None:
    client = run_node(TASK, "rejects.handler")
    if is_modern:
        with pytest.raises(EOFError):
            client.assign()
        assert client.wait() == 1
        return
    answer = client.assign()
    assert (answer.kind, answer.error_type) == ("X", "Runtime.UnhandledPromiseRejection")
    assert client.wait() == 128


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


def test_modern_runtimes_refuse_callback_handlers(run_node: Callable[..., Client], is_modern: bool) -> None:
    answer = run_node("exports.handler = (event, context, callback) => callback(null, 1)").assign()
    if not is_modern:
        assert answer == Answer(kind="R")
        return
    assert (answer.kind, answer.error_type) == ("X", "Runtime.CallbackHandlerDeprecated")
    assert "removed support for callback-based function handlers starting with Node.js 24" in answer.document["errorMessage"]


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


CRASHES = {
    "uncaught": ("setTimeout(() => { throw new TypeError('late') }, 5); await new Promise(() => {})", "TypeError", 129),
    "rejection": (
        "Promise.reject(new TypeError('late')); await new Promise((r) => setTimeout(r, 1000))",
        "Runtime.UnhandledPromiseRejection",
        128,
    ),
    "exit": ("process.exit(7)", None, 7),
}


@pytest.mark.parametrize("name", CRASHES)
def test_what_nobody_catches_ends_the_process(run_node: Callable[..., Client], is_modern: bool, name: str) -> None:
    statement, error_type, status = CRASHES[name]
    client = run_node(f"exports.handler = async () => {{ {statement} }}").start()
    client.submit()
    if error_type and not is_modern:
        answer = client.answer()
        assert (answer.kind, answer.error_type) == ("E", error_type)
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == (1 if is_modern and name != "exit" else status)


def test_console_lines_carry_time_request_and_level(run_node: Callable[..., Client]) -> None:
    source = """
exports.handler = async (event) => {
  console.log('one\\ntwo', { a: [1] }); console.info('%s=%d', 'x', 1); console.debug('d'); console.warn('w'); console.error('e')
  console.trace('t'); console.fatal('f'); console.log(); process.stdout.write('raw\\n')
}
"""
    client = run_node(source).start()
    client.invoke(request_id="a" * 36)
    client.close()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    shown = [(hex(record.type), re.sub(stamp, "TIME", record.message)) for record in client.records()]
    head = "TIME\t" + "a" * 36
    assert shown == [
        ("0xa55a000f", f"{head}\tINFO\tone\ntwo {{ a: [ 1 ] }}\n"),
        ("0xa55a000f", f"{head}\tINFO\tx=1\n"),
        ("0xa55a000b", f"{head}\tDEBUG\td\n"),
        ("0xa55a0013", f"{head}\tWARN\tw\n"),
        ("0xa55a0017", f"{head}\tERROR\te\n"),
        ("0xa55a0007", f"{head}\tTRACE\tt\n"),
        ("0xa55a001b", f"{head}\tFATAL\tf\n"),
        ("0xa55a000f", f"{head}\tINFO\tundefined\n"),
    ]
    assert client.lines() == "raw\n"


def test_without_a_telemetry_pipe_a_record_is_one_line_of_output(run_node: Callable[..., Client]) -> None:
    client = run_node("exports.handler = async () => console.log('one\\ntwo')", _LAMBDA_TELEMETRY_LOG_FD=None).start()
    client.invoke(request_id="a" * 36)
    client.close()
    assert client.records() == []
    assert client.lines().endswith("\t" + "a" * 36 + "\tINFO\tone\rtwo\n")


def test_json_logging_filters_by_level_and_reveals_errors(run_node: Callable[..., Client]) -> None:
    source = """
exports.handler = async () => {
  console.info('hidden'); console.warn({ a: 1 }); console.error('failed', new TypeError('x')); console.error(new RangeError('y'))
  const cycle = {}; cycle.cycle = cycle; console.warn(cycle)
  throw new Error('end')
}
"""
    client = run_node(source, AWS_LAMBDA_LOG_FORMAT="JSON", AWS_LAMBDA_LOG_LEVEL="WARN").start()
    client.invoke(request_id="a" * 36, tenant="blue")
    client.close()
    records = client.records()
    documents = [json.loads(record.message) for record in records]
    assert [hex(record.type) for record in records] == ["0xa55a0012", "0xa55a0016", "0xa55a0016", "0xa55a0012", "0xa55a0016"]
    assert {(each["requestId"], each["tenantId"]) for each in documents} == {("a" * 36, "blue")}
    assert documents[0]["message"] == {"a": 1}
    assert documents[1]["message"].startswith("failed TypeError: x")
    assert (documents[1]["errorType"], documents[1]["errorMessage"]) == ("TypeError", "x")
    assert documents[1]["stackTrace"][0] == "TypeError: x"
    assert documents[2]["message"]["errorType"] == "RangeError"
    assert "<ref *1>" in documents[3]["message"]
    assert documents[4]["message"]["errorMessage"] == "end"


@pytest.mark.parametrize("size", [1, 65_000, 65_536, 300_000, SIX_MEBIBYTES])
def test_events_and_results_of_any_size_pass_whole(run_node: Callable[..., Client], size: int) -> None:
    client = run_node("exports.handler = async (event) => event").start()
    event = ("0123456789abcdef" * (size // 16 + 1))[: size - 2]
    assert client.invoke(event).body == json.dumps(event).encode()
    assert client.invoke("after").body == b'"after"'


def test_the_largest_response_is_sent_and_one_byte_more_is_an_error(run_node: Callable[..., Client]) -> None:
    client = run_node("exports.handler = async (event) => 'x'.repeat(event)").start()
    assert len(client.invoke(LARGEST - 2).body) == LARGEST
    answer = client.invoke(LARGEST - 1)
    assert (answer.kind, answer.error_type) == ("E", "Function.ResponseSizeTooLarge")
    assert client.invoke(1).body == b'"x"'


def test_a_frame_that_comes_in_pieces_is_put_together(run_node: Callable[..., Client]) -> None:
    client = run_node("exports.handler = async (event) => event").start()
    sent = bytearray()
    client.channel, real = type("Recorder", (), {"sendall": lambda _, data: sent.extend(data)})(), client.channel
    client.submit({"slow": "\N{GRINNING FACE}"})
    client.channel = real
    for byte in sent:
        client.channel.sendall(bytes([byte]))
    assert client.answer().document == {"slow": "\N{GRINNING FACE}"}


def test_a_malformed_event_is_an_error_or_the_end(run_node: Callable[..., Client], is_modern: bool) -> None:
    client = run_node("exports.handler = async (event) => event").start()
    client.submit(raw=b"{oops")
    if not is_modern:
        assert client.answer().error_type == "SyntaxError"
        return
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 1


STREAMS = {
    "chunks": ("stream.write('a'); stream.write(Buffer.from('b')); stream.write({ c: 1 }); stream.end('d')", b'ab{"c":1}d'),
    "a pipeline": (
        "await require('util').promisify(require('stream').pipeline)(require('stream').Readable.from(['x', 'y']), stream)",
        b"xy",
    ),
    "http": (
        "stream = awslambda.HttpResponseStream.from(stream, { statusCode: 201 }); stream.write('body'); stream.end()",
        b'{"statusCode":201}' + bytes(8) + b"body",
    ),
    "later": ("setTimeout(() => stream.end('late'), 20)", b"late"),
    "nothing": ("stream.end()", b""),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_streaming_handler_s_stream_is_the_response(run_node: Callable[..., Client], name: str) -> None:
    statement, expected = STREAMS[name]
    client = run_node(
        f"exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {{ {statement} }})"
    ).start()
    assert [client.invoke({}).body for _ in range(2)] == [expected] * 2


@pytest.mark.parametrize(
    ("source", "error_type", "message"),
    [
        ("async (e, s) => { s.write('a'); throw new RangeError('mid') }", "RangeError", "mid"),
        ("(e, s) => { s.end() }", "string", "Streaming does not support non-async handlers."),
        (
            "async (e, s) => { s.write('a'); s.setContentType('x') }",
            "Runtime.InvalidStreamingOperation",
            "Cannot set content-type, too late.",
        ),
    ],
)
def test_a_streaming_handler_that_fails_is_an_error(
    run_node: Callable[..., Client], is_modern: bool, source: str, error_type: str, message: str
) -> None:
    client = run_node(f"exports.handler = awslambda.streamifyResponse({source})").start()
    document = client.invoke({}).document
    expected = "Error" if is_modern and error_type == "string" else error_type
    assert (document["errorType"], document["errorMessage"]) == (expected, message)


def test_an_exec_wrapper_and_node_s_own_options_take_effect(run_node: Callable[..., Client], tmp_path: Path) -> None:
    wrapper = '#!/bin/sh\nexport WRAPPED=yes _HANDLER=other.handler\nexec "$@"\n'
    other = "exports.handler = async () => { console.log('framed'); return [process.env.WRAPPED, process.env._LAMBENT_WRAPPED, process.execArgv, globalThis.early] }"
    files = {"wrapper": wrapper, "other.js": other, "early.js": "globalThis.early = 1"}
    client = run_node(
        files, AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task/wrapper"), NODE_OPTIONS=f"--require {tmp_path}/task/early.js"
    )
    assert client.assign(hellos=2) == Answer(kind="R")
    assert client.invoke().document == ["yes", None, [], 1]
    assert client.close() == 0
    assert client.records()[0].message.endswith("framed\n")


def test_node_options_alone_start_node_anew_but_source_maps_do_not(run_node: Callable[..., Client]) -> None:
    source = "exports.handler = async () => typeof gc"
    assert run_node(source, NODE_OPTIONS="--enable-source-maps").assign() == Answer(kind="R")
    assert run_node(source, NODE_OPTIONS="--stack-trace-limit=3").assign(hellos=2) == Answer(kind="R")


def test_a_process_started_anew_ends_as_its_handler_ends(run_node: Callable[..., Client]) -> None:
    client = run_node(
        "exports.handler = async (event) => process.kill(process.pid, event) && new Promise((r) => setTimeout(r, 9999))",
        NODE_OPTIONS="--no-warnings",
    )
    assert client.assign(hellos=2) == Answer(kind="R")
    client.submit("SIGKILL")
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == -9


@pytest.mark.parametrize(("name", "status", "words"), [("absent", 127, "does not exist"), ("plain", 126, "is not an executable")])
def test_a_wrapper_that_cannot_run_ends_as_in_a_shell(
    run_node: Callable[..., Client], tmp_path: Path, name: str, status: int, words: str
) -> None:
    client = run_node({"plain": ""}, AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task" / name))
    (tmp_path / "task" / "plain").chmod(0o644)
    with pytest.raises(EOFError):
        client.assign()
    assert client.wait() == status
    assert client.lines() == f"{tmp_path}/task/{name}: {words}\n"


@pytest.mark.parametrize("frame", [b"\0\0\0\0", b"\0\0\0\1I", b"\0\0\0\1?"])
def test_a_frame_that_breaks_the_protocol_ends_the_client(run_node: Callable[..., Client], frame: bytes) -> None:
    client = run_node("exports.handler = async () => 1").start()
    client.channel.sendall(frame)
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 0


def test_the_server_hanging_up_ends_the_client_quietly_without_exit_listeners(run_node: Callable[..., Client]) -> None:
    client = run_node(
        "process.on('exit', () => process.stdout.write('exit listener')); exports.handler = async () => setInterval(() => {}, 1000) && 1"
    ).start()
    client.invoke()
    assert client.close() == 0
    assert client.lines() == ""


def test_a_handler_that_closes_every_descriptor_ends_its_environment(run_node: Callable[..., Client]) -> None:
    source = "const fs = require('fs'); exports.handler = async () => { for (let fd = 0; fd < 5; fd++) try { fs.closeSync(fd) } catch {} return 1 }"
    client = run_node(source).start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    client.wait()


def test_child_processes_do_not_inherit_the_channel(run_node: Callable[..., Client]) -> None:
    source = "exports.handler = async () => { require('child_process').spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).unref(); process.exit(3) }"
    client = run_node(source).start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 3


def test_ten_megabytes_of_output_arrive_whole(run_node: Callable[..., Client]) -> None:
    client = run_node(
        "exports.handler = async () => { for (let i = 0; i < 10; i++) process.stdout.write('x'.repeat(1048576)); return 1 }"
    ).start()
    assert client.invoke().body == b"1"
    client.close()
    assert len(client.lines()) == 10 * 1024 * 1024


def test_recursion_without_end_is_an_error_and_the_next_invocation_works(run_node: Callable[..., Client]) -> None:
    client = run_node("const again = () => again() + 1; exports.handler = async (event) => event ? again() : 'fine'").start()
    assert client.invoke(1).error_type == "RangeError"
    assert client.invoke(0).body == b'"fine"'


def test_an_answer_after_the_empty_loop_has_answered_is_told(run_node: Callable[..., Client], is_modern: bool) -> None:
    if is_modern:
        pytest.skip("Node 24 and later have no callbacks")
    source = "let late; exports.handler = (event, context, callback) => { if (late) late(null, 'late'); else late = context.done; if (event) callback(null, event) }"
    client = run_node(source).start()
    assert client.invoke(None).body == b"null"
    assert client.invoke("second").body == b'"second"'
    client.close()
    assert client.records()[0].message.endswith("Cannot call complete more than once per invocation.\n")
