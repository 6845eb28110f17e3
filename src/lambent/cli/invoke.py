"""`lambent invoke`: run a function and see its result, log lines and duration."""

import base64
import json
import re
import sys
import time
from typing import Any

import click

from lambent.cli.client import EXIT_FUNCTION_ERROR, advice, connect, endpoint_option, json_option, print_json


@click.command()
@click.argument("name")
@click.option("--payload", default="{}", show_default=True, help="The event: JSON text, `-` for standard input, or @FILE.")
@click.option("--qualifier", help="A version or an alias.")
@click.option("--event", "asynchronous", is_flag=True, help="Queue it and do not wait (InvocationType Event).")
@endpoint_option
@json_option
def invoke(name: str, payload: str, qualifier: str | None, endpoint_url: str, *, asynchronous: bool, as_json: bool) -> None:
    """Invoke function NAME: its result goes to standard output, its log lines and duration to standard error.

    Exit status: 0 the function succeeded, 3 the function failed, 1 the request was refused.
    """
    arguments = {
        "FunctionName": name,
        "Payload": _event(payload),
        **({"Qualifier": qualifier} if qualifier else {}),
        **({"InvocationType": "Event"} if asynchronous else {"LogType": "Tail"}),
    }
    with advice(endpoint_url):
        client = connect("lambda", endpoint_url)
        began = time.perf_counter()
        reply = client.invoke(**arguments)
        body = reply["Payload"].read()
        elapsed_ms = (time.perf_counter() - began) * 1000
    _show(reply, body, elapsed_ms, as_json=as_json)
    if "FunctionError" in reply:
        sys.exit(EXIT_FUNCTION_ERROR)


def _event(payload: str) -> bytes:
    """The bytes of the event that the option names. Raises click.BadParameter for a file that cannot be read."""
    if payload == "-":
        return sys.stdin.buffer.read()
    if payload.startswith("@"):
        try:
            with click.open_file(payload[1:], "rb") as file:
                return bytes(file.read())
        except OSError as error:
            raise click.BadParameter(f"cannot read {payload[1:]}: {error.strerror}", param_hint="--payload") from error
    return payload.encode()


def _show(reply: dict[str, Any], body: bytes, elapsed_ms: float, *, as_json: bool) -> None:
    log = base64.b64decode(reply.get("LogResult", "")).decode("utf-8", "replace")
    if as_json:
        print_json(
            {
                "status": reply["StatusCode"],
                "request_id": reply["ResponseMetadata"]["RequestId"],
                "executed_version": reply.get("ExecutedVersion"),
                "function_error": reply.get("FunctionError"),
                "payload": _decoded(body),
                "log": log,
                "elapsed_ms": round(elapsed_ms, 3),
            }
        )
        return
    _show_log(log, failed="FunctionError" in reply)
    if reply["StatusCode"] == 202:
        click.echo(f"accepted: {reply['ResponseMetadata']['RequestId']}", err=True)
    click.echo(body)
    if log:
        ran = re.search(r"\tDuration: ([\d.]+ ms)", log)
        click.echo(click.style(f"{ran[1] if ran else '?'} in the function, {elapsed_ms:.2f} ms in all", dim=True), err=True)


def _show_log(log: str, *, failed: bool) -> None:
    for line in log.splitlines():
        platform = line.startswith(("START ", "END ", "REPORT ", "INIT_START ", "INIT_REPORT "))
        click.echo(click.style(line, dim=platform, fg="red" if failed and not platform else None), err=True)


def _decoded(body: bytes) -> object:
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")
