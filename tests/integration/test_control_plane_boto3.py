"""An unmodified boto3 against the control plane over HTTP: waiters, paginators, typed errors, links, raw timestamps."""

import asyncio
import json
import socket
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from lambent.adapters.signatures import ZipSignatures
from lambent.api.app import AppParts, build_app
from lambent.api.downloads import DownloadLinks
from lambent.api.handlers import ControlPorts, control_handlers
from lambent.control.code import Signers
from lambent.core.errors import ServiceFault
from lambent.testing.logs import FakeLogStore
from tests.unit.control_world import CALLER, ROLE, World, zip_of

NAME = "hello"


class NoDataPlane:
    """Nothing here invokes."""

    async def invoke(self, request: object) -> Any:
        raise ServiceFault("not under test")

    async def accept(self, request: object) -> None:
        raise ServiceFault("not under test")

    async def resolve(self, reference: object) -> Any:
        raise ServiceFault("not under test")


@pytest.fixture
async def endpoint(tmp_path: Path) -> AsyncIterator[str]:
    world = World(tmp_path)
    links = DownloadLinks(b"a secret of some length", world.clock)
    ports = ControlPorts(
        store=world.store,
        packages=world.packages,
        objects=world.objects,
        images=world.images,
        signers=Signers(signatures=ZipSignatures(), profiles=world.profiles),
        clock=world.clock,
        chance=world.chance,
    )
    app = build_app(
        AppParts(
            handlers=control_handlers(ports, link=links.link, account_concurrency=1000),
            invoker=NoDataPlane(),
            logs=FakeLogStore(world.clock),
            packages=world.packages,
            links=links,
            clock=world.clock,
            chance=world.chance,
            account=CALLER.account,
            region=CALLER.region,
            isolation="process",
        )
    )
    server = app.server()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    await server.listen(listener)
    activation = asyncio.create_task(world.activator.run())
    yield f"http://127.0.0.1:{port}"
    await server.stop()
    activation.cancel()
    await asyncio.gather(activation, return_exceptions=True)


def connect(endpoint: str, *, region: str = "us-east-1", account: str = "test") -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=account,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 1}),
    )


async def within(endpoint: str, story: Callable[[Any], None]) -> None:
    """Run a story of blocking calls beside the server's loop."""
    client = connect(endpoint)
    try:
        await asyncio.to_thread(story, client)
    finally:
        client.close()


def create(client: Any, name: str = NAME, **members: Any) -> dict[str, Any]:
    given = {"Role": ROLE, "Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": zip_of()}, **members}
    return client.create_function(FunctionName=name, **given)


def active(client: Any, name: str = NAME, **members: Any) -> None:
    create(client, name, **members)
    client.get_waiter("function_active_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})


def updated(client: Any, name: str = NAME) -> None:
    client.get_waiter("function_updated_v2").wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})


async def test_a_function_lives_its_whole_life(endpoint: str) -> None:
    def story(client: Any) -> None:
        created = create(client, Environment={"Variables": {"GREETING": "h\u00e9"}}, Tags={"team": "blue"})
        assert created["ResponseMetadata"]["HTTPStatusCode"] == 201
        client.get_waiter("function_active").wait(FunctionName=NAME, WaiterConfig={"Delay": 0.05, "MaxAttempts": 100})
        client.update_function_code(FunctionName=NAME, ZipFile=zip_of("new"))
        updated(client)
        client.update_function_configuration(FunctionName=NAME, Timeout=9)
        updated(client)
        version = client.publish_version(FunctionName=NAME)
        assert (version["ResponseMetadata"]["HTTPStatusCode"], version["Version"]) == (201, "1")
        client.get_waiter("published_version_active").wait(
            FunctionName=NAME, Qualifier="1", WaiterConfig={"Delay": 0.05, "MaxAttempts": 100}
        )
        client.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
        reply = client.get_function(FunctionName=NAME, Qualifier="live")
        assert reply["Configuration"]["FunctionArn"].endswith(":function:hello:live")
        assert reply["Tags"] == {"team": "blue"}
        assert reply["Configuration"]["Environment"]["Variables"] == {"GREETING": "h\u00e9"}
        client.delete_alias(FunctionName=NAME, Name="live")
        assert client.delete_function(FunctionName=NAME)["ResponseMetadata"]["HTTPStatusCode"] == 204
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            client.get_function(FunctionName=NAME)

    await within(endpoint, story)


async def test_the_code_link_downloads_the_very_package(endpoint: str) -> None:
    def story(client: Any) -> None:
        active(client)
        location = client.get_function(FunctionName=NAME)["Code"]["Location"]
        with urllib.request.urlopen(location) as reply:
            assert reply.read() == zip_of()
        layer = client.publish_layer_version(LayerName="numpy", Content={"ZipFile": zip_of("layer")})
        with urllib.request.urlopen(layer["Content"]["Location"]) as reply:
            assert reply.read() == zip_of("layer")

    await within(endpoint, story)


async def test_errors_arrive_as_the_models_exceptions_with_status_and_message(endpoint: str) -> None:
    def story(client: Any) -> None:
        active(client, Publish=True)
        client.create_alias(FunctionName=NAME, Name="live", FunctionVersion="1")
        arn = client.get_function_configuration(FunctionName=NAME)["FunctionArn"]
        table = [
            ("ResourceConflictException", 409, lambda: create(client)),
            ("ResourceNotFoundException", 404, lambda: client.get_function(FunctionName="nobody")),
            ("InvalidParameterValueException", 400, lambda: create(client, "other", Runtime="python2.7")),
            ("InvalidParameterValueException", 400, lambda: create(client, "other", Runtime="cobol")),
            ("PreconditionFailedException", 412, lambda: client.publish_version(FunctionName=NAME, RevisionId="x")),
            ("ResourceConflictException", 409, lambda: client.delete_function(FunctionName=NAME, Qualifier="1")),
            ("InvalidParameterValueException", 400, lambda: client.list_functions(Marker="x")),
            ("InvalidParameterValueException", 400, lambda: client.tag_resource(Resource=f"{arn}:1", Tags={"a": "b"})),
            (
                "InvalidParameterValueException",
                400,
                lambda: client.put_function_concurrency(FunctionName=NAME, ReservedConcurrentExecutions=901),
            ),
            ("ResourceNotFoundException", 404, lambda: client.get_layer_version(LayerName="none", VersionNumber=1)),
        ]
        for code, status, call in table:
            with pytest.raises(client.exceptions.ClientError) as refusal:
                call()
            reply = refusal.value.response
            assert (reply["Error"]["Code"], reply["ResponseMetadata"]["HTTPStatusCode"]) == (code, status)
            assert reply["Error"]["Message"]

    await within(endpoint, story)


async def test_paginators_walk_every_list(endpoint: str) -> None:
    def story(client: Any) -> None:
        for number in range(7):
            create(client, f"f{number}", Publish=True)
        active(client)
        client.publish_version(FunctionName=NAME)
        for number in range(3):
            client.publish_layer_version(LayerName="numpy", Content={"ZipFile": zip_of()})
            client.publish_layer_version(LayerName=f"layer{number}", Content={"ZipFile": zip_of()})
            client.create_alias(FunctionName=NAME, Name=f"a{number}", FunctionVersion="1")
        lists = [
            ("list_functions", "Functions", 8, {}),
            ("list_functions", "Functions", 16, {"FunctionVersion": "ALL"}),
            ("list_versions_by_function", "Versions", 2, {"FunctionName": NAME}),
            ("list_aliases", "Aliases", 3, {"FunctionName": NAME}),
            ("list_layers", "Layers", 4, {}),
            ("list_layer_versions", "LayerVersions", 3, {"LayerName": "numpy"}),
        ]
        for operation, member, count, given in lists:
            pages = client.get_paginator(operation).paginate(**given, PaginationConfig={"PageSize": 2})
            assert sum(len(page[member]) for page in pages) == count, operation

    await within(endpoint, story)


async def test_accounts_and_regions_do_not_see_each_other(endpoint: str) -> None:
    def story(client: Any) -> None:
        active(client)
        for stranger in (connect(endpoint, region="eu-west-1"), connect(endpoint, account="111111111111")):
            assert stranger.list_functions()["Functions"] == []
            with pytest.raises(stranger.exceptions.ResourceNotFoundException):
                stranger.get_function(FunctionName=NAME)
            stranger.close()

    await within(endpoint, story)


async def test_functions_of_one_name_in_two_accounts_are_two(endpoint: str) -> None:
    def story(client: Any) -> None:
        other = connect(endpoint, account="111111111111")
        assert create(other)["FunctionArn"] == "arn:aws:lambda:us-east-1:111111111111:function:hello"
        assert create(client)["FunctionArn"] == "arn:aws:lambda:us-east-1:000000000000:function:hello"
        other.close()

    await within(endpoint, story)


async def test_times_are_strings_in_lambdas_form_on_the_wire(endpoint: str) -> None:
    def story(client: Any) -> None:
        active(client)
        with urllib.request.urlopen(f"{endpoint}/2015-03-31/functions/{NAME}/configuration") as reply:
            assert json.load(reply)["LastModified"] == "2023-11-14T22:13:20.000+0000"

    await within(endpoint, story)


async def test_the_body_of_an_error_has_its_own_key_for_the_message(endpoint: str) -> None:
    def story(client: Any) -> None:
        active(client)
        for path, key in (
            (f"/2015-03-31/functions/{NAME}/aliases/none", "Message"),
            ("/2015-03-31/functions?Marker=x", "message"),
        ):
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(endpoint + path)
            with refusal.value as reply:
                body = json.load(reply)
            assert set(body) == {"Type", key}
            assert body["Type"] == "User"

    await within(endpoint, story)
