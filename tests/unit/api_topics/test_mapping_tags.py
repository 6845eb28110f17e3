"""Tags of event source mappings, by their ARN (facts G5)."""

import pytest

from lambent.core.errors import AccessDenied, InvalidParameterValue, LambdaError, ResourceNotFound
from tests.unit.control_world import World
from tests.unit.mapping_calls import create, state_of


async def test_tags_are_given_at_creation_and_changed_by_the_mappings_arn(published: World) -> None:
    arn = (await create(published, Tags={"team": "a", "x": ""}))["EventSourceMappingArn"]
    await published.call("TagResource", Resource=arn, Tags={"team": "b", "more": "c"})
    await published.call("UntagResource", Resource=arn, TagKeys=["x", "unknown"])
    assert (await published.call("ListTags", Resource=arn))["Tags"] == {"team": "b", "more": "c"}
    await published.settle_mappings()
    assert (await published.call("ListTags", Resource=arn))["Tags"] == {"team": "b", "more": "c"}
    assert await state_of(published, arn.rpartition(":")[2]) == "Enabled"


@pytest.mark.parametrize("tags", [{"aws:x": "y"}, {f"k{number}": "" for number in range(51)}])
async def test_tags_that_may_not_be_are_refused(published: World, tags: dict[str, str]) -> None:
    arn = (await create(published))["EventSourceMappingArn"]
    with pytest.raises(InvalidParameterValue):
        await create(published, FunctionName="hello:live", Tags=tags)
    with pytest.raises(InvalidParameterValue):
        await published.call("TagResource", Resource=arn, Tags=tags)
    assert (await published.call("ListTags", Resource=arn))["Tags"] == {}


@pytest.mark.parametrize(
    ("place", "error"), [("us-east-1:111111111111", AccessDenied), ("eu-west-1:000000000000", ResourceNotFound)]
)
async def test_tags_of_mappings_elsewhere_are_out_of_reach(published: World, place: str, error: type[LambdaError]) -> None:
    arn = (await create(published))["EventSourceMappingArn"]
    for resource in (arn.replace("us-east-1:000000000000", place), arn[:-1] + "-"):
        expected = error if place in resource else ResourceNotFound
        for operation, members in (
            ("ListTags", {}),
            ("TagResource", {"Tags": {"a": "b"}}),
            ("UntagResource", {"TagKeys": ["a"]}),
        ):
            with pytest.raises(expected):
                await published.call(operation, Resource=resource, **members)
