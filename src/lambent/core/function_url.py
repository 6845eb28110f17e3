"""Function URLs: the config of an HTTP endpoint of a function or one of its aliases (facts B5)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import LATEST, FunctionKey
from lambent.core.names import FunctionReference, is_version_number

_METHODS = frozenset({"GET", "PUT", "HEAD", "POST", "PATCH", "DELETE", "*"})


class AuthType(StrEnum):
    """Who may call a function URL (shape FunctionUrlAuthType)."""

    NONE = "NONE"
    AWS_IAM = "AWS_IAM"


class InvokeMode(StrEnum):
    """How responses are sent (shape InvokeMode)."""

    BUFFERED = "BUFFERED"
    RESPONSE_STREAM = "RESPONSE_STREAM"


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionUrl:
    """One function URL config."""

    key: FunctionKey
    qualifier: str
    """An alias; empty for the function itself."""
    url_id: str
    """32 characters, the first label of the URL's host: stable as long as the config stands."""
    auth_type: AuthType
    created: float
    """Epoch seconds."""
    modified: float
    """Epoch seconds."""
    cors: Mapping[str, object] | None = None
    """Wire members of the shape Cors, as given."""
    invoke_mode: InvokeMode = InvokeMode.BUFFERED

    @property
    def arn(self) -> str:
        """Of what the URL invokes."""
        return self.key.qualified_arn(self.qualifier) if self.qualifier else self.key.arn


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionUrlEdit:
    """What Create and UpdateFunctionUrlConfig are given; None: the member is absent."""

    auth_type: AuthType | None = None
    cors: Mapping[str, object] | None = None
    """Empty takes the CORS settings away."""
    invoke_mode: InvokeMode | None = None


def edited_url(url: FunctionUrl, edit: FunctionUrlEdit, *, now: float) -> FunctionUrl:
    """The config with the members that are given; CORS settings are replaced whole. Raises InvalidParameterValue."""
    methods = (edit.cors or {}).get("AllowMethods", ())
    unknown = sorted(set(methods) - _METHODS) if isinstance(methods, list) else []
    if unknown:
        raise InvalidParameterValue(f"{', '.join(unknown)} cannot be among AllowMethods: use {', '.join(sorted(_METHODS))}.")
    return replace(
        url,
        auth_type=edit.auth_type or url.auth_type,
        cors=url.cors if edit.cors is None else dict(edit.cors) or None,
        invoke_mode=edit.invoke_mode or url.invoke_mode,
        modified=now,
    )


def url_qualifier(reference: FunctionReference) -> str:
    """The alias, or empty. Raises InvalidParameterValue for a version: no version has a URL (facts B5)."""
    qualifier = reference.qualifier or ""
    if qualifier == LATEST or is_version_number(qualifier):
        raise InvalidParameterValue("A function URL belongs to a function or to an alias, never to a version.")
    return qualifier
