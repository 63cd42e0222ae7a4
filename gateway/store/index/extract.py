"""Runs the search parameters of a type over a resource.

A type is compiled once, into what to do for each property of the JSON; a resource then costs what it holds, not what
its type could be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, partial
from typing import Any

from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search import served
from gateway.fhir.types import Resource
from gateway.store.index import references
from gateway.store.index.model import SLOT_CODINGS, IndexRows, SlotRow, capacity_param
from gateway.store.index.moments import span
from gateway.store.index.paths import JsonPath, Step, alternatives, json_paths
from gateway.store.index.writers import WRITERS, Writer

Extract = Callable[[IndexRows, Any, str], None]  # rows, value of the property, base
Evaluate = Callable[[Resource], list[Any]]
_TYPE_BY_KEY = {
    "coding": "CodeableConcept",
    "code": "Coding",
    "start": "Period",
    "end": "Period",
    "value": "Identifier",
}
_IN_CURRENT = frozenset({"_id", "_lastUpdated"})  # columns of the table `current`, not index rows


def rows(resource: Resource, *, base: str | None = None) -> IndexRows:
    """Return everything `resource` can be found by. Never raises on a valid resource.

    Absolute references that begin with `base` are indexed as the local ones they are.
    """
    found = IndexRows()
    known = _plans(resource["resourceType"])
    here = base or ""
    for name, value in resource.items():
        if name in known:
            known[name].run(found, value, here)
    for parameter, evaluate in _evaluated(resource["resourceType"]):
        _write_evaluated(found, parameter, evaluate(resource), base or "")
    if resource["resourceType"] == "Slot":
        found.slot = _slot(resource, found)
        found.date += _capacity(found)
    return found


@dataclass(slots=True)
class Plan:
    """What to do with one property: with each of its values, and with what lies deeper in it."""

    values: list[tuple[Writer, str]] = field(default_factory=list)  # writer, parameter
    references: list[tuple[str, str]] = field(default_factory=list)  # parameter, target
    deeper: list[Extract] = field(default_factory=list)

    def run(self, found: IndexRows, value: Any, base: str) -> None:
        """Write the rows of the property. Most paths are one step, so those are followed without a call."""
        for one in value if value.__class__ is list else (value,):
            if one is not None:
                for writer, parameter in self.values:
                    writer(found, parameter, one)
                for parameter, target in self.references:
                    references.write(found, parameter, one, target, base)
        for extract in self.deeper:
            extract(found, value, base)


@cache
def _plans(resource_type: str) -> Mapping[str, Plan]:
    """Return what to do for each property of a resource, by its name."""
    found: dict[str, Plan] = {}
    for parameter in _indexed(resource_type):
        for alternative in alternatives(parameter.expression or ""):
            for path in json_paths(resource_type, alternative) or ():
                if path.steps:
                    _add(found.setdefault(path.steps[0].name, Plan()), parameter, path)
    return found


def _add(plan: Plan, parameter: SearchParameter, path: JsonPath) -> None:
    first, *rest = path.steps
    writer = WRITERS.get((parameter.type, path.type))
    if rest or first.where:
        extract = _extract(parameter, path)
        plan.deeper += [extract] if extract else []
    elif parameter.type == "reference":
        plan.references.append((parameter.code, path.target))
    elif writer is not None:
        plan.values.append((writer, parameter.code))


def _indexed(resource_type: str) -> Iterator[SearchParameter]:
    return (p for code, p in served(resource_type).items() if code not in _IN_CURRENT)


def _extract(parameter: SearchParameter, path: JsonPath) -> Extract | None:
    """Return what writes the rows of one path; None when its data type contributes nothing to the parameter."""
    first, *rest = path.steps
    if parameter.type == "reference":
        write = partial(_write_references, parameter.code, path.target)
        return partial(_each, write, first.where, tuple(rest))
    writer = WRITERS.get((parameter.type, path.type))
    if writer is None:
        return None
    code = parameter.code
    return partial(_each, lambda rows, value, _: writer(rows, code, value), first.where, tuple(rest))


def _write_references(code: str, target: str, rows: IndexRows, value: Any, base: str) -> None:
    references.write(rows, code, value, target, base)


def _each(
    write: Extract, where: tuple[str, str] | None, rest: tuple[Step, ...], rows: IndexRows, value: Any, base: str
) -> None:
    """Follow the steps from `value` and write what lies at the end."""
    if isinstance(value, list):
        for item in value:
            _each(write, where, rest, rows, item, base)
    elif value is None or (where and value.get(where[0]) != where[1]):
        return
    elif rest:
        _each(write, rest[0].where, rest[1:], rows, value.get(rest[0].name), base)
    else:
        write(rows, value, base)


@cache
def _evaluated(resource_type: str) -> tuple[tuple[SearchParameter, Evaluate], ...]:
    """Return the parameters whose expression is more than a path, with the compiled expression."""
    found = [
        (parameter, alternative)
        for parameter in _indexed(resource_type)
        for alternative in alternatives(parameter.expression or "")
        if json_paths(resource_type, alternative) is None
    ]
    if not found:
        return ()
    from gateway.fhirpath import compile as compiled  # noqa: PLC0415 - few types need the evaluator

    return tuple((parameter, compiled(alternative, root=resource_type)) for parameter, alternative in found)


def _write_evaluated(found: IndexRows, parameter: SearchParameter, values: list[Any], base: str) -> None:
    """Write what FHIRPath gives, which does not name its data types: they are told by their form."""
    for value in values:
        if parameter.type == "reference":
            references.write(found, parameter.code, value, "", base)
        elif writer := WRITERS.get((parameter.type, _type(value))):
            writer(found, parameter.code, value)


def _type(value: Any) -> str:
    if isinstance(value, dict):
        return next((name for key, name in _TYPE_BY_KEY.items() if key in value), "")
    return {bool: "boolean", int: "integer", Decimal: "decimal"}.get(type(value), "string")


def _slot(resource: Resource, found: IndexRows) -> SlotRow | None:
    start = next((low for param, low, _ in found.date if param == "start"), None)
    end = span(resource.get("end", ""))
    if start is None or end is None or "status" not in resource:
        return None
    schedules = (id_ for param, type_name, id_ in found.reference if param == "schedule" and type_name == "Schedule")
    return SlotRow(resource["status"], start, end[0], next(schedules, ""))


def _capacity(found: IndexRows) -> list[tuple[str, int, int]]:
    if found.slot is None:
        return []
    codings = [(param, system, code) for param, system, code in found.token if param in SLOT_CODINGS]
    return [(capacity_param(found.slot.status, *coding), found.slot.start, found.slot.end) for coding in codings]
