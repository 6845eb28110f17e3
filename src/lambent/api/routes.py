"""Finds the operation that a request means: by method and path for REST services, by X-Amz-Target for JSON ones."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote_to_bytes

from lambent.api.model import Operation, Service

Query = Mapping[str, list[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """A request's operation, and the labels of its path by wire name, decoded."""

    service: Service
    operation: Operation
    labels: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    service: Service
    operation: Operation
    labels: tuple[str, ...]
    query: frozenset[tuple[str, str]]
    """Literal query parameters of the template, which tell apart operations on one path."""


@dataclass(slots=True)
class _Node:
    """One place in the tree of path segments."""

    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    """A label that takes the rest of the path."""
    targets: dict[str, list[_Target]] = field(default_factory=dict)
    """By method; those that need more query literals come first."""


def parse_query(raw: bytes) -> Query:
    """Query parameters in order of appearance. One without a value has an empty one; bytes that are not UTF-8 are replaced."""
    found: dict[str, list[str]] = {}
    if raw:
        for name, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace"):
            found.setdefault(name, []).append(value)
    return found


class Router:
    """The operations of several REST services that share one host. Of equal routes the service that was added first has it."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._root = _Node()
        for service in services:
            for operation in service.operations.values():
                self._add(service, operation)

    def _add(self, service: Service, operation: Operation) -> None:
        path, _, query = operation.uri.partition("?")
        node, labels = self._root, []
        for segment in path.strip("/").split("/"):
            if not segment.startswith("{"):
                node = node.literals.setdefault(segment, _Node())
            elif segment.endswith("+}"):
                labels.append(segment[1:-2])
                node.greedy = node = node.greedy or _Node()
            else:
                labels.append(segment[1:-1])
                node.label = node = node.label or _Node()
        literal = frozenset(parse_qsl(query, keep_blank_values=True))
        targets = node.targets.setdefault(operation.method, [])
        targets.append(_Target(service=service, operation=operation, labels=tuple(labels), query=literal))
        targets.sort(key=lambda each: -len(each.query))

    def match(self, method: str, path: bytes, query: Query) -> Match | None:
        """`path` is still percent-encoded, so an encoded slash does not part segments. A trailing slash changes nothing."""
        segments = path.decode("latin-1").removeprefix("/").removesuffix("/").split("/")
        found = _walk(self._root, segments, 0, [])
        if found is None:
            return None
        node, values = found
        for target in node.targets.get(method, ()):
            if all(value in query.get(name, ()) for name, value in target.query):
                labels = dict(zip(target.labels, map(_decode, values), strict=True))
                return Match(service=target.service, operation=target.operation, labels=labels)
        return None


def _walk(node: _Node, segments: list[str], index: int, values: list[str]) -> tuple[_Node, list[str]] | None:
    """Depth first, literals before labels before greedy labels. A label takes one segment, which may not be empty."""
    if index == len(segments):
        return (node, values) if node.targets else None
    segment = segments[index]
    literal = node.literals.get(segment)
    found = _walk(literal, segments, index + 1, values) if literal is not None else None
    if found is None and node.label is not None and segment:
        found = _walk(node.label, segments, index + 1, [*values, segment])
    if found is None and node.greedy is not None and segment:
        for end in range(len(segments), index, -1):
            found = _walk(node.greedy, segments, end, [*values, "/".join(segments[index:end])])
            if found is not None:
                break
    return found


def _decode(segment: str) -> str:
    return unquote_to_bytes(segment.encode("latin-1")).decode("utf-8", "replace")
