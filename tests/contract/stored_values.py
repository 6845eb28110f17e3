"""Values for the Store's and the EventQueue's tests: complete, plain, one line each."""

from dataclasses import replace
from typing import Any

from lambent.core.alias import Alias
from lambent.core.async_event import AsyncEvent
from lambent.core.event_source import EventSource, SourceKind
from lambent.core.event_source_mapping import EventSourceMapping, MappingKey, MappingState
from lambent.core.function import (
    LATEST,
    CodePackage,
    Function,
    FunctionConfiguration,
    FunctionKey,
    FunctionVersion,
    LayerReference,
    Owner,
    State,
)
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.ports import Store

OWNER = Owner(account="000000000000", region="us-east-1")
OTHER_ACCOUNT = Owner(account="111111111111", region="us-east-1")
OTHER_REGION = Owner(account="000000000000", region="eu-west-1")


def key(name: str = "hello", owner: Owner = OWNER) -> FunctionKey:
    return FunctionKey(owner=owner, name=name)


def package(name: str = "a", unpacked_size: int = 100) -> CodePackage:
    return CodePackage(digest=name * 64, sha256=f"{name}=", size=10, unpacked_size=unpacked_size)


def latest(name: str = "hello", owner: Owner = OWNER, *, layers: str = "", **fields: Any) -> FunctionVersion:
    configuration = FunctionConfiguration(
        role="arn:aws:iam::000000000000:role/r",
        runtime="python3.12",
        handler="app.handler",
        environment={"NAME": "snow ☃", "EMPTY": ""},
        layers=tuple(LayerReference(arn=f"arn:layer:{each}:1", package=package(each)) for each in layers),
        log_group=f"/aws/lambda/{name}",
        settings={"VpcConfig": {"SubnetIds": ["a", "b"]}, "TracingConfig": {"Mode": "Active"}},
    )
    given = {"code": package(), "revision_id": "r1", "last_modified": 1.5, "state": State.ACTIVE, **fields}
    return FunctionVersion(key=key(name, owner), version=LATEST, configuration=configuration, **given)


def function(name: str = "hello", owner: Owner = OWNER, *, reserved: int | None = None, **fields: Any) -> Function:
    version = latest(name, owner, **fields)
    return Function(latest=version, serving=version, reserved_concurrency=reserved, tags={"team": "a"})


def edited(stored: Function, revision: str, **fields: Any) -> Function:
    return replace(stored, latest=replace(stored.latest, revision_id=revision, **fields))


def published(stored: Function, revision: str = "v1") -> tuple[FunctionVersion, Function]:
    """The next version of a function, and the function that has given out its number."""
    version = replace(stored.latest, version=str(stored.next_version), revision_id=revision)
    return version, edited(replace(stored, next_version=stored.next_version + 1), f"after-{revision}")


def alias(name: str = "live", version: str = LATEST, *, of: FunctionKey | None = None, **fields: Any) -> Alias:
    return Alias(key=of or key(), name=name, version=version, **{"revision_id": "a1", **fields})


def layer(name: str = "numpy", owner: Owner = OWNER, **fields: Any) -> LayerVersion:
    given = {"package": package("c"), "created": 2.5, "compatible_runtimes": ("python3.12", "python3.13"), **fields}
    return LayerVersion(key=LayerKey(owner=owner, name=name), version=0, **given)


SOURCES: dict[str, tuple[EventSource, dict[str, Any]]] = {
    "sqs": (EventSource(kind=SourceKind.SQS, arn="arn:aws:sqs:us-east-1:000000000000:q"), {"BatchSize": 10}),
    "kafka": (
        EventSource(kind=SourceKind.KAFKA, servers=("b.example:1", "a.example:1")),
        {"Topics": ["t"], "SelfManagedKafkaEventSourceConfig": {"ConsumerGroupId": "g"}, "StartingPosition": "LATEST"},
    ),
    "mq": (
        EventSource(kind=SourceKind.MQ, arn="arn:aws:mq:us-east-1:000000000000:broker:b:b-1"),
        {"Queues": ["snow \u2603"], "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": "arn:secret"}]},
    ),
}
"""Sources with settings as a mapping on them has."""


def mapping(uuid: str = "m1", source: str = "sqs", *, owner: Owner = OWNER, **fields: Any) -> EventSourceMapping:
    place, settings = SOURCES[source]
    given = {
        "function": key(owner=owner),
        "qualifier": None,
        "state": MappingState.ENABLED,
        "enabled": True,
        "revision_id": "r1",
        "last_modified": 1.5,
        "settings": settings,
        **fields,
    }
    return EventSourceMapping(key=MappingKey(owner=owner, uuid=uuid), source=place, **given)


def event(event_id: str = "e1", due: float = 10.0, **fields: Any) -> AsyncEvent:
    given = {"qualifier": None, "payload": b'{"a": "\xc3\xa9"}', "accepted": due, **fields}
    return AsyncEvent(event_id=event_id, account=OWNER.account, region=OWNER.region, function="hello", due=due, **given)


async def publish(store: Store, name: str = "hello", revision: str = "v1") -> str:
    stored = await store.function(key(name))
    assert stored
    version, after = published(stored, revision)
    await store.publish_version(version, function=after, expected_revision=stored.latest.revision_id)
    return version.version
