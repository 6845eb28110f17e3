"""Terraform with the AWS provider, both unmodified: event source mappings of every kind are made, found again, changed, destroyed."""

from pathlib import Path
from typing import Any

from tests.parity.terraform_project import Project, terraform_or_skip
from tests.server_process import deployed

MAPPINGS, CHANGED = 8, 4


def test_mappings_of_every_source_are_applied_found_again_updated_and_destroyed(client: Any, server: Any, tmp_path: Path) -> None:
    terraform = terraform_or_skip()
    name = deployed(client, {"f.py": "def handler(e, c): return e"}, runtime="python3.12", Publish=True)
    client.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    variables = {"endpoint": server.endpoint, "function": name}
    project = Project(terraform, tmp_path / "project", "mappings.tf", variables=variables)

    assert project.apply() == {"import": 0, "add": MAPPINGS, "change": 0, "remove": 0}
    assert project.differences() == ""
    states = {address.rpartition(".")[2]: values["state"] for address, values in project.resources().items()}
    assert states == {**dict.fromkeys(states, "Enabled"), "fifo": "Disabled"}

    project.set(updated="true")
    assert project.apply() == {"import": 0, "add": 0, "change": CHANGED, "remove": 0}
    assert project.differences() == ""
    queue = project.resources()["aws_lambda_event_source_mapping.queue"]
    shown = client.get_event_source_mapping(UUID=queue["uuid"])
    assert (shown["BatchSize"], shown["MaximumBatchingWindowInSeconds"], "ScalingConfig" in shown) == (100, 3, False)
    assert client.list_tags(Resource=queue["arn"])["Tags"] == {"team": "parity", "stage": "second"}

    assert project.destroy() == {"import": 0, "add": 0, "change": 0, "remove": MAPPINGS}
    assert client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"] == []
