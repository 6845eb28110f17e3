"""Unmodified boto3: a function with tenant isolation, which keeps tenants apart and takes no invocation without one."""

from typing import Any

import pytest

from tests.server_process import deployed, failing_code, result_of

CODE = {
    "f.py": "seen = []\ndef handler(event, context):\n    seen.append(context.tenant_id)\n    return seen",
}
TENANCY = {"TenantIsolationMode": "PER_TENANT"}


@pytest.fixture
def name(client: Any, python_runtime: str) -> Any:
    name = deployed(client, CODE, runtime=python_runtime, TenancyConfig=TENANCY, Publish=True)
    yield name
    client.delete_function(FunctionName=name)


def test_each_tenant_has_environments_of_its_own(client: Any, name: str) -> None:
    assert client.get_function_configuration(FunctionName=name)["TenancyConfig"] == TENANCY
    seen = [result_of(client.invoke(FunctionName=name, TenantId=tenant)) for tenant in ("blue", "green", "blue", "green")]
    assert seen == [["blue"], ["green"], ["blue", "blue"], ["green", "green"]]


def test_a_tenant_is_named_exactly_where_tenants_are_isolated(client: Any, name: str, python_runtime: str) -> None:
    shared = deployed(client, CODE, runtime=python_runtime)
    for kind in ("RequestResponse", "Event"):
        assert failing_code(client.invoke, FunctionName=name, InvocationType=kind) == "InvalidParameterValueException"
        arguments = {"FunctionName": shared, "TenantId": "blue", "InvocationType": kind}
        assert failing_code(client.invoke, **arguments) == "InvalidParameterValueException"
    client.delete_function(FunctionName=shared)


def test_what_knows_no_tenant_is_refused(client: Any, name: str) -> None:
    invalid = "InvalidParameterValueException"
    assert failing_code(client.create_function_url_config, FunctionName=name, AuthType="NONE") == invalid
    provisioned = {"FunctionName": name, "Qualifier": "1", "ProvisionedConcurrentExecutions": 1}
    assert failing_code(client.put_provisioned_concurrency_config, **provisioned) == invalid
    queue = "arn:aws:sqs:us-east-1:000000000000:orders"
    assert failing_code(client.create_event_source_mapping, FunctionName=name, EventSourceArn=queue) == invalid
