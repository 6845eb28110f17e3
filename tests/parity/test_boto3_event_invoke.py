"""Unmodified boto3: event invoke configs, as at AWS."""

import datetime as dt
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.server_process import deployed


@pytest.fixture
def name(client: Any) -> str:
    return deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime="python3.12", Publish=True)


def test_a_config_is_put_updated_listed_and_deleted(client: Any, name: str) -> None:
    queue = "arn:aws:sqs:us-east-1:000000000000:q"
    put = client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=3600)
    assert put["FunctionArn"] == f"arn:aws:lambda:us-east-1:000000000000:function:{name}:$LATEST"
    assert put["DestinationConfig"] == {"OnSuccess": {}, "OnFailure": {}}
    assert isinstance(put["LastModified"], dt.datetime)
    client.update_function_event_invoke_config(FunctionName=name, DestinationConfig={"OnFailure": {"Destination": queue}})
    client.put_function_event_invoke_config(FunctionName=f"{name}:1", MaximumRetryAttempts=1)
    pages = client.get_paginator("list_function_event_invoke_configs").paginate(
        FunctionName=name, PaginationConfig={"PageSize": 1}
    )
    latest, version = [each for page in pages for each in page["FunctionEventInvokeConfigs"]]
    assert (latest["MaximumRetryAttempts"], latest["MaximumEventAgeInSeconds"]) == (0, 3600)
    assert latest["DestinationConfig"]["OnFailure"] == {"Destination": queue}
    assert (version["FunctionArn"].rpartition(":")[2], version["MaximumRetryAttempts"]) == ("1", 1)
    client.delete_function_event_invoke_config(FunctionName=name, Qualifier="1")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_event_invoke_config(FunctionName=name, Qualifier="1")


def test_values_out_of_range_are_refused(client: Any, name: str) -> None:
    for given in ({"MaximumRetryAttempts": 3}, {"MaximumEventAgeInSeconds": 21_601}, {}):
        with pytest.raises(ClientError) as caught:
            client.put_function_event_invoke_config(FunctionName=name, **given)
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_a_config_outlives_a_restart(start_server: Any) -> None:
    server = start_server()
    client = server.client()
    name = deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime="python3.12")
    put = client.put_function_event_invoke_config(FunctionName=name, MaximumRetryAttempts=0)
    server.kill()
    server.start()
    get = server.client().get_function_event_invoke_config(FunctionName=name)
    assert (get["LastModified"], get["MaximumRetryAttempts"]) == (put["LastModified"], 0)
    server.stop()
