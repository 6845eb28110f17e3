"""Settings: frozen, read once from a TOML file and LAMBENT_* variables; unknown keys are refused, all mistakes told at once."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import UnionType
from typing import Any, get_args

from lambent.core.code_signature import is_signing_profile_version_arn
from lambent.core.environment import IsolationLevel


def _default_data_directory() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "lambent"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Everything that can be set. A TOML key or LAMBENT_ variable has the field's name: `port = 0`, `LAMBENT_PORT=0`."""

    host: str = "127.0.0.1"
    """Address to listen on. One that is not loopback needs `access_keys`."""
    port: int = 4566
    """0 chooses a free port."""
    port_file: Path | None = None
    """Where to write the chosen port, once the server answers."""
    data_directory: Path = field(default_factory=_default_data_directory)
    account: str = "000000000000"
    """The account of callers whose access key id is not itself a 12-digit account."""
    region: str = "us-east-1"
    """The region of unsigned requests."""
    access_keys: Mapping[str, str] = field(default_factory=dict)
    """Access key id -> secret. Not empty turns authentication on: every request must be signed by one of these."""
    isolation: IsolationLevel | None = None
    """The level to run at. None: the strongest that this host can do, but never `process`, which must be asked for by name."""
    network: bool = True
    """Whether functions reach the outside network."""
    account_concurrency: int = 1000
    """Concurrent executions of one account in one region."""
    blank_environments: int = 4
    """Sandboxes kept started and waiting, for each runtime in use."""
    idle_seconds: float = 600.0
    """An execution environment that was idle this long is shut down."""
    maximum_environments: int = 1000
    """Execution environments on this machine at once; idle ones make room for others."""
    s3_endpoint: str | None = None
    """Where code given by S3Bucket and S3Key is fetched, such as `http://127.0.0.1:9000`."""
    image_registry: str | None = None
    """Base URL of the registry where container images are looked up, such as `http://127.0.0.1:5000`: whatever registry an
    ImageUri names, the repository is taken from here. None: only images that are named by their digest are taken."""
    signing_profiles: Mapping[str, str] = field(default_factory=dict)
    """ARN of a signing profile version -> PEM file with the certificates that stand for it: whose code packages are trusted where
    a code signing configuration allows that profile."""
    log_retention_bytes: int = 1024 * 1024 * 1024
    """Function logs beyond this are deleted, the oldest first."""


_CLIENT_VARIABLES = frozenset({"LAMBENT_ENDPOINT_URL"})
"""What the client commands read: no business of a server."""


class SettingsError(Exception):
    """One or more settings are wrong; the message has a line for each."""


def load(*, file: Path | None, environment: Mapping[str, str], overrides: Mapping[str, Any]) -> Settings:
    """Defaults, then the file, then LAMBENT_* variables, then command-line `overrides` (by field name, already typed).

    Raises SettingsError that names every mistake.
    """
    mistakes: list[str] = []
    given: dict[str, Any] = {}
    for name, value in _from_file(file, mistakes).items():
        _accept(name, value, str(file), given, mistakes)
    for name, value in environment.items():
        if name.startswith("LAMBENT_") and name not in _CLIENT_VARIABLES:
            _accept(name.removeprefix("LAMBENT_").lower(), value, name, given, mistakes)
    settings = replace(Settings(), **{**given, **overrides})
    mistakes += _contradictions(settings)
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return settings


def _from_file(file: Path | None, mistakes: list[str]) -> Mapping[str, Any]:
    if file is None:
        return {}
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        mistakes.append(f"{file}: {error}")
        return {}


def _accept(name: str, value: object, source: str, given: dict[str, Any], mistakes: list[str]) -> None:
    kinds = {each.name: each.type for each in fields(Settings)}
    if name not in kinds:
        mistakes.append(f"{source}: there is no setting {name!r}; there are: {', '.join(sorted(kinds))}")
        return
    try:
        given[name] = _typed(value, kinds[name])
    except ValueError:
        mistakes.append(f"{source}: {name} cannot be {value!r}")


def _typed(value: object, kind: Any) -> Any:  # noqa: ANN401 - a field's type is data here
    if isinstance(kind, UnionType):
        kind = next(each for each in get_args(kind) if each is not type(None))
    if kind is bool:
        return _boolean(value)
    if kind in (int, float, str, Path, IsolationLevel) and isinstance(value, str | int | float) and not isinstance(value, bool):
        return kind(value)
    return _string_map(value)


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"true": True, "1": True, "on": True, "yes": True, "false": False, "0": False, "off": False, "no": False}
    if not isinstance(value, str) or value.lower() not in words:
        raise ValueError(value)
    return words[value.lower()]


def _string_map(value: object) -> Mapping[str, str]:
    """A TOML table, or `name=secret,name=secret` in a variable."""
    if isinstance(value, str):
        pairs = [each.partition("=") for each in value.split(",") if each]
        if any(not (name and sign and secret) for name, sign, secret in pairs):
            raise ValueError(value)
        return {name: secret for name, _, secret in pairs}
    if isinstance(value, dict) and all(isinstance(each, str) for pair in value.items() for each in pair):
        return dict(value)
    raise ValueError(value)


def _contradictions(settings: Settings) -> list[str]:
    found = []
    if settings.host not in ("127.0.0.1", "::1", "localhost") and not settings.access_keys:
        found.append(
            f"host = {settings.host!r} lets other machines in, and anyone who can reach Lambent can run code on this one: "
            "set access_keys (LAMBENT_ACCESS_KEYS=id=secret), or listen on 127.0.0.1"
        )
    if not 0 <= settings.port <= 65535:
        found.append(f"port cannot be {settings.port}: 0 to 65535")
    if len(settings.account) != 12 or not settings.account.isdecimal():
        found.append(f"account cannot be {settings.account!r}: 12 digits")
    if settings.image_registry is not None and not settings.image_registry.startswith(("http://", "https://")):
        found.append(
            f"image_registry cannot be {settings.image_registry!r}: the base URL of a registry, with http:// or https://"
        )
    found += [
        f"signing_profiles cannot have {arn!r}: its form is arn:aws:signer:REGION:ACCOUNT:/signing-profiles/NAME/VERSION"
        for arn in settings.signing_profiles
        if not is_signing_profile_version_arn(arn)
    ]
    found += [
        f"{name} cannot be {getattr(settings, name)}: at least {least}"
        for name, least in (
            ("account_concurrency", 1),
            ("blank_environments", 0),
            ("idle_seconds", 0),
            ("maximum_environments", 1),
        )
        if getattr(settings, name) < least
    ]
    return found
