"""Run a Platform: open the listener, say where it answers, drain and stop on a signal."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from lambent.diagnostics import JsonLines
from lambent.settings import Settings
from lambent.wiring import StartFailure, build

if TYPE_CHECKING:
    from lambent.wiring.platform import Platform

__all__ = ["StartFailure", "serve"]


def serve(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM. Raises StartFailure, with advice, when it cannot start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    uvloop.run(_serve(settings, announce))


async def _serve(settings: Settings, announce: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    listener = _listen(settings)
    port = listener.getsockname()[1]
    try:
        async with build(settings, port=port) as platform:
            await platform.listen(listener)
            _announce(settings, platform, port, announce)
            await platform.until_stopped(stopping)
            await platform.drain()
    finally:
        listener.close()


def _listen(settings: Settings) -> socket.socket:
    """The bound listener. It is bound before anything is started, so that a port in use costs nothing."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise StartFailure(
            f"cannot listen on {settings.host}:{settings.port}: {os.strerror(error.errno or 0)}. "
            "Choose another port: --port N, or --port 0"
        ) from error
    listener.setblocking(False)  # noqa: FBT003 - the socket module's own signature
    return listener


def _announce(settings: Settings, platform: "Platform", port: int, announce: Callable[[str], None]) -> None:
    if settings.port_file is not None:
        _write_whole(settings.port_file, f"{port}\n")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    announce(f"Lambent answers on http://{host}:{port}   isolation: {platform.level.value}   data: {settings.data_directory}")


def _write_whole(path: Path, text: str) -> None:
    """A reader sees the whole file or none."""
    half = path.with_name(path.name + ".half")
    half.write_text(text, "utf-8")
    half.replace(path)
