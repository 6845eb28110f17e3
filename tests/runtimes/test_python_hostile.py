"""Python handlers that hurt themselves: the client must end, or go on, in a way that the server understands."""

from collections.abc import Callable

import pytest
from harness import Client

EXITS = {
    "sys.exit()": ("sys.exit()", 0),
    "sys.exit(7)": ("sys.exit(7)", 7),
    "sys.exit(text)": ("sys.exit('last words')", 1),
    "os._exit": ("os._exit(9)", 9),
    "SystemExit below": ("raise SystemExit(300)", 44),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", 1),
    "a BaseException": ("raise BaseException('base')", 1),
    "a signal": ("os.kill(os.getpid(), 15)", -15),
    "a lone surrogate in the result": ("return chr(0xd800)", 1),
    "an exception that cannot be shown": ("raise type('Bad', (Exception,), {'__str__': lambda self: 1 / 0})", 1),
}


@pytest.mark.parametrize(("statement", "status"), EXITS.values(), ids=EXITS)
def test_what_is_no_exception_ends_the_process_without_an_answer(
    run_python: Callable[..., Client], statement: str, status: int
) -> None:
    client = run_python(
        f"import os, sys\ndef handler(event, context):\n    {statement}\n", AWS_EXECUTION_ENV="AWS_Lambda_python3.12"
    ).start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == status


def test_the_traceback_of_what_ended_the_process_is_shown(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context):\n    raise BaseException('base')\n").start()
    client.submit()
    client.wait()
    assert client.lines().endswith("f.py\", line 2, in handler\n    raise BaseException('base')\nBaseException: base\n")
    assert "bootstrap.py" not in client.lines()


def test_exit_while_loading_ends_without_an_answer(run_python: Callable[..., Client]) -> None:
    client = run_python("import sys; sys.exit(4)")
    with pytest.raises(EOFError):
        client.assign()
    assert client.wait() == 4


def test_a_handler_that_closes_every_descriptor_ends_its_environment(run_python: Callable[..., Client]) -> None:
    client = run_python("import os\ndef handler(event, context): os.closerange(0, 1024)").start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 0


def test_writing_to_or_closing_low_descriptors_does_not_reach_the_protocol(run_python: Callable[..., Client]) -> None:
    source = """
import os
def handler(event, context):
    for number in range(3, 50):
        try: os.write(number, b"\\0\\0\\0\\x29S" + b"f" * 40)
        except OSError: pass
    os.closerange(3, 50)
    return "fine"
"""
    client = run_python(source).start()
    assert [client.invoke().body for _ in range(2)] == [b'"fine"', b'"fine"']


@pytest.mark.parametrize("ending", ["return 'child'", "os._exit(0)", "sys.exit(0)", "raise ValueError"])
def test_a_forked_child_cannot_answer_or_take_invocations(run_python: Callable[..., Client], ending: str) -> None:
    source = f"""
import os, sys
def handler(event, context):
    child = os.fork()
    if not child:
        {ending}
    os.waitpid(child, 0)
    return event
"""
    client = run_python(source).start()
    assert [client.invoke(number).document for number in range(3)] == [0, 1, 2]


def test_children_do_not_hold_the_channel_open(run_python: Callable[..., Client]) -> None:
    source = """
import os, subprocess, time
def handler(event, context):
    if not os.fork(): time.sleep(60); os._exit(0)
    subprocess.Popen(["sleep", "60"], close_fds=False)
    os._exit(3)
"""
    client = run_python(source).start()
    client.submit()
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() == 3


def test_ten_megabytes_of_output_arrive_whole(run_python: Callable[..., Client]) -> None:
    client = run_python("def handler(event, context):\n  for _ in range(10): print('x' * 1048575)\n  return 1").start()
    assert client.invoke().body == b"1"
    client.close()
    assert len(client.lines()) == 10 * 1024 * 1024


def test_large_records_of_many_threads_stay_whole(run_python: Callable[..., Client]) -> None:
    source = """
import logging, threading
def handler(event, context):
    threads = [threading.Thread(target=logging.error, args=(str(n) * 200000,)) for n in range(8)]
    [t.start() for t in threads]; [t.join() for t in threads]
"""
    client = run_python(source).start()
    client.invoke()
    client.close()
    messages = [record.message.rstrip("\n").rpartition("\t")[2] for record in client.records()]
    assert sorted(messages) == [str(n) * 200000 for n in range(8)]


def test_what_is_printed_is_there_before_the_answer(run_python: Callable[..., Client]) -> None:
    client = run_python(
        "import sys\ndef handler(event, context):\n  print('no newline', end='')\n  sys.stderr.write('and error')\n  while True: pass"
    ).start()
    client.submit()
    client.output.wait_for(b"no newlineand error")


def test_recursion_without_end_is_an_error_and_the_next_invocation_works(run_python: Callable[..., Client]) -> None:
    source = "def again(): return again()\ndef handler(event, context):\n  return again() if event else 'fine'"
    client = run_python(source).start()
    assert client.invoke(1).error_type == "RecursionError"
    assert client.invoke(0).body == b'"fine"'


def test_replacing_what_the_client_uses_hurts_only_the_function(run_python: Callable[..., Client]) -> None:
    source = """
import builtins, json, os, sys
def handler(event, context):
    json.dumps = json.loads = None
    sys.stdout = sys.stderr = None
    sys.modules.clear()
    os.write = os.read = None
    return "done"
"""
    client = run_python(source).start()
    client.submit()
    try:
        assert client.answer().kind in "SE"
    except EOFError:
        assert client.wait() is not None


@pytest.mark.parametrize("frame", [b"\0\0\0\0", b"\0\0\0\1I", b"\0\0\0\1?", b"\xff\xff\xff\xffV"])
def test_a_frame_that_breaks_the_protocol_ends_the_client(run_python: Callable[..., Client], frame: bytes) -> None:
    client = run_python("def handler(event, context): pass").start()
    client.channel.sendall(frame)
    client.channel.shutdown(1)
    with pytest.raises(EOFError):
        client.answer()
    assert client.wait() in (0, 1)


def test_background_threads_go_on_between_invocations(run_python: Callable[..., Client]) -> None:
    source = """
import threading
go, done = threading.Event(), threading.Event()
def wait(): go.wait(); done.set(); print("went on")
def handler(event, context):
    if event == "start": threading.Thread(target=wait, daemon=True).start(); threading.Timer(0.05, go.set).start()
    return done.is_set()
"""
    client = run_python(source).start()
    assert client.invoke("start").document is False
    client.output.wait_for(b"went on")
    assert client.invoke("ask").document is True
