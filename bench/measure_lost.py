"""Nothing is lost under pressure: 50 clients over 10 environments, every invocation accounted for on both sides."""

import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop

from bench import lambent_server
from bench.figures import Figure
from bench.packages import package
from bench.presigned import Target, invocation
from bench.replies import Reply, WrongReply, parse
from bench.run import Measurement, Run

KEY = "lost_at_c50"
CLIENTS, ENVIRONMENTS = 50, 10
RUN_SECONDS = 120
REPLY_SECONDS = 30


@dataclass(kw_only=True, slots=True)
class Account:
    """What the clients saw."""

    answers: dict[int, list[tuple[str, int]]] = field(default_factory=lambda: defaultdict(list))
    """By invocation: the environment that answered, and which of its calls it was."""
    throttles: int = 0
    failures: list[str] = field(default_factory=list)

    def faults(self, count: int) -> list[str]:
        """Every way in which the account does not add up to `count` invocations, each run once."""
        found = list(self.failures)
        found += [f"{n} was answered {len(self.answers[n])} times" for n in range(count) if len(self.answers[n]) != 1]
        calls: dict[str, list[int]] = defaultdict(list)
        for environment, call in (answer for answers in self.answers.values() for answer in answers):
            calls[environment].append(call)
        # A gap is an invocation that ran and whose answer nobody got.
        found += [
            f"{each} ran other calls than it answered"
            for each, seen in calls.items()
            if sorted(seen) != list(range(1, len(seen) + 1))
        ]
        if len(calls) > ENVIRONMENTS:
            found.append(f"{len(calls)} environments, {ENVIRONMENTS} allowed")
        return found


def lost(run: Run) -> Iterator[Figure]:
    """Reserved concurrency 10, 50 clients; a throttle is Lambda's right answer to the rest, and is tried again."""
    count = run.scaled(10_000, 2_000)
    with lambent_server.running(run.host, run.place("lost")) as lambent:
        target = lambent.api.deploy("lost", package("counting.py"), runtime=run.host.python, handler="counting.handler")
        lambent.api.client.put_function_concurrency(FunctionName=target.function, ReservedConcurrentExecutions=ENVIRONMENTS)
        account = uvloop.run(_invoke_all(target, count))
    faults = account.faults(count)
    environments = {environment for answers in account.answers.values() for environment, _ in answers}
    detail = {"invocations": count, "throttled": account.throttles, "environments": len(environments), "faults": faults[:20]}
    yield Figure(key=KEY, value=float(len(faults)), detail=detail)


async def _invoke_all(target: Target, count: int) -> Account:
    account, numbers = Account(), iter(range(count))
    try:
        async with asyncio.timeout(RUN_SECONDS):
            await asyncio.gather(*(_client(target, numbers, account) for _ in range(CLIENTS)))
    except TimeoutError:
        account.failures.append(f"not done after {RUN_SECONDS} s")
    return account


async def _client(target: Target, numbers: Iterator[int], account: Account) -> None:
    """One connection: invoke the next number until there is none."""
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    try:
        for n in numbers:
            await _invoke_once(reader, writer, invocation(target, {"n": n, "name_environment": True}, None).request, n, account)
    except (WrongReply, OSError, TimeoutError) as error:
        account.failures.append(f"a client stopped: {error!r}")
    finally:
        writer.close()


async def _invoke_once(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, n: int, account: Account
) -> None:
    """Until it is no longer throttled."""
    while True:
        writer.write(request)
        reply = await asyncio.wait_for(_reply(reader), REPLY_SECONDS)
        if reply.status != 429:
            break
        account.throttles += 1
        await asyncio.sleep(random.uniform(0.002, 0.02))
    if reply.status != 200 or reply.header(b"x-amz-function-error"):
        account.failures.append(f"{n}: {reply.status} {reply.body[:200]!r}")
        return
    body = json.loads(reply.body)
    if body["n"] != n:
        account.failures.append(f"{n} got the answer of {body['n']}")
    account.answers[body["n"]].append((body["environment"], body["call"]))


async def _reply(reader: asyncio.StreamReader) -> Reply:
    data = b""
    while (reply := parse(data)) is None:
        more = await reader.read(65536)
        if not more:
            raise WrongReply("the connection was closed in place of a reply")
        data += more
    return reply


MEASUREMENTS = (Measurement(name="nothing lost", keys=(KEY,), measure=lost),)
