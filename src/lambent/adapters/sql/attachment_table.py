"""Policies and configs of qualifiers as rows: written only while what they hang on exists, and dropped with it."""

from lambent.adapters.sql.codec import (
    encode_event_invoke_config,
    encode_function_url,
    encode_policy,
    encode_provisioned_concurrency,
)
from lambent.adapters.sql.sqlite import Connection
from lambent.adapters.sql.statements import STATEMENTS
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import LATEST
from lambent.core.function_url import FunctionUrl
from lambent.core.names import is_version_number
from lambent.core.ports import StaleWrite
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import PolicyKind, PolicyTarget, ResourcePolicy

Parameters = dict[str, object]

_DIGITS = 18


def put_event_invoke_config(connection: Connection, config: EventInvokeConfig) -> None:
    """Insert or replace. Raises StaleWrite when the function, version or alias is gone."""
    owner = config.key.owner
    key: Parameters = {"account": owner.account, "region": owner.region, "name": config.key.name}
    parameters = key | {"qualifier": config.qualifier}
    if not _function_has(connection, parameters):
        raise StaleWrite(config.arn)
    document = {"document": encode_event_invoke_config(config)}
    connection.execute(STATEMENTS["event_invoke_config_put"], parameters | document)


def put_function_url(connection: Connection, url: FunctionUrl) -> None:
    """Insert or replace. Raises StaleWrite when the function or alias is gone."""
    owner = url.key.owner
    key: Parameters = {"account": owner.account, "region": owner.region, "name": url.key.name}
    parameters = key | {"qualifier": url.qualifier}
    if not _function_has(connection, parameters):
        raise StaleWrite(url.arn)
    row = {"url_id": url.url_id, "document": encode_function_url(url)}
    connection.execute(STATEMENTS["function_url_put"], parameters | row)


def put_provisioned_concurrency(connection: Connection, config: ProvisionedConcurrencyConfig) -> None:
    """Insert or replace. Raises StaleWrite when the function, version or alias is gone."""
    owner = config.key.owner
    key: Parameters = {"account": owner.account, "region": owner.region, "name": config.key.name}
    parameters = key | {"qualifier": config.qualifier}
    if not _function_has(connection, parameters):
        raise StaleWrite(config.arn)
    row = {"requested": config.requested, "document": encode_provisioned_concurrency(config)}
    connection.execute(STATEMENTS["provisioned_concurrency_put"], parameters | row)


def put_policy(connection: Connection, policy: ResourcePolicy, expected_revision: str | None) -> None:
    """Insert (None), or compare and swap. Raises StaleWrite, also when what the policy is about is gone."""
    parameters = target_parameters(policy.target)
    exists = _function_has if policy.target.kind is PolicyKind.FUNCTION else _layer_has
    row = {"revision_id": policy.revision_id, "document": encode_policy(policy), "expected_revision": expected_revision}
    statement = "resource_policy_add" if expected_revision is None else "resource_policy_replace"
    if not exists(connection, parameters) or connection.execute(STATEMENTS[statement], parameters | row).rowcount != 1:
        raise StaleWrite(policy.target.arn)


def delete_policy(connection: Connection, target: PolicyTarget, expected_revision: str) -> None:
    """Compare and delete. Raises StaleWrite."""
    parameters = target_parameters(target) | {"expected_revision": expected_revision}
    if connection.execute(STATEMENTS["resource_policy_delete"], parameters).rowcount != 1:
        raise StaleWrite(target.arn)


def drop_attachments(connection: Connection, key: Parameters, qualifier: str, *, kind: PolicyKind = PolicyKind.FUNCTION) -> None:
    """What hangs on a version, an alias or a layer version that is being deleted; `key` has its account, region and name."""
    parameters = key | {"kind": kind.value, "qualifier": qualifier}
    connection.execute(STATEMENTS["resource_policy_drop"], parameters)
    if kind is PolicyKind.FUNCTION:
        connection.execute(STATEMENTS["event_invoke_config_delete"], parameters)
        connection.execute(STATEMENTS["function_url_delete"], parameters)
        connection.execute(STATEMENTS["provisioned_concurrency_delete"], parameters)


def drop_all_attachments(connection: Connection, key: Parameters) -> None:
    """What hangs on a function that is being deleted, or on any of its qualifiers."""
    connection.execute(STATEMENTS["resource_policy_drop_all"], key)
    connection.execute(STATEMENTS["event_invoke_config_delete_all"], key)
    connection.execute(STATEMENTS["function_url_delete_all"], key)
    connection.execute(STATEMENTS["provisioned_concurrency_delete_all"], key)


def target_parameters(target: PolicyTarget) -> Parameters:
    """The key of a policy."""
    return {
        "account": target.owner.account,
        "region": target.owner.region,
        "kind": target.kind.value,
        "name": target.name,
        "qualifier": target.qualifier,
    }


def _function_has(connection: Connection, parameters: Parameters) -> bool:
    qualifier = str(parameters["qualifier"])
    if qualifier in ("", LATEST):
        return _any(connection, "function_get", parameters)
    if is_version_number(qualifier):
        return len(qualifier) <= _DIGITS and _any(connection, "version_get", parameters | {"number": int(qualifier)})
    return _any(connection, "alias_get", parameters | {"alias": qualifier})


def _layer_has(connection: Connection, parameters: Parameters) -> bool:
    number = str(parameters["qualifier"])
    return len(number) <= _DIGITS and _any(connection, "layer_version_get", parameters | {"number": int(number)})


def _any(connection: Connection, statement: str, parameters: Parameters) -> bool:
    return connection.execute(STATEMENTS[statement], parameters).fetchone() is not None
