"""`lambent runtimes`: which runtimes this machine has, and how to get more of them."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from lambent.cli.client import EXIT_REFUSED, json_option, print_json, refuse


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def runtimes(context: click.Context, *, as_json: bool) -> None:
    """List the runtimes of this machine: exact version, where it is, at which isolation levels it can be used."""
    if context.invoked_subcommand is None:
        _list(as_json=as_json)


@runtimes.command()
@click.argument("name")
@json_option
def install(name: str, *, as_json: bool) -> None:
    """Bring the runtime NAME (such as nodejs22.x, ruby3.3) from the registry that ships it into the data directory.

    Nothing of the system is changed and no root is needed. A server finds it at its next start.
    """
    from lambent.adapters.runtimes.sources import InstallFailure
    from lambent.wiring.runtimes import install as install_from_registry

    place = _data_directory() / "runtimes"
    try:
        with _steps(quiet=as_json) as say:
            installed = install_from_registry(name, place, say)
    except InstallFailure as failure:
        if as_json:
            print_json({"runtime": name, "error": str(failure)})
            sys.exit(EXIT_REFUSED)
        refuse(str(failure))
    if as_json:
        print_json(_as_json(installed))
    else:
        click.echo(f"installed {name} {installed.version} in {place / name}; start Lambent again to use it")


def _steps(*, quiet: bool) -> Any:  # noqa: ANN401 - rich is imported only here
    """A context that gives what to tell each step to: a bar on a terminal, lines elsewhere."""
    from lambent.cli.progress import steps

    return steps(quiet=quiet)


def _list(*, as_json: bool) -> None:
    from lambent.core.runtime_sources import INSTALLABLE
    from lambent.wiring.runtimes import host_runtimes, usable_levels

    found = host_runtimes(_data_directory(), remember=False).installations()
    levels = usable_levels()
    installable = [each for each in INSTALLABLE if each not in {one.identifier for one in found}]
    if as_json:
        print_json({"runtimes": [_as_json(each) | {"levels": levels} for each in found], "installable": installable})
        return
    for each in found:
        click.echo(f"{each.identifier:<18} {each.version or 'your bootstrap':<15} {each.executable or ''}".rstrip())
    click.echo(f"usable at isolation level: {', '.join(levels)}", err=True)
    if installable:
        click.echo(f"to be had with `lambent runtimes install NAME`: {', '.join(installable)}", err=True)


def _as_json(runtime: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"runtime": runtime.identifier, "version": runtime.version, "path": str(runtime.executable or "")}


def _data_directory() -> Path:
    from lambent.settings import SettingsError, load

    try:
        return load(file=None, environment=os.environ, overrides={}).data_directory
    except SettingsError as error:
        refuse(str(error))
        raise
