"""Download links for code packages, good for 10 minutes, and the route that serves them."""

import hashlib
import hmac
import re
from typing import Final
from urllib.parse import parse_qsl

from lambent.core.errors import AccessDenied, ResourceNotFound
from lambent.core.ports import Clock, PackageStore
from lambent.http import Request, Response

PREFIX: Final = b"/_lambent/packages/"
LIFETIME_SECONDS: Final = 600
"""Links of GetFunction and GetLayerVersion (facts A1)."""
_DIGEST = re.compile(r"[0-9a-f]{64}")


class DownloadLinks:
    """Makes links, and tells whether one is genuine and in time. Whoever has a link may use it, as with S3's presigned ones."""

    def __init__(self, secret: bytes, clock: Clock) -> None:
        """`secret`: at least 16 random bytes; with the same one, links outlive a restart."""
        self._secret = secret
        self._clock = clock

    def link(self, endpoint: str, digest: str) -> str:
        """A URL on `endpoint` (a base URL without a trailing slash) for the package of this digest."""
        expires = int(self._clock.now()) + LIFETIME_SECONDS
        return f"{endpoint}{PREFIX.decode()}{digest}?expires={expires}&signature={self._sign(digest, str(expires))}"

    def check(self, digest: str, expires: str, signature: str) -> None:
        """Raises AccessDenied."""
        genuine = hmac.compare_digest(self._sign(digest, expires).encode(), signature.encode("utf-8", "replace"))
        if not genuine or float(expires) < self._clock.now():
            raise AccessDenied("The download link is not valid, or it has expired. Ask for a new one with GetFunction.")

    def _sign(self, digest: str, expires: str) -> str:
        return hmac.new(self._secret, f"{digest}\n{expires}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


class Downloads:
    """Serves the packages that links name."""

    def __init__(self, links: DownloadLinks, packages: PackageStore) -> None:
        self._links = links
        self._packages = packages

    async def serve(self, request: Request) -> Response:
        """GET or HEAD of a link. Raises AccessDenied and ResourceNotFound."""
        digest = request.path.removeprefix(PREFIX).decode("latin-1")
        query = dict(parse_qsl(request.query.decode("latin-1")))
        self._links.check(digest, query.get("expires", ""), query.get("signature", ""))
        if _DIGEST.fullmatch(digest) is None:
            raise ResourceNotFound("There is no such code package.")
        try:
            content = await self._packages.read_zip(digest)
        except KeyError as error:
            raise ResourceNotFound("There is no such code package any more.") from error
        headers = (
            (b"Content-Type", b"application/zip"),
            (b"Content-Disposition", b'attachment; filename="%b.zip"' % digest.encode()),
        )
        return Response(status=200, headers=headers, body=content)
