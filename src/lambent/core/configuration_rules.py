"""What Lambda refuses in a function's configuration beyond the constraints of the service model."""

import json
from collections.abc import Mapping

from lambent.core.configuration_edit import ConfigurationEdit
from lambent.core.container_images import check_image_config, check_package_members
from lambent.core.errors import InvalidParameterValue
from lambent.core.function import FunctionConfiguration, PackageType
from lambent.core.limits import ENVIRONMENT_VARIABLES_BYTES, EPHEMERAL_STORAGE_MIB, MEMORY_MIB, TIMEOUT_SECONDS
from lambent.core.outside_resources import check_references, check_together
from lambent.core.runtimes_table import check_runtime, supports_snap_start

RESERVED_VARIABLES = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_LAMBDA_MAX_CONCURRENCY",
        "AWS_LAMBDA_METADATA_API",
        "AWS_LAMBDA_METADATA_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "LAMBDA_RUNTIME_DIR",
        "LAMBDA_TASK_ROOT",
    }
)
"""Environment variables that Lambda sets (Developer Guide, configuration-envvars; facts E5)."""

_UNCONFIGURABLE = "Lambda was unable to configure your environment variables because the environment variables you have provided "


def check_edit(edit: ConfigurationEdit) -> None:
    """Raise InvalidParameterValue for what is wrong with the given members alone."""
    check_range("Timeout", edit.timeout, TIMEOUT_SECONDS)
    check_range("MemorySize", edit.memory_size, MEMORY_MIB)
    check_range("EphemeralStorage.Size", edit.ephemeral_storage, EPHEMERAL_STORAGE_MIB)
    check_variables(edit.environment or {})
    _check_image_config(edit.settings.get("ImageConfig"))
    check_references(edit.settings)


def check_package_edit(package_type: PackageType, edit: ConfigurationEdit) -> None:
    """Raise InvalidParameterValue for members that do not go with the function's package type."""
    check_package_members(
        package_type,
        runtime=edit.runtime,
        handler=edit.handler,
        layers=edit.layers or (),
        image_config=edit.settings.get("ImageConfig"),
    )


def check_range(member: str, value: int | None, allowed: range) -> None:
    """The service model allows more than an ordinary function may have, for Managed Instances."""
    if value is None or value in allowed:
        return
    side, bound = ("greater", allowed[0]) if value < allowed[0] else ("less", allowed[-1])
    raise InvalidParameterValue(
        f"'{member}' value failed to satisfy constraint: Member must have value {side} than or equal to {bound}"
    )


def check_variables(variables: Mapping[str, str]) -> None:
    """No reserved keys, no value that a process cannot be given; at most 4 KB, measured as the JSON object of all variables."""
    reserved = [name for name in variables if name in RESERVED_VARIABLES]
    if reserved:
        raise InvalidParameterValue(
            f"{_UNCONFIGURABLE}contains reserved keys that are currently not supported for modification. "
            f"Reserved keys used in this request: {', '.join(reserved)}"
        )
    if any("\0" in value for value in variables.values()):
        raise InvalidParameterValue(f"{_UNCONFIGURABLE}contains a null character.")
    measured = json.dumps(dict(variables), separators=(",", ":"), ensure_ascii=False)
    if len(measured.encode("utf-8", "surrogatepass")) > ENVIRONMENT_VARIABLES_BYTES:
        raise InvalidParameterValue(f"{_UNCONFIGURABLE}exceeded the 4KB limit. String measured: {measured}")


def check_configuration(configuration: FunctionConfiguration, *, creating: bool, now: float) -> None:
    """Raise InvalidParameterValue for what is wrong with a function's configuration as a whole. `now`: epoch seconds."""
    if configuration.package_type is PackageType.ZIP:
        _check_zip(configuration, creating=creating, now=now)
    check_together(configuration.settings)
    snap_start = configuration.settings.get("SnapStart")
    if snap_start is not None and configuration.ephemeral_storage > EPHEMERAL_STORAGE_MIB[0]:
        raise InvalidParameterValue("SnapStart is not supported with ephemeral storage of more than 512 MB.")


def check_log_levels(configuration: FunctionConfiguration, edit: ConfigurationEdit) -> None:
    """Log levels may be given only when the format is, or becomes, JSON (facts H1)."""
    logging = edit.logging
    given = logging is not None and (logging.application_log_level or logging.system_log_level)
    if given and configuration.log_format != "JSON":
        raise InvalidParameterValue(
            "To use ApplicationLogLevel or SystemLogLevel, you must set LogFormat to JSON in your LoggingConfig."
        )


def _check_zip(configuration: FunctionConfiguration, *, creating: bool, now: float) -> None:
    """What only zip functions have: a runtime and a handler. SnapStart of images is left to what is in them (July 2026)."""
    if not configuration.runtime or not configuration.handler:
        raise InvalidParameterValue(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages."
        )
    check_runtime(configuration.runtime, creating=creating, now=now)
    if "SnapStart" in configuration.settings and not supports_snap_start(configuration.runtime):
        raise InvalidParameterValue(f"{configuration.runtime} is not supported for SnapStart enabled functions.")


def _check_image_config(image_config: object) -> None:
    if isinstance(image_config, Mapping):
        check_image_config(image_config)
