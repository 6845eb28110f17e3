"""Warm invocations: the rate of one client beside the peers, and of ten clients beside a bare HTTP server."""

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from bench import lambent_server, load
from bench.contest import Contest
from bench.deploying import Lambda
from bench.figures import Figure, Load
from bench.packages import package
from bench.peers import echo, install, ministack, rie, serverless_offline
from bench.presigned import Target, echoes, invocation
from bench.run import Measurement, Run

FRAMES, RIC = "lambent", "lambent with awslambdaric"
RIE, MINISTACK, OFFLINE, ECHO = "RIE", "MiniStack", "serverless-offline", "echo"
RATIOS = {
    "warm_c1_rps_frames_over_rie": (FRAMES, RIE),
    "warm_c1_rps_ric_over_rie": (RIC, RIE),
    "warm_c1_rps_frames_over_ministack": (FRAMES, MINISTACK),
    "warm_c1_rps_frames_over_serverless_offline": (FRAMES, OFFLINE),
}
AT_TEN = "warm_c10_rps_frames_over_echo"
DISTINCT = 200
"""Requests prepared for each round; the load cycles through them."""


def one_client(run: Run) -> Iterator[Figure]:
    """Each server alone under one blocking client, in turn."""
    names = {name for key in RATIOS if run.wants(key) for name in RATIOS[key]}
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        for name, target in _targets(contest, names):
            contest.loads[name] = partial(_loaded_by_one, run, target)
        contest.play(run.scaled(7, 3))
    yield from (contest.ratio(key, *RATIOS[key], lambda each: each.rate) for key in RATIOS if run.wants(key))


def _loaded_by_one(run: Run, target: Target) -> Load:
    load.one_at_a_time(target.port, echoes(target, 20), count=20, seconds=2)  # warm-up
    return load.one_at_a_time(target.port, echoes(target, DISTINCT), count=run.scaled(8000, 2000), seconds=run.scaled(20, 4) / 10)


def _targets(contest: Contest, names: set[str]) -> Iterator[tuple[str, Target]]:
    """The contestants that are here, started and with the warm function deployed."""
    run = contest.run
    openings: dict[str, Callable[[], Target | None]] = {
        RIE: lambda: contest.enter(RIE, lambda: rie.running(run.place("rie"), run.host.peers_python)),
        MINISTACK: lambda: _on_ministack(contest),
        OFFLINE: lambda: _on_serverless_offline(contest),
    }
    for name, opening in openings.items():
        target = opening() if name in names else None
        if target is not None:
            yield name, target
    if names & {FRAMES, RIC}:
        yield from _on_lambent(contest, names)


def _on_lambent(contest: Contest, names: set[str]) -> Iterator[tuple[str, Target]]:
    run = contest.run
    lambent = contest.enter(FRAMES, lambda: lambent_server.running(run.host, run.place("warm")))
    if lambent is None:
        return
    python = run.host.python
    if FRAMES in names:
        yield FRAMES, lambent.api.deploy("frames", package("echo.py"), runtime=python, handler="echo.handler")
    if RIC in names:
        yield from _with_awslambdaric(contest, lambent.api)


def _with_awslambdaric(contest: Contest, api: Lambda) -> Iterator[tuple[str, Target]]:
    """The stock client takes the place of the managed one through an exec wrapper, on the same interpreter."""
    python = contest.run.host.python
    if python != lambent_server.OWN_PYTHON:
        reason = f"its compiled part is for {lambent_server.OWN_PYTHON}, which no sandbox here has"
        contest.reasons[RIC] = Figure(key=RIC, absent=reason)
        return
    try:
        client = install.awslambdaric()
    except install.Absent as error:
        contest.reasons[RIC] = Figure(key=RIC, absent=str(error))
        return
    zipped = package("echo.py", "run_awslambdaric", also=client)
    wrapper = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/run_awslambdaric"}}
    yield RIC, api.deploy("ric", zipped, runtime=python, handler="echo.handler", Environment=wrapper)


def _on_ministack(contest: Contest) -> Target | None:
    api = contest.enter(MINISTACK, lambda: ministack.running(contest.run.place("ministack"), contest.run.host.peers_python))
    return api and api.deploy("warm", package("echo.py"), runtime=lambent_server.OWN_PYTHON, handler="echo.handler")


def _on_serverless_offline(contest: Contest) -> Target | None:
    functions = {"warm": ("echo.handler", serverless_offline.PYTHON)}
    targets = contest.enter(
        OFFLINE, lambda: serverless_offline.running(contest.run.place("offline"), functions, contest.run.host.peers_python)
    )
    return targets and targets["warm"]


def ten_clients(run: Run) -> Iterator[Figure]:
    """Ten environments under ten clients, and the echo server under the same ten."""
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        lambent = contest.enter(FRAMES, lambda: lambent_server.running(run.host, run.place("ten")))
        floor = contest.enter(ECHO, lambda: echo.running(run.place("echo")))
        if lambent:
            target = lambent.api.deploy("ten", package("echo.py"), runtime=run.host.python, handler="echo.handler")
            _fill_ten(target)
            contest.loads[FRAMES] = partial(_loaded_by_ten, run, target)
        if floor:
            contest.loads[ECHO] = partial(_loaded_by_ten, run, floor)
        contest.play(run.scaled(7, 3))
    yield contest.ratio(AT_TEN, FRAMES, ECHO, lambda each: each.rate)


def _fill_ten(target: Target) -> None:
    """Ten invocations that overlap: ten environments."""
    held = [invocation(target, {"n": n, "hold": 1}, {"n": n, "hold": 1}) for n in range(10)]
    seen = load.many_at_once(target.port, held, clients=10, count=10, seconds=20)
    assert statistics.median(seen.latencies) < 10


def _loaded_by_ten(run: Run, target: Target) -> Load:
    prepared = echoes(target, DISTINCT)
    return load.many_at_once(target.port, prepared, clients=10, count=run.scaled(40000, 10000), seconds=run.scaled(20, 5) / 10)


MEASUREMENTS = (
    Measurement(name="warm, one client", keys=tuple(RATIOS), measure=one_client),
    Measurement(name="warm, ten clients", keys=(AT_TEN,), measure=ten_clients),
)
