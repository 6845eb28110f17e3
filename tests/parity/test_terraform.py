"""Terraform with the AWS provider, both unmodified: what it applies it finds again, changes in place, imports and destroys."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.parity.terraform_project import Project, terraform_or_skip
from tests.server_process import failing_code, result_of, zipped

NOT_READ_BACK = {"filename", "publish", "source_code_hash", "skip_destroy", "timeouts", "last_modified"}
"""Attributes that the provider keeps to itself, and one that it remembers of its last change."""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    folder = tmp_path / "packages"
    folder.mkdir()
    for name in ("first", "second"):
        handler = f"import os, shared\ndef handler(event, context): return ['{name}', os.environ['COLOUR'], shared.WORD]"
        (folder / f"{name}.zip").write_bytes(zipped({"f.py": handler}))
    (folder / "layer.zip").write_bytes(zipped({"python/shared.py": "WORD = 'shared'"}))
    return folder


def test_a_plan_is_applied_found_again_updated_imported_and_destroyed(
    client: Any, server: Any, tmp_path: Path, packages: Path, python_runtime: str
) -> None:
    terraform = terraform_or_skip()
    name = f"tf-{uuid.uuid4().hex[:10]}"
    variables = {"endpoint": server.endpoint, "name": name, "runtime": python_runtime, "packages": str(packages)}
    project = Project(terraform, tmp_path / "project", "main.tf", variables=variables)

    made = project.apply()
    applied = project.resources()
    assert made == {"import": 0, "add": len(applied), "change": 0, "remove": 0}
    assert project.differences() == ""
    assert result_of(client.invoke(FunctionName=name, Qualifier="live")) == ["first", "red", "shared"]

    project.set(updated="true")
    changed = project.apply()
    assert changed == {"import": 0, "add": 0, "change": 7, "remove": 0}
    assert project.differences() == ""
    assert result_of(client.invoke(FunctionName=name, Qualifier="newest")) == ["second", "blue", "shared"]
    provisioned = client.get_provisioned_concurrency_config(FunctionName=name, Qualifier="newest")
    assert (provisioned["Status"], provisioned["AvailableProvisionedConcurrentExecutions"]) == ("READY", 2)
    assert client.get_alias(FunctionName=name, Name="live")["RoutingConfig"] == {"AdditionalVersionWeights": {"2": 0.25}}

    importing = ("main.tf", "imports.tf", "imports_override.tf")
    known = {"updated": "true", "signing_config": applied["aws_lambda_code_signing_config.main"]["arn"]}
    taken_over = Project(terraform, tmp_path / "imported", *importing, variables={**variables, **known})
    assert taken_over.apply() == {"import": len(applied), "add": 0, "change": 0, "remove": 0}
    assert readable(taken_over.resources()) == readable(project.resources())

    assert taken_over.destroy() == {"import": 0, "add": 0, "change": 0, "remove": len(applied)}
    assert failing_code(client.get_function, FunctionName=name) == "ResourceNotFoundException"
    assert failing_code(client.get_layer_version, LayerName=name, VersionNumber=1) == "ResourceNotFoundException"


def readable(resources: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What a provider can read back from the server."""
    return {
        address: {key: value for key, value in values.items() if key not in NOT_READ_BACK}
        for address, values in resources.items()
    }
