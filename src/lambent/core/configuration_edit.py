"""What a create or update request sets of a function's configuration, and the configuration that comes of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lambent.core.function import FunctionConfiguration, LayerReference, PackageType

_LEVELS_BY_DEFAULT = "INFO"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggingEdit:
    """A LoggingConfig as given; None leaves a member as it is."""

    log_format: str | None = None
    log_group: str | None = None
    application_log_level: str | None = None
    system_log_level: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfigurationEdit:
    """The members that a request gives; None leaves one as it is (or, when creating, at Lambda's default: facts A9)."""

    role: str | None = None
    package_type: PackageType | None = None
    """When creating only: it never changes."""
    runtime: str | None = None
    handler: str | None = None
    description: str | None = None
    timeout: int | None = None
    """Seconds."""
    memory_size: int | None = None
    """MiB."""
    ephemeral_storage: int | None = None
    """MiB."""
    environment: Mapping[str, str] | None = None
    """Replaces all variables; empty removes them: Lambda then shows no Environment, as Terraform's provider relies on."""
    layers: tuple[str, ...] | None = None
    """Layer version ARNs; replaces the list, empty clears it."""
    architectures: tuple[str, ...] | None = None
    logging: LoggingEdit | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    """Wire members that are stored and echoed; None as a value takes the member back to its default."""


_PLAIN = (
    "role",
    "package_type",
    "runtime",
    "handler",
    "description",
    "timeout",
    "memory_size",
    "ephemeral_storage",
    "architectures",
)


def edited(
    configuration: FunctionConfiguration, edit: ConfigurationEdit, layers: tuple[LayerReference, ...] | None
) -> FunctionConfiguration:
    """The configuration with the edit applied; `layers` are the edit's layers, resolved (None leaves them)."""
    given = {name: getattr(edit, name) for name in _PLAIN if getattr(edit, name) is not None}
    if edit.environment is not None:
        given["environment"] = edit.environment or None
    settings = {**configuration.settings, **edit.settings}
    changed = replace(
        configuration,
        **given,
        layers=configuration.layers if layers is None else layers,
        settings={name: value for name, value in settings.items() if value is not None},
    )
    return changed if edit.logging is None else _with_logging(changed, edit.logging)


def _with_logging(configuration: FunctionConfiguration, edit: LoggingEdit) -> FunctionConfiguration:
    """Levels exist with JSON only, where both default to INFO (Developer Guide, monitoring-cloudwatchlogs-advanced)."""
    log_format = edit.log_format or configuration.log_format
    json = log_format == "JSON"
    application = edit.application_log_level or configuration.application_log_level or _LEVELS_BY_DEFAULT
    system = edit.system_log_level or configuration.system_log_level or _LEVELS_BY_DEFAULT
    return replace(
        configuration,
        log_format=log_format,
        log_group=edit.log_group or configuration.log_group,
        application_log_level=application if json else None,
        system_log_level=system if json else None,
    )


def new_configuration(name: str, edit: ConfigurationEdit, layers: tuple[LayerReference, ...]) -> FunctionConfiguration:
    """The configuration of a new function: Lambda's defaults (facts A9), then the edit. `edit.role` must be given."""
    defaults = FunctionConfiguration(role=edit.role or "", log_group=f"/aws/lambda/{name}")
    return edited(defaults, edit, layers)
