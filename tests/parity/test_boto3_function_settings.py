"""Unmodified boto3: runtime management and recursion settings, as at AWS."""

from typing import Any

import pytest

from tests.server_process import deployed


@pytest.fixture
def name(client: Any) -> str:
    return deployed(client, {"f.py": "def handler(e, c): return 1"}, runtime="python3.12", Publish=True)


def test_runtime_management_is_kept_per_version(client: Any, name: str) -> None:
    put = client.put_runtime_management_config(FunctionName=name, Qualifier="1", UpdateRuntimeOn="FunctionUpdate")
    assert (put["UpdateRuntimeOn"], put["FunctionArn"].rpartition(":")[2]) == ("FunctionUpdate", "1")
    assert client.get_runtime_management_config(FunctionName=name)["UpdateRuntimeOn"] == "Auto"
    assert client.get_runtime_management_config(FunctionName=name, Qualifier="1")["UpdateRuntimeOn"] == "FunctionUpdate"
    with pytest.raises(client.exceptions.InvalidParameterValueException):
        client.put_runtime_management_config(FunctionName=name, UpdateRuntimeOn="Manual")


def test_recursion_is_terminated_until_it_is_allowed(client: Any, name: str) -> None:
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Terminate"
    assert client.put_function_recursion_config(FunctionName=name, RecursiveLoop="Allow")["RecursiveLoop"] == "Allow"
    assert client.get_function_recursion_config(FunctionName=name)["RecursiveLoop"] == "Allow"
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_function_recursion_config(FunctionName=f"{name}-other")
