"""First invocations of environments that provisioned concurrency initialised ahead."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from bench import lambent_server
from bench.contest import Contest
from bench.deploying import Lambda
from bench.figures import Figure, Load, percentile
from bench.load import Connection
from bench.packages import package
from bench.peers.install import Absent
from bench.presigned import Target, invocation
from bench.run import Measurement, Run

KEY = "provisioned_first_ms_p50"
LAMBENT = "lambent"
ROUNDS = 3
PAUSE_SECONDS = 0.1
"""Between two: each comes to an idle server and a frozen environment, as after a quiet time."""
READY_SECONDS = 60


def first(run: Run) -> Iterator[Figure]:
    """Functions with one provisioned environment each, invoked once each."""
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        lambent = contest.enter(LAMBENT, lambda: lambent_server.running(run.host, run.place("provisioned")))
        if lambent:
            names = [f"ahead-{n}" for n in range(run.scaled(16, 6) * ROUNDS)]
            blocks = iter(_rounds([_provisioned(lambent.api, name, run.host.python) for name in names]))
            contest.loads[LAMBENT] = lambda: first_invocations(next(blocks))
        contest.play(ROUNDS)
    if LAMBENT in contest.reasons:
        yield Figure(key=KEY, failed=contest.reasons[LAMBENT].failed)
        return
    seen = [1000 * each for load in contest.seen[LAMBENT] for each in load.latencies]
    rounds = [round(each, 3) for each in seen]
    yield Figure(key=KEY, value=percentile(seen, 0.5), rounds=rounds, detail=contest.details(LAMBENT))


def first_invocations(targets: Sequence[Target]) -> Load:
    """Invoke each for the first time. The result says `call: 1` and how the environment was initialised. Raises WrongReply."""
    latencies = []
    for n, target in enumerate(targets):
        expected = {"n": n, "call": 1, "initialization": "provisioned-concurrency"}
        prepared = invocation(target, {"n": n, "name_initialization": True}, expected)
        with Connection(target.port) as connection:
            time.sleep(PAUSE_SECONDS)
            latencies.append(connection.exchange(prepared))
    return Load(latencies=latencies, elapsed=sum(latencies))


def _provisioned(api: Lambda, name: str, runtime: str) -> Target:
    """Version 1 of a new function, when its one environment is initialised."""
    api.deploy(name, package("counting.py"), runtime=runtime, handler="counting.handler", Publish=True)
    asked = {"FunctionName": name, "Qualifier": "1"}
    api.client.put_provisioned_concurrency_config(**asked, ProvisionedConcurrentExecutions=1)
    deadline = time.monotonic() + READY_SECONDS
    while (status := api.client.get_provisioned_concurrency_config(**asked)["Status"]) != "READY":
        if status == "FAILED" or time.monotonic() > deadline:
            raise Absent(f"no provisioned environment of {name}: {status}")
        time.sleep(0.02)
    return Target(port=api.port, function=f"{name}:1")


def _rounds(targets: Sequence[Target]) -> list[Sequence[Target]]:
    size = len(targets) // ROUNDS
    return [targets[start : start + size] for start in range(0, len(targets), size)]


MEASUREMENTS = (Measurement(name="provisioned concurrency", keys=(KEY,), measure=first),)
