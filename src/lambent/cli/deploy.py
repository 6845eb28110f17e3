"""`lambent deploy`: create or update a function from a folder or a zip."""

import json
from pathlib import Path
from typing import Any

import click

from lambent.cli.client import advice, connect, endpoint_option, json_option, print_json, refuse
from lambent.core import limits


@click.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--name", help="The function's name.  [default: the folder's or zip's]")
@click.option("--runtime", help="Such as python3.12, nodejs20.x, provided.al2023.  [default: guessed from the files]")
@click.option("--handler", help="Such as app.handler.  [default: guessed from the files]")
@click.option("--memory", type=int, help="MB of memory, 128 to 10240.")
@click.option("--timeout", type=int, help="Seconds, 1 to 900.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="An environment variable; may be repeated.")
@click.option("--role", default="arn:aws:iam::000000000000:role/lambda", show_default=True, help="The execution role's ARN.")
@endpoint_option
@json_option
def deploy(source: Path, endpoint_url: str, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401 - click passes options by name
    """Create a function from SOURCE (a folder or a zip), or update it when there is one, and wait until it is active."""
    name = options["name"] or source.resolve().stem
    content = _content(source)
    with advice(endpoint_url):
        client = connect("lambda", endpoint_url)
        configuration = _configuration(options, content, endpoint_url)
        if _exists(client, name):
            verb, reply = "updated", _update(client, name, content, _given(configuration, options))
        else:
            verb, reply = "created", _create(client, name, content, configuration)
    if as_json:
        print_json({key: value for key, value in reply.items() if key != "ResponseMetadata"})
        return
    click.echo(f"{verb} {reply['FunctionArn']} ({reply['Runtime']}, {reply['Handler']}, {reply['CodeSize']:,} bytes)")
    click.echo(f"run it: lambent invoke {name}", err=True)


def _content(source: Path) -> bytes:
    import zipfile

    from lambent.cli.package import zip_folder

    content = zip_folder(source) if source.is_dir() else source.read_bytes()
    if source.is_file() and not zipfile.is_zipfile(source):
        refuse(f"{source} is not a zip file")
    if len(content) > limits.ZIPPED_BYTES:
        refuse(
            f"the package has {len(content):,} bytes, over Lambda's {limits.ZIPPED_BYTES:,} for a direct upload: put it into S3"
        )
    return content


def _configuration(options: dict[str, Any], content: bytes, endpoint_url: str) -> dict[str, Any]:
    """The members of the configuration, given or guessed. Leaves with advice when a guess is not possible."""
    from lambent.cli.package import guess

    found = guess(content)
    handler = options["handler"] or (found.handler if found else None)
    runtime = options["runtime"] or (_newest(found.family, endpoint_url) if found else None)
    if not handler or not runtime:
        refuse("cannot tell the runtime or the handler from the files: give --runtime and --handler")
    pairs = [each.partition("=") for each in options["variables"]]
    if bad := [name for name, sign, _ in pairs if not (name and sign)]:
        raise click.BadParameter(f"{bad[0]!r} is not NAME=VALUE", param_hint="--env")
    members = {
        "Runtime": runtime,
        "Handler": handler,
        "MemorySize": options["memory"],
        "Timeout": options["timeout"],
        "Role": options["role"],
        "Environment": {"Variables": {name: value for name, _, value in pairs}} if pairs else None,
    }
    return {name: value for name, value in members.items() if value is not None}


def _given(configuration: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
    """For an update: only what the command line names, so that a deploy does not undo other settings."""
    named = {
        "Runtime": options["runtime"],
        "Handler": options["handler"],
        "MemorySize": options["memory"],
        "Timeout": options["timeout"],
        "Environment": options["variables"],
    }
    return {name: value for name, value in configuration.items() if named.get(name)}


def _newest(family: str, endpoint_url: str) -> str | None:
    """The newest runtime of a family that the server says it has."""
    import urllib.request

    try:
        with urllib.request.urlopen(f"{endpoint_url}/_lambent/health", timeout=5) as reply:  # noqa: S310 - the user's own endpoint
            offered = json.load(reply).get("runtimes", [])
    except (OSError, ValueError):
        return None
    fitting = [each for each in offered if each.startswith(family)]
    return max(
        fitting, key=lambda each: [int(part) for part in "".join(c if c.isdigit() else " " for c in each).split()], default=None
    )


def _exists(client: Any, name: str) -> bool:  # noqa: ANN401
    try:
        client.get_function_configuration(FunctionName=name)
    except client.exceptions.ResourceNotFoundException:
        return False
    return True


def _create(client: Any, name: str, content: bytes, configuration: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    from lambent.cli.progress import uploading

    with uploading(client, "CreateFunction", len(content)):
        client.create_function(FunctionName=name, Code={"ZipFile": content}, **configuration)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 2400})
    return dict(client.get_function_configuration(FunctionName=name))


def _update(client: Any, name: str, content: bytes, configuration: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    from lambent.cli.progress import uploading

    patience = {"Delay": 0.05, "MaxAttempts": 2400}
    with uploading(client, "UpdateFunctionCode", len(content)):
        client.update_function_code(FunctionName=name, ZipFile=content)
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=patience)
    if configuration:
        client.update_function_configuration(FunctionName=name, **configuration)
        client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig=patience)
    return dict(client.get_function_configuration(FunctionName=name))
