"""Unmodified boto3: function URL configs, as at AWS."""

from typing import Any

import pytest

from tests.server_process import deployed


def test_a_url_config_is_created_updated_listed_and_deleted(client: Any) -> None:
    name = deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime="python3.12")
    cors = {"AllowOrigins": ["https://example.org"], "AllowHeaders": ["x-a"], "MaxAge": 5}
    made = client.create_function_url_config(FunctionName=name, AuthType="NONE", Cors=cors)
    assert ".lambda-url.us-east-1." in made["FunctionUrl"]
    assert made["Cors"] == cors
    with pytest.raises(client.exceptions.ResourceConflictException):
        client.create_function_url_config(FunctionName=name, AuthType="NONE")
    update = client.update_function_url_config(FunctionName=name, AuthType="AWS_IAM")
    assert (update["FunctionUrl"], update["AuthType"], update["InvokeMode"]) == (made["FunctionUrl"], "AWS_IAM", "BUFFERED")
    pages = client.get_paginator("list_function_url_configs").paginate(FunctionName=name)
    assert [each["FunctionUrl"] for page in pages for each in page["FunctionUrlConfigs"]] == [made["FunctionUrl"]]
    client.delete_function_url_config(FunctionName=name)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_url_config(FunctionName=name)
