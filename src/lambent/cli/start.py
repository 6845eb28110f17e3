"""`lambent start`: serve the Lambda API until interrupted."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from lambent.core.environment import IsolationLevel


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 chooses a free one.  [default: 4566]")
@click.option("--port-file", type=click.Path(dir_okay=False, path_type=Path), help="Write the port here once the server answers.")
@click.option(
    "--data-dir",
    "data_directory",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where functions, code, queued events and logs are kept.  [default: ~/.local/share/lambent]",
)
@click.option(
    "--isolation",
    type=click.Choice([level.value for level in IsolationLevel]),
    help="How strongly functions are held. Default: the strongest that this machine can do (see `lambent doctor`); "
    "`process` holds nothing, is for code you trust, and is never chosen by itself.",
)
@click.option("--network/--no-network", default=None, help="Whether functions reach the outside network.  [default: network]")
@click.option("--config", type=click.Path(dir_okay=False, path_type=Path), help="A TOML file with settings.")
def start(config: Path | None, isolation: str | None, **options: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Serve the Lambda API on http://127.0.0.1:4566.

    Every option is also a setting: a key of the TOML file, or a LAMBENT_ variable (LAMBENT_PORT=0).
    Ctrl-C stops; functions, queued events and logs stay in the data directory.
    """
    from lambent.server import StartFailure, serve
    from lambent.settings import SettingsError, load

    overrides: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if isolation is not None:
        overrides["isolation"] = IsolationLevel(isolation)
    try:
        settings = load(file=config, environment=os.environ, overrides=overrides)
        serve(settings, announce=lambda line: click.echo(line, err=True))
    except (SettingsError, StartFailure) as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
