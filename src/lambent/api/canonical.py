"""The canonical request of AWS Signature Version 4: what a signature is about, spelled in one way (facts J1)."""

from functools import lru_cache
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from lambent.http import Request

_REMEMBERED_BYTES: Final = 512


def canonical_request(request: Request, signed_headers: tuple[str, ...], payload_hash: str) -> str:
    """`signed_headers` in the order signed."""
    lines = [request.method, _canonical_path(request.path), _canonical_query(request.query)]
    lines += [f"{name}:{_canonical_header(request, name)}" for name in signed_headers]
    return "\n".join([*lines, "", ";".join(signed_headers), payload_hash])


def _canonical_path(path: bytes) -> str:
    return (_remembered_path if len(path) < _REMEMBERED_BYTES else _normalised_path)(path)


def _normalised_path(path: bytes) -> str:
    """Normalised, then encoded once more than it was sent: every service but S3 signs paths encoded twice."""
    segments: list[str] = []
    for segment in path.decode("latin-1").split("/"):
        if segment == "..":
            segments[-1:] = []
        elif segment not in ("", "."):
            segments.append(segment)
    trailing = "/" if path.endswith(b"/") and segments else ""
    return quote("/" + "/".join(segments) + trailing, safe="/~", encoding="latin-1")


_remembered_path = lru_cache(maxsize=1024)(_normalised_path)


def _canonical_query(query: bytes) -> str:
    """Sorted by encoded name, then value; without the signature itself."""
    pairs = []
    for part in query.split(b"&"):
        name, _, value = part.partition(b"=")
        if part and name != b"X-Amz-Signature":
            pairs.append((_encode(name), _encode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _encode(text: bytes) -> str:
    return quote(unquote_to_bytes(text), safe="~")


def _canonical_header(request: Request, name: str) -> str:
    wanted = name.encode("utf-8", "replace")
    values = [" ".join(value.decode("latin-1").split()) for key, value in request.headers if key == wanted]
    return ",".join(values)
