"""Functions that want to go on when their time is over: nothing runs after the response, and nothing survives a timeout."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.server_process import ServerProcess, deployed, result_of

MINER = """
import os, signal, threading, time
spent = None
def mine():
    while True:
        pass
def handler(event, context):
    global spent
    now = time.process_time()
    idle = None if spent is None else now - spent
    if spent is None:
        threading.Thread(target=mine, daemon=True).start()
    end = time.process_time() + 0.05
    while time.process_time() < end:
        pass
    spent = time.process_time()
    return [idle, context.log_stream_name]
"""
DAEMON = """
import fcntl, os, signal, socket, sys, time
def beats():
    return os.path.getsize("/tmp/heart") if os.path.exists("/tmp/heart") else None
def daemon():
    os.setsid()
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    if os.fork():
        os._exit(0)
    lock = open("/tmp/lock", "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    listeners = [socket.create_server(("127.0.0.1", 8080)), socket.socket(socket.AF_UNIX)]
    listeners[1].bind("\\0daemon")
    with open("/tmp/heart", "ab", buffering=0) as heart:
        while True:
            heart.write(b"x")
            time.sleep(0.01)
def handler(event, context):
    if "look" not in event:
        child = os.fork()
        if child == 0:
            daemon()
        os.waitpid(child, 0)
        while not beats():
            time.sleep(0.01)
        time.sleep(600)
    first = beats()
    time.sleep(0.3)
    fcntl.flock(open("/tmp/lock", "w"), fcntl.LOCK_EX | fcntl.LOCK_NB)
    socket.create_server(("127.0.0.1", 8080)).close()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("\\0daemon")
    return [first, beats()]
"""
FORGIVEN_SECONDS = 0.5
"""Of CPU: an environment runs until the server has read the response, and from being thawed until the handler is called."""


@pytest.fixture(scope="module", params=["native", "bwrap"])
def client(request: Any, start_server: Callable[..., ServerProcess], diagnosis: dict[str, Any]) -> Any:
    """A server of this isolation level."""
    level = next((each for each in diagnosis["isolation"] if each["level"] == request.param), None)
    if level is None or not level["available"]:
        pytest.skip(f"level {request.param}: {level and level['reason']}")
    return start_server(isolation=request.param).client("lambda")


def test_a_thread_mines_nothing_between_invocations(client: Any, python_runtime: str) -> None:
    """The account is the CPU time of its own process."""
    name = deployed(client, {"f.py": MINER}, runtime=python_runtime, Timeout=20, MemorySize=1769)
    found = []
    for _ in range(3):
        found.append(result_of(client.invoke(FunctionName=name)))
        time.sleep(2)
    assert len({stream for _, stream in found}) == 1  # one environment, of which time could be stolen
    assert all(idle <= FORGIVEN_SECONDS for idle, _ in found[1:])


def test_a_daemon_that_ignores_signals_does_not_survive_a_timeout(client: Any, python_runtime: str) -> None:
    """Nor do its locks and sockets; /tmp is that of the same environment, and shows its last heartbeat."""
    name = deployed(client, {"f.py": DAEMON}, runtime=python_runtime, Timeout=3)
    failed = client.invoke(FunctionName=name)
    assert result_of(failed)["errorType"] == "Sandbox.Timedout"
    reply = client.invoke(FunctionName=name, Payload=json.dumps({"look": 1}))
    result = result_of(reply)
    assert "FunctionError" not in reply, result
    first, later = result
    assert first == later
    assert first is not None
