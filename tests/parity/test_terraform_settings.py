"""Terraform gives a function every setting that it knows, finds each again, and takes all of them away."""

import uuid
from pathlib import Path
from typing import Any

from tests.parity.terraform_project import Project, terraform_or_skip
from tests.server_process import zipped

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/team/app@sha256:" + "a" * 64


def test_settings_are_given_found_again_and_taken_away(client: Any, server: Any, tmp_path: Path) -> None:
    terraform = terraform_or_skip()
    name = f"tf-{uuid.uuid4().hex[:10]}"
    package = tmp_path / "package.zip"
    package.write_bytes(zipped({"f.py": "def handler(event, context): return 1"}))
    variables = {"endpoint": server.endpoint, "name": name, "runtime": "python3.12", "package": str(package), "image": IMAGE}
    project = Project(terraform, tmp_path / "project", "settings.tf", variables=variables)

    assert project.apply() == {"import": 0, "add": 2, "change": 0, "remove": 0}
    assert project.differences() == ""
    shown = client.get_function_configuration(FunctionName=name)
    assert set(shown["VpcConfig"]["SubnetIds"]) == {"subnet-1", "subnet-2"}
    assert shown["LoggingConfig"]["SystemLogLevel"] == "WARN"
    image = client.get_function_configuration(FunctionName=f"{name}-image")
    assert image["ImageConfigResponse"]["ImageConfig"]["EntryPoint"] == ["/lambda-entrypoint.sh"]
    assert (image["SnapStart"]["ApplyOn"], image["Architectures"]) == ("PublishedVersions", ["arm64"])

    project.set(given="false")
    assert project.apply() == {"import": 0, "add": 0, "change": 2, "remove": 0}
    assert project.differences() == ""
    shown = client.get_function_configuration(FunctionName=name)
    assert not {"VpcConfig", "FileSystemConfigs", "DeadLetterConfig", "KMSKeyArn"} & set(shown)
    assert "ImageConfigResponse" not in client.get_function_configuration(FunctionName=f"{name}-image")

    assert project.destroy() == {"import": 0, "add": 0, "change": 0, "remove": 2}
