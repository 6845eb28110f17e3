"""AWS service models (botocore's service-2.json) as values: operations, shapes, their constraints and places on the wire.

The files are read from the botocore package without importing it: importing its loader takes 170 ms, reading a model 6 ms.
"""

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member of a structure."""

    name: str
    """As handlers know it (PascalCase in most models)."""
    shape: str
    wire_name: str
    """Its JSON key, header, query parameter or label."""
    location: str | None = None
    """`uri`, `querystring`, `header`, `statusCode`; None for the body."""
    timestamp_format: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A type of the model. Other shapes are referred to by name: models have cycles."""

    name: str
    kind: str
    """`structure`, `list`, `map`, `string`, `integer`, `long`, `double`, `float`, `boolean`, `blob`, `timestamp`."""
    members: Mapping[str, Member]
    required: frozenset[str] = frozenset()
    element: str | None = None
    """Shape of a list's elements."""
    key: str | None = None
    value: str | None = None
    least: float | None = None
    """Smallest value, or least length."""
    most: float | None = None
    pattern: str | None = None
    """As written: a Java regular expression for the whole string."""
    values: Sequence[str] = ()
    """The enum's."""
    payload: str | None = None
    """The member that is the whole body."""
    status: int | None = None
    """HTTP status of an error shape."""
    fault: bool = False
    """An error of the service, not of the caller."""
    sensitive: bool = False
    union: bool = False
    timestamp_format: str | None = None

    @property
    def body_members(self) -> Sequence[Member]:
        """Members that travel in a JSON body."""
        return [each for each in self.members.values() if each.location is None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation of a service."""

    name: str
    method: str
    uri: str
    """Template, such as `/2015-03-31/functions/{FunctionName}?find=X`."""
    status: int
    """Of a success."""
    input: str | None
    output: str | None


@dataclass(frozen=True)
class Service:
    """One service model."""

    name: str
    """botocore's data folder, such as `lambda`."""
    target_prefix: str | None
    """Of JSON-protocol services: the part of X-Amz-Target before the dot."""
    operations: Mapping[str, Operation]
    raw_shapes: Mapping[str, Mapping[str, Any]]

    @cached_property
    def shapes(self) -> Mapping[str, Shape]:
        """Every shape by name; made at first use, so that a service nobody calls costs nothing."""
        return {name: _shape(name, raw) for name, raw in self.raw_shapes.items()}


@cache
def load_service(name: str) -> Service:
    """The newest version of a model that the installed botocore has. Raises FileNotFoundError."""
    raw = json.loads(_read(name))
    return Service(
        name=name,
        target_prefix=raw["metadata"].get("targetPrefix"),
        operations={key: _operation(key, value) for key, value in raw["operations"].items()},
        raw_shapes=raw["shapes"],
    )


def _read(name: str) -> bytes:
    spec = find_spec("botocore")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("botocore is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "data" / name
    newest = max((each for each in folder.iterdir() if each.is_dir()), key=lambda each: each.name)
    packed = newest / "service-2.json.gz"
    return gzip.decompress(packed.read_bytes()) if packed.exists() else (newest / "service-2.json").read_bytes()


def _operation(name: str, raw: Mapping[str, Any]) -> Operation:
    http = raw.get("http", {})
    return Operation(
        name=name,
        method=http.get("method", "POST"),
        uri=http.get("requestUri", "/"),
        status=http.get("responseCode", 200),
        input=raw.get("input", {}).get("shape"),
        output=raw.get("output", {}).get("shape"),
    )


def _shape(name: str, raw: Mapping[str, Any]) -> Shape:
    return Shape(
        name=name,
        kind=raw["type"],
        members={key: _member(key, value) for key, value in raw.get("members", {}).items()},
        required=frozenset(raw.get("required", ())),
        element=raw.get("member", {}).get("shape"),
        key=raw.get("key", {}).get("shape"),
        value=raw.get("value", {}).get("shape"),
        least=raw.get("min"),
        most=raw.get("max"),
        pattern=raw.get("pattern"),
        values=raw.get("enum", ()),
        payload=raw.get("payload"),
        status=raw.get("error", {}).get("httpStatusCode"),
        fault=bool(raw.get("fault")),
        sensitive=bool(raw.get("sensitive")),
        union=bool(raw.get("union")),
        timestamp_format=raw.get("timestampFormat"),
    )


def _member(name: str, raw: Mapping[str, Any]) -> Member:
    return Member(
        name=name,
        shape=raw["shape"],
        wire_name=raw.get("locationName", name),
        location=raw.get("location"),
        timestamp_format=raw.get("timestampFormat"),
    )
