"""The control plane: reading one function, listing fifty and creating one of 10 MB, with 10,000 functions stored and with 100."""

import base64
import json
import statistics
from collections.abc import Iterator
from contextlib import ExitStack

from bench import lambent_server
from bench.contest import Contest
from bench.deploying import ROLE
from bench.figures import Figure, Load, median_of_ratios, percentile
from bench.lambent_server import Lambent
from bench.load import Connection, many_at_once, one_at_a_time
from bench.memory import proportional_mb
from bench.packages import package, padded
from bench.presigned import Prepared, signed
from bench.run import Measurement, Run

FUNCTIONS = "/2015-03-31/functions"
FEW, MANY = 100, 10_000
PAGE = 50
CODE_BYTES = 10_000_000
CREATED = 20
"""Functions of 10 MB that are made while the server's memory is watched."""
_SENDERS = 8
_PATIENCE_SECONDS = 600
GET, LIST, CREATE, MEMORY = "get_function_ms_p50", "list_functions_ms_p50", "create_function_10mb_ms", "code_in_memory_mb"


def reading_and_creating(run: Run) -> Iterator[Figure]:
    """Two servers with different numbers of functions, in alternating rounds."""
    wanted = [key for key in (GET, LIST, CREATE) if run.wants(key)]
    counts = {"few": FEW, "many": run.scaled(MANY, MANY // 10)}
    with ExitStack() as stack:
        contest = Contest(run=run, stack=stack)
        for name, count in counts.items():
            server = contest.enter(name, lambda place=f"control-{name}": lambent_server.running(run.host, run.place(place)))
            if server is not None:
                fill(run, server, count)
                contest.loads |= _loads(run, server, name, count, wanted)
        contest.play(run.scaled(7, 3))
    yield from (figure(contest, key, counts) for key in wanted)


def figure(contest: Contest, key: str, counts: dict[str, int]) -> Figure:
    """The p50 with many functions; its ratio to the p50 with few ones is in the detail."""
    missing = [reason for name, reason in contest.reasons.items() if name in counts or name.startswith(key)]
    if missing:
        return Figure(key=key, failed="; ".join(each.failed or each.absent for each in missing))
    many, few = ([1000 * percentile(load.latencies, 0.5) for load in contest.seen[f"{key} {name}"]] for name in ("many", "few"))
    detail = {
        "functions": counts["many"],
        f"ms_at_{counts['few']}_functions": round(statistics.median(few), 4),
        f"over_{counts['few']}_functions": round(median_of_ratios(many, few), 4),
        **contest.details(f"{key} many", f"{key} few"),
    }
    return Figure(key=key, value=statistics.median(many), rounds=[round(each, 4) for each in many], detail=detail)


def memory(run: Run) -> Iterator[Figure]:
    """What the server's own process grows by when code is uploaded, once it has seen one upload."""
    with lambent_server.running(run.host, run.place("code-in-memory")) as lambent, Connection(lambent.api.port) as connection:
        own, (first, *others) = [lambent.process], [f"large-{n}" for n in range(CREATED + 1)]
        _create_large(connection, lambent, first, runtime=run.host.python)
        _await_active(lambent, first)
        before = proportional_mb(own)
        for name in others:
            _create_large(connection, lambent, name, runtime=run.host.python)
        _await_active(lambent, *others)
        after = proportional_mb(own)
    uploaded = CREATED * CODE_BYTES / 2**20
    detail = {"uploaded_mb": round(uploaded, 1), "before_mb": round(before, 2), "after_mb": round(after, 2)}
    yield Figure(key=MEMORY, value=max(0.0, after - before), detail=detail)


def creation(port: int, name: str, code: bytes, *, runtime: str) -> Prepared:
    """A signed CreateFunction; the reply must be a 201 for this function."""
    members = {"FunctionName": name, "Role": ROLE, "Runtime": runtime, "Handler": "echo.handler"}
    body = json.dumps({**members, "Code": {"ZipFile": base64.b64encode(code).decode()}}).encode()
    return Prepared(request=signed("POST", port, FUNCTIONS, body), status=201, part=_named(name))


def fill(run: Run, server: Lambent, count: int) -> None:
    """Store `count` small functions, by the API, and let them become active."""
    run.say(f"creating {count} functions")
    code, port = package("echo.py"), server.api.port
    creations = [creation(port, stored(n), code, runtime=run.host.python) for n in range(count)]
    many_at_once(port, creations, clients=_SENDERS, count=count, seconds=_PATIENCE_SECONDS)
    _await_active(server, *(stored(n) for n in range(count - 2 * _SENDERS, count)))


def stored(number: int) -> str:
    """Names in the order of numbers."""
    return f"stored-{number:05}"


def gets(port: int, count: int) -> list[Prepared]:
    """GetFunction of functions all over the list."""
    names = [stored(n) for n in range(0, count, max(1, count // 100))]
    return [Prepared(request=signed("GET", port, f"{FUNCTIONS}/{name}"), part=_named(name)) for name in names]


def lists(server: Lambent) -> list[Prepared]:
    """ListFunctions of whole pages from the first to the last; each reply must begin with its page's first function."""
    pages = server.api.client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": PAGE})
    prepared, query = [], ""
    for page in pages:
        names = [each["FunctionName"] for each in page["Functions"]]
        assert len(names) == PAGE, names
        part = b'{"Functions":[{' + _named(names[0])
        path = f"{FUNCTIONS}?{query}MaxItems={PAGE}"
        prepared.append(Prepared(request=signed("GET", server.api.port, path), part=part))
        query = f"Marker={page.get('NextMarker')}&"
    return prepared[:: max(1, len(prepared) // 40)]


def _loads(run: Run, server: Lambent, name: str, count: int, wanted: list[str]) -> dict:
    port, size = server.api.port, run.scaled(400, 100)
    reads, pages = gets(port, count), lists(server) if LIST in wanted else []
    ways = {
        GET: lambda: one_at_a_time(port, reads, count=size, seconds=20),
        LIST: lambda: one_at_a_time(port, pages, count=size, seconds=20),
        CREATE: lambda: _create_and_delete(server, run.scaled(8, 3), runtime=run.host.python),
    }
    return {f"{key} {name}": ways[key] for key in wanted}


def _create_and_delete(server: Lambent, count: int, *, runtime: str) -> Load:
    """Functions of 10 MB, no two alike, one after the other; afterwards there are as many as before."""
    names = [f"large-{n}" for n in range(count)]
    with Connection(server.api.port) as connection:
        latencies = [_create_large(connection, server, name, runtime=runtime) for name in names]
    _await_active(server, *names)
    for name in names:
        server.api.client.delete_function(FunctionName=name)
    return Load(latencies=latencies, elapsed=sum(latencies))


def _create_large(connection: Connection, server: Lambent, name: str, *, runtime: str) -> float:
    return connection.exchange(creation(server.api.port, name, padded(CODE_BYTES), runtime=runtime))


def _await_active(server: Lambent, *names: str) -> None:
    waiter = server.api.client.get_waiter("function_active_v2")
    for name in names:
        waiter.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 20 * _PATIENCE_SECONDS})


def _named(name: str) -> bytes:
    return b'"FunctionName":"%s"' % name.encode()


MEASUREMENTS = (
    Measurement(name="control plane", keys=(GET, LIST, CREATE), measure=reading_and_creating),
    Measurement(name="code in memory", keys=(MEMORY,), measure=memory),
)
