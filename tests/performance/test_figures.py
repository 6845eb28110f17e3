"""The benchmark's arithmetic and report: figures are what they say."""

import json
from pathlib import Path

import pytest
from rich.console import Console

from bench import report
from bench.__main__ import MEASUREMENTS, measure
from bench.figures import Figure, Load, median_of_differences, median_of_ratios, percentile
from bench.keys import BY_NAME, KEYS, Better
from bench.lambent_server import Host
from bench.peers.install import Absent
from bench.run import Measurement, Run

MACHINE = {"cores": 2, "cpu": "one", "isolation": "native", "load_average_before": [0.0, 0.0, 0.0]}


def run_of(folder: Path, *wanted: str) -> Run:
    return Run(
        quick=True, wanted=frozenset(wanted), host=Host(isolation="process", runtimes=()), folder=folder, say=lambda _: None
    )


@pytest.mark.parametrize(("share", "value"), [(0.5, 2.0), (0.95, 4.0), (1.0, 4.0), (0.25, 1.0), (0.01, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(share: float, value: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == value


def test_a_ratio_is_the_median_over_rounds_so_that_one_bad_round_counts_little() -> None:
    assert median_of_ratios([10, 20, 30], [5, 10, 1]) == 2
    assert median_of_differences([10, 20, 30], [9, 19, 0]) == 1


def test_rounds_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        median_of_ratios([1, 2], [1])


def test_a_load_knows_its_rate_and_its_percentiles_in_milliseconds() -> None:
    load = Load(latencies=[0.001, 0.002, 0.003, 0.010], elapsed=2.0)
    assert load.summary() == {"count": 4, "rps": 2.0, "p50_ms": 2.0, "p95_ms": 10.0, "p99_ms": 10.0}


def test_every_key_is_measured_by_exactly_one_measurement() -> None:
    measured = [key for each in MEASUREMENTS for key in each.keys]
    assert sorted(measured) == sorted(BY_NAME)
    assert len(BY_NAME) == len(KEYS)


def test_a_target_is_a_floor_or_a_ceiling_by_the_direction_of_the_key() -> None:
    rate, latency = BY_NAME["warm_c1_rps_frames_over_rie"], BY_NAME["cold_python_ms_p50"]
    assert (rate.better, latency.better) == (Better.HIGHER, Better.LOWER)
    assert [rate.reached(each) for each in (4.9, 5.0)] == [False, True]
    assert [latency.reached(each) for each in (5.0, 5.1)] == [True, False]
    assert BY_NAME["start_ms"].reached(1.0) is None


def test_a_measurement_that_breaks_off_costs_its_own_keys_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def half(_: Run):
        yield Figure(key="start_ms", value=1.0)
        raise OSError("gone")

    def nothing(_: Run):
        raise Absent("no network")
        yield

    def whole(_: Run):
        yield Figure(key="lost_at_c50", value=0.0)

    ways = [
        Measurement(name="half", keys=("start_ms", "start_1000_functions_ms"), measure=half),
        Measurement(name="nothing", keys=("cold_node_ms_p50",), measure=nothing),
        Measurement(name="whole", keys=("lost_at_c50",), measure=whole),
        Measurement(name="unasked", keys=("idle_python_pss_mb",), measure=lambda _: pytest.fail("was not asked for")),
    ]
    monkeypatch.setattr("bench.__main__.MEASUREMENTS", ways)
    figures = {
        each.key: each
        for each in measure(run_of(tmp_path, "start_ms", "start_1000_functions_ms", "cold_node_ms_p50", "lost_at_c50"))
    }
    assert figures["start_ms"].value == 1.0
    assert figures["start_1000_functions_ms"].failed == "OSError: gone"
    assert figures["cold_node_ms_p50"].absent == "no network"
    assert figures["lost_at_c50"].value == 0.0
    assert "idle_python_pss_mb" not in figures


def test_results_say_what_a_figure_is_against_and_whether_it_reaches_its_target(tmp_path: Path) -> None:
    figures = [
        Figure(key="warm_c1_rps_frames_over_rie", value=6.0, rounds=[5.0, 6.0, 7.0], over="RIE"),
        Figure(key="cold_node_ms_p50", absent="no node"),
    ]
    report.write(tmp_path / "results.json", report.results(figures, MACHINE))
    content = json.loads((tmp_path / "results.json").read_text())
    assert content["machine"]["cores"] == 2
    ratio = content["warm_c1_rps_frames_over_rie"]
    assert (ratio["value"], ratio["unit"], ratio["over"], ratio["rounds"], ratio["reached"]) == (
        6.0,
        "x",
        "RIE",
        [5.0, 6.0, 7.0],
        True,
    )
    assert content["cold_node_ms_p50"]["value"] is None
    assert content["cold_node_ms_p50"]["reached"] is None


def test_the_table_shows_what_is_absent_and_what_failed() -> None:
    console = Console(width=200, record=True, quiet=False, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
    figures = [
        Figure(key="start_ms", value=123.4),
        Figure(key="cold_python_over_ministack", absent="MiniStack: no network"),
        Figure(key="lost_at_c50", failed="WrongReply: [500] was answered"),
    ]
    report.show(figures, MACHINE, console)
    console.file.close()
    shown = console.export_text()
    assert "123 ms" in shown
    assert "absent: MiniStack: no network" in shown
    assert "WrongReply: [500] was answered" in shown


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (5.0, "5"), (8.756, "8.76"), (0.01234, "0.0123"), (1234.6, "1235"), (-0.5, "-0.5")]
)
def test_numbers_are_shown_to_three_figures(value: float, text: str) -> None:
    assert report.number(value) == text
