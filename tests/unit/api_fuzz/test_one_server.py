"""One server under one request after another, over a socket: each is answered, and the last as the first."""

import asyncio
import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambent.http import Response
from tests.unit.api_fuzz.answers import check_answer
from tests.unit.api_fuzz.fuzzed_app import FuzzedApp
from tests.unit.api_fuzz.requests_grammar import Sent, requests_of_any
from tests.unit.api_fuzz.test_any_request import HANDLED, LOGS

_PATIENCE_SECONDS = 60
ANY = st.one_of(*[requests_of_any("lambda", HANDLED)] * 5, requests_of_any("logs", LOGS))


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    """The fuzzed app, served by a loop in a thread."""
    ready, found = threading.Event(), []

    async def serve() -> None:
        server = (await FuzzedApp(tmp_path).prepare()).app.server()
        listener = socket.create_server(("127.0.0.1", 0))
        await server.listen(listener)
        stop = asyncio.Event()
        found.extend([listener.getsockname()[1], asyncio.get_running_loop(), stop])
        ready.set()
        await stop.wait()
        await server.stop()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(_PATIENCE_SECONDS)
    number, loop, stop = found
    yield number
    loop.call_soon_threadsafe(stop.set)
    thread.join(_PATIENCE_SECONDS)


def exchange(port: int, sent: Sent) -> tuple[http.client.HTTPResponse, bytes]:
    """A connection of its own; raises TimeoutError for a server that hangs."""
    with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS) as connection:
        connection.sendall(sent.wire())
        reply = http.client.HTTPResponse(connection, method=sent.method)
        reply.begin()
        return reply, reply.read()


def answers_everything(port: int, how: settings) -> None:
    listing = Sent(method="GET", target="/2015-03-31/functions", headers=(), body=b"", operation="ListFunctions")

    @how
    @given(ANY)
    def any_request(sent: Sent) -> None:
        reply, content = exchange(port, sent)
        if reply.getheader("content-type") == "text/plain":  # it was not HTTP: the connection's own refusal
            assert 400 <= reply.status < 500
        elif sent.method != "HEAD":
            headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.getheaders()]
            service = "logs" if sent.operation in LOGS else "lambda"
            check_answer(Response(status=reply.status, headers=headers), content, service=service, operation=None)

    any_request()
    assert exchange(port, listing)[0].status == 200


def test_one_server_answers_many_requests(port: int) -> None:
    how = settings(max_examples=200, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    answers_everything(port, how)


@pytest.mark.soak
def test_one_server_answers_many_thousand_requests(port: int) -> None:
    answers_everything(port, settings(max_examples=30_000, database=None, deadline=None, suppress_health_check=list(HealthCheck)))
