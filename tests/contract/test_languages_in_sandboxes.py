"""Every language at every isolation level: its client starts in there, and libraries in layers and wrapper scripts work."""

import ctypes.util
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lambent.adapters.runtimes import HostRuntimes
from lambent.core.ports import SandboxProvider
from lambent.core.runtime import RuntimeFamily, RuntimeInstallation
from tests.contract.level_talk import Talk, code_folder, start
from tests.contract.sandbox_world import opened

PYTHON = """
import ctypes, os
def handler(event, context):
    if event == "version":
        return str(ctypes.CDLL("liblayered.so").zlibVersion() != 0)
    return [os.environ.get("ADDED"), os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]]
"""
NODE = """
exports.handler = async () => [process.env.ADDED || null, process.cwd() === process.env.LAMBDA_TASK_ROOT];
"""
RUBY = """
require 'fiddle'
def handler(event:, context:)
  return (Fiddle.dlopen('liblayered.so')['zlibVersion'] != 0).to_s.capitalize if event == 'version'
  [ENV['ADDED'], Dir.pwd == ENV['LAMBDA_TASK_ROOT']]
end
"""
FUNCTIONS = {RuntimeFamily.PYTHON: {"app_py": PYTHON}, RuntimeFamily.NODE: {"app_js": NODE}, RuntimeFamily.RUBY: {"app_rb": RUBY}}
LEVELS = ("native", "bwrap", "process")
WITHOUT_LIBRARIES_OF_ITS_OWN = (RuntimeFamily.NODE,)
"""Node loads libraries through addons only, for which one needs a compiler."""


@pytest.fixture(params=list(FUNCTIONS), ids=lambda family: family.value)
def runtime(request: pytest.FixtureRequest) -> RuntimeInstallation:
    found = [each for each in HostRuntimes(None).installations() if each.family is request.param]
    return found[-1] if found else pytest.skip(f"no {request.param.value} on this machine: lambent runtimes install")


@pytest.fixture(params=LEVELS)
async def provider(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SandboxProvider]:
    for each in (tmp_path, *tmp_path.parents):
        if each.name.startswith(("pytest-", "test_", "popen-")):
            each.chmod(0o755)
    provider = await opened(request.param, tmp_path / "sandboxes")
    async with provider.running():
        yield provider


@pytest.fixture
def task(tmp_path: Path, runtime: RuntimeInstallation) -> Path:
    return code_folder(tmp_path / "code", **FUNCTIONS[runtime.family])


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer with a library, which is zlib under a name that no system has, and with a wrapper."""
    name = ctypes.util.find_library("z")
    library = next((path for folder in ("/lib", "/usr/lib") for path in sorted(Path(folder).glob(f"**/{name}")) if name), None)
    if library is None:
        pytest.skip("no zlib on this machine to make a layer of")
    folder = tmp_path / "layer"
    (folder / "lib").mkdir(parents=True)
    folder.chmod(0o755)
    shutil.copy(library.resolve(), folder / "lib" / "liblayered.so")
    (folder / "wrap").write_text('#!/bin/sh\nexport ADDED=1\nexec "$@"\n')
    (folder / "wrap").chmod(0o755)
    return folder


async def finished(talk: Talk) -> None:
    await talk.sandbox.destroy()


async def test_a_function_runs_in_its_own_folder(provider: SandboxProvider, runtime: RuntimeInstallation, task: Path) -> None:
    talk = await start(provider, task, runtime)
    await talk.ready()
    assert await talk.invoke({}) == [None, True]
    await finished(talk)


async def test_a_library_in_a_layer_is_found(
    provider: SandboxProvider, runtime: RuntimeInstallation, task: Path, layer: Path
) -> None:
    if runtime.family in WITHOUT_LIBRARIES_OF_ITS_OWN:
        pytest.skip("this language loads no plain libraries")
    talk = await start(provider, task, runtime, layers=layer)
    await talk.ready()
    assert await talk.invoke("version") == "True"
    await finished(talk)


async def test_a_library_where_the_function_says_is_found(
    provider: SandboxProvider, runtime: RuntimeInstallation, task: Path, layer: Path
) -> None:
    if runtime.family in WITHOUT_LIBRARIES_OF_ITS_OWN:
        pytest.skip("this language loads no plain libraries")
    (layer / "lib").rename(layer / "elsewhere")
    talk = await start(provider, task, runtime, layers=layer)
    await talk.ready(LD_LIBRARY_PATH=f"{talk.sandbox.paths.layers}/elsewhere:{talk.sandbox.paths.language}/lib")
    assert await talk.invoke("version") == "True"
    await finished(talk)


async def test_a_wrapper_in_a_layer_starts_the_function(
    provider: SandboxProvider, runtime: RuntimeInstallation, task: Path, layer: Path
) -> None:
    talk = await start(provider, task, runtime, layers=layer)
    await talk.ready(AWS_LAMBDA_EXEC_WRAPPER=f"{talk.sandbox.paths.layers}/wrap")
    assert await talk.invoke({}) == ["1", True]
    await finished(talk)
