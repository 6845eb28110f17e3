"""Any request: the service models are the grammar. Most members are nearly right, some are strange, and sometimes the rest is."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from lambent.api.model import Operation, Service, Shape, load_service
from tests.unit.api_fuzz import strange_values as strange
from tests.unit.control_world import zip_of

_DEEPEST = 6
_MANY_MEMBERS = 8
"""Where every member were strange one time in eight, hardly a request would get past the first check."""
_BLOBS = [b"", b"no zip", b"\0" * 50, zip_of("one"), zip_of("two"), zip_of("three", name="../up")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One request as it goes on the wire."""

    method: str
    target: str
    """Path and query, percent-encoded."""
    headers: tuple[tuple[str, str], ...]
    body: bytes
    operation: str
    """What it began as; what was broken may have made another of it, or none."""
    is_intact: bool = True
    """Only members may be strange."""

    def wire(self) -> bytes:
        """HTTP/1.1, with a length and without line breaks in headers."""
        fields = {"host": "127.0.0.1:4566", **dict(self.headers), "content-length": str(len(self.body))}
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join([f"{self.method} {self.target} HTTP/1.1", *(line.translate(_NO_BREAKS) for line in lines)])
        return head.encode("latin-1", "replace") + b"\r\n\r\n" + self.body


_NO_BREAKS = dict.fromkeys([*range(9), *range(10, 32), 127], "?")


# ---------------------------------------------------------------- values of members


def _values(service: Service, shape: Shape, name: str, depth: int, *, rarely: bool = False) -> st.SearchStrategy[Any]:
    """Mostly what the model allows, one time in eight something else, or `rarely`."""
    good = _good(service, shape, name, depth)
    wrong = strange.BAD_NAMES + strange.ODD_TEXT if shape.kind == "string" else strange.WRONG_JSON
    return st.one_of(*[good] * (40 if rarely else 7), st.sampled_from([*wrong, *strange.WRONG_JSON[:12]]))


def _good(service: Service, shape: Shape, name: str, depth: int) -> st.SearchStrategy[Any]:
    if shape.kind == "structure":
        return _structure(service, shape, depth + 1)
    if shape.kind == "list":
        return st.lists(_values(service, service.shapes[shape.element or ""], name, depth + 1), max_size=3)
    if shape.kind == "map":
        keys = st.sampled_from(["AA", "1", "team", "aws:x", "AWS_REGION", "", "\u00e9"])
        return st.dictionaries(keys, _values(service, service.shapes[shape.value or ""], name, depth + 1), max_size=3)
    return st.sampled_from(strange.GOOD.get(name) or _allowed(shape))


def _allowed(shape: Shape) -> list[Any]:
    """Some scalars that the model allows."""
    if shape.kind == "string":
        return [*shape.values] or ["text", "x" * int(shape.least or 1)]
    if shape.kind in ("integer", "long", "double", "float"):
        bounds = [int(each) for each in (shape.least, shape.most) if each is not None]
        return [*bounds, 1, 2, *([0.5] if shape.kind == "double" else [])]
    return {"boolean": [True, False], "blob": _BLOBS, "timestamp": [0, 1_700_000_000, 1.5, -1]}[shape.kind]


def _structure(service: Service, shape: Shape, depth: int) -> st.SearchStrategy[dict[str, Any]]:
    if depth > _DEEPEST:
        return st.just({})
    rarely = len(shape.members) > _MANY_MEMBERS

    def values(name: str) -> st.SearchStrategy[Any]:
        return _values(service, service.shapes[shape.members[name].shape], name, depth, rarely=rarely)

    fields = {name: st.deferred(lambda name=name: values(name)) for name in shape.members}
    required = {name: fields[name] for name in shape.members if name in shape.required}
    return st.fixed_dictionaries(required, optional={name: each for name, each in fields.items() if name not in required})


# ---------------------------------------------------------------- from members to a request


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else value.decode("latin-1") if isinstance(value, bytes) else _json_text(value)


def _json_text(value: Any) -> str:
    text = json.dumps(value, default=lambda each: each.hex() if isinstance(each, bytes) else "?")
    return text if len(text) < 6000 else text[:6000]


def _encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe=":$-_.~")


def _json_body(members: Mapping[str, Any]) -> bytes:
    return json.dumps(members, default=lambda each: base64.b64encode(each).decode()).encode()


def _request(service: Service, operation: Operation, members: Mapping[str, Any]) -> Sent:
    if service.target_prefix is not None:
        headers = (("content-type", "application/x-amz-json-1.1"), ("x-amz-target", f"{service.target_prefix}.{operation.name}"))
        return Sent(method="POST", target="/", headers=headers, body=_json_body(members), operation=operation.name)
    path, _, literal = operation.uri.partition("?")
    query, headers, body = [literal] if literal else [], [("content-type", "application/json")], {}
    shape = service.shapes[operation.input or ""] if operation.input else None
    for name, value in members.items():
        member = shape.members[name] if shape else None
        if member is None or (member.location is None and shape.payload != name):
            body[member.wire_name if member else name] = value
        elif member.location == "uri":
            path = path.replace(f"{{{member.wire_name}+}}", quote(_text(value).encode("utf-8", "surrogatepass")))
            path = path.replace(f"{{{member.wire_name}}}", _encoded(_text(value)))
        elif member.location == "querystring":
            each_value = value if isinstance(value, list) else [value]
            query += [f"{member.wire_name}={_encoded(_text(each))}" for each in each_value]
        elif member.location == "header":
            headers.append((member.wire_name.lower(), _text(value)))
    payload = members.get(shape.payload) if shape and shape.payload else None
    content = (
        payload if isinstance(payload, bytes) else _json_body(body if payload is None else payload) if body or payload else b""
    )
    target = path + ("?" + "&".join(query) if query else "")
    return Sent(
        method=operation.method,
        target=target,
        headers=tuple(headers),
        body=content,
        operation=operation.name,
        is_intact=not path.endswith("/"),  # an empty last label leaves the path of a list
    )


# ---------------------------------------------------------------- breaking the request around the members


def _broken(sent: Sent) -> st.SearchStrategy[Sent]:
    """As it is, one time in two; else broken in one way."""
    return st.just(sent) | _breakings(sent).map(lambda each: replace(each, is_intact=False))


def _with_query(sent: Sent, query: str) -> Sent:
    return replace(
        sent, target=sent.target + ("&" if "?" in sent.target else "?") + quote(query, safe="&=%;:", encoding="latin-1")
    )


def _cut(sent: Sent, share: float) -> Sent:
    return replace(sent, body=sent.body[: int(len(sent.body) * share)])


@st.composite
def _breakings(draw: st.DrawFn, sent: Sent) -> Sent:
    way = draw(st.sampled_from(["body", "cut", "query", "header", "headers", "method", "path"]))
    if way == "body":
        return replace(sent, body=draw(st.sampled_from(strange.BAD_BODIES) | st.binary(max_size=40)))
    if way == "cut":
        return _cut(sent, draw(st.floats(0, 1)))
    if way == "query":
        return _with_query(sent, draw(st.sampled_from(strange.BAD_QUERIES)))
    if way in ("header", "headers"):
        added = draw(st.lists(st.sampled_from(strange.BAD_HEADERS), min_size=1, max_size=1 if way == "header" else 4))
        return replace(sent, headers=(*sent.headers, *added))
    if way == "method":
        return replace(sent, method=draw(st.sampled_from(strange.METHODS)))
    return replace(sent, target=draw(st.sampled_from([*strange.BAD_PATHS, sent.target + "/", sent.target.replace("/", "//")])))


def requests_of(service_name: str, operation_name: str) -> st.SearchStrategy[Sent]:
    """Requests that mean this operation, or nearly."""
    service = load_service(service_name)
    operation = service.operations[operation_name]
    members = _structure(service, service.shapes[operation.input], 0) if operation.input else st.just({})
    return members.map(lambda given: _request(service, operation, given)).flatmap(_broken)


def requests_of_any(service_name: str, operations: list[str]) -> st.SearchStrategy[Sent]:
    """Requests of any of these operations."""
    return st.sampled_from(operations).flatmap(lambda name: requests_of(service_name, name))
