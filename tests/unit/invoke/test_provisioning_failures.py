"""Environments that cannot be initialised ahead: tried again, called failed, and provisioned after all when that ends."""

import asyncio
from dataclasses import replace

from lambent.core.environment import Exit
from lambent.core.provisioned_concurrency import INIT_FAILURE, Standing
from lambent.testing.sandbox import SILENCE, InitError, Script
from tests.unit.invoke_world import START, World
from tests.unit.provisioned_world import ON_DEMAND, PROVISIONED, invoke, kind, provision, publish, standing


async def test_an_init_that_fails_is_tried_again_then_called_failed_and_recovers(world: World) -> None:
    world.provider.script = Script(init=InitError("Runtime.ImportModuleError", b'{"errorMessage": "no"}'))
    await publish(world)
    await provision(world, 2)
    assert standing(world).failure is None
    await asyncio.sleep(2)
    failed = standing(world)
    assert (failed.ready, failed.failure) == (0, INIT_FAILURE)
    assert failed.failed_at > START
    reports = [line for line in world.log() if line.startswith("INIT_REPORT")]
    assert len(reports) == 4  # two at once, then one at a time
    assert all(line.endswith("\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError") for line in reports)
    assert world.plane.environments == 0
    world.provider.script = Script(behaviour=kind)
    await asyncio.sleep(60)
    assert standing(world).ready == 2
    assert standing(world).failure is None


async def test_putting_it_again_tries_again_at_once(world: World) -> None:
    broken = [Exit(code=1)]
    world.provider.script = Script(init=lambda *_: broken[0] if broken else None, behaviour=kind)
    await publish(world)
    await provision(world, 1)
    await asyncio.sleep(200)
    assert standing(world).failure == INIT_FAILURE
    broken.clear()
    await provision(world, 1)
    assert standing(world) == replace(standing(world), ready=1, failure=None)


async def test_a_function_that_cannot_be_provisioned_still_runs_on_demand(world: World) -> None:
    fails = InitError("Runtime.Unknown", b"{}")
    world.provider.script = Script(
        init=lambda variables, _: fails if variables["AWS_LAMBDA_INITIALIZATION_TYPE"] == PROVISIONED else None, behaviour=kind
    )
    await publish(world)
    await provision(world, 1)
    await asyncio.sleep(5)
    assert standing(world).failure == INIT_FAILURE
    assert await invoke(world) == ON_DEMAND


async def test_init_ahead_may_take_130_seconds_and_a_longer_one_has_failed(world: World) -> None:
    world.provider.script = Script(init=SILENCE)
    await publish(world)
    await provision(world, 1)
    await asyncio.sleep(129)
    assert standing(world) == Standing()
    await asyncio.sleep(2)
    assert standing(world).failure == INIT_FAILURE
    assert world.log()[-1] == "INIT_REPORT Init Duration: 130000.00 ms\tPhase: init\tStatus: timeout"


async def test_a_missing_interpreter_is_said(world: World) -> None:
    await publish(world, runtime="ruby3.3")
    await provision(world, 1)
    assert "ruby3.3" in (standing(world).failure or "")


async def test_a_machine_without_room_is_said_and_the_rest_is_kept(tmp_path) -> None:
    async with World(tmp_path, maximum_environments=2).running() as world:
        await publish(world)
        await provision(world, 3)
        await asyncio.sleep(5)
        assert (standing(world).ready, standing(world).failure) == (
            2,
            "This machine has no room for another execution environment.",
        )


async def test_sandboxes_that_cannot_be_made_are_tried_again(world: World) -> None:
    await publish(world)
    world.provider.refuse_create = "no"
    await provision(world, 1)
    await asyncio.sleep(5)
    assert standing(world).failure == "The execution environment could not be started."
    world.provider.refuse_create = None
    await asyncio.sleep(60)
    assert standing(world).ready == 1
