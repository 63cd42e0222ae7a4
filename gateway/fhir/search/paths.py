"""Turns the expression of a search parameter into JSON paths with the type of what lies at their end.

Nearly every expression of R4 is a union of element paths, with `where(name='literal')`, `where(resolve() is Type)` and
`ofType(Type)` among the steps. Those are followed here without an evaluator, and their types are known before any
resource is. What is not of that form has no path, and is evaluated as FHIRPath. https://hl7.org/fhir/R4/searchparameter.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from gateway.fhir import elements
from gateway.fhir.frozen import frozen

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter

_STEP = (
    r"[a-z][A-Za-z]*(?![A-Za-z(])|where\([a-z]+='[^']*'\)|where\(resolve\(\) is [A-Z][A-Za-z]+\)|ofType\([A-Za-z]+\)"
)
_PATH = re.compile(rf"(?:[A-Z][A-Za-z]+|{_STEP})(?:\.(?:{_STEP}))*")
_STEPS = re.compile(_STEP)
_PARENTHESES = re.compile(r"^\((.+)\)(?=\.)")  # (Observation.value.ofType(CodeableConcept)).text
_LITERAL = re.compile(r"where\(([a-z]+)='([^']*)'\)")
_RESOLVES = re.compile(r"where\(resolve\(\) is ([A-Z][A-Za-z]+)\)")

TOLD = frozenset({"Coding", "CodeableConcept", "Identifier"})
"""Data types of codes that may have words beside them: a display, a text."""


@frozen()
class Step:
    """One property of the JSON; `where` keeps only the items in which a property has that value."""

    name: str
    where: tuple[str, str] | None = None


@frozen()
class JsonPath:
    """The way to a value and the type of the value.

    `target` is the only type a reference there may point at ('' = any); `many`: an element on the way repeats.
    `binding` is the value set of a required binding of the last element, whose system its codes leave out.
    """

    steps: tuple[Step, ...]
    type: str
    target: str = ""
    many: bool = False
    binding: str | None = None

    @property
    def name(self) -> str:
        """Return the path as it names index rows that several parameters share."""
        return ".".join(step.name + (f"[{'='.join(step.where)}]" if step.where else "") for step in self.steps)


def alternatives(expression: str) -> list[str]:
    """Return the parts of a union; parentheses in R4's search parameters never hold one."""
    return [part.strip() for part in expression.split(" | ")]


@cache
def paths_of(resource_type: str, parameter: SearchParameter) -> tuple[JsonPath, ...]:
    """Return every path of a parameter; none where its expression is more than paths."""
    found = [json_paths(resource_type, alternative) for alternative in alternatives(parameter.expression or "")]
    return () if None in found else tuple(path for paths in found for path in paths or ())


@cache
def data_types(resource_type: str, parameter: SearchParameter) -> frozenset[str]:
    """Return the FHIR data types a parameter can find; empty when its expression does not tell."""
    return frozenset(path.type for path in paths_of(resource_type, parameter))


@cache
def implied_systems(resource_type: str, parameter: SearchParameter) -> frozenset[str]:
    """Return the code systems that the codes a parameter finds have by their binding, and so do not write."""
    bindings = {path.binding for path in paths_of(resource_type, parameter) if path.type == "code" and path.binding}
    return frozenset(system for binding in bindings for system in elements.required_codings(binding) or ())


def json_paths(resource_type: str, expression: str) -> tuple[JsonPath, ...] | None:
    """Return the paths of one alternative, several where an element is a choice; None when it is no plain path."""
    plain = _PARENTHESES.sub(r"\1", expression)
    if not _PATH.fullmatch(plain):
        return None
    first, _, rest = plain.partition(".")
    found = [JsonPath((), first if first in {"Resource", "DomainResource"} else resource_type)]
    for step in _STEPS.findall(rest if first[0].isupper() else plain):
        found = [longer for path in found for longer in _followed(path, step)]
    return tuple(found)


def _followed(path: JsonPath, step: str) -> Iterator[JsonPath]:
    if literal := _LITERAL.fullmatch(step):
        *before, last = path.steps
        yield replace(path, steps=(*before, replace(last, where=(literal[1], literal[2]))))
    elif resolves := _RESOLVES.fullmatch(step):
        yield replace(path, target=resolves[1])
    elif step.startswith("ofType("):
        if path.type.lower() == step[len("ofType(") : -1].lower():  # R4 writes DateTime in one of them
            yield path
    elif element := elements.child(path.type, step):
        for name, type_name in zip(element.json_names, element.types, strict=element.choice):
            many = path.many or element.is_list
            yield JsonPath((*path.steps, Step(name)), type_name, many=many, binding=element.binding)
