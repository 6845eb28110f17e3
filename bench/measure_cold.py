"""Cold invocations: the first of a function, in an environment that nobody used before, beside the peers."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from bench import lambent_server
from bench.contest import Contest
from bench.deploying import Lambda
from bench.figures import Figure, Load, percentile
from bench.load import Connection
from bench.packages import package
from bench.peers import ministack, serverless_offline
from bench.presigned import Target, invocation
from bench.run import Measurement, Run

LAMBENT, MINISTACK, OFFLINE = "lambent", "MiniStack", "serverless-offline"
REFILL_SECONDS = 0.4
"""Between cold starts: the blank pool fills up again, which takes some 10 ms for Python 50 ms for Node.js and 150 ms for Ruby."""
ROUNDS = 3
PYTHON_KEYS = ("cold_python_ms_p50", "cold_python_over_ministack", "cold_python_over_serverless_offline")
NODE_KEYS = ("cold_node_ms_p50", "cold_node_over_serverless_offline")
RUBY_KEY, PROVIDED_KEY = "cold_ruby_ms_p50", "cold_provided_ms_p50"


def first_invocations(targets: Sequence[Target], *, pause: float) -> Load:
    """Invoke each function for the first time. Each answers `call: 1`, which only a new environment can. Raises WrongReply."""
    latencies = []
    for n, target in enumerate(targets):
        prepared = invocation(target, {"n": n}, {"n": n, "call": 1})
        with Connection(target.port) as connection:
            time.sleep(pause)
            latencies.append(connection.exchange(prepared))
    return Load(latencies=latencies, elapsed=sum(latencies))


def python(run: Run) -> Iterator[Figure]:
    """Cold Python."""
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        _add_lambent(contest, ours=run.scaled(16, 6), file="counting.py", runtime=run.host.python)
        if run.wants("cold_python_over_ministack"):
            _add_ministack(contest, run.scaled(5, 2))
        if run.wants("cold_python_over_serverless_offline"):
            _add_serverless_offline(contest, run.scaled(5, 2), runtime=serverless_offline.PYTHON)
        contest.play(ROUNDS)
    yield from _figures(contest, PYTHON_KEYS)


def node(run: Run) -> Iterator[Figure]:
    """Cold Node.js."""
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        _add_lambent(contest, ours=run.scaled(10, 5), file="counting.js", runtime=run.host.node)
        if run.wants("cold_node_over_serverless_offline"):
            _add_serverless_offline(contest, run.scaled(5, 2), runtime=serverless_offline.NODE)
        contest.play(ROUNDS)
    yield from _figures(contest, NODE_KEYS)


def ruby(run: Run) -> Iterator[Figure]:
    """Cold Ruby."""
    yield from _lambent_alone(run, RUBY_KEY, file="counting.rb", runtime=run.host.ruby)


def provided(run: Run) -> Iterator[Figure]:
    """Cold custom runtime: a shell, and curl twice."""
    yield from _lambent_alone(run, PROVIDED_KEY, file="bootstrap", runtime="provided.al2023")


def _lambent_alone(run: Run, key: str, *, file: str, runtime: str) -> Iterator[Figure]:
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        _add_lambent(contest, ours=run.scaled(10, 5), file=file, runtime=runtime)
        contest.play(ROUNDS)
    yield _own(contest, key)


def _figures(contest: Contest, keys: Sequence[str]) -> Iterator[Figure]:
    """The first of `keys` is our p50 itself, the others are ratios of p50."""
    for key in contest.run.wanted.intersection(keys):
        if key == keys[0]:
            yield _own(contest, key)
        else:
            peer = MINISTACK if key.endswith("ministack") else OFFLINE
            yield contest.ratio(key, LAMBENT, peer, lambda each: percentile(each.latencies, 0.5))


def _own(contest: Contest, key: str) -> Figure:
    if LAMBENT in contest.reasons:
        return Figure(key=key, failed=contest.reasons[LAMBENT].failed)
    seen = [1000 * each for load in contest.seen[LAMBENT] for each in load.latencies]
    return Figure(key=key, value=percentile(seen, 0.5), rounds=[round(each, 3) for each in seen], detail=contest.details(LAMBENT))


def _add_lambent(contest: Contest, *, ours: int, file: str, runtime: str) -> None:
    run = contest.run
    lambent = contest.enter(LAMBENT, lambda: lambent_server.running(run.host, run.place(f"cold-{runtime}")))
    if lambent:
        # One function before the first round, so that the pool for this runtime exists.
        first_invocations([_deployed(lambent.api, "first", file, runtime)], pause=1)
        contest.loads[LAMBENT] = _rounds([_deployed(lambent.api, f"cold-{n}", file, runtime) for n in range(ours * ROUNDS)])


def _add_ministack(contest: Contest, each: int) -> None:
    api = contest.enter(MINISTACK, lambda: ministack.running(contest.run.place("cold-ministack"), contest.run.host.peers_python))
    if api:
        count, runtime = each * ROUNDS, lambent_server.OWN_PYTHON
        contest.loads[MINISTACK] = _rounds([_deployed(api, f"cold-{n}", "counting.py", runtime) for n in range(count)])


def _add_serverless_offline(contest: Contest, each: int, *, runtime: str) -> None:
    functions = {f"cold-{n}": ("counting.handler", runtime) for n in range(each * ROUNDS)}
    place = contest.run.place(f"cold-offline-{runtime}")
    targets = contest.enter(OFFLINE, lambda: serverless_offline.running(place, functions, contest.run.host.peers_python))
    if targets:
        contest.loads[OFFLINE] = _rounds(list(targets.values()))


def _deployed(api: Lambda, name: str, file: str, runtime: str) -> Target:
    return api.deploy(name, package(file), runtime=runtime, handler="counting.handler")


def _rounds(targets: Sequence[Target]) -> Callable[[], Load]:
    """The next third of the functions at each call."""
    size = len(targets) // ROUNDS
    blocks = iter([targets[start : start + size] for start in range(0, len(targets), size)])
    return lambda: first_invocations(next(blocks), pause=REFILL_SECONDS)


MEASUREMENTS = (
    Measurement(name="cold Python", keys=PYTHON_KEYS, measure=python),
    Measurement(name="cold Node.js", keys=NODE_KEYS, measure=node),
    Measurement(name="cold Ruby", keys=(RUBY_KEY,), measure=ruby),
    Measurement(name="cold custom runtime", keys=(PROVIDED_KEY,), measure=provided),
)
