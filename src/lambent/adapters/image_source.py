"""The ImageSource on an image registry (OCI distribution specification): asks it which digest a tag means."""

import asyncio
import hashlib
import json
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from urllib.parse import urlsplit

from lambent.core.container_images import ImageReference, invalid_image, unsupported_manifest

_SECONDS = 10.0
_MANIFEST_BYTES = 4 * 1024 * 1024
"""What registries accept at most (OCI distribution specification, pushing manifests)."""
_ONE_IMAGE = ("application/vnd.docker.distribution.manifest.v2+json", "application/vnd.oci.image.manifest.v1+json")
_SEVERAL = ("application/vnd.docker.distribution.manifest.list.v2+json", "application/vnd.oci.image.index.v1+json")


class RegistryImageSource:
    """GET of a manifest, without credentials, in a thread."""

    def __init__(self, registry: str | None) -> None:
        """`registry`: base URL; None takes digests at their word and refuses tags, naming the setting."""
        self._registry = None if registry is None else urlsplit(registry)

    async def resolve(self, image: ImageReference) -> str:
        if self._registry is not None:
            return await asyncio.to_thread(self._ask, image)
        if image.digest is None:
            raise invalid_image(
                image.uri,
                "Its tag must be looked up in a registry, and none is configured: set image_registry "
                "(LAMBENT_IMAGE_REGISTRY=http://127.0.0.1:5000), or name the image by its digest (@sha256:...).",
            )
        return image.digest

    def _ask(self, image: ImageReference) -> str:
        try:
            status, kind, manifest = self._manifest(f"/v2/{image.repository}/manifests/{image.digest or image.tag}")
        except (OSError, HTTPException) as error:
            raise invalid_image(image.uri, f"The registry does not answer: {error}") from error
        digest = f"sha256:{hashlib.sha256(manifest).hexdigest()}"
        if status != 200 or len(manifest) > _MANIFEST_BYTES or image.digest not in (None, digest):
            raise invalid_image(image.uri)
        if (kind or _declared(manifest)) not in _ONE_IMAGE:
            raise unsupported_manifest(image.uri)
        return digest

    def _manifest(self, path: str) -> tuple[int, str, bytes]:
        """Status, media type and content: one byte more than allowed, when there is more."""
        at = self._registry
        if at is None or at.hostname is None:
            raise HTTPException("image_registry is no http or https URL")
        make = HTTPSConnection if at.scheme == "https" else HTTPConnection
        connection = make(at.hostname, at.port, timeout=_SECONDS)
        try:
            connection.request("GET", at.path.rstrip("/") + path, headers={"Accept": ", ".join((*_ONE_IMAGE, *_SEVERAL))})
            reply: HTTPResponse = connection.getresponse()
            kind = (reply.getheader("Content-Type") or "").partition(";")[0].strip()
            return reply.status, kind, reply.read(_MANIFEST_BYTES + 1)
        finally:
            connection.close()


def _declared(manifest: bytes) -> str:
    """The media type that a manifest says itself, for a registry that says none."""
    try:
        document = json.loads(manifest)
    except ValueError:
        return ""
    return str(document.get("mediaType", "")) if isinstance(document, dict) else ""
