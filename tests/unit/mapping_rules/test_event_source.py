"""Sources told by their ARN or servers, and the states of a mapping, as tables (facts D1)."""

from typing import Any

import pytest

from lambent.core.errors import InvalidParameterValue, ResourceInUse
from lambent.core.event_source import SourceKind, event_source
from lambent.core.event_source_mapping import MappingState
from lambent.core.event_source_rules import RULES
from lambent.core.event_source_states import refuse_while_in_use, settled, updating
from tests.contract.stored_values import mapping

HERE = "us-east-1:000000000000"
KAFKA = {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["b.example:9092", "a.example:9092"]}}


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (f"arn:aws:sqs:{HERE}:queue", SourceKind.SQS),
        ("arn:aws:sqs:us-east-1:111111111111:queue", SourceKind.SQS),
        ("arn:aws-cn:sqs:us-east-1:000000000000:queue", SourceKind.SQS),
        (f"arn:aws:sqs:{HERE}:queue.fifo", SourceKind.SQS_FIFO),
        (f"arn:aws:kinesis:{HERE}:stream/s", SourceKind.KINESIS),
        (f"arn:aws:kinesis:{HERE}:stream/s/consumer/c:1700000000", SourceKind.KINESIS),
        (f"arn:aws:dynamodb:{HERE}:table/t.x/stream/2026-01-01T00:00:00.000", SourceKind.DYNAMODB),
        (f"arn:aws:kafka:{HERE}:cluster/c/0-1-2-3", SourceKind.MSK),
        (f"arn:aws:kafka:{HERE}:vpc-connection/111111111111/c/0-1", SourceKind.MSK),
        (f"arn:aws:mq:{HERE}:broker:b:b-1234", SourceKind.MQ),
        (f"arn:aws:rds:{HERE}:cluster:docs", SourceKind.DOCUMENTDB),
    ],
)
def test_an_arn_tells_its_kind(arn: str, kind: SourceKind) -> None:
    source = event_source({"EventSourceArn": arn}, region="us-east-1")
    assert (source.kind, source.name) == (kind, arn)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:aws:events:{HERE}:rule/my-rule",
        f"arn:aws:dynamodb:{HERE}:table/t",
        f"arn:aws:kinesis:{HERE}:deliverystream/s",
        f"arn:aws:sqs:{HERE}:queue/with/slashes",
        f"arn:aws:sqs:{HERE}:{'q' * 81}",
        "arn:aws:sqs:::queue",
        f"arn:aws:rds:{HERE}:db:docs",
    ],
)
def test_what_is_no_source_is_refused_in_lambdas_words(arn: str) -> None:
    with pytest.raises(InvalidParameterValue) as refusal:
        event_source({"EventSourceArn": arn}, region="us-east-1")
    assert refusal.value.message == f"Unrecognized event source. Unsupported source arn : {arn}"


@pytest.mark.parametrize("members", [{}, {"EventSourceArn": ""}, {"SelfManagedEventSource": {}}])
def test_a_mapping_must_have_a_source(members: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameterValue, match=r"^Unrecognized event source\.$"):
        event_source(members, region="us-east-1")


def test_a_source_has_one_name_however_its_servers_are_ordered() -> None:
    source = event_source({"SelfManagedEventSource": KAFKA}, region="us-east-1")
    assert source.kind is SourceKind.KAFKA
    assert source.servers == ("b.example:9092", "a.example:9092")
    assert source.name == "a.example:9092,b.example:9092"


def test_a_source_is_of_the_functions_region_and_given_in_one_way() -> None:
    arn = "arn:aws:sqs:eu-west-1:000000000000:queue"
    with pytest.raises(InvalidParameterValue, match="us-east-1"):
        event_source({"EventSourceArn": arn}, region="us-east-1")
    with pytest.raises(InvalidParameterValue, match="Only one"):
        event_source({"EventSourceArn": arn, "SelfManagedEventSource": KAFKA}, region="eu-west-1")


def test_every_kind_has_rules_that_fit_together() -> None:
    assert set(RULES) == set(SourceKind)
    for rules in RULES.values():
        assert set(rules.needs) <= rules.takes
        assert set(rules.defaults) <= rules.takes
        assert bool(rules.positions) == ("StartingPosition" in rules.takes)
        assert bool(rules.access) == ("SourceAccessConfigurations" in rules.takes)


@pytest.mark.parametrize(
    ("was", "wanted", "state"),
    [
        (True, True, MappingState.UPDATING),
        (True, False, MappingState.DISABLING),
        (False, True, MappingState.ENABLING),
        (False, False, MappingState.UPDATING),
    ],
)
def test_an_update_leads_through_a_state_to_what_is_wanted(was: bool, wanted: bool, state: MappingState) -> None:
    changed = mapping(enabled=wanted)
    assert updating(mapping(enabled=was), changed) is state
    after = settled(mapping(enabled=wanted, state=state), now=9.0, revision_id="r2")
    assert after
    assert after.state is (MappingState.ENABLED if wanted else MappingState.DISABLED)
    assert (after.last_modified, after.revision_id) == (9.0, "r2")


def test_a_deleted_mapping_ends_in_nothing() -> None:
    assert settled(mapping(state=MappingState.DELETING), now=9.0, revision_id="r2") is None


@pytest.mark.parametrize("state", MappingState)
def test_only_settled_mappings_may_be_changed(state: MappingState) -> None:
    if state in (MappingState.ENABLED, MappingState.DISABLED):
        refuse_while_in_use(mapping(state=state), "delete")
        return
    with pytest.raises(ResourceInUse, match=r"^Cannot delete the event source mapping because it is in use\.$"):
        refuse_while_in_use(mapping(state=state), "delete")
