"""Every Runtime API route on one page: which call a request is (Developer Guide, runtimes-api; facts E1).

method and path (under /2018-06-01)             answered
GET  /runtime/invocation/next                   200 the event, its facts as headers; 403 in the wrong state
POST /runtime/invocation/{request id}/response  202; 400 unknown id, attempt or response mode; 403; 410 timed out; 413
     ... with Response-Mode: streaming          the same once the body is whole; its pieces go to the caller as they come
POST /runtime/invocation/{request id}/error     202; 400; 403; 410; 413
POST /runtime/init/error                        202; 403
GET  /runtime/restore/next                      404 where SnapStart is off
POST /runtime/restore/error                     403
GET  /ping (also without the version)           200 pong

Any other path: 404. Another method: 405. A body or a document too large: 413. What is not HTTP: 400, 408, 417, 431, 501 or 505.
"""

from enum import Enum
from typing import Final, NamedTuple

VERSION: Final = b"2018-06-01"


class Route(Enum):
    """One call of the API, or why it is none."""

    NEXT = ("GET", b"runtime/invocation/next")
    RESPONSE = ("POST", b"runtime/invocation/*/response")
    ERROR = ("POST", b"runtime/invocation/*/error")
    INIT_ERROR = ("POST", b"runtime/init/error")
    RESTORE_NEXT = ("GET", b"runtime/restore/next")
    RESTORE_ERROR = ("POST", b"runtime/restore/error")
    PING = ("GET", b"ping")
    UNKNOWN = ("", b"")
    WRONG_METHOD = ("", b"-")


class Match(NamedTuple):
    """Where a request goes."""

    route: Route
    request_id: str = ""
    """Of the invocation that it answers."""


_BY_PATH: Final = {each.value[1]: each for each in Route if each.value[0]}


def match(method: str, path: bytes) -> Match:
    """Slashes at either end mean nothing."""
    parts = path.strip(b"/").split(b"/")
    if parts[0] == VERSION:
        del parts[0]
    elif parts != [b"ping"]:
        return Match(Route.UNKNOWN)
    request_id = ""
    if len(parts) == 4 and parts[:2] == [b"runtime", b"invocation"]:
        request_id = parts[2].decode("latin-1")
        parts[2] = b"*"
    route = _BY_PATH.get(b"/".join(parts), Route.UNKNOWN)
    if route is not Route.UNKNOWN and method != route.value[0]:
        return Match(Route.WRONG_METHOD)
    return Match(route, request_id)
