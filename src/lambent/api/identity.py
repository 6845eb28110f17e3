"""Who calls and by which address: account, Region and endpoint of a request."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from lambent.api.sigv4 import Scope
from lambent.core.errors import AccessDenied
from lambent.core.function import Owner
from lambent.http import Request

_ACCOUNT = re.compile(r"\d{12}", re.ASCII)
_HOST = re.compile(rb"[A-Za-z0-9._-]{1,253}(?::\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?")
_HOST_BYTES: Final = 260
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def owner_of(scope: Scope | None, account: str, region: str) -> Owner:
    """A 12-digit access key id is the account, else the configured one; the Region is the scope's, else the configured one."""
    return _owner("", region, account) if scope is None else _owner(scope.access_key, scope.region, account)


@lru_cache(maxsize=1024)
def _owner(access_key: str, region: str, account: str) -> Owner:
    return Owner(account=access_key if _ACCOUNT.fullmatch(access_key) else account, region=region)


def endpoint_of(request: Request, default: str) -> str:
    """The base URL by which the caller reached this server."""
    host = request.header(b"host")
    return default if host is None or len(host) > _HOST_BYTES else _endpoint(host, default)


@lru_cache(maxsize=1024)
def _endpoint(host: bytes, default: str) -> str:
    return default if _HOST.fullmatch(host) is None else f"http://{host.decode('ascii')}"


def refuse_foreign_page(request: Request) -> None:
    """Where authentication is off, a web page of another site must not drive this server through its reader's browser.

    Raises AccessDenied for a request that a browser sends on behalf of a page that is not on this machine.
    """
    origin = request.text(b"origin")
    if origin is None:
        return
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK and not (host or "").endswith(".localhost"):
        raise AccessDenied(f"Requests of web pages from {origin[:256]} are refused while authentication is off.")
