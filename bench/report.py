"""Show the figures as a table, and keep them as JSON."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.figures import Figure
from bench.keys import BY_NAME, Better, Key


def results(figures: Sequence[Figure], machine: Mapping[str, object]) -> dict[str, object]:
    """The content of results.json: each key's figure, and the machine's facts."""
    return {**{figure.key: _entry(figure) for figure in figures}, "machine": dict(machine)}


def _entry(figure: Figure) -> dict[str, object]:
    key = BY_NAME[figure.key]
    reached = None if figure.value is None else key.reached(figure.value)
    facts = {"unit": key.unit, "better": key.better.value, "target": key.target, "reached": reached}
    return {**{name: value for name, value in asdict(figure).items() if name != "key"}, **facts}


def write(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def show(figures: Sequence[Figure], machine: Mapping[str, object], console: Console) -> None:
    """Print the table, and below it what failed."""
    table = Table(title="Lambent beside other tools, in one run", title_justify="left")
    for heading in ("key", "value", "target", "what it is"):
        table.add_column(heading, justify="right" if heading in ("value", "target") else "left", no_wrap=heading == "key")
    for figure in figures:
        key = BY_NAME[figure.key]
        table.add_row(key.name, _value(figure, key), _target(key), key.meaning)
    console.print(table)
    console.print(f"{machine['cores']} cores, {machine['cpu']}, isolation {machine['isolation']}")
    console.print(f"load average before: {machine['load_average_before']}")
    for figure in figures:
        if figure.failed:
            console.print(f"{figure.key}: {figure.failed}", style="red", markup=False)


def _value(figure: Figure, key: Key) -> str:
    if figure.failed:
        return "[red]failed[/red]"
    if figure.value is None:
        return f"[yellow]absent: {figure.absent}[/yellow]"
    colour = {True: "green", False: "red", None: "default"}[key.reached(figure.value)]
    return f"[{colour}]{number(figure.value)} {key.unit}[/{colour}]"


def _target(key: Key) -> str:
    if key.target is None:
        return ""
    return f"{'>=' if key.better is Better.HIGHER else '<='} {key.target:g} {key.unit}"


def number(value: float) -> str:
    """Three significant figures, whole above a hundred."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
