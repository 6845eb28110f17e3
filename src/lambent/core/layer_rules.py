"""Layer names and ARNs, which layers a function may have, and which a list shows (facts G1)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lambent.core.addressing import not_authorized
from lambent.core.errors import InvalidParameterValue, ResourceNotFound, ValidationFailed
from lambent.core.function import CodePackage, LayerReference, Owner
from lambent.core.layer import LayerKey, LayerVersion
from lambent.core.limits import LAYERS_PER_FUNCTION, UNZIPPED_BYTES
from lambent.core.runtimes_table import check_known_runtime

_LAYER_ARN = re.compile(
    r"arn:aws[a-zA-Z-]*:lambda:(?P<region>[a-z0-9-]+):(?P<account>\d{12}):layer:(?P<name>[a-zA-Z0-9-_]+)(?::(?P<version>\d{1,18}))?"
)
_NAME = re.compile(r"[a-zA-Z0-9-_]+")
_NAME_CHARACTERS = 140
"""Of a layer's name, also within its ARN (service model, LayerNameOrArn)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerFilter:
    """What a list asks for; None takes any."""

    runtime: str | None = None
    architecture: str | None = None

    def matches(self, layer: LayerVersion) -> bool:
        """Whether the layer version names this runtime and this architecture as compatible."""
        return (self.runtime is None or self.runtime in layer.compatible_runtimes) and (
            self.architecture is None or self.architecture in layer.compatible_architectures
        )


def layer_key(text: str, *, caller: Owner) -> LayerKey:
    """Read a layer's name or unversioned ARN. Raises ValidationFailed or InvalidParameterValue."""
    match = _LAYER_ARN.fullmatch(text)
    if match is not None and match["version"] is None:
        owner = Owner(account=match["account"], region=match["region"])
        return LayerKey(owner=owner, name=_checked(match["name"]))
    if _NAME.fullmatch(text) is None:
        raise InvalidParameterValue(f"Invalid layer name or ARN: {text}")
    return LayerKey(owner=caller, name=_checked(text))


def layer_version_of_arn(arn: str) -> tuple[LayerKey, int] | None:
    """Read a layer version's ARN; None for a form that this installation cannot have, such as `arn:aws:lambda:::awslayer:...`."""
    match = _LAYER_ARN.fullmatch(arn)
    if match is None or match["version"] is None:
        return None
    owner = Owner(account=match["account"], region=match["region"])
    return LayerKey(owner=owner, name=match["name"]), int(match["version"])


def check_layer_list(arns: Sequence[str], *, region: str) -> None:
    """Raise InvalidParameterValue for a list that no function may have, whatever the layers hold."""
    if len(arns) > LAYERS_PER_FUNCTION:
        raise InvalidParameterValue(f"Cannot reference more than {LAYERS_PER_FUNCTION} layers.")
    seen: dict[LayerKey, str] = {}
    for arn in arns:
        parsed = layer_version_of_arn(arn)
        if parsed is None:
            continue
        if parsed[0].owner.region != region:
            raise InvalidParameterValue(
                f"Layers are not in the same region as the function. Layers are expected to be in region {region}."
            )
        if parsed[0] in seen:
            raise InvalidParameterValue(
                "Two different versions of the same layer are not allowed to be referenced in the same function. "
                f"{seen[parsed[0]]} and {arn}."
            )
        seen[parsed[0]] = arn


def check_unzipped_size(code: CodePackage, layers: Sequence[LayerReference]) -> None:
    """Code and layers together fit 250 MB unzipped. Raises InvalidParameterValue."""
    in_layers = sum(each.package.unpacked_size for each in layers)
    if in_layers > UNZIPPED_BYTES:
        raise InvalidParameterValue(f"Layers consume more than the available size of {UNZIPPED_BYTES} bytes")
    together = in_layers + code.unpacked_size
    if together > UNZIPPED_BYTES:
        raise InvalidParameterValue(
            f"Function code combined with layers exceeds the maximum allowed size of {UNZIPPED_BYTES} bytes. "
            f"The actual size is {together} bytes."
        )


def check_filter(wanted: LayerFilter) -> None:
    """Raise InvalidParameterValue for a runtime that there is not."""
    if wanted.runtime is not None:
        check_known_runtime(wanted.runtime)


def check_version_number(version: int) -> None:
    """Raise InvalidParameterValue for a number that no layer version can have."""
    if version < 1:
        raise InvalidParameterValue("Layer Version Cannot be less than 1.")


def refuse_other_layer_owner(key: LayerKey, caller: Owner, action: str, arn: str) -> None:
    """Raise ResourceNotFound for a layer of another Region and AccessDenied for one of another account."""
    refuse_other_layer_region(key, caller)
    if key.owner.account != caller.account:
        raise not_authorized(caller, action=action, arn=arn)


def refuse_other_layer_region(key: LayerKey, caller: Owner) -> None:
    """Raise ResourceNotFound."""
    if key.owner.region != caller.region:
        raise no_layer_version()


def no_layer_version() -> ResourceNotFound:
    """The answer for a layer version that does not exist."""
    return ResourceNotFound("The resource you requested does not exist.")


def _checked(name: str) -> str:
    if len(name) > _NAME_CHARACTERS:
        raise ValidationFailed(
            f"1 validation error detected: Value '{name}' at 'layerName' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_NAME_CHARACTERS}"
        )
    return name
