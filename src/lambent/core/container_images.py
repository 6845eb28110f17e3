"""Container images as requests name them, and which members go with which package type (facts G3)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lambent.core.errors import InvalidParameterValue
from lambent.core.function import CodePackage, ContainerImage, PackageType
from lambent.core.limits import IMAGE_SETTINGS_BYTES

_URI = re.compile(
    r"(?P<registry>[a-zA-Z0-9.-]+(?::[0-9]{1,5})?)/(?P<repository>[a-z0-9]+(?:[._/-]+[a-z0-9]+)*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_URI_CHARACTERS = 1024
_ECR = re.compile(r"[0-9]{12}\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws|on\.aws|api\.aws).*")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageReference:
    """An ImageUri, taken apart."""

    uri: str
    registry: str
    """Host, perhaps with a port."""
    repository: str
    tag: str | None = None
    digest: str | None = None
    """`sha256:` and 64 hex digits. At least one of the two is given."""


def image_reference(uri: str, *, region: str) -> ImageReference:
    """Read an ImageUri: `registry/repository:tag`, `...@sha256:...`, or both; without either the tag is `latest`.

    An image in ECR must be in the function's Region; other registries than ECR are taken too, unlike at AWS. Raises
    InvalidParameterValue.
    """
    match = _URI.fullmatch(uri) if len(uri) <= _URI_CHARACTERS else None
    if match is None or not _is_host(match["registry"]):
        raise invalid_image(uri[:_URI_CHARACTERS])
    in_ecr = _ECR.fullmatch(match["registry"])
    if in_ecr is not None and in_ecr["region"] != region:
        raise invalid_image(uri)
    tag, digest = match["tag"], match["digest"]
    return ImageReference(
        uri=uri,
        registry=match["registry"],
        repository=match["repository"],
        tag="latest" if tag is None and digest is None else tag,
        digest=digest,
    )


def image_package(reference: ImageReference, digest: str) -> CodePackage:
    """The code of a function whose image has this digest (`sha256:...`). Raises InvalidParameterValue for any other text."""
    if _DIGEST.fullmatch(digest) is None:
        raise invalid_image(reference.uri)
    name = digest.removeprefix("sha256:")
    resolved = f"{reference.registry}/{reference.repository}@{digest}"
    image = ContainerImage(uri=reference.uri, resolved_uri=resolved)
    return CodePackage(digest=name, sha256=name, size=0, unpacked_size=0, image=image)


def invalid_image(uri: str, why: str = "") -> InvalidParameterValue:
    """Lambda's words for an image that cannot be had; `why` is more than Lambda says."""
    return InvalidParameterValue(f"Source image {uri} is not valid. Provide a valid source image." + (f" {why}" if why else ""))


def unsupported_manifest(uri: str) -> InvalidParameterValue:
    """Lambda's words for a manifest that is not of one image, such as an index of several architectures."""
    return InvalidParameterValue(f"The image manifest, config or layer media type for the source image {uri} is not supported.")


def check_code_kind(package_type: PackageType, *, image_uri: str | None, verb: str) -> None:
    """The code is of the function's package type, which never changes. `verb`: `creating` or `updating`. Raises
    InvalidParameterValue."""
    if package_type is PackageType.ZIP and image_uri:
        raise InvalidParameterValue(f"Please don't provide ImageUri when {verb} a function with packageType Zip.")
    if package_type is PackageType.IMAGE and not image_uri:
        raise InvalidParameterValue(f"Please provide ImageUri when {verb} a function with packageType Image.")


def check_package_members(
    package_type: PackageType,
    *,
    runtime: str | None,
    handler: str | None,
    layers: Sequence[object],
    image_config: object,
) -> None:
    """Image functions have no Runtime, Handler or Layers; zip functions no ImageConfig. Raises InvalidParameterValue."""
    if package_type is PackageType.IMAGE and (runtime or handler or layers):
        raise InvalidParameterValue(
            "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image."
        )
    if package_type is PackageType.ZIP and image_config:
        raise InvalidParameterValue("Please don't provide ImageConfig when the intended function PackageType is Zip.")


def check_image_config(image_config: Mapping[str, object]) -> None:
    """ENTRYPOINT, CMD and WORKDIR together fit 16 KB (Developer Guide, gettingstarted-limits). Raises InvalidParameterValue."""
    measured = 0
    for value in image_config.values():
        texts = [value] if isinstance(value, str) else value if isinstance(value, Sequence) else []
        measured += sum(len(str(each).encode()) for each in texts)
    if measured > IMAGE_SETTINGS_BYTES:
        raise InvalidParameterValue(f"The ImageConfig is {measured} bytes; it must be at most {IMAGE_SETTINGS_BYTES} bytes.")


def _is_host(registry: str) -> bool:
    """Whether a first component is a registry and not the first part of a repository's name, as container tools decide."""
    return "." in registry or ":" in registry or registry == "localhost"
