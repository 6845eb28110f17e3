"""Event sources: what a mapping reads from, and how each kind is told by its ARN (facts D1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lambent.core.errors import InvalidParameterValue

_ARN = re.compile(r"arn:aws[\w-]*:(?P<service>[\w-]+):(?P<region>[\w-]+):(?P<account>\d{12}):(?P<resource>.+)", re.ASCII)
_SERVERS = "KAFKA_BOOTSTRAP_SERVERS"


class SourceKind(StrEnum):
    """A kind of event source, each with rules of its own."""

    SQS = "sqs"
    SQS_FIFO = "sqs-fifo"
    KINESIS = "kinesis"
    DYNAMODB = "dynamodb"
    MSK = "msk"
    KAFKA = "kafka"
    """Self-managed Apache Kafka: the one kind without an ARN."""
    MQ = "mq"
    """ActiveMQ and RabbitMQ: the ARN of a broker does not say which."""
    DOCUMENTDB = "documentdb"


_RESOURCES = (
    (SourceKind.SQS_FIFO, "sqs", re.compile(r"[\w-]{1,75}\.fifo", re.ASCII)),
    (SourceKind.SQS, "sqs", re.compile(r"[\w-]{1,80}", re.ASCII)),
    (SourceKind.KINESIS, "kinesis", re.compile(r"stream/[\w.-]{1,128}(/consumer/[\w.-]{1,128}:\d+)?", re.ASCII)),
    (SourceKind.DYNAMODB, "dynamodb", re.compile(r"table/[\w.-]{3,255}/stream/[\w.:-]+", re.ASCII)),
    (SourceKind.MSK, "kafka", re.compile(r"(cluster|vpc-connection)(/[\w.-]+)+", re.ASCII)),
    (SourceKind.MQ, "mq", re.compile(r"broker:[\w.-]+:b-[\w-]+", re.ASCII)),
    (SourceKind.DOCUMENTDB, "rds", re.compile(r"cluster:[\w-]+", re.ASCII)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class EventSource:
    """One queue, stream, cluster or broker."""

    kind: SourceKind
    arn: str | None = None
    """None for self-managed Kafka."""
    servers: tuple[str, ...] = ()
    """Self-managed Kafka: the bootstrap servers as given, `host:port`."""

    @property
    def name(self) -> str:
        """What tells this source from others: its ARN, or its servers in one order."""
        return self.arn if self.arn is not None else ",".join(sorted(set(self.servers)))


def event_source(members: Mapping[str, Any], *, region: str) -> EventSource:
    """The source that CreateEventSourceMapping names, by EventSourceArn or SelfManagedEventSource.

    Another account may own it, another Region than the mapping's may not (Developer Guide, with-sqs). Raises
    InvalidParameterValue for a source of no known kind.
    """
    arn, servers = members.get("EventSourceArn"), members.get("SelfManagedEventSource", {}).get("Endpoints", {}).get(_SERVERS)
    if arn and servers:
        raise InvalidParameterValue("Only one of EventSourceArn and SelfManagedEventSource can be specified.")
    if servers:
        return EventSource(kind=SourceKind.KAFKA, servers=tuple(servers))
    if not arn:
        raise InvalidParameterValue("Unrecognized event source.")
    match = _ARN.fullmatch(arn)
    kind = None if match is None else _kind(match["service"], match["resource"])
    if match is None or kind is None:
        raise InvalidParameterValue(f"Unrecognized event source. Unsupported source arn : {arn}")
    if match["region"] != region:
        raise InvalidParameterValue(f"The event source must be in the Region of the function ('{region}'): {arn}")
    return EventSource(kind=kind, arn=arn)


def _kind(service: str, resource: str) -> SourceKind | None:
    return next((kind for kind, of, form in _RESOURCES if of == service and form.fullmatch(resource)), None)
