"""The whole API over the control plane on fakes: requests as botocore makes them, by the models, for every handled operation."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
from botocore.serialize import create_serializer

from lambent.api.app import App, AppParts, build_app
from lambent.api.downloads import DownloadLinks
from lambent.control.invoke_policy import InvokePolicy
from lambent.core.code_signing_config import CodeSigningConfig, CodeSigningKey
from lambent.core.function import Owner
from lambent.core.invocation import InvocationStatus, InvokeResult, Outcome
from lambent.http import Request, Response
from lambent.testing.logs import FakeLogStore
from tests.contract.stored_values import mapping
from tests.unit.control_world import CALLER, World, model, zip_of

INVOKES = ("Invoke", "InvokeAsync", "InvokeWithResponseStream")
OPERATIONS = sorted({*World(Path()).handlers, *INVOKES})
"""Every operation that is handled."""

EXAMPLES: dict[str, Any] = {
    "Qualifier": "1",
    "FunctionVersion": "1",
    "Name": "live",
    "VersionNumber": 1,
    "StatementId": "s",
    "Action": "lambda:InvokeFunction",
    "Principal": "222222222222",
    "Role": "arn:aws:iam::111111111111:role/r",
    "Runtime": "python3.12",
    "Handler": "app.handler",
    "Code": {"ZipFile": zip_of()},
    "Content": {"ZipFile": zip_of()},
    "ZipFile": zip_of(),
    "Tags": {"team": "red"},
    "TagKeys": ["team"],
    "ReservedConcurrentExecutions": 1,
    "ProvisionedConcurrentExecutions": 1,
    "UpdateRuntimeOn": "Auto",
    "RecursiveLoop": "Allow",
    "AuthType": "NONE",
    "Policy": json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}]}),
    "MaximumRetryAttempts": 0,
    "InvokeArgs": b"{}",
    "AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:us-east-1:111111111111:/signing-profiles/p/0123456789"]},
    "EventSourceArn": "arn:aws:sqs:us-east-1:111111111111:q",
    "UUID": "00000000-0000-4000-8000-000000000000",
}
"""A value for every member that some operation cannot do without. Operations are called with these and no others."""

OPTIONAL = {
    "CreateFunction": ("Runtime", "Handler"),
    "UpdateFunctionCode": ("ZipFile",),
    "PutFunctionEventInvokeConfig": ("MaximumRetryAttempts",),
    "UpdateFunctionEventInvokeConfig": ("MaximumRetryAttempts",),
    "CreateEventSourceMapping": ("EventSourceArn",),
}
"""Members that the model does not ask for, and the operation does."""


CODE_SIGNING = CodeSigningKey(owner=CALLER, identifier="csc-0123456789abcdefg")
"""One that CALLER has."""

SPECIAL: dict[str, dict[str, Any]] = {
    "AddLayerVersionPermission": {"Action": "lambda:GetLayerVersion"},
    "PutFunctionCodeSigningConfig": {"CodeSigningConfigArn": CODE_SIGNING.arn},
}
"""Where an operation needs another value than the example."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What an operation answered."""

    status: int
    error: str
    """The code; empty for a success."""
    text: str


class Door:
    """A data plane that answers every invocation that is let through to it."""

    invoked = 0

    async def invoke(self, _request: object) -> InvokeResult:
        self.invoked += 1
        return InvokeResult(outcome=Outcome(status=InvocationStatus.SUCCESS, payload=b"{}"), executed_version="1", log_tail=b"")

    async def accept(self, _request: object) -> None:
        self.invoked += 1

    async def resolve(self, reference: object) -> Any:
        raise AssertionError(reference)


class WholeApi:
    """One installation with `hello` (version 1, alias live, policies, tags, a URL ...) and the layer `numpy` of CALLER."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.door = Door()
        world = self.world
        self.app: App = build_app(
            AppParts(
                handlers=world.handlers,
                invoker=self.door,
                authorize_invoke=InvokePolicy(world.store).check,
                logs=FakeLogStore(world.clock),
                packages=world.packages,
                links=DownloadLinks(b"k" * 16, world.clock),
                clock=world.clock,
                chance=world.chance,
                account=CALLER.account,
                region=CALLER.region,
                isolation="process",
            )
        )

    async def furnish(self) -> None:
        """Give CALLER one of everything that hangs on a function or a layer."""
        world, name = self.world, {"FunctionName": "hello"}
        await world.active(Publish=True, Tags={"team": "blue"})
        await world.call("CreateAlias", **name, Name="live", FunctionVersion="1")
        await world.call("PublishLayerVersion", LayerName="numpy", Content={"ZipFile": zip_of("layer")})
        for qualifier in ({}, {"Qualifier": "1"}):
            grant = {"StatementId": "s", "Action": "lambda:InvokeFunction", "Principal": "333333333333"}
            await world.call("AddPermission", **name, **qualifier, **grant)
            await world.call("PutFunctionEventInvokeConfig", **name, **qualifier, MaximumRetryAttempts=1)
        await world.call("CreateFunctionUrlConfig", **name, AuthType="NONE")
        publishers = tuple(EXAMPLES["AllowedPublishers"]["SigningProfileVersionArns"])
        await world.store.add_code_signing_config(
            CodeSigningConfig(key=CODE_SIGNING, allowed_publishers=publishers, last_modified=1.0)
        )
        await world.call("PutFunctionConcurrency", **name, ReservedConcurrentExecutions=2)
        await world.call(
            "AddLayerVersionPermission",
            LayerName="numpy",
            VersionNumber=1,
            StatementId="s",
            Action="lambda:GetLayerVersion",
            Principal="333333333333",
        )
        await world.store.add_event_source_mapping(mapping(EXAMPLES["UUID"], "mq", tags={"team": "blue"}))
        await world.activate()

    def truth(self, owner: Owner = CALLER) -> str:
        """Everything that is stored of one owner."""
        kept = {name: value for name, value in vars(self.world.store).items() if isinstance(value, dict)}
        found = [
            f"{name} {key!r} {copy.copy(value)!r}"
            for name, values in sorted(kept.items())
            for key, value in values.items()
            if repr(owner) in repr(key) or repr(owner) in repr(value)
        ]
        return "\n".join(sorted(found))

    async def call(self, operation: str, caller: Owner, **members: Any) -> Reply:
        """Send an operation as botocore does, and read what comes."""
        request = _request(operation, members, caller)
        verdict = self.app.admit(request)
        response = verdict if isinstance(verdict, Response) else await self.app.handle(request)
        body = response.body if isinstance(response.body, bytes) else b"".join([each async for each in response.body])
        headers = {name.decode().lower(): value.decode() for name, value in response.headers}
        text = body.decode("utf-8", "replace")
        return Reply(status=response.status, error=headers.get("x-amzn-errortype", ""), text=text)


def required_members(operation: str) -> dict[str, Any]:
    """An example of every member that the operation needs, but those that name a resource by name or ARN."""
    shape = model().operation_model(operation).input_shape
    wanted = [*shape.required_members, *OPTIONAL.get(operation, ())]
    return {name: EXAMPLES[name] for name in wanted if name not in NAMING} | SPECIAL.get(operation, {})


NAMING = ("FunctionName", "LayerName", "Resource", "ResourceArn", "Arn", "CodeSigningConfigArn")
"""Members whose values are names or ARNs of functions, layers and code signing configurations."""


def naming_member(operation: str) -> str | None:
    """The member by which an operation names the resource that it is about; None when it names none."""
    shape = model().operation_model(operation).input_shape
    return next((name for name in NAMING if name in shape.required_members), None)


def _request(operation: str, members: dict[str, Any], caller: Owner) -> Request:
    made = create_serializer("rest-json", include_validation=True).serialize_to_request(
        members, model().operation_model(operation)
    )
    query = made["query_string"]
    text = query if isinstance(query, str) else botocore.compat.urlencode(query, doseq=True)
    path, _, literal = made["url_path"].partition("?")
    body = made["body"] if isinstance(made["body"], bytes) else str(made["body"] or "").encode()
    credential = f"{caller.account}/20261125/{caller.region}/lambda/aws4_request"
    headers = {
        "host": "127.0.0.1:4566",
        "authorization": f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0",
        **made["headers"],
    }
    pairs = [(name.lower().encode(), str(value).encode()) for name, value in headers.items()]
    request = Request(made["method"], path.encode(), "&".join(filter(None, (literal, text))).encode(), pairs)
    request.content_length = len(body)
    request.body = body
    return request
