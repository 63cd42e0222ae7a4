"""FHIRPath Patch: operations on the elements of a resource, all or none of them.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from gateway.errors import BadRequest, GatewayError, InvalidResource, Issue
from gateway.fhir.elements import child
from gateway.fhir.types import Resource
from gateway.transact.spots import Holder, Path, Spot, Unfit, Value

MAX_OPERATIONS = 1000
_NEEDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "add": ("path", "name", "value"),
        "insert": ("path", "value", "index"),
        "delete": ("path",),
        "replace": ("path", "value"),
        "move": ("path", "source", "destination"),
    }
)
_NUMBERS = frozenset({"index", "source", "destination"})


class _Step(NamedTuple):
    name: str
    path: Path
    said: Mapping[str, Any]


def read(sent: Resource) -> Callable[[Resource], Resource]:
    """Return what the operations in a Parameters resource do to a resource. BadRequest, with each that is none.

    What comes back raises InvalidResource where an operation does not fit the resource; it changes what it is given.
    """
    listed = sent.get("parameter", [])
    if not isinstance(listed, list) or len(listed) > MAX_OPERATIONS:
        raise BadRequest(f"a patch has at most {MAX_OPERATIONS} operations", expression="Parameters.parameter")
    steps, wrong = [], []
    for number, one in enumerate(listed):
        try:
            steps.append(_step(one))
        except GatewayError as error:
            wrong += [replace(i, expression=f"Parameters.parameter[{number}]") for i in error.issues]
    if wrong:
        raise BadRequest(wrong)
    return lambda resource: _carried_out(steps, resource)


def _step(one: Any) -> _Step:
    parts = one.get("part") if isinstance(one, dict) and one.get("name") == "operation" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise BadRequest("each parameter is an operation, with its parts")
    by_name = {part.get("name"): part for part in parts}
    if len(by_name) < len(parts):
        raise BadRequest("each part of an operation is named, and given once")
    name = by_name.get("type", {}).get("valueCode", by_name.get("type", {}).get("valueString"))
    if name not in _NEEDS:
        raise BadRequest(f"the type of an operation is one of {', '.join(_NEEDS)}")
    if wrong := by_name.keys() ^ {"type", *_NEEDS[name]}:
        unknown = "" if wrong <= set(_NEEDS[name]) else " and nothing else"
        raise BadRequest(f"{name} takes {', '.join(_NEEDS[name])}{unknown}")
    said = {part: _said(part, by_name[part]) for part in _NEEDS[name]}
    return _Step(name, Path(said["path"]), said)


def _said(name: str, part: dict[str, Any]) -> Any:
    if name == "value":
        return part
    value = next((value for key, value in part.items() if key.startswith("value")), None)
    wanted: type = int if name in _NUMBERS else str
    if not isinstance(value, wanted) or isinstance(value, bool):
        raise BadRequest(f"{name} is {'a whole number' if wanted is int else 'a text'}")
    return value


def _carried_out(steps: Sequence[_Step], resource: Resource) -> Resource:
    for number, step in enumerate(steps):
        try:
            _APPLY[step.name](step, resource)
        except Unfit as unfit:
            at = f"Parameters.parameter[{number}]"
            raise InvalidResource([Issue("patch-failed", str(unfit), expression=at)]) from unfit
    return resource


def _add(step: _Step, resource: Resource) -> None:
    target = _single(step, resource)
    if not isinstance(target.value, dict):
        raise Unfit("an element can be added to one that has elements")
    into = Holder.of(target.value, target.type, step.said["name"])
    value = _value(into, step.said["value"])
    if into.is_list:
        into.insert(len(into), value)
    elif len(into):
        raise Unfit("the element is there already: replace it")
    else:
        into.set(value)


def _insert(step: _Step, resource: Resource) -> None:
    into = step.path.holder(resource)
    _check_list(into)
    if not 0 <= step.said["index"] <= len(into):
        raise Unfit("there is no such place in the list")
    into.insert(step.said["index"], _value(into, step.said["value"]))


def _delete(step: _Step, resource: Resource) -> None:
    spots = step.path.spots(resource)
    if len(spots) > 1:
        raise Unfit("the path gives more than one element")
    if spots:
        spots[0].remove()


def _replace(step: _Step, resource: Resource) -> None:
    target = _single(step, resource)
    if target.holder is None:
        raise Unfit("the resource itself is not replaced by a patch; PUT does that")
    target.replace(_value(target.holder, step.said["value"]))


def _move(step: _Step, resource: Resource) -> None:
    into = step.path.holder(resource)
    _check_list(into)
    source, destination = step.said["source"], step.said["destination"]
    if not (0 <= source < len(into) and 0 <= destination < len(into)):
        raise Unfit("there is no such place in the list")
    into.insert(destination, into.take(source))


_APPLY: Mapping[str, Callable[[_Step, Resource], None]] = MappingProxyType(
    {"add": _add, "insert": _insert, "delete": _delete, "replace": _replace, "move": _move}
)


def _single(step: _Step, resource: Resource) -> Spot:
    spots = step.path.spots(resource)
    if len(spots) != 1:
        raise Unfit("the path gives more than one element" if spots else "there is nothing at this path")
    return spots[0]


def _check_list(into: Holder) -> None:
    if not into.is_list:
        raise Unfit("this element is no list")


def _value(into: Holder, part: dict[str, Any]) -> Value:
    """Return what is to stand in an element: its JSON name, its value, and what stands beside a primitive."""
    if "resource" in part:
        return into.name, deepcopy(part["resource"]), None
    if "part" in part:
        return into.name, _built(into.type, part["part"]), None
    written = next((key for key in part if key.lstrip("_").startswith("value")), None)
    if written is None:
        raise Unfit("there is no value")
    suffix = written.lstrip("_").removeprefix("value")
    return into.named(suffix), deepcopy(part.get(f"value{suffix}")), deepcopy(part.get(f"_value{suffix}"))


def _built(type_: str, parts: Any) -> dict[str, Any]:
    """Return an element that has no type to be written in, made of its own elements."""
    made: dict[str, Any] = {}
    for part in parts if isinstance(parts, list) else ():
        if not isinstance(part, dict) or child(type_, str(part.get("name"))) is None:
            raise Unfit("a part of the value names no element of the type")
        into = Holder.of(made, type_, part["name"])
        if len(into) and not into.is_list:
            raise Unfit("a part of the value is given twice and is no list")
        into.insert(len(into), _value(into, part)) if into.is_list else into.set(_value(into, part))
    return made
