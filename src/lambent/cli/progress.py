"""Progress for what takes a while: uploads, and installing runtimes."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_WORTH_A_BAR = 1024 * 1024


class _Reader(io.BytesIO):
    """A request body that tells how much of it has been read."""

    def __init__(self, content: bytes, advance: Any) -> None:  # noqa: ANN401
        super().__init__(content)
        self._advance = advance

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = super().read(size)
        self._advance(len(chunk))
        return chunk


@contextmanager
def uploading(client: Any, operation: str, size: int) -> Iterator[None]:  # noqa: ANN401
    """Show a bar on the terminal's stderr while `client` sends this operation; nothing for small bodies or no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    console = Console(stderr=True)
    if size < _WORTH_A_BAR or not console.is_terminal:
        yield
        return
    columns = (TextColumn("uploading"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("uploading", total=None)

        def watch(request: Any, **_: Any) -> None:  # noqa: ANN401 - botocore's event signature
            progress.update(task, total=len(request.body))
            request.body = _Reader(request.body, lambda count: progress.advance(task, count))

        event = f"before-send.lambda.{operation}"
        client.meta.events.register_first(event, watch)
        try:
            yield
        finally:
            client.meta.events.unregister(event, watch)


@contextmanager
def steps(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """What to tell each step of a long work to: a moving bar on a terminal, lines on stderr elsewhere, nothing when `quiet`."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield (lambda _: None) if quiet else (lambda step: console.print(step, highlight=False))
        return
    with Progress(
        BarColumn(), TimeElapsedColumn(), TextColumn("{task.description}"), console=console, transient=True
    ) as progress:
        task = progress.add_task("", total=None)
        yield lambda step: progress.update(task, description=step)
