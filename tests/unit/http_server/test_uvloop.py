"""Production runs on uvloop, tests on plain asyncio: what is about transports is run on both."""

import importlib.util
import inspect
from pathlib import Path

import pytest
import uvloop


def scenarios():
    """The tests of this folder that need nothing but a server."""
    for name in ("test_replies", "test_limits"):
        spec = importlib.util.spec_from_file_location(f"uvloop_{name}", Path(__file__).with_name(f"{name}.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for function in vars(module).values():
            if inspect.iscoroutinefunction(function) and list(inspect.signature(function).parameters) == ["serving"]:
                yield function


@pytest.mark.parametrize("scenario", list(scenarios()), ids=lambda each: each.__name__.removeprefix("test_"))
def test_it_is_the_same_on_uvloop(serving, scenario) -> None:
    uvloop.run(scenario(serving))
