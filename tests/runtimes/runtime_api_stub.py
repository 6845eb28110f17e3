"""A tiny HTTP Runtime API, to run Lambda's own client as the oracle: hands out invocations, keeps what comes back."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Self


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the client posted: kind is response, error, init or exit."""

    kind: str
    body: bytes = b""
    error_type: str = ""


@dataclass
class RuntimeApi:
    """The server and its queues."""

    invocations: "queue.Queue[tuple[bytes, dict[str, str]] | None]" = field(default_factory=queue.Queue)
    replies: "queue.Queue[Reply]" = field(default_factory=queue.Queue)

    def __enter__(self) -> Self:
        self.server = HTTPServer(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self.invocations.put(None)
        self.server.shutdown()
        self.server.server_close()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"


def _handler(api: RuntimeApi) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            invocation = api.invocations.get()
            if invocation is None:
                self.close_connection = True
                return
            event, headers = invocation
            self._answer(200, event, headers)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kind = self.path.rsplit("/", 2)[-2 if self.path.endswith("init/error") else -1]
            api.replies.put(Reply(kind=kind, body=body, error_type=self.headers.get("Lambda-Runtime-Function-Error-Type", "")))
            self._answer(202, b'{"status":"OK"}', {})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def run_awslambdaric(
    task: Path, environment: Mapping[str, str], event: bytes, headers: Mapping[str, str]
) -> tuple[Reply, bytes, bytes]:
    """One invocation by Lambda's own client: its reply, the bytes of its telemetry pipe, and its output."""
    telemetry, inside = os.pipe()
    with RuntimeApi() as api:
        variables = {**environment, "AWS_LAMBDA_RUNTIME_API": api.address, "PYTHONPATH": os.pathsep.join([str(task), *sys.path])}
        if "_LAMBDA_TELEMETRY_LOG_FD" in environment:
            variables["_LAMBDA_TELEMETRY_LOG_FD"] = str(inside)
        api.invocations.put((event, dict(headers)))
        process = subprocess.Popen(
            [sys.executable, "-m", "awslambdaric", environment["_HANDLER"]],
            cwd=task, env=variables, pass_fds=[inside], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        os.close(inside)
        waiter = threading.Thread(target=lambda: (process.wait(), api.replies.put(Reply(kind="exit"))), daemon=True)
        waiter.start()
        reply = api.replies.get(timeout=30)
        process.kill()  # before the API goes: everything was written before the reply was posted
    output = process.stdout.read()
    process.stdout.close()
    waiter.join()
    records = b""
    while chunk := os.read(telemetry, 1 << 20):
        records += chunk
    os.close(telemetry)
    return reply, records, output
