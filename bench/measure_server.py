"""The server itself: how fast it starts, what an idle environment weighs, what it adds to a boto3 call."""

import socket
import statistics
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from bench import lambent_server
from bench.contest import Contest
from bench.deploying import Lambda
from bench.figures import Figure, Load, median_of_differences, percentile
from bench.measure_cold import REFILL_SECONDS, first_invocations
from bench.memory import descendants, proportional_mb
from bench.packages import package
from bench.peers import echo
from bench.peers.process import STOP_SECONDS, free_port
from bench.run import Measurement, Run

HEALTH = b"GET /_lambent/health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
STORED = 1000
LAMBENT, ECHO = "lambent", "canned reply"
START_KEYS = ("start_ms", "start_1000_functions_ms")


def start(run: Run) -> Iterator[Figure]:
    """Start-up with an empty store, then with 1,000 functions in it."""
    for key, stored in zip(START_KEYS, (0, STORED), strict=True):
        if run.wants(key):
            folder = run.place(key)
            _store(run, folder, stored)
            took = [1000 * _start_once(run, folder) for _ in range(run.scaled(9, 3))]
            yield Figure(key=key, value=statistics.median(took), rounds=[round(each, 1) for each in took])


def _store(run: Run, folder: Path, count: int) -> None:
    """Make the data directory, with `count` functions."""
    run.say(f"storing {count} functions")
    with lambent_server.running(run.host, folder) as lambent:
        zipped, runtime = package("echo.py"), run.host.python
        for n in range(count):
            lambent.api.create(f"stored-{n}", zipped, runtime=runtime, handler="echo.handler")
        if count:
            waiter = lambent.api.client.get_waiter("function_active_v2")
            waiter.wait(FunctionName=f"stored-{count - 1}", WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})


def _start_once(run: Run, folder: Path) -> float:
    """Seconds from exec to the whole answer of the first request."""
    port, environment = free_port(), lambent_server.environment(run.host)
    with (folder / "start.log").open("wb") as log:
        began = time.perf_counter()
        process = subprocess.Popen(lambent_server.command(port, folder / "data"), env=environment, stdout=log, stderr=log)
    try:
        while not _healthy(port):
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise RuntimeError(f"the server did not start: {(folder / 'start.log').read_text('utf-8', 'replace')[-2000:]}")
            time.sleep(0.001)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=2 * STOP_SECONDS)


def _healthy(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(HEALTH)
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except ConnectionError:
        return False


def idle_python(run: Run) -> Iterator[Figure]:
    """An idle Python environment."""
    yield _idle(run, "idle_python_pss_mb", file="counting.py", runtime=run.host.python)


def idle_node(run: Run) -> Iterator[Figure]:
    """An idle Node.js environment."""
    yield _idle(run, "idle_node_pss_mb", file="counting.js", runtime=run.host.node)


def idle_ruby(run: Run) -> Iterator[Figure]:
    """An idle Ruby environment."""
    yield _idle(run, "idle_ruby_pss_mb", file="counting.rb", runtime=run.host.ruby)


def _idle(run: Run, key: str, *, file: str, runtime: str) -> Figure:
    """What one more idle environment costs: the sandboxes' memory after some were added, less what it was before."""
    count = run.scaled(20, 8)
    with lambent_server.running(run.host, run.place(f"idle-{runtime}")) as lambent:
        zipped = package(file)
        targets = [lambent.api.deploy(f"idle-{n}", zipped, runtime=runtime, handler="counting.handler") for n in range(count + 1)]
        first_invocations(targets[:1], pause=1)
        time.sleep(1.5)
        processes, before = len(descendants(lambent.process)), proportional_mb(descendants(lambent.process))
        first_invocations(targets[1:], pause=0.1 if file.endswith(".py") else REFILL_SECONDS)
        time.sleep(1.5)
        added, after = len(descendants(lambent.process)) - processes, proportional_mb(descendants(lambent.process))
    detail = {"environments": count, "processes_added": added, "before_mb": round(before, 2), "after_mb": round(after, 2)}
    if added < count:
        return Figure(key=key, failed=f"{count} environments, but {added} more processes", detail=detail)
    return Figure(key=key, value=(after - before) / count, detail=detail)


def boto3_over_floor(run: Run) -> Iterator[Figure]:
    """A warm invoke through boto3, less the same call to a server that answers at once."""
    key, size = "boto3_p50_over_floor_ms", run.scaled(400, 150)
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        lambent = contest.enter(LAMBENT, lambda: lambent_server.running(run.host, run.place("boto3")))
        floor = contest.enter(ECHO, lambda: echo.running(run.place("boto3-floor")))
        if lambent is None or floor is None:
            yield Figure(key=key, failed="; ".join(each.failed or each.absent for each in contest.reasons.values()))
            return
        lambent.api.deploy("floor", package("echo.py"), runtime=run.host.python, handler="echo.handler")
        canned = Lambda(floor.port)
        contest.loads = {LAMBENT: lambda: _calls(lambent.api, size), ECHO: lambda: _calls(canned, size)}
        contest.play(run.scaled(7, 3))
    ours, theirs = ([1000 * percentile(load.latencies, 0.5) for load in contest.seen[name]] for name in (LAMBENT, ECHO))
    rounds = [round(a - b, 4) for a, b in zip(ours, theirs, strict=True)]
    yield Figure(
        key=key, value=median_of_differences(ours, theirs), rounds=rounds, over=ECHO, detail=contest.details(LAMBENT, ECHO)
    )


def _calls(api: Lambda, count: int) -> Load:
    latencies = []
    for n in range(count):
        payload = b'{"n":%d}' % n
        began = time.perf_counter()
        reply = api.client.invoke(FunctionName="floor", Payload=payload)
        body = reply["Payload"].read()
        latencies.append(time.perf_counter() - began)
        assert body.replace(b" ", b"") == payload, body
        assert "FunctionError" not in reply, body
    return Load(latencies=latencies, elapsed=sum(latencies))


MEASUREMENTS = (
    Measurement(name="start-up", keys=START_KEYS, measure=start),
    Measurement(name="idle Python", keys=("idle_python_pss_mb",), measure=idle_python),
    Measurement(name="idle Node.js", keys=("idle_node_pss_mb",), measure=idle_node),
    Measurement(name="idle Ruby", keys=("idle_ruby_pss_mb",), measure=idle_ruby),
    Measurement(name="boto3", keys=("boto3_p50_over_floor_ms",), measure=boto3_over_floor),
)
