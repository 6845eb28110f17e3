"""Checks input members against the model's constraints, and words what it finds as AWS does.

The form is that of AWS's own framework: `N validation error(s) detected: Value 'v' at 'path' failed to satisfy constraint:
Member must ...; Value ...`. A list's elements and a map's keys and values are told together, with every constraint of theirs
(`Member must satisfy constraint: [..., Member must not be null]`). Values of sensitive shapes are left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lambent.api.model import Service, Shape
from lambent.api.patterns import matcher
from lambent.core.errors import ValidationFailed

_ERRORS_AT_MOST = 100
_VALUE_CHARACTERS = 4096
"""A value in a message is cut here: a message is for people."""
_PATTERN_CHARACTERS = 64 * 1024
"""A string that is too long for its shape, and longer than this, is not matched as well."""
_SCALARS = frozenset({"string", "integer", "long", "double", "float", "boolean", "blob", "timestamp"})
_LEFT_TO_HANDLERS = frozenset({"Runtime"})
"""Enums whose faults Lambda words itself: `Value x at 'runtime' ... or be a valid ARN`, an InvalidParameterValueException."""


def validate(service: Service, shape_name: str | None, members: Mapping[str, Any]) -> None:
    """Raises ValidationFailed that names every broken constraint, in the model's order of members."""
    if shape_name is None:
        return
    found: list[str] = []
    for error in _structure_errors(service, service.shapes[shape_name], members, ""):
        found.append(error)
        if len(found) == _ERRORS_AT_MOST:
            break
    if found:
        noun = "error" if len(found) == 1 else "errors"
        raise ValidationFailed(f"{len(found)} validation {noun} detected: {'; '.join(found)}")


def _structure_errors(service: Service, shape: Shape, members: Mapping[str, Any], path: str) -> Iterator[str]:
    for member in shape.members.values():
        value = members.get(member.name)
        place = path + member.name[:1].lower() + member.name[1:]
        if value is None:
            if member.name in shape.required:
                yield _error("null", place, "Member must not be null")
        else:
            yield from _value_errors(service, service.shapes[member.shape], value, place)


def _value_errors(service: Service, shape: Shape, value: Any, place: str) -> Iterator[str]:  # noqa: ANN401
    if shape.kind == "structure":
        yield from _structure_errors(service, shape, value, place + ".")
        return
    if shape.name in _LEFT_TO_HANDLERS:
        return
    for constraint in _broken(shape, value):
        yield _error(_shown(shape, value), place, constraint)
    if shape.kind == "list":
        yield from _list_errors(service, shape, value, place)
    elif shape.kind == "map":
        yield from _map_errors(service, shape, value, place)


def _list_errors(service: Service, shape: Shape, value: list[Any], place: str) -> Iterator[str]:
    element = service.shapes[shape.element or ""]
    if element.kind in _SCALARS:
        if any(each is None or _broken(element, each) for each in value):
            constraints = ", ".join([*_all_constraints(element), "Member must not be null"])
            yield _error(_shown(shape, value), place, f"Member must satisfy constraint: [{constraints}]")
        return
    for number, each in enumerate(value, 1):
        if each is None:
            yield _error("null", f"{place}.{number}.member", "Member must not be null")
        else:
            yield from _value_errors(service, element, each, f"{place}.{number}.member")


def _map_errors(service: Service, shape: Shape, value: Mapping[str, Any], place: str) -> Iterator[str]:
    key, element = service.shapes[shape.key or ""], service.shapes[shape.value or ""]
    shown = "" if key.sensitive or element.sensitive else _shown(shape, value)
    if any(_broken(key, each) for each in value):
        yield _error(shown, place, f"Map keys must satisfy constraint: [{', '.join(_all_constraints(key))}]")
    if element.kind in _SCALARS:
        if any(each is None or _broken(element, each) for each in value.values()):
            constraints = ", ".join([*_all_constraints(element), "Member must not be null"])
            yield _error(shown, place, f"Map value must satisfy constraint: [{constraints}]")
        return
    for name, each in value.items():
        if each is None:
            yield _error("null", f"{place}.{name}.member", "Member must not be null")
        else:
            yield from _value_errors(service, element, each, f"{place}.{name}.member")


def _broken(shape: Shape, value: Any) -> list[str]:  # noqa: ANN401
    """The shape's own constraints that this value breaks."""
    found = []
    size = _size(shape, value)
    too_much = shape.most is not None and size is not None and size > shape.most
    if too_much:
        found.append(_most(shape))
    if shape.least is not None and size is not None and size < shape.least:
        found.append(_least(shape))
    if shape.values and value not in shape.values:
        found.append(_enum(shape))
    if shape.pattern is not None and isinstance(value, str) and not (too_much and len(value) > _PATTERN_CHARACTERS):
        found += [] if matcher(shape.pattern)(value) else [_pattern(shape)]
    return found


def _all_constraints(shape: Shape) -> Iterator[str]:
    if shape.most is not None:
        yield _most(shape)
    if shape.least is not None:
        yield _least(shape)
    if shape.values:
        yield _enum(shape)
    if shape.pattern is not None:
        yield _pattern(shape)


def _size(shape: Shape, value: Any) -> float | None:  # noqa: ANN401
    """What `least` and `most` are about: a number's value, else a length."""
    if shape.kind in ("boolean", "timestamp"):
        return None
    return value if isinstance(value, int | float) else len(value)


def _measure(shape: Shape) -> str:
    return "have length" if shape.kind in ("string", "blob", "list", "map") else "have value"


def _most(shape: Shape) -> str:
    return f"Member must {_measure(shape)} less than or equal to {shape.most:.15g}"


def _least(shape: Shape) -> str:
    return f"Member must {_measure(shape)} greater than or equal to {shape.least:.15g}"


def _enum(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.values)}]"


def _pattern(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def _error(shown: str, place: str, constraint: str) -> str:
    """`shown` is `null`, a quoted value, or empty where the value must not be told."""
    return f"Value {shown + ' ' if shown else ''}at '{place}' failed to satisfy constraint: {constraint}"


def _shown(shape: Shape, value: Any) -> str:  # noqa: ANN401
    return "" if shape.sensitive or shape.kind == "blob" else f"'{_text(value)[:_VALUE_CHARACTERS]}'"


def _text(value: Any) -> str:  # noqa: ANN401
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}={_text(each)}' for key, each in value.items())}}}"
    if isinstance(value, bool) or value is None:
        return str(value).lower().replace("none", "null")
    return str(value)
