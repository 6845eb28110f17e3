"""A function that streams what a test lets it stream, and a reader of the whole."""

import asyncio

from lambent.invoke.streamed_invoke import StreamedInvoke
from lambent.testing.runtime_client import Streamed
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World


class Source:
    """Pieces that a test lets out one by one, or as fast as they are taken."""

    def __init__(self, *pieces: bytes, failure: Exception | None = None) -> None:
        self.pieces = pieces
        self.failure = failure
        self.sent = 0
        self.allowed = asyncio.Semaphore(0)
        self.free = False
        self.ended = False

    async def __aiter__(self):
        for piece in self.pieces:
            if not self.free:
                await self.allowed.acquire()
            yield piece
            self.sent += len(piece)
        if self.failure is not None:
            raise self.failure
        self.ended = True


def streaming(world: World, source: Source, content_type: str = "application/octet-stream") -> None:
    world.provider.script = Script(behaviour=lambda event, context: Streamed(pieces=aiter(source), content_type=content_type))


async def read_all(started: StreamedInvoke) -> bytes:
    received = bytearray()
    while piece := await started.read():
        received += piece
    return bytes(received)
