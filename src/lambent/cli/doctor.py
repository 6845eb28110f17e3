"""`lambent doctor`: what this machine can do, and what to do about the rest."""

import os
import sys

import click

from lambent.cli.client import json_option, print_json


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Show the isolation levels and runtimes that this machine offers. Exit status 1 when functions cannot run safely."""
    from lambent.settings import SettingsError, load
    from lambent.wiring import diagnose

    try:
        settings = load(file=None, environment=os.environ, overrides={})
    except SettingsError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    diagnosis = diagnose(settings)
    if as_json:
        print_json(diagnosis.as_json())
    else:
        for line in diagnosis.lines():
            click.echo(line)
    if diagnosis.chosen is None:
        sys.exit(1)
