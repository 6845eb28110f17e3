"""`lambent list`: the functions there are."""

from typing import Any

import click

from lambent.cli.client import advice, connect, endpoint_option, json_option, print_json


@click.command(name="list")
@endpoint_option
@json_option
def list_functions(endpoint_url: str, *, as_json: bool) -> None:
    """List the functions, by name."""
    with advice(endpoint_url):
        client = connect("lambda", endpoint_url)
        functions = [each for page in client.get_paginator("list_functions").paginate() for each in page["Functions"]]
    if as_json:
        print_json(functions)
    elif functions:
        _print_table(functions)
    else:
        click.echo("No functions yet. Deploy one: lambent deploy FOLDER", err=True)


def _print_table(functions: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("NAME", "RUNTIME", "HANDLER"):
        table.add_column(heading)
    for heading in ("MEMORY", "TIMEOUT", "CODE"):
        table.add_column(heading, justify="right")
    table.add_column("LAST MODIFIED")
    for each in functions:
        table.add_row(
            each["FunctionName"],
            each.get("Runtime", each.get("PackageType", "")),
            each.get("Handler", ""),
            f"{each['MemorySize']} MB",
            f"{each['Timeout']} s",
            f"{each['CodeSize']:,} B",
            each["LastModified"][:19].replace("T", " "),
        )
    Console().print(table)
