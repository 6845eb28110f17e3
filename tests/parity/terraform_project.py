"""One folder of Terraform configuration, worked on by the terraform of this machine with the AWS provider from a local mirror."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

WRITTEN = Path(__file__).parent / "terraform"
MIRROR = Path(os.environ.get("TF_PLUGIN_MIRROR", "/opt/tf-plugins"))
"""A filesystem mirror of providers, as `terraform providers mirror` makes them."""
PROVIDER = "registry.terraform.io/hashicorp/aws"
NOTHING_TO_DO, CHANGES = 0, 2
"""Exit codes of `terraform plan -detailed-exitcode`."""
_PATIENCE_SECONDS = 400


def terraform_or_skip() -> str:
    """The terraform of this machine; without it or the provider the test skips."""
    found = shutil.which("terraform")
    if found is None:
        pytest.skip("this host has no terraform")
    if not (MIRROR / PROVIDER).is_dir():
        pytest.skip(f"there is no mirror of the AWS provider in {MIRROR}: TF_PLUGIN_MIRROR may name one")
    return found


class Project:
    """A folder with copies of the `names` of the written configuration, initialised, without state."""

    def __init__(self, terraform: str, folder: Path, *names: str, variables: Mapping[str, str]) -> None:
        self._terraform, self._folder = terraform, folder
        folder.mkdir()
        for name in ("provider.tf", *names):
            shutil.copy(WRITTEN / name, folder)
        settings = folder / "cli.tfrc"
        settings.write_text(
            f"provider_installation {{\n  filesystem_mirror {{\n    path    = {json.dumps(str(MIRROR))}\n"
            f"    include = [{json.dumps(PROVIDER)}]\n  }}\n}}\n"
        )
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))},
            **{f"TF_VAR_{name}": value for name, value in variables.items()},
            "TF_CLI_CONFIG_FILE": str(settings),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
            "HOME": str(folder),
        }
        self._run("init", "-input=false")

    def apply(self) -> dict[str, int]:
        """Apply what there is to do; how many resources were imported, added, changed and destroyed."""
        return self._changes("apply", "-json", "-auto-approve", "-input=false")

    def destroy(self) -> dict[str, int]:
        return self._changes("destroy", "-json", "-auto-approve", "-input=false")

    def differences(self) -> str:
        """What a new plan would do; empty when configuration and server agree."""
        done = self._run("plan", "-detailed-exitcode", "-input=false", "-no-color", accepted=(NOTHING_TO_DO, CHANGES))
        return "" if done.returncode == NOTHING_TO_DO else done.stdout

    def resources(self) -> dict[str, dict[str, Any]]:
        """The state's attributes by resource address."""
        state = json.loads(self._run("show", "-json").stdout)
        return {each["address"]: each["values"] for each in state["values"]["root_module"]["resources"]}

    def set(self, **variables: str) -> None:
        """Give variables other values from now on."""
        self._environment.update({f"TF_VAR_{name}": value for name, value in variables.items()})

    def _changes(self, *words: str) -> dict[str, int]:
        lines = [json.loads(line) for line in self._run(*words).stdout.splitlines() if line.startswith("{")]
        summary = next(
            line["changes"] for line in lines if line["type"] == "change_summary" and line["changes"]["operation"] != "plan"
        )
        return {key: summary[key] for key in ("import", "add", "change", "remove")}

    def _run(self, *words: str, accepted: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [self._terraform, *words],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode in accepted, f"terraform {words[0]}:\n{done.stdout}\n{done.stderr}"
        return done
