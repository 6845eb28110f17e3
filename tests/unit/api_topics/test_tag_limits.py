"""What may be a tag, on every kind of resource that has tags: held on the wire, with Lambda's codes and message keys."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.api_topics.whole_api import CODE_SIGNING, Reply, WholeApi
from tests.unit.control_world import CALLER

SQS = "arn:aws:sqs:us-east-1:000000000000:q"


@pytest.fixture(params=["function", "code-signing-config", "event-source-mapping"])
async def tagged(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[WholeApi, str]:
    """The API, and the ARN of a resource without tags."""
    api = WholeApi(tmp_path)
    await api.furnish()
    await api.world.call("UntagResource", Resource=CALLER.arn("function:hello"), TagKeys=["team"])
    if request.param == "function":
        return api, CALLER.arn("function:hello")
    if request.param == "code-signing-config":
        return api, CODE_SIGNING.arn
    mapping = await api.world.call("CreateEventSourceMapping", FunctionName="hello", EventSourceArn=SQS)
    return api, mapping["EventSourceMappingArn"]


async def tag(api: WholeApi, arn: str, tags: dict[str, Any]) -> Reply:
    return await api.call("TagResource", CALLER, Resource=arn, Tags=tags)


async def tags_of(api: WholeApi, arn: str) -> dict[str, str]:
    reply = await api.call("ListTags", CALLER, Resource=arn)
    assert reply.status == 200, reply.text
    tags: dict[str, str] = json.loads(reply.text)["Tags"]
    return tags


async def test_fifty_tags_fit_and_can_be_replaced(tagged: tuple[WholeApi, str]) -> None:
    api, arn = tagged
    fifty = {f"k{number}": "" for number in range(50)}
    assert (await tag(api, arn, fifty)).status == 204
    assert (await tag(api, arn, {"k0": "new"})).status == 204
    reply = await tag(api, arn, {"one more": ""})
    assert (reply.status, reply.error) == (400, "InvalidParameterValueException")
    assert json.loads(reply.text)["message"] == "Number of tags exceeds resource tag limit."
    assert await tags_of(api, arn) == fifty | {"k0": "new"}


async def test_case_counts_and_letters_of_every_script_are_taken(tagged: tuple[WholeApi, str]) -> None:
    api, arn = tagged
    tags = {"Team": "a", "team": "b", "k" * 128: "v" * 256, "größe 1_.:/=+-@": "ü", "empty": ""}
    assert (await tag(api, arn, tags)).status == 204
    assert await tags_of(api, arn) == tags
    assert (await api.call("UntagResource", CALLER, Resource=arn, TagKeys=["TEAM", "team"])).status == 204
    assert await tags_of(api, arn) == {name: value for name, value in tags.items() if name != "team"}


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ({"aws:x": "y"}, "InvalidParameterValueException"),
        ({"AWS:x": "y"}, "InvalidParameterValueException"),
        ({"k" * 129: ""}, "ValidationException"),
        ({"k": "v" * 257}, "ValidationException"),
        ({"k!": "v"}, "ValidationException"),
        ({"k": "a\nb"}, "ValidationException"),
    ],
)
async def test_other_tags_are_refused_and_none_is_kept(tagged: tuple[WholeApi, str], tags: dict[str, str], error: str) -> None:
    api, arn = tagged
    reply = await tag(api, arn, {"good": "1", **tags})
    assert (reply.status, reply.error) == (400, error), reply.text
    assert json.loads(reply.text)["message"]
    assert await tags_of(api, arn) == {}


async def test_a_resource_that_is_not_there_has_its_message_in_capitals(tagged: tuple[WholeApi, str]) -> None:
    api, arn = tagged
    missing = f"{arn}x" if "function:" in arn else arn[:-1] + ("1" if arn[-1] != "1" else "2")
    for operation, given in (("ListTags", {}), ("TagResource", {"Tags": {"a": "b"}}), ("UntagResource", {"TagKeys": ["a"]})):
        reply = await api.call(operation, CALLER, Resource=missing, **given)
        assert (reply.status, reply.error) == (404, "ResourceNotFoundException"), reply.text
        assert set(json.loads(reply.text)) == {"Type", "Message"}
