"""Which code an invocation runs: the old one until an update has ended, and never a container image."""

from dataclasses import replace

import pytest

from lambent.core.errors import OperationNotImplemented
from lambent.core.function import CodePackage, ContainerImage, Function, UpdateStatus
from lambent.testing.sandbox import Script
from tests.unit.invoke_world import World


async def test_a_container_image_is_not_run_and_says_so(world: World) -> None:
    version = await world.create(runtime=None, handler=None)
    image = ContainerImage(uri="r.example/app:v1", resolved_uri="r.example/app@sha256:0")
    changed = replace(version, code=CodePackage(digest="0" * 64, sha256="0" * 64, size=0, unpacked_size=0, image=image))
    await world.store.replace_function(Function(latest=changed, serving=changed), expected_revision=version.revision_id)
    for ask in (world.invoker.invoke, world.invoker.accept):
        with pytest.raises(OperationNotImplemented, match="does not run container images yet"):
            await ask(world.request())


async def test_the_old_code_serves_while_an_update_is_in_progress_and_when_it_failed(world: World) -> None:
    old = await world.create(environment={"WORD": "old"})
    world.provider.script = Script(behaviour=lambda event, context: context.environment["WORD"].encode())
    configuration = replace(old.configuration, environment={"WORD": "new"})
    revision = old.revision_id
    for status, serving, word in (
        (UpdateStatus.IN_PROGRESS, old, b"old"),
        (UpdateStatus.FAILED, old, b"old"),
        (UpdateStatus.SUCCESSFUL, None, b"new"),
    ):
        latest = replace(old, configuration=configuration, revision_id=status.value, last_update_status=status)
        await world.store.replace_function(Function(latest=latest, serving=serving or latest), expected_revision=revision)
        revision = status.value
        assert (await world.invoke()).outcome.payload == word
