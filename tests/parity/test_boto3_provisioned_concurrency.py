"""Unmodified boto3: provisioned concurrency configs, as at AWS."""

import re
import time
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.server_process import deployed

SECONDS = 60


@pytest.fixture
def name(client: Any) -> Any:
    name = deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime="python3.12", Publish=True)
    client.create_alias(FunctionName=name, Name="edge", FunctionVersion="$LATEST")
    yield name
    client.delete_function(FunctionName=name)


@pytest.fixture
def unchecked(server: Any) -> Any:
    """A client that sends what the model forbids."""
    return boto3.client(
        "lambda",
        endpoint_url=server.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )


def code_of(caught: pytest.ExceptionInfo[ClientError]) -> tuple[str, int]:
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_config_is_put_read_listed_and_deleted(client: Any, name: str) -> None:
    put = client.put_provisioned_concurrency_config(FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=1)
    assert put["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert put["Status"] == "IN_PROGRESS"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000", put["LastModified"])
    deadline = time.monotonic() + SECONDS
    while client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")["Status"] == "IN_PROGRESS":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    pages = client.get_paginator("list_provisioned_concurrency_configs").paginate(FunctionName=name)
    (listed,) = [each for page in pages for each in page["ProvisionedConcurrencyConfigs"]]
    assert listed["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}:1"
    assert listed["LastModified"] == put["LastModified"]
    deleted = client.delete_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert deleted["ResponseMetadata"]["HTTPStatusCode"] == 204
    with pytest.raises(ClientError) as caught:
        client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="1")
    assert code_of(caught) == ("ProvisionedConcurrencyConfigNotFoundException", 404)


@pytest.mark.parametrize(
    ("qualifier", "amount", "expected"),
    [
        ("$LATEST", 1, ("InvalidParameterValueException", 400)),
        ("edge", 1, ("InvalidParameterValueException", 400)),
        ("1", 901, ("InvalidParameterValueException", 400)),
        ("1", 0, ("ValidationException", 400)),
        ("no such", 1, ("ValidationException", 400)),
        ("q" * 129, 1, ("ValidationException", 400)),
        ("none", 1, ("ResourceNotFoundException", 404)),
        ("7", 1, ("ResourceNotFoundException", 404)),
    ],
)
def test_what_may_not_be_is_refused_and_nothing_is_stored(
    client: Any, unchecked: Any, name: str, qualifier: str, amount: int, expected: tuple[str, int]
) -> None:
    with pytest.raises(ClientError) as caught:
        unchecked.put_provisioned_concurrency_config(
            FunctionName=name, Qualifier=qualifier, ProvisionedConcurrentExecutions=amount
        )
    assert code_of(caught) == expected
    assert client.list_provisioned_concurrency_configs(FunctionName=name)["ProvisionedConcurrencyConfigs"] == []
