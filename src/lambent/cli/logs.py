"""`lambent logs`: what a function has written, and what it writes."""

import json
import re
import time
from collections.abc import Iterator
from typing import Any

import click

from lambent.cli.client import advice, connect, endpoint_option

_POLL_SECONDS = 0.3
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@click.command()
@click.argument("name")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines until interrupted.")
@click.option("--since", default="1h", show_default=True, help="How far back to begin: 30s, 10m, 2h, 7d.")
@click.option("--filter", "pattern", default="", help='Only lines with these words; "quoted words" stay together.')
@endpoint_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document a line.")
def logs(name: str, since: str, pattern: str, endpoint_url: str, *, follow: bool, as_json: bool) -> None:
    """Show the log of function NAME."""
    start = int((time.time() - _seconds(since)) * 1000)
    with advice(endpoint_url):
        configuration = connect("lambda", endpoint_url).get_function_configuration(FunctionName=name)
        client = connect("logs", endpoint_url)
        query = {"logGroupName": configuration["LoggingConfig"]["LogGroup"], "filterPattern": pattern}
        try:
            for event in _events(client, query, start, follow=follow):
                _show(event, as_json=as_json)
        except KeyboardInterrupt:
            return


def _seconds(text: str) -> float:
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if match is None:
        raise click.BadParameter(f"{text!r} is not a span such as 30s, 10m, 2h or 7d", param_hint="--since")
    return int(match[1]) * _UNITS[match[2]]


def _events(client: Any, query: dict[str, Any], start: int, *, follow: bool) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Every event from `start` (epoch ms) on, each once, oldest first; endless with `follow`."""
    seen: set[str] = set()
    while True:
        newest = start
        for event in _page_through(client, {**query, "startTime": start}):
            if event["eventId"] not in seen:
                seen.add(event["eventId"])
                yield event
            newest = max(newest, event["timestamp"])
        if not follow:
            return
        # Events of one environment reach the disk in order, those of several nearly so: look a little back each time.
        start = max(start, newest - 5_000)
        time.sleep(_POLL_SECONDS)


def _page_through(client: Any, query: dict[str, Any]) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    from botocore.exceptions import ClientError

    try:
        for page in client.get_paginator("filter_log_events").paginate(**query):
            yield from page["events"]
    except ClientError as error:
        # The group is made by the first line that is logged: before that there is nothing to show.
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise


def _show(event: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({key: event[key] for key in ("timestamp", "logStreamName", "message")}))
        return
    moment = time.strftime("%H:%M:%S", time.localtime(event["timestamp"] / 1000)) + f".{event['timestamp'] % 1000:03d}"
    click.echo(f"{click.style(moment, dim=True)} {event['message'].rstrip()}")
