"""The control plane on fakes: calls go through the handlers with wire members, checked against the service model."""

import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

from lambent.adapters.signatures import ZipSignatures
from lambent.api.call import Call
from lambent.api.handlers import ControlPorts, control_handlers
from lambent.control.activation import Activator
from lambent.control.code import Signers
from lambent.control.mapping_transitions import TRANSITION_SECONDS, MappingTransitions
from lambent.core.code_signature import SigningProfiles
from lambent.core.function import FunctionKey, Owner
from lambent.core.ports import PackageStore, Store
from lambent.core.provisioned_concurrency import Standing
from lambent.testing.image_source import FakeImageSource
from lambent.testing.object_source import FakeObjectSource
from lambent.testing.packages import FakePackageStore
from lambent.testing.store import FakeStore
from lambent.testing.system import FakeChance, FakeClock

CALLER = Owner(account="000000000000", region="us-east-1")
ROLE = "arn:aws:iam::000000000000:role/r"
ENDPOINT = "http://127.0.0.1:4566"


@cache
def zip_of(text: str = "code", *, name: str = "app.py") -> bytes:
    """A package with one file; the same bytes for the same text."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o644 << 16
        archive.writestr(info, text)
    return buffer.getvalue()


@cache
def model():
    return botocore.session.get_session().get_service_model("lambda")


def check_shape(members: Mapping[str, Any], shape) -> None:
    """Members have the model's names and types."""
    report = ParamValidator().validate(dict(members), shape)
    assert not report.has_errors(), report.generate_report()
    unknown = set(members) - set(shape.members)
    assert not unknown, f"{shape.name} has no {unknown}"


class World:
    """One installation. `activate` stands in for the running Activator, so that a test sees states before and after."""

    def __init__(self, folder: Path, *, store: Store | None = None, profiles: SigningProfiles | None = None) -> None:
        self.store = store or FakeStore()
        self.clock = FakeClock()
        self.chance = FakeChance()
        self.objects = FakeObjectSource()
        self.images = FakeImageSource()
        self.standing: dict[tuple[str, str], Standing] = {}
        """What stands of provisioned environments, by function and version number."""
        self.profiles = profiles or SigningProfiles()
        self.use_packages(FakePackageStore(folder))

    def use_packages(self, packages: PackageStore) -> None:
        """Join everything on this PackageStore, such as one that outlived a restart."""
        self.packages = packages
        self.activator = Activator(self.store, packages, self.chance)
        self.transitions = MappingTransitions(self.store, self.clock, self.chance)
        ports = ControlPorts(
            store=self.store,
            packages=packages,
            objects=self.objects,
            images=self.images,
            signers=Signers(signatures=ZipSignatures(), profiles=self.profiles),
            clock=self.clock,
            chance=self.chance,
            standings=lambda key, version: self.standing.get((key.name, version), Standing()),
        )
        self.handlers = control_handlers(
            ports, link=lambda endpoint, digest: f"{endpoint}/code/{digest}", account_concurrency=1000
        )

    async def call(self, operation: str, *, caller: Owner = CALLER, **members: Any) -> dict[str, Any]:
        """Call an operation with wire members; both ways are held against the service model."""
        operation_model = model().operation_model(operation)
        if operation_model.input_shape:
            check_shape(members, operation_model.input_shape)
        call = Call(operation=operation, caller=caller, request_id="request", endpoint=ENDPOINT)
        reply = dict(await self.handlers[operation](call, members))
        if operation_model.output_shape:
            check_shape(reply, operation_model.output_shape)
        else:
            assert not reply
        return reply

    async def create(self, name: str = "hello", **members: Any) -> dict[str, Any]:
        """CreateFunction, with what it needs filled in."""
        given = {"Role": ROLE, "Runtime": "python3.12", "Handler": "app.handler", "Code": {"ZipFile": zip_of()}, **members}
        return await self.call("CreateFunction", FunctionName=name, **given)

    async def activate(self) -> None:
        """Let activation do all there is to do."""
        for key in await self.store.unsettled():
            await self.activator.settle(key)

    async def settle_mappings(self) -> None:
        """Let every transient state of an event source mapping come to its end."""
        self.clock.advance(TRANSITION_SECONDS)
        await self.transitions.settle_due()

    async def active(self, name: str = "hello", **members: Any) -> dict[str, Any]:
        """A function that is Active."""
        reply = await self.create(name, **members)
        await self.activate()
        return reply

    async def configure(self, name: str = "hello", **members: Any) -> None:
        """UpdateFunctionConfiguration, brought into service."""
        await self.call("UpdateFunctionConfiguration", FunctionName=name, **members)
        await self.activate()

    async def publish(self, name: str = "hello", **members: Any) -> str:
        """PublishVersion, brought into service; returns the version number."""
        reply = await self.call("PublishVersion", FunctionName=name, **members)
        await self.activate()
        return reply["Version"]

    async def configuration(self, name: str = "hello", **members: Any) -> dict[str, Any]:
        """GetFunctionConfiguration."""
        return await self.call("GetFunctionConfiguration", FunctionName=name, **members)

    def key(self, name: str = "hello") -> FunctionKey:
        """The Store's key of a function."""
        return FunctionKey(owner=CALLER, name=name)
