"""Functions as replies show them: FunctionConfiguration and what surrounds it."""

from typing import Any

from lambent.api.timestamps import lambda_timestamp
from lambent.core.function import FunctionConfiguration, FunctionVersion, State
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
    configuration = version.configuration
    return {
        "FunctionName": version.key.name,
        "FunctionArn": version.key.arn if qualifier is None else version.key.qualified_arn(qualifier),
        "Role": configuration.role,
        "CodeSize": version.code.size,
        "CodeSha256": version.code.sha256,
        "Description": version.description,
        "Timeout": configuration.timeout,
        "MemorySize": configuration.memory_size,
        "LastModified": lambda_timestamp(version.last_modified),
        "Version": version.version,
        "RevisionId": version.revision_id,
        "PackageType": configuration.package_type.value,
        "Architectures": list(configuration.architectures),
        "EphemeralStorage": {"Size": configuration.ephemeral_storage},
        "LoggingConfig": _logging(configuration),
        **_optional(configuration),
        **_settings(configuration),
    }


def _optional(configuration: FunctionConfiguration) -> dict[str, Any]:
    members: dict[str, Any] = {"Runtime": configuration.runtime, "Handler": configuration.handler}
    if configuration.environment is not None:
        members["Environment"] = {"Variables": dict(configuration.environment)}
    if configuration.layers:
        members["Layers"] = [{"Arn": each.arn, "CodeSize": each.package.size} for each in configuration.layers]
    return {name: value for name, value in members.items() if value is not None}


def _settings(configuration: FunctionConfiguration) -> dict[str, Any]:
    """Stored members with the defaults that Lambda echoes. SnapStart is stored only: its optimisation is never `On`."""
    stored = {name: value for name, value in configuration.settings.items() if name != "SourceKMSKeyArn"}
    snap_start = stored.get("SnapStart")
    apply_on = snap_start["ApplyOn"] if isinstance(snap_start, dict) else "None"
    image_config = stored.pop("ImageConfig", None)
    members = {
        "TracingConfig": {"Mode": "PassThrough"},
        **stored,
        "SnapStart": {"ApplyOn": apply_on, "OptimizationStatus": "Off"},
    }
    return members if image_config is None else {**members, "ImageConfigResponse": {"ImageConfig": image_config}}


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
