"""Any request gets a well-formed answer, never a 500, and the server serves afterwards: fuzzed with the models as grammar."""

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lambent.api.app import REST_SERVICES
from lambent.api.logs_service import log_handlers
from lambent.api.model import load_service
from lambent.testing.logs import FakeLogStore
from lambent.testing.system import FakeClock
from tests.unit.api_fuzz.answers import check_answer
from tests.unit.api_fuzz.fuzzed_app import FuzzedApp
from tests.unit.api_fuzz.requests_grammar import Sent, requests_of, requests_of_any
from tests.unit.control_world import World

ALL_SERVICES = (*REST_SERVICES, "logs")
INVOCATIONS = ("Invoke", "InvokeAsync", "InvokeWithResponseStream")
HANDLED = sorted([*World(Path(tempfile.gettempdir())).handlers, *INVOCATIONS])
LOGS = sorted(log_handlers(FakeLogStore(), FakeClock()))

_ANYHOW = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
brief = settings(max_examples=24, derandomize=True, **_ANYHOW)
"""The same examples each time: `make test` must not fail by chance, nor take long."""
long = settings(max_examples=3000, **_ANYHOW)


def is_answered_well(folder: Path, service: str, sent: Sent) -> None:
    """On an installation of its own, so that every example stands alone."""

    async def exchange() -> None:
        fuzzed = await FuzzedApp(folder).prepare()
        answered = await fuzzed.answer(sent.wire())
        if answered is not None:
            check_answer(*answered, service=service, operation=sent.operation if sent.is_intact else None)
        await fuzzed.still_serves()

    asyncio.run(exchange())


def fuzz(folder: Path, service: str, requests: st.SearchStrategy[Sent], how: settings) -> None:
    @how
    @given(requests)
    def any_request(sent: Sent) -> None:
        is_answered_well(folder, service, sent)

    any_request()


@pytest.mark.parametrize("operation", HANDLED)
def test_a_request_of_an_operation_is_answered_or_refused(operation: str, tmp_path: Path) -> None:
    fuzz(tmp_path, "lambda", requests_of("lambda", operation), brief)


@pytest.mark.parametrize("service", ALL_SERVICES)
def test_a_request_of_any_operation_of_a_model_is_answered_or_refused(service: str, tmp_path: Path) -> None:
    every = sorted(load_service(service).operations)
    fuzz(tmp_path, service, requests_of_any(service, every), settings(brief, max_examples=100))


def test_a_request_for_logs_is_answered_or_refused(tmp_path: Path) -> None:
    fuzz(tmp_path, "logs", requests_of_any("logs", LOGS), settings(brief, max_examples=200))


@pytest.mark.soak
@pytest.mark.parametrize("operation", HANDLED)
def test_a_request_of_an_operation_is_answered_or_refused_for_long(operation: str, tmp_path: Path) -> None:
    fuzz(tmp_path, "lambda", requests_of("lambda", operation), long)


@pytest.mark.soak
def test_a_request_for_logs_is_answered_or_refused_for_long(tmp_path: Path) -> None:
    fuzz(tmp_path, "logs", requests_of_any("logs", LOGS), long)
