"""Reading the members of requests that create or update functions into the control plane's values."""

from collections.abc import Callable, Mapping
from typing import Any

from lambent.api.call import Members
from lambent.api.code_members import code_source
from lambent.control.functions import Creation
from lambent.control.updates import CodeUpdate
from lambent.core.configuration_edit import ConfigurationEdit, LoggingEdit
from lambent.core.errors import OperationNotImplemented
from lambent.core.function import PackageType

_NOT_YET = ("PublishTo", "CapacityProviderConfig", "DurableConfig", "RuntimeConfig", "AcceleratorConfig")
"""Members that change how a function runs: taking and not heeding them would be a made-up success."""


def read_creation(members: Members) -> Creation:
    """The members of CreateFunction. Raises InvalidParameterValue, OperationNotImplemented."""
    code = members["Code"]
    _refuse_what_is_not_done(members)
    edit = read_edit({**members, **_source_key(code)})
    return Creation(
        edit=edit,
        code=code_source(code),
        publish=bool(members.get("Publish", False)),
        tags=dict(members.get("Tags", {})),
        code_signing_config=members.get("CodeSigningConfigArn") or None,
    )


def read_code_update(members: Members) -> CodeUpdate:
    """The members of UpdateFunctionCode. Raises as `read_creation`."""
    _refuse_what_is_not_done(members)
    architectures = members.get("Architectures")
    return CodeUpdate(
        code=code_source(members),
        architectures=None if architectures is None else tuple(architectures),
        settings=_source_key(members),
        publish=bool(members.get("Publish", False)),
        dry_run=bool(members.get("DryRun", False)),
        revision_id=members.get("RevisionId"),
    )


def read_configuration_update(members: Members) -> ConfigurationEdit:
    """The members of UpdateFunctionConfiguration. Raises as `read_creation`."""
    _refuse_what_is_not_done(members)
    return read_edit(members)


def read_edit(members: Members) -> ConfigurationEdit:
    """The configuration that any of these requests gives."""
    return ConfigurationEdit(
        role=members.get("Role"),
        package_type=PackageType(members["PackageType"]) if "PackageType" in members else None,
        runtime=members.get("Runtime"),
        handler=members.get("Handler"),
        description=members.get("Description"),
        timeout=members.get("Timeout"),
        memory_size=members.get("MemorySize"),
        ephemeral_storage=members.get("EphemeralStorage", {}).get("Size"),
        environment=dict(members["Environment"].get("Variables", {})) if "Environment" in members else None,
        layers=_tuple(members, "Layers"),
        architectures=_tuple(members, "Architectures"),
        logging=_logging(members["LoggingConfig"]) if "LoggingConfig" in members else None,
        settings={name: _setting(name, members[name]) for name in _SETTINGS if name in members},
    )


def _tuple(members: Members, name: str) -> tuple[str, ...] | None:
    return tuple(members[name]) if name in members else None


def _logging(given: Mapping[str, Any]) -> LoggingEdit:
    return LoggingEdit(
        log_format=given.get("LogFormat"),
        log_group=given.get("LogGroup"),
        application_log_level=given.get("ApplicationLogLevel"),
        system_log_level=given.get("SystemLogLevel"),
    )


_SETTINGS: Mapping[str, Callable[[Any], bool]] = {
    "VpcConfig": lambda value: bool(value.get("SubnetIds") or value.get("SecurityGroupIds")),
    "DeadLetterConfig": lambda value: bool(value.get("TargetArn")),
    "TracingConfig": lambda value: value.get("Mode", "PassThrough") != "PassThrough",
    "KMSKeyArn": bool,
    "SourceKMSKeyArn": bool,
    "FileSystemConfigs": bool,
    "SnapStart": lambda value: value.get("ApplyOn", "None") != "None",
    "ImageConfig": lambda value: any(value.values()),
    "TenancyConfig": bool,
}
"""Stored and echoed members, each with whether a value differs from Lambda's default: the default itself is not stored, so
that giving it and leaving it out are the same configuration to PublishVersion."""


def _setting(name: str, value: Any) -> object:  # noqa: ANN401 - a wire member's value
    return _STORED_AS.get(name, _as_given)(value) if _SETTINGS[name](value) else None


def _as_given(value: Any) -> object:  # noqa: ANN401 - a wire member's value
    return value


def _without_empty(value: Mapping[str, Any]) -> object:
    return {name: each for name, each in value.items() if each}


_STORED_AS: Mapping[str, Callable[[Any], object]] = {"ImageConfig": _without_empty, "VpcConfig": _without_empty}
"""Members whose parts have a default too, which is not stored either."""


def _source_key(members: Members) -> dict[str, object]:
    """The key that encrypts a package belongs to that package: a new one without a key has none."""
    return {"SourceKMSKeyArn": members.get("SourceKMSKeyArn") or None}


def _refuse_what_is_not_done(members: Members) -> None:
    for name in _NOT_YET:
        if name in members:
            raise OperationNotImplemented(f"{name} is not implemented by Lambent.")
