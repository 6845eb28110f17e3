"""The server side of the frame protocol over a socketpair, to a runtime client started as a plain process: no server, no sandbox."""

import fcntl
import functools
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from lambent.adapters.runtimes import HostRuntimes
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation

RUNTIMES = Path(__file__).parents[2] / "runtimes"
PATIENCE = 30.0
"""Seconds until a silent client fails the test."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the client said: R, X, S or E; F for a streamed response, when the client is ready again."""

    kind: str
    body: bytes = b""
    request_id: str = ""
    error_type: str = ""
    content_type: str = ""
    """Of a streamed response."""
    pieces: tuple[bytes, ...] = ()
    """Of a streamed response; `body` is all of them, or the error document that it ended with."""

    @property
    def document(self) -> dict:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record of the telemetry pipe."""

    type: int
    microseconds: int
    message: str


@dataclass
class Collector:
    """Reads a pipe to its end in a thread, so that the client never blocks on it."""

    descriptor: int
    content: bytearray = field(default_factory=bytearray)

    def __post_init__(self) -> None:
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        while chunk := os.read(self.descriptor, 1 << 20):
            with self.changed:
                self.content += chunk
                self.changed.notify_all()
        os.close(self.descriptor)

    def wait_for(self, wanted: bytes) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: wanted in self.content, PATIENCE), (
                f"never saw {wanted!r} in {bytes(self.content[-2000:])!r}"
            )


def lambda_environment(task: Path, handler: str, **more: str) -> dict[str, str]:
    """The variables that Lambda sets, with what a test adds; None removes one."""
    variables = {
        "_HANDLER": handler,
        "LAMBDA_TASK_ROOT": str(task),
        "LAMBDA_RUNTIME_DIR": "/var/runtime",
        "AWS_LAMBDA_FUNCTION_NAME": "greeter",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/greeter",
        "AWS_LAMBDA_LOG_STREAM_NAME": "2026/11/23/[$LATEST]0123456789abcdef0123456789abcdef",
        "AWS_REGION": "eu-west-1",
        "PATH": os.environ["PATH"],
        "TZ": ":UTC",
        "LANG": "en_US.UTF-8",
        "_LAMBDA_TELEMETRY_LOG_FD": "4",
    }
    variables.update(more)
    return {name: value for name, value in variables.items() if value is not None}


class Client:
    """One runtime client process and our ends of its descriptors."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], handler: str) -> None:
        self.environment = dict(environment)
        self.handler = handler
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.channel.settimeout(PATIENCE)
        output, output_inside = os.pipe()
        telemetry, telemetry_inside = os.pipe()
        inside = {1: output_inside, 2: output_inside, 3: theirs.fileno(), 4: telemetry_inside}
        high = {number: fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, 100) for number, each in inside.items()}
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
            *((os.POSIX_SPAWN_DUP2, each, number) for number, each in high.items()),
        ]
        started_with = {"PATH": os.environ["PATH"], "LEFT_OVER": "from the blank process"}
        self.pid = os.posix_spawn(
            command[0], list(command), started_with, file_actions=actions, setsigmask=[], setsigdef=[signal.SIGPIPE], setpgroup=0
        )
        for each in (*high.values(), output_inside, telemetry_inside):
            os.close(each)
        theirs.close()
        self.output, self.telemetry = Collector(output), Collector(telemetry)
        self.status: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.channel.close()
        if self.status is None:
            os.killpg(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)

    # ------------------------------------------------ frames

    def send(self, kind: bytes, body: bytes) -> None:
        self.channel.sendall(struct.pack(">I", 1 + len(body)) + kind + body)

    def receive(self) -> tuple[str, bytes]:
        """The next frame. Raises EOFError when the client has closed."""
        length = struct.unpack(">I", self._exactly(4))[0]
        content = self._exactly(length)
        return content[:1].decode(), bytes(content[1:])

    def _exactly(self, size: int) -> bytearray:
        content = bytearray()
        while len(content) < size:
            try:
                chunk = self.channel.recv(min(size - len(content), 1 << 20))
            except ConnectionResetError:
                chunk = b""
            if not chunk:
                raise EOFError(self.shown())
            content += chunk
        return content

    def answer(self) -> Answer:
        kind, body = self.receive()
        if kind == "B":
            return self._streamed(body[:36].decode(), body[36:].decode())
        if kind == "S":
            return Answer(kind=kind, request_id=body[:36].decode(), body=body[36:])
        request_id, body = (body[:36].decode(), body[36:]) if kind == "E" else ("", body)
        if kind in "EX":
            return Answer(kind=kind, request_id=request_id, error_type=body[1 : 1 + body[0]].decode(), body=body[1 + body[0] :])
        return Answer(kind=kind, body=body)

    def _streamed(self, request_id: str, content_type: str) -> Answer:
        pieces = []
        while (frame := self.receive())[0] == "D":
            pieces.append(frame[1])
        kind, end = frame
        assert kind == "F", frame
        assert self.receive() == ("R", b"")
        error_type, body = (end[1 : 1 + end[0]].decode(), end[1 + end[0] :]) if end else ("", b"".join(pieces))
        return Answer(
            kind=kind, request_id=request_id, body=body, error_type=error_type, content_type=content_type, pieces=tuple(pieces)
        )

    # ------------------------------------------------ the life of an environment

    def assign(self, hellos: int = 1) -> Answer:
        """Greet (twice when a wrapper is expected), assign, and return R or X."""
        for _ in range(hellos):
            assert self.receive() == ("H", b"")
            self.send(b"I", json.dumps({"environment": self.environment, "handler": self.handler}).encode())
        return self.answer()

    def start(self) -> Self:
        assert self.assign() == Answer(kind="R"), self.shown()
        return self

    def invoke(self, event: object = None, *, raw: bytes | None = None, **head: str) -> Answer:
        self.submit(event, raw=raw, **head)
        return self.answer()

    def submit(self, event: object = None, *, raw: bytes | None = None, **head: str) -> str:
        """Send an invocation and return its request id. Head fields: request_id, deadline, arn, trace, client_context, identity, tenant."""
        request_id = head.get("request_id") or str(uuid.uuid4())
        deadline = head.get("deadline") or str(int(time.time() * 1000) + 60_000)
        arn = head.get("arn", "arn:aws:lambda:eu-west-1:000000000000:function:greeter")
        trace = head.get("trace", "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0")
        fields = (
            request_id,
            str(uuid.uuid4()),
            deadline,
            arn,
            trace,
            head.get("client_context", ""),
            head.get("identity", ""),
            head.get("tenant", ""),
        )
        encoded = "\0".join(fields).encode()
        self.send(b"V", struct.pack(">I", len(encoded)) + encoded + (json.dumps(event).encode() if raw is None else raw))
        return request_id

    def close(self) -> int:
        """Hang up and wait; returns the exit status, negative for a signal."""
        self.channel.close()
        return self.wait()

    def wait(self) -> int:
        if self.status is None:
            deadline = threading.Timer(PATIENCE, os.killpg, (self.pid, signal.SIGKILL))
            deadline.start()
            self.status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
            deadline.cancel()
        return self.status

    # ------------------------------------------------ what it wrote

    def lines(self) -> str:
        """Everything on standard output and error, once the client has ended."""
        self.output.thread.join(PATIENCE)
        return self.output.content.decode(errors="replace")

    def telemetry_bytes(self) -> bytes:
        """The telemetry pipe's content so far; all of it once the client has ended."""
        if self.status is not None:
            self.telemetry.thread.join(PATIENCE)
        return bytes(self.telemetry.content)

    def records(self) -> list[Record]:
        """The telemetry records so far; all of them once the client has ended."""
        content, found = self.telemetry_bytes(), []
        while content:
            kind, length, microseconds = struct.unpack_from(">IIQ", content)
            found.append(Record(type=kind, microseconds=microseconds, message=content[16 : 16 + length].decode()))
            content = content[16 + length :]
        return found

    def shown(self) -> str:
        return f"output: {bytes(self.output.content[-3000:])!r} telemetry: {bytes(self.telemetry.content[-3000:])!r}"


@functools.cache
def found(name: str) -> str | None:
    """The path of an interpreter that really runs under this name, or None."""
    candidates = [shutil.which(name)]
    if name.startswith("python") and shutil.which("pyenv"):
        versions = subprocess.run(["pyenv", "prefix", name.removeprefix("python")], capture_output=True, text=True, check=False)
        candidates.append(f"{versions.stdout.strip()}/bin/{name}" if versions.returncode == 0 else None)
    candidates.append(sys.executable if name == "python{}.{}".format(*sys.version_info[:2]) else None)
    for candidate in candidates:
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return os.path.realpath(_executable(candidate)) if name.startswith("python") else candidate
    return None


@functools.cache
def installations(family: RuntimeFamily) -> tuple[RuntimeInstallation, ...]:
    """What Lambent's own catalog finds on this machine, each interpreter once."""
    found = {each.executable: each for each in HostRuntimes(None).installations() if each.family is family}
    return tuple(found.values())


def _executable(candidate: str) -> str:
    """Past shims and virtual environments, which are not the interpreter itself."""
    code = "import sys; print(getattr(sys, '_base_executable', sys.executable))"
    return subprocess.run([candidate, "-I", "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def write_files(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o755)
    folder.mkdir(parents=True, exist_ok=True)


def python_command(executable: str) -> list[str]:
    return [executable, "-I", "-S", str(RUNTIMES / "python" / "bootstrap.py")]
