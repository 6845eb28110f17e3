"""The Python client on every CPython of this machine: the life of an environment, results, failures, module path, wrappers."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Answer, Client, python_command, write_files

SIX_MEBIBYTES = 6 * 1024 * 1024
LARGEST = SIX_MEBIBYTES + 100

EVERYTHING = """
import os, sys, json, decimal, logging
def handler(event, context):
    logging.warning("seen %s", event)
    if event == "fail": raise ValueError("wrong")
    if event == "decimal": return {"n": decimal.Decimal("1.50")}
    if event == "context":
        return [context.aws_request_id, context.function_name, context.memory_limit_in_mb, context.function_version, context.invoked_function_arn,
                context.tenant_id, context.identity.cognito_identity_id, context.client_context.custom, context.w3c(), 0 < context.get_remaining_time_in_millis() <= 60000]
    return {"version": "%d.%d" % sys.version_info[:2], "event": event, "cwd": os.getcwd(), "trace": os.environ["_X_AMZN_TRACE_ID"]}
"""


def test_every_python_runs_a_handler(any_python: str, start_client: Callable[..., Client], tmp_path: Path) -> None:
    client = start_client(python_command(any_python), {"f.py": EVERYTHING}, "f.handler").start()
    first = client.invoke({"ä": "\N{GRINNING FACE}"}, trace="Root=1-2-3").document
    assert any_python.endswith(first["version"])
    assert first == {
        "version": first["version"],
        "event": {"ä": "\N{GRINNING FACE}"},
        "cwd": str(tmp_path / "task"),
        "trace": "Root=1-2-3",
    }
    failed = client.invoke("fail", request_id="a" * 36)
    assert (failed.kind, failed.error_type, failed.request_id) == ("E", "ValueError", "a" * 36)
    assert failed.document["errorMessage"] == "wrong"
    assert failed.document["stackTrace"] == [
        f'  File "{tmp_path}/task/f.py", line 5, in handler\n    if event == "fail": raise ValueError("wrong")\n'
    ]
    assert client.invoke("decimal").body == b'{"n": 1.50}'
    given = {
        "client_context": '{"custom": {"a": 1}, "w3c": {"traceparent": "00"}}',
        "identity": '{"cognitoIdentityId": "me"}',
        "tenant": "blue",
    }
    context = client.invoke("context", request_id="b" * 36, arn="arn:x:1", **given).document
    assert context == ["b" * 36, "greeter", "128", "$LATEST", "arn:x:1", "blue", "me", {"a": 1}, {"traceparent": "00"}, True]
    assert client.close() == 0
    assert client.records()[0].message.endswith("seen {'ä': '\N{GRINNING FACE}'}\n")
    assert client.lines() == ""


def test_a_failure_to_load_ends_every_python(any_python: str, start_client: Callable[..., Client]) -> None:
    client = start_client(python_command(any_python), {"f.py": "import nowhere"}, "f.handler")
    answer = client.assign()
    assert (answer.kind, answer.error_type) == ("X", "Runtime.ImportModuleError")
    assert answer.document["errorMessage"] == "Unable to import module 'f': No module named 'nowhere'"
    assert client.wait() == 1
    assert [record.message[:22] for record in client.records()][1] == "[ERROR] Runtime.Import"


@pytest.mark.parametrize("size", [1, 65_000, 65_536, 300_000, SIX_MEBIBYTES])
def test_events_and_results_of_any_size_pass_whole(run_python: Callable[..., Client], size: int) -> None:
    client = run_python("def handler(event, context): return event").start()
    event = ("0123456789abcdef" * (size // 16 + 1))[: size - 2]
    assert client.invoke(event).body == json.dumps(event).encode()
    assert client.invoke("after").body == b'"after"'


def test_a_frame_that_comes_in_pieces_is_put_together(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context): return event").start()
    sent = bytearray()
    client.channel, real = type("Recorder", (), {"sendall": lambda _, data: sent.extend(data)})(), client.channel
    client.submit({"slow": True})
    client.channel = real
    for byte in sent:
        client.channel.sendall(bytes([byte]))
    assert client.answer().body == b'{"slow": true}'


def test_the_largest_response_is_sent_and_one_byte_more_is_an_error(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context): return b'x' * event").start()
    assert len(client.invoke(LARGEST).body) == LARGEST
    answer = client.invoke(LARGEST + 1)
    assert (answer.kind, answer.error_type) == ("E", "Function.ResponseSizeTooLarge")
    assert answer.document == {
        "errorType": "Function.ResponseSizeTooLarge",
        "errorMessage": "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    }
    assert client.invoke(3).body == b"xxx"


def test_an_error_document_that_is_too_large_is_replaced(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context): raise ValueError('x' * 7000000)").start()
    assert client.invoke().error_type == "Function.ResponseSizeTooLarge"


def test_the_environment_is_replaced_whole_also_for_child_processes_and_local_time(run_python: Callable[..., Client]) -> None:
    source = """
import os, subprocess, time
def handler(event, context):
    seen = subprocess.run(["env"], stdout=subprocess.PIPE).stdout.decode()
    return [os.environ.get("LEFT_OVER"), "LEFT_OVER" in seen, "GREETING=hello" in seen, "_X_AMZN_TRACE_ID=Root" in seen, time.strftime("%H", time.gmtime(0)),
            time.strftime("%H", time.localtime(0)), os.environ.get("_LAMBDA_TELEMETRY_LOG_FD"), os.environ["PYTHONPATH"], os.environ.get("LAMBENT_LAYERS_ROOT")]
"""
    client = run_python(source, GREETING="hello", TZ="Etc/GMT-5", LAMBENT_LAYERS_ROOT="/nowhere").start()
    assert client.invoke().document == [None, False, True, True, "00", "05", None, "/var/runtime", None]


def test_an_invocation_without_a_trace_has_no_trace_variable(run_python: Callable[..., Client]) -> None:
    client = run_python("import os\ndef handler(event, context): return os.environ.get('_X_AMZN_TRACE_ID')").start()
    assert client.invoke(trace="Root=1").body == b'"Root=1"'
    assert client.invoke(trace="").body == b"null"


def test_modules_are_found_as_in_lambda(run_python: Callable[..., Client], tmp_path: Path) -> None:
    layers = tmp_path / "layers"
    found = "def where(): return __file__"
    write_files(
        layers,
        {
            "python/in_layer.py": found,
            "python/in_both.py": found,
            "python/lib.pth": f"{layers}/extra\n",
            "extra/by_pth.py": found,
            "python/in_task.py": found,
        },
    )
    source = """
import sys
import in_layer, in_both, in_task, by_pth, errors, logs, bootstrap
def handler(event, context):
    minor = "/lib/python%d.%d/site-packages" % sys.version_info[:2]
    return [[m.where() for m in (in_layer, in_both, in_task, by_pth, errors, logs, bootstrap)], [p.replace(minor, "/SITE") for p in sys.path[:4]]]
"""
    own = {name + ".py": found for name in ("in_task", "errors", "logs", "bootstrap", "bootstrap_json")}
    client = run_python(source, LAMBENT_LAYERS_ROOT=str(layers))
    write_files(tmp_path / "task", own)
    where, path = client.start().invoke().document
    task = f"{tmp_path}/task"
    assert where == [
        f"{layers}/python/in_layer.py",
        f"{layers}/python/in_both.py",
        f"{task}/in_task.py",
        f"{layers}/extra/by_pth.py",
        *(f"{task}/{name}.py" for name in ("errors", "logs", "bootstrap")),
    ]
    assert path == [task, f"{layers}/python/SITE", f"{layers}/python", "/var/runtime"]


def test_a_python_path_of_the_user_takes_the_place_of_layers(run_python: Callable[..., Client], tmp_path: Path) -> None:
    write_files(tmp_path / "mine", {"own.py": "x = 7"})
    client = run_python(
        "import own, sys\ndef handler(event, context): return [own.x, sys.path[:2]]", PYTHONPATH=str(tmp_path / "mine")
    ).start()
    assert client.invoke().document == [7, [f"{tmp_path}/task", f"{tmp_path}/mine"]]


def test_exit_and_quit_exist_as_in_any_python(run_python: Callable[..., Client]) -> None:
    assert run_python("def handler(event, context): return [callable(exit), callable(quit)]").start().invoke().document == [
        True,
        True,
    ]


WRAPPERS = {
    "shell": '#!/bin/sh\nexport WRAPPED=yes _HANDLER=g.other\nexec "$@"\n',
    "inserts options": '#!/bin/bash\nargs=("$@")\nextra=("-X" "utf8")\nexport WRAPPED=yes _HANDLER=g.other\nexec "${args[@]:0:$#-1}" "${extra[@]}" "${args[@]: -1}"\n',
}


@pytest.mark.parametrize("script", WRAPPERS.values(), ids=WRAPPERS)
def test_an_exec_wrapper_starts_the_client_with_its_own_environment(
    run_python: Callable[..., Client], tmp_path: Path, script: str
) -> None:
    client = run_python("", AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task" / "wrapper"))
    other = "import os, logging\ndef other(event, context):\n  logging.warning('framed')\n  return [os.environ['WRAPPED'], os.environ['AWS_LAMBDA_FUNCTION_NAME'], os.environ.get('_LAMBENT_WRAPPED')]"
    write_files(tmp_path / "task", {"wrapper": script, "g.py": other})
    assert client.assign(hellos=2) == Answer(kind="R")
    assert client.invoke().document == ["yes", "greeter", None]
    assert client.close() == 0
    assert client.records()[0].message.endswith("framed\n")


def test_a_wrapper_that_is_missing_or_not_executable_ends_as_in_a_shell(
    run_python: Callable[..., Client], tmp_path: Path
) -> None:
    for name, status, words in (("absent", 127, "does not exist"), ("f.py", 126, "is not an executable")):
        client = run_python("", AWS_LAMBDA_EXEC_WRAPPER=str(tmp_path / "task" / name))
        (tmp_path / "task" / "f.py").chmod(0o644)
        with pytest.raises(EOFError):
            client.assign()
        assert client.wait() == status
        assert client.lines() == f"{tmp_path}/task/{name}: {words}\n"


def test_the_server_hanging_up_ends_a_blank_client_quietly(run_python: Callable[..., Client]) -> None:
    client = run_python("")
    assert client.receive() == ("H", b"")
    assert client.close() == 0
    assert client.lines() == ""


def test_the_preview_of_python_3_15_is_told(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context): pass", AWS_EXECUTION_ENV="AWS_Lambda_python3.15").start()
    client.close()
    assert "This is a preview runtime version" in client.records()[0].message


ZYGOTE = """
import json, os, sys
sys.path.insert(0, {folder!r})
import bootstrap
bootstrap.preload()
import random, uuid
random.seed(1)
pids = []
for channel in (3,):
    pid = os.fork()
    if not pid:
        random.seed(1)
        bootstrap.after_fork()
        bootstrap.main(3, 4)
        os.write(1, b"returned")
    os.close(3), os.close(4)
    os._exit(os.WEXITSTATUS(os.waitpid(pid, 0)[1]))
"""


@pytest.fixture
def zygote(python: str, start_client: Callable[..., Client]) -> Callable[..., Client]:
    folder = str(Path(python_command(python)[-1]).parent)

    def run(files: dict[str, str], handler: str = "f.handler", **variables: str) -> Client:
        return start_client([python, "-I", "-S", "-c", ZYGOTE.format(folder=folder)], files, handler, **variables)

    return run


def test_forks_of_a_zygote_do_not_share_random_state(zygote: Callable[..., Client]) -> None:
    files = {
        "f.py": "import random, tempfile, uuid\ndef handler(event, context): return [random.random(), tempfile.mktemp(), str(uuid.uuid1())]"
    }
    one, other = (zygote(files).start().invoke().document for _ in range(2))
    assert not set(one) & set(other)


def test_a_module_of_the_function_wins_over_one_that_was_imported_ahead(zygote: Callable[..., Client], tmp_path: Path) -> None:
    files = {
        "csv.py": "mine = 1\ndef handler(event, context): return mine",
        "queue.py": "mine = 2",
        "f.py": "import queue\ndef handler(event, context): return queue.mine",
    }
    assert zygote(files, "csv.handler").start().invoke().body == b"1"
    assert zygote(files).start().invoke().body == b"2"


def test_a_handler_that_exits_in_a_fork_ends_the_fork_with_its_status(zygote: Callable[..., Client]) -> None:
    source = "import sys, atexit\natexit.register(print, 'goodbye')\ndef handler(event, context): sys.exit(event)"
    client = zygote({"f.py": source}).start()
    client.submit(3)
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 3
    assert client.lines() == "goodbye\n"


def test_descriptors_of_the_protocol_are_not_where_code_looks_for_them(run_python: Callable[..., Client]) -> None:
    source = """
import os
def target(number):
    try: return os.readlink("/proc/self/fd/%d" % number)
    except OSError: return "closed"
def handler(event, context): return [target(number) for number in range(3, 50)]
"""
    assert set(run_python(source).start().invoke().document) == {"closed"}


def test_a_handler_of_the_wrong_signature_is_told_without_a_path_of_the_host(run_python: Callable[..., Client]) -> None:
    document = run_python("def handler(event): pass").start().invoke().document
    assert document["errorMessage"] == "handler() takes 1 positional argument but 2 were given"
    assert document["stackTrace"][0].startswith('  File "/var/runtime/bootstrap.py", line ')
    assert document["stackTrace"][0].endswith(
        ", in handle_event_request\n    response = request_handler(event, lambda_context)\n"
    )
