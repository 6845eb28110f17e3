"""The Node client on every Node of this machine: console, sizes, crashes, and handlers that hurt themselves."""

import json
import re
from collections.abc import Callable

import pytest
from harness import Client

SIX_MEBIBYTES = 6 * 1024 * 1024
LARGEST = SIX_MEBIBYTES + 100


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
