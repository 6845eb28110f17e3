"""What each kind of event source takes, needs and has by default, as one table (facts D1; service model)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from lambent.core.event_source import SourceKind

_BATCHES = frozenset({"BatchSize", "MaximumBatchingWindowInSeconds"})
_FILTERS = frozenset({"FilterCriteria", "KMSKeyArn"})
_POSITION = frozenset({"StartingPosition", "StartingPositionTimestamp"})
_RETRIES = frozenset(
    {
        "DestinationConfig",
        "MaximumRecordAgeInSeconds",
        "BisectBatchOnFunctionError",
        "MaximumRetryAttempts",
        "FunctionResponseTypes",
    }
)
_KAFKA = frozenset({"Topics", "SourceAccessConfigurations", "ProvisionedPollerConfig", "LoggingConfig", "MetricsConfig"})
_EVERY_POSITION = frozenset({"TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"})
_KAFKA_ACCESS = frozenset(
    {
        "BASIC_AUTH",
        "SASL_SCRAM_256_AUTH",
        "SASL_SCRAM_512_AUTH",
        "CLIENT_CERTIFICATE_TLS_AUTH",
        "SERVER_ROOT_CA_CERTIFICATE",
        "VPC_SUBNET",
        "VPC_SECURITY_GROUP",
        "OAUTHBEARER_AUTH",
        "OAUTHBEARER_SCOPE",
        "OAUTHBEARER_AUDIENCE",
        "OAUTHBEARER_LOGICAL_CLUSTER",
        "OAUTHBEARER_IDENTITY_POOL",
        "IAM_AUTH",
        "IAM_OAUTHBEARER_AUTH",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PollerRange:
    """How many pollers a mapping in provisioned mode may have."""

    fewest: int
    """The smallest minimum, and its default."""
    most: int
    named: bool = False
    """Whether mappings may share pollers by PollerGroupName."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceRules:
    """The rules of one kind of source. Members go by their wire names."""

    takes: frozenset[str]
    """Beside source, function, Enabled and Tags, which every kind takes."""
    needs: tuple[str, ...] = ()
    """What CreateEventSourceMapping must be given."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Shown when nothing was given; what is not here is not shown then."""
    positions: frozenset[str] = frozenset()
    access: frozenset[str] = frozenset()
    """Types of SourceAccessConfigurations."""
    credentials: bool = False
    """Whether one of BASIC_AUTH is needed."""
    metrics: frozenset[str] = frozenset()
    pollers: PollerRange | None = None
    longest_timeout: int | None = None
    """Seconds that the function's timeout may be at most; None is no rule of its own."""


_RETRY_DEFAULTS = {
    "DestinationConfig": {"OnFailure": {}},
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
}
_STREAM_DEFAULTS = {
    **_RETRY_DEFAULTS,
    "BatchSize": 100,
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "TumblingWindowInSeconds": 0,
    "FunctionResponseTypes": [],
}
_FOURTEEN_MINUTES = 840

_QUEUE = SourceRules(
    takes=_BATCHES | _FILTERS | {"FunctionResponseTypes", "MetricsConfig", "ScalingConfig", "ProvisionedPollerConfig"},
    defaults={"BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []},
    metrics=frozenset({"EventCount"}),
    pollers=PollerRange(fewest=2, most=10_000),
)
_KINESIS = SourceRules(
    takes=_BATCHES | _FILTERS | _POSITION | _RETRIES | {"ParallelizationFactor", "TumblingWindowInSeconds", "MetricsConfig"},
    needs=("StartingPosition",),
    defaults=_STREAM_DEFAULTS,
    positions=_EVERY_POSITION,
    metrics=frozenset({"EventCount"}),
)
_DYNAMODB = SourceRules(
    takes=_KINESIS.takes,
    needs=_KINESIS.needs,
    defaults=_STREAM_DEFAULTS,
    positions=frozenset({"TRIM_HORIZON", "LATEST"}),
    metrics=_KINESIS.metrics,
)
_MSK = SourceRules(
    takes=_BATCHES | _FILTERS | _POSITION | _RETRIES | _KAFKA | {"AmazonManagedKafkaEventSourceConfig"},
    needs=("Topics", "StartingPosition"),
    defaults={**_RETRY_DEFAULTS, "BatchSize": 100},
    positions=_EVERY_POSITION,
    access=frozenset({"SASL_SCRAM_512_AUTH", "CLIENT_CERTIFICATE_TLS_AUTH"}),
    metrics=frozenset({"EventCount", "ErrorCount", "KafkaMetrics"}),
    pollers=PollerRange(fewest=1, most=2000, named=True),
    longest_timeout=_FOURTEEN_MINUTES,
)
_SELF_MANAGED = SourceRules(
    takes=_BATCHES | _FILTERS | _POSITION | _RETRIES | _KAFKA | {"SelfManagedKafkaEventSourceConfig"},
    needs=_MSK.needs,
    defaults=_MSK.defaults,
    positions=_EVERY_POSITION,
    access=_KAFKA_ACCESS,
    metrics=_MSK.metrics,
    pollers=_MSK.pollers,
    longest_timeout=_FOURTEEN_MINUTES,
)
_BROKER = SourceRules(
    takes=_BATCHES | _FILTERS | {"Queues", "SourceAccessConfigurations"},
    needs=("Queues", "SourceAccessConfigurations"),
    defaults={"BatchSize": 100},
    access=frozenset({"BASIC_AUTH", "VIRTUAL_HOST"}),
    credentials=True,
    longest_timeout=_FOURTEEN_MINUTES,
)
_DOCUMENTDB = SourceRules(
    takes=_BATCHES | _POSITION | {"SourceAccessConfigurations", "DocumentDBEventSourceConfig"},
    needs=("DocumentDBEventSourceConfig", "SourceAccessConfigurations", "StartingPosition"),
    defaults={"BatchSize": 100},
    positions=_EVERY_POSITION,
    access=frozenset({"BASIC_AUTH"}),
    credentials=True,
    longest_timeout=_FOURTEEN_MINUTES,
)

RULES: Mapping[SourceKind, SourceRules] = MappingProxyType(
    {
        SourceKind.SQS: _QUEUE,
        SourceKind.SQS_FIFO: _QUEUE,
        SourceKind.KINESIS: _KINESIS,
        SourceKind.DYNAMODB: _DYNAMODB,
        SourceKind.MSK: _MSK,
        SourceKind.KAFKA: _SELF_MANAGED,
        SourceKind.MQ: _BROKER,
        SourceKind.DOCUMENTDB: _DOCUMENTDB,
    }
)
"""Every kind has rules."""
