"""Functions as replies show them: FunctionConfiguration and what surrounds it."""

import base64
import hashlib
import json
from typing import Any

from lambent.api.timestamps import lambda_timestamp
from lambent.core.function import CodePackage, FunctionConfiguration, FunctionVersion, State
from lambent.core.runtimes_table import runtime_version_arn


def function_members(version: FunctionVersion, *, qualifier: str | None = None) -> dict[str, Any]:
    """The shape FunctionConfiguration. The ARN is qualified only when a qualifier is given (facts A4)."""
    return {
        **listed_members(version, qualifier=qualifier),
        **_runtime_version(version),
        **_state(version),
    }


def listed_members(version: FunctionVersion, *, qualifier: str | None = None) -> dict[str, Any]:
    """The same, reduced as lists show it: no states and no RuntimeVersionConfig (service model, ListFunctions)."""
    configured = _configured(version)
    return {
        "FunctionName": version.key.name,
        "FunctionArn": version.key.arn if qualifier is None else version.key.qualified_arn(qualifier),
        "CodeSize": version.code.size,
        "CodeSha256": version.code.sha256,
        "ConfigSha256": _digest(configured),
        "LastModified": lambda_timestamp(version.last_modified),
        "Version": version.version,
        "RevisionId": version.revision_id,
        **signing_members(version.code),
        **configured,
    }


def _configured(version: FunctionVersion) -> dict[str, Any]:
    """What a user configures: the members that ConfigSha256 is over."""
    configuration = version.configuration
    return {
        "Role": configuration.role,
        "Description": version.description,
        "Timeout": configuration.timeout,
        "MemorySize": configuration.memory_size,
        "PackageType": configuration.package_type.value,
        "Architectures": list(configuration.architectures),
        "EphemeralStorage": {"Size": configuration.ephemeral_storage},
        "LoggingConfig": _logging(configuration),
        **_optional(configuration),
        **_settings(configuration),
    }


def _digest(configured: dict[str, Any]) -> str:
    """A hash of the configuration: the same for the same one. Lambda's own recipe is not published."""
    text = json.dumps(configured, sort_keys=True, separators=(",", ":"))
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")


def signing_members(package: CodePackage) -> dict[str, str]:
    """Who signed a package; nothing for one that is unsigned, or signed by nobody whom this installation knows."""
    signature = package.signature
    if signature is None or signature.profile_version_arn is None:
        return {}
    job = {} if signature.job_arn is None else {"SigningJobArn": signature.job_arn}
    return {"SigningProfileVersionArn": signature.profile_version_arn, **job}


def _optional(configuration: FunctionConfiguration) -> dict[str, Any]:
    members: dict[str, Any] = {"Runtime": configuration.runtime, "Handler": configuration.handler}
    if configuration.environment:
        members["Environment"] = {"Variables": dict(configuration.environment)}
    if configuration.layers:
        members["Layers"] = [
            {"Arn": each.arn, "CodeSize": each.package.size, **signing_members(each.package)} for each in configuration.layers
        ]
    return {name: value for name, value in members.items() if value is not None}


_VPC_DEFAULTS = {"SubnetIds": [], "SecurityGroupIds": [], "VpcId": "", "Ipv6AllowedForDualStack": False}
"""VpcId is what EC2 knows of the subnets, and there is no EC2 to ask: empty."""


def _settings(configuration: FunctionConfiguration) -> dict[str, Any]:
    """Stored members with the defaults that Lambda echoes. SnapStart is stored only: its optimisation is never `On`."""
    stored: dict[str, Any] = {name: value for name, value in configuration.settings.items() if name != "SourceKMSKeyArn"}
    snap_start = stored.get("SnapStart")
    apply_on = snap_start["ApplyOn"] if isinstance(snap_start, dict) else "None"
    members = {
        "TracingConfig": {"Mode": "PassThrough"},
        **stored,
        "SnapStart": {"ApplyOn": apply_on, "OptimizationStatus": "Off"},
    }
    if "VpcConfig" in members:
        members["VpcConfig"] = {**_VPC_DEFAULTS, **members["VpcConfig"]}
    if "ImageConfig" in members:
        members["ImageConfigResponse"] = {"ImageConfig": members.pop("ImageConfig")}
    return members


def _logging(configuration: FunctionConfiguration) -> dict[str, str]:
    members = {
        "LogFormat": configuration.log_format,
        "ApplicationLogLevel": configuration.application_log_level,
        "SystemLogLevel": configuration.system_log_level,
        "LogGroup": configuration.log_group,
    }
    return {name: value for name, value in members.items() if value is not None}


def _runtime_version(version: FunctionVersion) -> dict[str, Any]:
    runtime = version.configuration.runtime
    if runtime is None:
        return {}
    return {"RuntimeVersionConfig": {"RuntimeVersionArn": runtime_version_arn(runtime, region=version.key.owner.region)}}


def _state(version: FunctionVersion) -> dict[str, str]:
    """While a version is Pending it has had no update: the LastUpdate members are absent then."""
    members = {
        "State": version.state.value,
        "StateReason": version.state_reason,
        "StateReasonCode": version.state_reason_code,
    }
    if version.state is not State.PENDING:
        members |= {
            "LastUpdateStatus": version.last_update_status.value,
            "LastUpdateStatusReason": version.last_update_status_reason,
            "LastUpdateStatusReasonCode": version.last_update_status_reason_code,
        }
    return {name: value for name, value in members.items() if value is not None}
