"""`python -m bench`: run the measurements, print the table, write bench/results.json."""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from bench import (
    lambent_server,
    machine,
    measure_cold,
    measure_control,
    measure_lost,
    measure_provisioned,
    measure_server,
    measure_warm,
    report,
)
from bench.figures import Figure
from bench.keys import BY_NAME, KEYS
from bench.peers.install import Absent
from bench.run import Measurement, Run

RESULTS = Path(__file__).with_name("results.json")
MEASUREMENTS = (
    *measure_warm.MEASUREMENTS,
    *measure_cold.MEASUREMENTS,
    *measure_provisioned.MEASUREMENTS,
    *measure_server.MEASUREMENTS,
    *measure_control.MEASUREMENTS,
    *measure_lost.MEASUREMENTS,
)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure Lambent beside other tools in the same run.")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: for a first look, not for comparing")
    parser.add_argument(
        "--only", action="append", choices=sorted(BY_NAME), metavar="KEY", help="measure this key; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON in place of the table")
    parser.add_argument(
        "--isolation", choices=("native", "bwrap", "process"), help="default: the strongest that this machine can do"
    )
    parser.add_argument("--keys", action="store_true", help="list the keys and stop")
    return parser.parse_args(given)


def main() -> int:
    """Exit status 1 when a measurement failed: an absent peer, or a target not reached, is no failure."""
    options = arguments(sys.argv[1:])
    if options.keys:
        print("\n".join(f"{key.name:45} {key.meaning}" for key in KEYS))
        return 0
    progress = Console(stderr=True)
    try:
        host = lambent_server.examine(options.isolation)
    except lambent_server.NoAnswer as error:
        progress.print(f"error: {error}", markup=False)
        return 1
    facts = machine.facts(host)
    folder = Path(tempfile.mkdtemp(prefix="lambent-bench-"))
    folder.chmod(0o755)  # functions run as another user
    try:
        run = Run(
            quick=options.quick,
            wanted=frozenset(options.only or BY_NAME),
            host=host,
            folder=folder,
            say=lambda line: progress.print(line, style="dim", markup=False, highlight=False),
        )
        figures = sorted(measure(run), key=lambda each: list(BY_NAME).index(each.key))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    content = report.results(figures, facts)
    report.write(RESULTS, content)
    if options.json:
        print(json.dumps(content, indent=2))
    else:
        report.show(figures, facts, Console(width=None if sys.stdout.isatty() else 140))
    return 1 if any(figure.failed for figure in figures) else 0


def measure(run: Run) -> Iterator[Figure]:
    """All wanted figures. A measurement that breaks off costs its own keys only."""
    for each in MEASUREMENTS:
        if run.wants(*each.keys):
            run.say(f"== {each.name}")
            yield from _measured(each, run)


def _measured(measurement: Measurement, run: Run) -> Iterator[Figure]:
    missing = [key for key in measurement.keys if run.wants(key)]
    try:
        for figure in measurement.measure(run):
            missing.remove(figure.key)
            yield figure
    except Absent as error:
        yield from (Figure(key=key, absent=str(error)) for key in missing)
    except Exception as error:  # noqa: BLE001 - one broken measurement must not take the others with it
        yield from (Figure(key=key, failed=f"{type(error).__name__}: {error}") for key in missing)


if __name__ == "__main__":
    sys.exit(main())
