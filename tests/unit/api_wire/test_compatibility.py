"""The compatibility page tells the truth: it is what the models and the handlers say."""

import importlib.util
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def compatibility():
    spec = importlib.util.spec_from_file_location("compatibility_script", ROOT / "scripts" / "compatibility.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_generator_makes_of_it(compatibility) -> None:
    page = compatibility.PAGE.read_text("utf-8")
    if compatibility.described_version(page) != version("botocore"):
        pytest.skip(f"the page is about botocore {compatibility.described_version(page)}, {version('botocore')} is installed")
    assert compatibility.generate(page) == page, "run: python -m scripts.compatibility"


def test_every_operation_of_every_model_is_handled_or_has_a_reason(compatibility) -> None:
    page = compatibility.PAGE.read_text("utf-8")
    if compatibility.described_version(page) != version("botocore"):
        pytest.skip(f"the page is about botocore {compatibility.described_version(page)}, {version('botocore')} is installed")
    notes, handled = compatibility.notes_of(page), compatibility.handled_operations()
    unexplained = [
        (service.name, name)
        for service in compatibility.services()
        for name in service.operations
        if name not in handled.get(service.name, ()) and not notes.get((service.name, name))
    ]
    assert not unexplained


def test_every_handler_is_for_an_operation_of_the_model(compatibility) -> None:
    operations = {service.name: set(service.operations) for service in compatibility.services()}
    assert all(names <= operations[service] for service, names in compatibility.handled_operations().items())


def test_the_generator_notices_a_wrong_state(compatibility) -> None:
    page = compatibility.PAGE.read_text("utf-8")
    wrong = page.replace("| `CreateAlias` | done |", "| `CreateAlias` | not |")
    assert wrong != page
    assert compatibility.generate(wrong) == compatibility.generate(page)
