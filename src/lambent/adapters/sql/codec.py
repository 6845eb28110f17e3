"""Core values as JSON documents, field by field: what the Store writes into its `document` columns, and reads back.

A field that is added to a core value with a default needs an entry here (a test fails until it has one); documents written
before are read with the default. A change that old documents cannot follow takes a new FORMAT and a migration.
"""

import json
from typing import Any

from lambent.core.alias import Alias
from lambent.core.code_signature import CodeSignature
from lambent.core.event_invoke_config import EventInvokeConfig
from lambent.core.function import (
    CodePackage,
    ContainerImage,
    Function,
    FunctionConfiguration,
    FunctionKey,
    FunctionVersion,
    LayerReference,
    Owner,
    PackageType,
    RecursiveLoop,
    RuntimeUpdate,
    State,
    UpdateStatus,
)
from lambent.core.function_url import AuthType, FunctionUrl, InvokeMode
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.provisioned_concurrency import ProvisionedConcurrencyConfig
from lambent.core.resource_policy import PolicyKind, PolicyTarget, ResourcePolicy

FORMAT = 1

_PACKAGE = ("digest", "sha256", "size", "unpacked_size")
_IMAGE = ("uri", "resolved_uri")
_SIGNATURE = ("intact", "certificate", "valid_from", "valid_until", "job", "profile_version_arn")
_CONFIGURATION = (
    "role",
    "runtime",
    "handler",
    "description",
    "timeout",
    "memory_size",
    "ephemeral_storage",
    "log_format",
    "log_group",
    "application_log_level",
    "system_log_level",
)
_VERSION = (
    "version",
    "revision_id",
    "last_modified",
    "state_reason",
    "state_reason_code",
    "last_update_status_reason",
    "last_update_status_reason_code",
    "published_description",
    "runtime_version_arn",
)
_LAYER = ("version", "created", "description", "license_info")
_ALIAS = ("name", "version", "description", "revision_id")
_EVENT_INVOKE = ("qualifier", "last_modified", "maximum_retries", "maximum_age", "on_success", "on_failure")
_URL = ("qualifier", "url_id", "created", "modified")
_PROVISIONED = ("qualifier", "requested", "last_modified")
_POLICY = ("revision_id", "identifier", "language")

Document = dict[str, Any]


class UnknownFormat(Exception):
    """A document of another format than this code reads."""


def encode_function(value: Function) -> str:
    """A function with its `$LATEST` and the one that serves, which mostly are the same."""
    document = {
        "key": _key(value.key),
        "latest": _version(value.latest),
        "next_version": value.next_version,
        "reserved_concurrency": value.reserved_concurrency,
        "tags": dict(value.tags),
        "recursive_loop": value.recursive_loop.value,
        "code_signing_config": value.code_signing_config,
    }
    if value.serving == value.latest:
        document["serves_latest"] = True
    elif value.serving is not None:
        document["serving"] = _version(value.serving)
    return _text(document)


def decode_function(text: str) -> Function:
    """The reverse of encode_function."""
    document = _document(text)
    key = _read_key(document["key"])
    latest = _read_version(document["latest"], key)
    serving = _read_version(document["serving"], key) if "serving" in document else None
    return Function(
        latest=latest,
        serving=latest if document.get("serves_latest") else serving,
        next_version=document["next_version"],
        reserved_concurrency=document["reserved_concurrency"],
        tags=document["tags"],
        recursive_loop=RecursiveLoop(document.get("recursive_loop", RecursiveLoop.TERMINATE)),
        code_signing_config=document.get("code_signing_config"),
    )


def encode_version(value: FunctionVersion) -> str:
    """A published version."""
    return _text({"key": _key(value.key), "version": _version(value)})


def decode_version(text: str) -> FunctionVersion:
    """The reverse of encode_version."""
    document = _document(text)
    return _read_version(document["version"], _read_key(document["key"]))


def encode_alias(value: Alias) -> str:
    """An alias."""
    return _text({"key": _key(value.key), "alias": {**_plain(value, _ALIAS), "routing": dict(value.routing)}})


def decode_alias(text: str) -> Alias:
    """The reverse of encode_alias."""
    document = _document(text)
    return Alias(key=_read_key(document["key"]), **document["alias"])


def encode_layer(value: LayerVersion) -> str:
    """A layer version."""
    layer = {
        **_plain(value, _LAYER),
        "package": _package(value.package),
        "compatible_runtimes": list(value.compatible_runtimes),
        "compatible_architectures": list(value.compatible_architectures),
    }
    return _text({"key": _key(value.key), "layer": layer})


def decode_layer(text: str) -> LayerVersion:
    """The reverse of encode_layer."""
    document = _document(text)
    layer = document["layer"]
    return LayerVersion(
        key=LayerKey(owner=_read_owner(document["key"]), name=document["key"][2]),
        package=_read_package(layer.pop("package")),
        compatible_runtimes=tuple(layer.pop("compatible_runtimes")),
        compatible_architectures=tuple(layer.pop("compatible_architectures")),
        **layer,
    )


def encode_event_invoke_config(value: EventInvokeConfig) -> str:
    """An event invoke config."""
    return _text({"key": _key(value.key), "config": _plain(value, _EVENT_INVOKE)})


def decode_event_invoke_config(text: str) -> EventInvokeConfig:
    """The reverse of encode_event_invoke_config."""
    document = _document(text)
    return EventInvokeConfig(key=_read_key(document["key"]), **document["config"])


def encode_function_url(value: FunctionUrl) -> str:
    """A function URL config."""
    cors = None if value.cors is None else dict(value.cors)
    modes = {"auth_type": value.auth_type.value, "invoke_mode": value.invoke_mode.value}
    return _text({"key": _key(value.key), "url": {**_plain(value, _URL), **modes, "cors": cors}})


def decode_function_url(text: str) -> FunctionUrl:
    """The reverse of encode_function_url."""
    document = _document(text)
    url = document["url"]
    return FunctionUrl(
        key=_read_key(document["key"]),
        auth_type=AuthType(url.pop("auth_type")),
        invoke_mode=InvokeMode(url.pop("invoke_mode")),
        **url,
    )


def encode_provisioned_concurrency(value: ProvisionedConcurrencyConfig) -> str:
    """A provisioned concurrency config."""
    return _text({"key": _key(value.key), "config": _plain(value, _PROVISIONED)})


def decode_provisioned_concurrency(text: str) -> ProvisionedConcurrencyConfig:
    """The reverse of encode_provisioned_concurrency."""
    document = _document(text)
    return ProvisionedConcurrencyConfig(key=_read_key(document["key"]), **document["config"])


def encode_policy(value: ResourcePolicy) -> str:
    """A resource policy."""
    target = value.target
    place = [target.owner.account, target.owner.region, target.kind.value, target.name, target.qualifier]
    statements = [dict(each) for each in value.statements]
    return _text({"target": place, "policy": {**_plain(value, _POLICY), "statements": statements}})


def decode_policy(text: str) -> ResourcePolicy:
    """The reverse of encode_policy."""
    document = _document(text)
    place, policy = document["target"], document["policy"]
    target = PolicyTarget(kind=PolicyKind(place[2]), owner=_read_owner(place), name=place[3], qualifier=place[4])
    return ResourcePolicy(target=target, statements=tuple(policy.pop("statements")), **policy)


def _text(document: Document) -> str:
    return json.dumps({"format": FORMAT, **document}, separators=(",", ":"), allow_nan=False)


def _document(text: str) -> Document:
    document: Document = json.loads(text)
    if document["format"] != FORMAT:
        raise UnknownFormat(f"format {document['format']}; this Lambent reads {FORMAT}")
    return document


def _plain(value: object, names: tuple[str, ...]) -> Document:
    return {name: getattr(value, name) for name in names}


def _package(value: CodePackage) -> Document:
    """Zips, which most packages are, have no word about images, and unsigned ones none about signatures."""
    image = {} if value.image is None else {"image": _plain(value.image, _IMAGE)}
    signature = {} if value.signature is None else {"signature": _plain(value.signature, _SIGNATURE)}
    return {**_plain(value, _PACKAGE), **image, **signature}


def _read_package(document: Document) -> CodePackage:
    image, signature = document.pop("image", None), document.pop("signature", None)
    return CodePackage(
        image=None if image is None else ContainerImage(**image),
        signature=None if signature is None else CodeSignature(**signature),
        **document,
    )


def _key(key: FunctionKey | LayerKey) -> list[str]:
    return [key.owner.account, key.owner.region, key.name]


def _read_key(parts: list[str]) -> FunctionKey:
    return FunctionKey(owner=_read_owner(parts), name=parts[2])


def _read_owner(parts: list[str]) -> Owner:
    return Owner(account=parts[0], region=parts[1])


def _version(value: FunctionVersion) -> Document:
    return {
        **_plain(value, _VERSION),
        "configuration": _configuration(value.configuration),
        "code": _package(value.code),
        "state": value.state.value,
        "last_update_status": value.last_update_status.value,
        "update_runtime_on": value.update_runtime_on.value,
    }


def _read_version(document: Document, key: FunctionKey) -> FunctionVersion:
    return FunctionVersion(
        key=key,
        configuration=_read_configuration(document.pop("configuration")),
        code=_read_package(document.pop("code")),
        state=State(document.pop("state")),
        last_update_status=UpdateStatus(document.pop("last_update_status")),
        update_runtime_on=RuntimeUpdate(document.pop("update_runtime_on", RuntimeUpdate.AUTO)),
        **document,
    )


def _configuration(value: FunctionConfiguration) -> Document:
    return {
        **_plain(value, _CONFIGURATION),
        "package_type": value.package_type.value,
        "environment": None if value.environment is None else dict(value.environment),
        "layers": [{"arn": each.arn, "package": _package(each.package)} for each in value.layers],
        "architectures": list(value.architectures),
        "settings": dict(value.settings),
    }


def _read_configuration(document: Document) -> FunctionConfiguration:
    layers = document.pop("layers")
    return FunctionConfiguration(
        package_type=PackageType(document.pop("package_type")),
        layers=tuple(LayerReference(arn=each["arn"], package=_read_package(each["package"])) for each in layers),
        architectures=tuple(document.pop("architectures")),
        **document,
    )
