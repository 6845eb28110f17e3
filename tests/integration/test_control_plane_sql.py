"""The control plane on the SQL store: requests side by side, and a restart in the middle of an activation."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lambent.adapters.sql.database import Database
from lambent.adapters.sql.store import SqlStore
from lambent.core.errors import InvalidParameterValue, PreconditionFailed, ResourceConflict
from tests.unit.control_world import World, zip_of

ARN = "arn:aws:lambda:us-east-1:000000000000:function:hello"


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[World]:
    """A world whose Store lies in `folder`, as one server process has it."""
    database = Database(folder / "data")
    async with database.running():
        yield World(folder, store=SqlStore(database))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(tmp_path) as world:
        yield world


async def side_by_side(*calls) -> tuple[list[dict[str, object]], list[type[BaseException]]]:
    """Run calls at once: the replies of those that succeeded, and how the others failed."""
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    replies = [each for each in outcomes if not isinstance(each, BaseException)]
    return replies, [type(each) for each in outcomes if isinstance(each, BaseException)]


async def test_of_many_creates_of_one_name_one_succeeds(world: World) -> None:
    replies, failures = await side_by_side(*(world.create(Code={"ZipFile": zip_of(str(n))}) for n in range(8)))
    assert (len(replies), failures) == (1, [ResourceConflict] * 7)


async def test_publishing_side_by_side_makes_one_version(world: World) -> None:
    await world.active()
    replies, failures = await side_by_side(*(world.call("PublishVersion", FunctionName="hello") for _ in range(8)))
    assert ({each["Version"] for each in replies}, failures) == ({"1"}, [])
    assert len((await world.call("ListVersionsByFunction", FunctionName="hello"))["Versions"]) == 2


async def test_of_many_updates_at_once_one_begins(world: World) -> None:
    await world.active()
    replies, failures = await side_by_side(
        *(world.call("UpdateFunctionConfiguration", FunctionName="hello", Timeout=10 + n) for n in range(8))
    )
    assert (len(replies), failures) == (1, [ResourceConflict] * 7)
    await world.activate()
    assert (await world.configuration())["Timeout"] == replies[0]["Timeout"]


async def test_of_many_updates_of_one_revision_one_begins(world: World) -> None:
    await world.active()
    revision = (await world.configuration())["RevisionId"]
    replies, failures = await side_by_side(
        *(world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of(str(n)), RevisionId=revision) for n in range(8))
    )
    assert len(replies) == 1
    assert failures == [PreconditionFailed] * 7


async def test_no_tag_is_lost_when_many_are_written_at_once(world: World) -> None:
    await world.active()
    tags = {f"k{n}": str(n) for n in range(8)}
    _, failures = await side_by_side(*(world.call("TagResource", Resource=ARN, Tags={key: tags[key]}) for key in tags))
    assert failures == []
    assert (await world.call("ListTags", Resource=ARN))["Tags"] == tags


async def test_reservations_side_by_side_leave_one_hundred(world: World) -> None:
    for name in "abcd":
        await world.active(name)
    replies, failures = await side_by_side(
        *(world.call("PutFunctionConcurrency", FunctionName=name, ReservedConcurrentExecutions=300) for name in "abcd")
    )
    assert (len(replies), failures) == (3, [InvalidParameterValue])


async def test_an_alias_and_the_deletion_of_its_version_never_both_succeed(world: World) -> None:
    for number in range(10):
        await world.active(f"f{number}", Publish=True)
        replies, failures = await side_by_side(
            world.call("CreateAlias", FunctionName=f"f{number}", Name="live", FunctionVersion="1"),
            world.call("DeleteFunction", FunctionName=f"f{number}", Qualifier="1"),
        )
        assert (len(replies), len(failures)) == (1, 1)


async def test_functions_left_pending_become_active_after_a_restart(tmp_path: Path) -> None:
    async with opened(tmp_path) as world:
        await world.active("updated")
        await world.call("UpdateFunctionCode", FunctionName="updated", ZipFile=zip_of("new"))
        await world.create("pending", Publish=True)
        packages = world.packages
    async with opened(tmp_path) as world:
        world.use_packages(packages)
        assert (await world.configuration("pending"))["State"] == "Pending"
        assert (await world.configuration("updated"))["LastUpdateStatus"] == "InProgress"
        running = asyncio.create_task(world.activator.run())
        async with asyncio.timeout(10):
            while await world.store.unsettled():
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (await world.configuration("pending", Qualifier="1"))["State"] == "Active"
        assert (await world.configuration("updated"))["LastUpdateStatus"] == "Successful"


async def test_what_was_published_before_a_restart_is_still_the_last_version(tmp_path: Path) -> None:
    everything = {
        "Environment": {"Variables": {"AA": "\u00e9"}},
        "VpcConfig": {"SubnetIds": ["s"], "SecurityGroupIds": ["g"]},
        "DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:000000000000:q"},
        "LoggingConfig": {"LogFormat": "JSON"},
        "Tags": {"team": "blue"},
    }
    async with opened(tmp_path) as world:
        layer = await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
        await world.active(Layers=[layer["LayerVersionArn"]], **everything)
        await world.publish(Description="first")
        before = await world.call("GetFunction", FunctionName="hello", Qualifier="1")
        packages = world.packages
    async with opened(tmp_path) as world:
        world.use_packages(packages)
        assert await world.call("GetFunction", FunctionName="hello", Qualifier="1") == before
        assert await world.publish() == "1"


async def test_a_version_is_not_provisioned_twice_by_an_alias_that_moves_meanwhile(world: World) -> None:
    await world.active(Publish=True)
    await world.call("UpdateFunctionCode", FunctionName="hello", ZipFile=zip_of("other"), Publish=True)
    await world.activate()
    await world.call("CreateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
    provisioned = {"FunctionName": "hello", "ProvisionedConcurrentExecutions": 1}
    for _ in range(10):
        await world.call("PutProvisionedConcurrencyConfig", Qualifier="live", **provisioned)
        replies, failures = await side_by_side(
            world.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="2"),
            world.call("PutProvisionedConcurrencyConfig", Qualifier="2", **provisioned),
        )
        assert (len(replies), failures) == (1, [ResourceConflict])
        for qualifier in ("live", "2"):
            await world.call("DeleteProvisionedConcurrencyConfig", FunctionName="hello", Qualifier=qualifier)
        await world.call("UpdateAlias", FunctionName="hello", Name="live", FunctionVersion="1")
