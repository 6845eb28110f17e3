"""The runtime client inside a fake sandbox: speaks the frame protocol on a socket, and does what a test's script says."""

import asyncio
import inspect
import json
import os
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from lambent.core.environment import Exit


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes for the channel as they are: forged, late, double or broken frames."""

    data: bytes


class Silence(Enum):
    """Say nothing, and wait for the next frame."""

    SILENCE = "silence"


SILENCE = Silence.SILENCE


@dataclass(frozen=True, slots=True)
class InitError:
    """Loading the handler failed: sent as INIT ERROR, then the client exits with status 1."""

    error_type: str
    document: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class FakeContext:
    """The head of an INVOKE frame, and where a function prints."""

    request_id: str
    invocation_id: str
    deadline_ms: int
    function_arn: str
    trace_id: str
    client_context: str
    cognito_identity: str
    tenant_id: str
    environment: Mapping[str, str] = field(repr=False)
    output: int
    """Write end of standard output."""
    telemetry: int
    """Write end of the framed log pipe."""

    def print(self, text: str) -> None:
        """One line on standard output."""
        os.write(self.output, text.encode() + b"\n")


@dataclass(frozen=True, kw_only=True, slots=True)
class Streamed:
    """A response in pieces: sent as they come; what they raise ends it midway, as an error."""

    pieces: AsyncIterator[bytes]
    content_type: str = "application/octet-stream"
    afterwards: Awaitable[object] | None = None
    """What the function still does when its response has been sent."""


Answer = bytes | Raw | Exit | Silence | Streamed
"""Bytes are the handler's result (of any size: an honest client would not send an oversized one), Exit ends the process."""
Behaviour = Callable[[bytes, FakeContext], Answer | Awaitable[Answer]]
InitAnswer = InitError | Exit | Raw | Silence | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Script:
    """What the client does, step by step. The default starts, loads and answers at once."""

    start: Exit | Raw | Silence | None = None
    """Instead of saying hello: end, send something else, or say nothing (it then still reads)."""
    init: InitAnswer | Callable[[Mapping[str, str], str], InitAnswer] = None
    """Instead of saying ready; also a function of the environment and the handler that INIT brought."""
    behaviour: Behaviour = lambda event, _: event


class ChannelEnded(Exception):
    """The server closed its end."""


class FakeRuntimeClient:
    """A task of its own, owned by the sandbox through `stop`. While paused it neither reads nor writes, as a frozen process."""

    def __init__(self, script: Script, channel: socket.socket, pipes: tuple[int, int], on_end: Callable[[Exit], None]) -> None:
        """Takes over the channel's inner end and the write ends of output and telemetry; `on_end` is called once."""
        channel.settimeout(0)
        self._script = script
        self._channel = channel
        self._pipes = pipes
        self._on_end = on_end
        self._how: Exit | None = None
        self._going = asyncio.Event()
        self._going.set()
        self._loop = asyncio.get_running_loop()
        self.environment: Mapping[str, str] = {}
        self.handler: str | None = None
        self._task = self._loop.create_task(self._run())
        self._task.add_done_callback(self._release)

    def pause(self) -> None:
        """Freeze."""
        self._going.clear()

    def resume(self) -> None:
        """Thaw."""
        self._going.set()

    def end(self, how: Exit) -> None:
        """The process ends: its descriptors close, then its parent is told; in the loop's next turns. Idempotent."""
        if self._how is None:
            self._how = how
            self._task.cancel()

    async def stop(self, how: Exit) -> None:
        """End it, and wait until it has ended. Idempotent."""
        self.end(how)
        await asyncio.wait((self._task,))

    def _release(self, task: "asyncio.Task[Exit]") -> None:
        # After the task, which may wait on the socket: the loop must forget a descriptor before its number is free again.
        self._channel.close()
        for pipe in self._pipes:
            os.close(pipe)
        self._on_end(self._how or task.result())

    async def _run(self) -> Exit:
        try:
            return await self._serve()
        except (ChannelEnded, OSError):
            return Exit(code=0)

    async def _serve(self) -> Exit:
        if isinstance(self._script.start, Exit):
            return self._script.start
        await self._say(frame(b"H") if self._script.start is None else self._script.start)
        while True:
            kind, body = await self._receive()
            ended = await (self._initialise(body) if kind == b"I" else self._invoke(body))
            if ended is not None:
                return ended

    async def _initialise(self, body: bytes) -> Exit | None:
        assignment = json.loads(body)
        self.environment, self.handler = assignment["environment"], assignment["handler"]
        answer = self._script.init
        if callable(answer):
            answer = answer(self.environment, assignment["handler"])
        if isinstance(answer, Exit):
            return answer
        if isinstance(answer, InitError):
            await self._say(frame(b"X", _typed(answer.error_type) + answer.document))
            return Exit(code=1)
        await self._say(frame(b"R") if answer is None else answer)
        return None

    async def _invoke(self, body: bytes) -> Exit | None:
        context, event = self._read_invoke(body)
        try:
            given = self._script.behaviour(event, context)
            answer = await given if inspect.isawaitable(given) else given
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its error document
            kind = type(error).__name__
            document = json.dumps({"errorMessage": str(error), "errorType": kind, "requestId": context.request_id})
            answer = Raw(frame(b"E", context.request_id.encode() + _typed(kind) + document.encode()))
        if isinstance(answer, Exit):
            return answer
        if isinstance(answer, Streamed):
            await self._stream(context.request_id.encode(), answer)
        else:
            await self._say(frame(b"S", context.request_id.encode() + answer) if isinstance(answer, bytes) else answer)
        return None

    async def _stream(self, request_id: bytes, answer: Streamed) -> None:
        await self._say(Raw(frame(b"B", request_id + answer.content_type.encode())))
        end = b""
        try:
            async for piece in answer.pieces:
                await self._say(Raw(frame(b"D", piece)))
        except Exception as error:  # noqa: BLE001 - whatever a function raises is its error document
            kind = type(error).__name__
            end = _typed(kind) + json.dumps({"errorType": kind, "errorMessage": str(error)}).encode()
        await self._say(Raw(frame(b"F", end)))
        if answer.afterwards is not None:
            await answer.afterwards
        await self._say(Raw(frame(b"R")))

    def _read_invoke(self, body: bytes) -> tuple[FakeContext, bytes]:
        end = 4 + int.from_bytes(body[:4], "big")
        texts = body[4:end].decode().split("\0")
        context = FakeContext(
            request_id=texts[0],
            invocation_id=texts[1],
            deadline_ms=int(texts[2]),
            function_arn=texts[3],
            trace_id=texts[4],
            client_context=texts[5],
            cognito_identity=texts[6],
            tenant_id=texts[7],
            environment=self.environment,
            output=self._pipes[0],
            telemetry=self._pipes[1],
        )
        return context, body[end:]

    async def _say(self, what: bytes | Raw | Silence) -> None:
        await self._going.wait()
        if what is not SILENCE:
            await self._loop.sock_sendall(self._channel, what.data if isinstance(what, Raw) else what)

    async def _receive(self) -> tuple[bytes, bytes]:
        length = int.from_bytes(await self._exactly(4), "big")
        content = await self._exactly(length)
        return content[:1], content[1:]

    async def _exactly(self, count: int) -> bytes:
        received = bytearray()
        while len(received) < count:
            data = await self._loop.sock_recv(self._channel, min(count - len(received), 1 << 20))
            await self._going.wait()
            if not data:
                raise ChannelEnded
            received += data
        return bytes(received)


def frame(kind: bytes, body: bytes = b"") -> bytes:
    """One frame of docs/frame-protocol.md; `kind` is its letter."""
    return (1 + len(body)).to_bytes(4, "big") + kind + body


def _typed(error_type: str) -> bytes:
    name = error_type.encode()[:255]
    return bytes((len(name),)) + name
