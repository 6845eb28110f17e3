"""The parts of the control-plane figures: what is sent, what is accepted as an answer, and the whole once in small."""

import base64
import io
import json
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench import lambent_server, measure_control
from bench.contest import Contest
from bench.figures import Figure, Load
from bench.load import Connection
from bench.measure_control import CREATE, GET, LIST, MEMORY, creation, figure, fill, gets, lists
from bench.packages import padded
from bench.presigned import Prepared
from bench.replies import Reply, WrongReply, check
from bench.run import Run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    tmp_path.chmod(0o755)
    host = lambent_server.examine(None)
    return Run(quick=True, wanted=frozenset({GET, LIST, CREATE, MEMORY}), host=host, folder=tmp_path, say=lambda _: None)


def test_large_packages_are_of_the_size_asked_for_and_no_two_alike() -> None:
    first, second = padded(100_000), padded(100_000)
    assert first != second
    assert 100_000 < len(first) < 102_000
    assert zipfile.ZipFile(io.BytesIO(first)).testzip() is None


def test_a_creation_is_a_signed_request_with_the_whole_package() -> None:
    prepared = creation(4566, "large", b"code", runtime="python3.12")
    head, _, body = prepared.request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /2015-03-31/functions HTTP/1.1\r\n")
    assert b"AWS4-HMAC-SHA256 Credential=" in head
    assert base64.b64decode(json.loads(body)["Code"]["ZipFile"]) == b"code"
    assert prepared.status == 201


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"http/1.1 200 ok", b'{"FunctionName":"f"}'),
        Reply(201, b"http/1.1 201 created", b'{"FunctionName":"g"}'),
        Reply(409, b"http/1.1 409 conflict", b'{"FunctionName":"f"}'),
    ],
    ids=["another status", "another function", "a refusal"],
)
def test_a_reply_must_have_the_status_and_the_part_that_were_prepared_for(reply: Reply) -> None:
    prepared = Prepared(request=b"", status=201, part=b'"FunctionName":"f"')
    check(Reply(201, b"http/1.1 201 created", b'{"FunctionName":"f"}'), prepared)
    with pytest.raises(WrongReply):
        check(reply, prepared)


def contest_of(run: Run, **seconds: list[float]) -> Contest:
    contest = Contest(run=run, stack=ExitStack())
    contest.seen = {f"{GET} {name}": [Load(latencies=[each], elapsed=each) for each in took] for name, took in seconds.items()}
    return contest


def test_a_figure_is_the_median_with_many_functions_and_says_how_it_grew(run: Run) -> None:
    shown = figure(contest_of(run, many=[0.002, 0.004, 0.003], few=[0.001, 0.004, 0.002]), GET, {"few": 100, "many": 10_000})
    assert shown.value == 3.0
    assert shown.rounds == [2.0, 4.0, 3.0]
    assert (shown.detail["ms_at_100_functions"], shown.detail["over_100_functions"]) == (2.0, 1.5)


def test_a_contestant_that_broke_off_fails_the_figure(run: Run) -> None:
    contest = contest_of(run, many=[0.002], few=[])
    contest.reasons["few"] = Figure(key="few", failed="it did not start")
    assert figure(contest, GET, {"few": 100, "many": 10_000}).failed == "it did not start"


def test_pages_and_functions_are_asked_for_all_over_the_list(run: Run) -> None:
    with lambent_server.running(run.host, run.place("pages")) as server:
        fill(run, server, 100)
        pages = lists(server)
        assert [page.part for page in pages] == [b'{"Functions":[{"FunctionName":"stored-%05d"' % first for first in (0, 50)]
        with Connection(server.api.port) as connection:
            assert all(connection.exchange(each) > 0 for each in [*pages, *gets(server.api.port, 100)])


def test_all_is_measured_in_small(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FEW": 50, "MANY": 1000, "CODE_BYTES": 200_000, "CREATED": 2}.items():
        monkeypatch.setattr(measure_control, name, value)
    figures = {each.key: each for way in measure_control.MEASUREMENTS for each in way.measure(run)}
    assert set(figures) == {GET, LIST, CREATE, MEMORY}
    assert not [each.failed for each in figures.values() if each.failed]
    assert all(each.value is not None for each in figures.values())
    assert figures[LIST].detail["functions"] == 100
