"""Unmodified boto3: every paginator of an operation that is carried goes through all pages; every waiter ends by itself."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.server_process import deployed, updated, zipped

REGION, ACCOUNT = "us-east-1", "222222222222"
QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:queue-"
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/parity/AbCdEf1234"
CODE = {"f.py": "def handler(event, context): return 1"}
PAGES = {
    "list_functions": ("Functions", "FunctionArn", ()),
    "list_versions_by_function": ("Versions", "FunctionArn", ("FunctionName",)),
    "list_aliases": ("Aliases", "AliasArn", ("FunctionName",)),
    "list_layers": ("Layers", "LayerArn", ()),
    "list_layer_versions": ("LayerVersions", "LayerVersionArn", ("LayerName",)),
    "list_function_event_invoke_configs": ("FunctionEventInvokeConfigs", "FunctionArn", ("FunctionName",)),
    "list_function_url_configs": ("FunctionUrlConfigs", "FunctionArn", ("FunctionName",)),
    "list_provisioned_concurrency_configs": ("ProvisionedConcurrencyConfigs", "FunctionArn", ("FunctionName",)),
    "list_event_source_mappings": ("EventSourceMappings", "UUID", ("FunctionName",)),
    "list_code_signing_configs": ("CodeSigningConfigs", "CodeSigningConfigArn", ()),
    "list_functions_by_code_signing_config": ("FunctionArns", "", ("CodeSigningConfigArn",)),
}
"""By paginator: the list in its reply, what names an entry, and which arguments it takes."""


@pytest.fixture(scope="module")
def account(server: Any) -> Any:
    """A client of an account in which nobody else does anything."""
    return server.client("lambda", account=ACCOUNT)


@pytest.fixture(scope="module")
def furnished(account: Any) -> Iterator[dict[str, str]]:
    """Three of everything that can be listed; what paginators are asked with."""
    signing = [_signing_config(account) for _ in range(3)]
    names = [f"paged-{uuid.uuid4().hex[:8]}" for _ in range(3)]
    for name in names:
        deployed(account, CODE, name=name, runtime="python3.12", CodeSigningConfigArn=signing[0])
    _versions(account, names[0])
    layer = f"paged-{uuid.uuid4().hex[:8]}"
    for name in (layer, layer, layer, f"{layer}-b", f"{layer}-c"):
        account.publish_layer_version(LayerName=name, Content={"ZipFile": zipped({"python/shared.py": "WORD = 1"})})
    for number in range(3):
        account.create_event_source_mapping(FunctionName=names[0], EventSourceArn=f"{QUEUE}{number}", Enabled=False)
    yield {"FunctionName": names[0], "LayerName": layer, "CodeSigningConfigArn": signing[0]}
    for name in names:
        account.delete_function(FunctionName=name)


def _versions(client: Any, name: str) -> None:
    """Three versions and aliases, each alias with an event invoke config, a URL and provisioned concurrency."""
    for number in range(1, 4):
        client.update_function_configuration(FunctionName=name, Timeout=number)
        updated(client, name)
        client.publish_version(FunctionName=name)
        alias = f"alias{number}"
        client.create_alias(FunctionName=name, Name=alias, FunctionVersion=str(number))
        client.put_function_event_invoke_config(FunctionName=name, Qualifier=alias, MaximumRetryAttempts=1)
        client.create_function_url_config(FunctionName=name, Qualifier=alias, AuthType="NONE")
        client.put_provisioned_concurrency_config(FunctionName=name, Qualifier=alias, ProvisionedConcurrentExecutions=1)


def _signing_config(client: Any) -> str:
    reply = client.create_code_signing_config(
        AllowedPublishers={"SigningProfileVersionArns": [PROFILE]}, CodeSigningPolicies={"UntrustedArtifactOnDeployment": "Warn"}
    )
    return str(reply["CodeSigningConfig"]["CodeSigningConfigArn"])


@pytest.mark.parametrize("operation", PAGES)
def test_pages_of_one_and_of_two_say_what_the_whole_list_says(account: Any, furnished: dict[str, str], operation: str) -> None:
    result, key, given = PAGES[operation]
    members = {name: furnished[name] for name in given}
    whole = [each[key] if key else each for each in getattr(account, operation)(**members)[result]]
    assert len(whole) >= 3
    assert len(set(whole)) == len(whole)
    for size in (1, 2):
        pages = account.get_paginator(operation).paginate(**members, PaginationConfig={"PageSize": size})
        found = [[each[key] if key else each for each in page[result]] for page in pages]
        assert [each for page in found for each in page] == whole
        assert {len(page) for page in found[:-1]} == {size}


def test_every_paginator_but_those_of_families_that_are_not_there_is_tried(account: Any) -> None:
    operations = account.meta.method_to_api_mapping
    paged = {each for each in operations if account.can_paginate(each)}
    absent = {each for each in paged if "capacity_provider" in each or "durable_execution" in each}
    assert paged - absent == set(PAGES)


def test_every_waiter_ends_by_itself(account: Any, furnished: dict[str, str]) -> None:
    assert set(account.waiter_names) == {
        *("function_active", "function_active_v2", "function_exists", "function_updated", "function_updated_v2"),
        "published_version_active",
    }
    for waiter in account.waiter_names:
        members = {"Qualifier": "1"} if waiter == "published_version_active" else {}
        account.get_waiter(waiter).wait(FunctionName=furnished["FunctionName"], WaiterConfig={"Delay": 1}, **members)


def test_a_waiter_for_what_is_not_there_gives_up(account: Any) -> None:
    with pytest.raises(WaiterError):
        account.get_waiter("function_exists").wait(FunctionName="nobody", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
