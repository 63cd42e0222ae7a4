"""What an operation is asked: parameters of the URL, a Parameters resource, or the one resource it is about.

Strict: what is not known, is there twice or has another type is refused, all of it at once.
https://hl7.org/fhir/R4/operations.html#request
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.errors import BadRequest, Issue
from gateway.fhir.elements import is_primitive
from gateway.fhir.search.served import suggestion
from gateway.validation import patterns

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.rest.interaction import Pairs

_TEXTS = frozenset({"string", "code", "uri", "url", "canonical", "id", "markdown"})
_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt"})
_MOMENTS = frozenset({"date", "dateTime", "instant"})
_LIKE = {name: group for group in (_TEXTS, _NUMBERS, _MOMENTS) for name in group}
_RESOURCE = "Resource"


@dataclass(frozen=True, slots=True)
class Takes:
    """One parameter of an operation; `type` is a datatype of FHIR, or `Resource`."""

    name: str
    type: str = "string"
    many: bool = False

    @property
    def in_json(self) -> str:
        """Return the type of JSON that it has, '' for what cannot stand in a URL."""
        if self.type == _RESOURCE or not is_primitive(self.type):
            return ""
        return "integer" if self.type in _NUMBERS else "boolean" if self.type == "boolean" else "string"


@dataclass(slots=True)
class Said:
    """What the parameters say, by name; each value is of the type that was asked for.

    `is_alone`: a resource was sent as it is, not in a Parameters resource.
    """

    values: dict[str, list[Any]] = field(default_factory=dict)
    is_alone: bool = False

    def one(self, name: str) -> Any:
        """Return the value of a parameter, None when it is not there."""
        return next(iter(self.values.get(name, ())), None)

    def all(self, name: str) -> list[Any]:
        """Return every value of a parameter."""
        return self.values.get(name, [])

    def text(self, name: str) -> str | None:
        """Return the value of a parameter that is a text, None when it is not there."""
        value = self.one(name)
        return None if value is None else str(value)


def read(takes: Sequence[Takes], pairs: Pairs, sent: Resource | None = None) -> Said:
    """Return what was asked by `pairs` of the URL and, where something was sent, by its parameters.

    BadRequest with every parameter that is not known, is there too often, or is not of its type.
    """
    known = {one.name: one for one in takes}
    reader = _Reader(known)
    for name, value in pairs:
        reader.of_url(name, value)
    if sent is not None and sent.get("resourceType") == "Parameters":
        reader.of_parameters(sent)
    elif sent is not None:
        reader.of_resource(sent)
    if reader.issues:
        raise BadRequest(reader.issues)
    return reader.said


class _Reader:
    """Reads one parameter after another, and notes what is wrong with each."""

    def __init__(self, known: Mapping[str, Takes]) -> None:
        self.known = known
        self.said = Said()
        self.issues: list[Issue] = []

    def of_url(self, name: str, text: str) -> None:
        takes = self._known(name, None)
        if takes is None:
            return
        if not takes.in_json:
            self._refuse(f"'{name}' is a {takes.type}: it is sent in a Parameters resource, by POST", None)
        else:
            self._keep(takes, _of_text(takes.type, text), None)

    def of_resource(self, sent: Resource) -> None:
        """Read the resource that stands alone where the operation is about one. https://hl7.org/fhir/R4/operations.html"""
        alone = next((one for one in self.known.values() if one.type == _RESOURCE), None)
        if alone is None:
            self._refuse("an operation is asked with a Parameters resource", None)
        else:
            self.said.is_alone = True
            self._keep(alone, sent, None)

    def of_parameters(self, sent: Resource) -> None:
        for where, one in self._listed(sent):
            takes = self._known(str(one.get("name")), where)
            if takes is not None:
                self._keep(takes, self._value(takes, one), where)

    def _listed(self, sent: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
        listed = sent.get("parameter", [])
        if not isinstance(listed, list):
            self._refuse("parameter is a list", "Parameters.parameter")
            return
        for number, one in enumerate(listed):
            where = f"Parameters.parameter[{number}]"
            if isinstance(one, dict):
                yield where, one
            else:
                self._refuse("a parameter is an object", where)

    def _value(self, takes: Takes, one: dict[str, Any]) -> Any:
        """Return the value of one parameter when it is of its type, else None."""
        if takes.type == _RESOURCE:
            resource = one.get("resource")
            return resource if isinstance(resource, dict) and "resourceType" in resource else None
        names = [f"value{name[0].upper()}{name[1:]}" for name in _LIKE.get(takes.type, (takes.type,))]
        value = next((one[name] for name in names if name in one), None)
        return _checked(takes.type, value)

    def _known(self, name: str, where: str | None) -> Takes | None:
        if name not in self.known:
            text = f"this operation has no parameter '{name[:60]}'{suggestion(name, self.known)}"
            self.issues.append(Issue("unknown-parameter", text, expression=where))
        return self.known.get(name)

    def _keep(self, takes: Takes, value: Any, where: str | None) -> None:
        held = self.said.values.setdefault(takes.name, [])
        if value is None:
            self._refuse(f"'{takes.name}' is a {takes.type}", where)
        elif held and not takes.many:
            self._refuse(f"'{takes.name}' is given once", where)
        else:
            held.append(value)

    def _refuse(self, text: str, where: str | None) -> None:
        self.issues.append(Issue("bad-value", text, expression=where))


def _of_text(kind: str, text: str) -> Any:
    """Return a text of the URL as a value of a primitive type, None when it is none."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    if kind in _NUMBERS:
        return _checked(kind, int(text)) if re.fullmatch(r"-?\d{1,9}", text, re.ASCII) else None
    return _checked(kind, text)


def _checked(kind: str, value: Any) -> Any:
    if kind == "boolean":
        return value if isinstance(value, bool) else None
    if kind in _NUMBERS:
        least = {"positiveInt": 1, "unsignedInt": 0}.get(kind, -(2**31))
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= least else None
    if not is_primitive(kind):
        return value if isinstance(value, dict) and value else None
    is_right = isinstance(value, str) and patterns.compiled(patterns.STRINGS[kind]).fullmatch(value) is not None
    return value if is_right else None
