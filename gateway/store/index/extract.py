"""Runs the search parameters of a type over a resource.

A type is compiled once, into Python that looks at each property of the JSON that any of its parameters asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from typing import Any

from gateway.fhir.consents import rules
from gateway.fhir.freshness import FREE, stale_at
from gateway.fhir.parameters import SearchParameter, follows
from gateway.fhir.search import served
from gateway.fhir.search.paths import alternatives, json_paths
from gateway.fhir.types import Resource
from gateway.store.index import composites, narrative, references
from gateway.store.index.definitions import IN_CURRENT
from gateway.store.index.generate import Extract, extraction
from gateway.store.index.model import OFFERED, OPEN_HIGH, SLOT_CODINGS, IndexRows, SlotRow, capacity_param, says_param
from gateway.store.index.moments import span
from gateway.store.index.writers import WRITERS

Evaluate = Callable[[Resource], list[Any]]
_TYPE_BY_KEY = {
    "coding": "CodeableConcept",
    "code": "Coding",
    "start": "Period",
    "end": "Period",
    "value": "Identifier",
}


def rows(resource: Resource, *, base: str | None = None) -> IndexRows:
    """Return everything `resource` can be found by. Never raises on a valid resource.

    Absolute references that begin with `base` are indexed as the local ones they are.
    """
    found, kind = IndexRows(), resource["resourceType"]
    extract, more = _ways(kind)
    extract(found, resource, base or "")
    if "text" in resource:
        narrative.write(found, resource)
    if more:
        _write_more(found, resource, base or "")
    if kind == "Slot" and (slot := _slot(resource, found)):
        found.slot = slot
        for param, system, code in found.token:
            if param in SLOT_CODINGS:
                found.date.append((capacity_param(slot.status, param, system, code), slot.start, slot.end))
        if slot.status == FREE and (until := stale_at(resource)) is not None:
            found.date.append((OFFERED, until, OPEN_HIGH))
    if kind == "Consent":
        found.date += [(says_param(one.says, one.actor, one.content), one.low, one.high) for one in rules(resource)]
    return found


@follows
@cache
def _ways(resource_type: str) -> tuple[Extract, bool]:
    """Return the function that follows the paths of a type, and whether there is more than paths."""
    more = composites.composites(resource_type) or _evaluated(resource_type)
    return _extraction(resource_type), bool(more)


def _write_more(found: IndexRows, resource: Resource, base: str) -> None:
    """Write the rows of composite parameters, and of those of which the expression is more than a path."""
    composites.write(found, resource, base)
    for parameter, evaluate in _evaluated(resource["resourceType"]):
        _write_evaluated(found, parameter, evaluate(resource), base)


@follows
@cache
def _extraction(resource_type: str) -> Extract:
    """Return the function that follows the paths of all parameters of a type."""
    return extraction(
        resource_type,
        [
            (parameter, path)
            for parameter in _indexed(resource_type)
            for alternative in alternatives(parameter.expression or "")
            for path in json_paths(resource_type, alternative) or ()
            if path.steps
        ],
    )


def _indexed(resource_type: str) -> Iterator[SearchParameter]:
    return (p for code, p in served(resource_type).items() if code not in IN_CURRENT and p.expression)


@follows
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
    start, end = span(resource.get("start", "")), span(resource.get("end", ""))
    if start is None or end is None or "status" not in resource:
        return None
    schedule = ""
    for param, type_name, id_ in found.reference:
        if param == "schedule" and type_name == "Schedule":
            schedule = id_
            break
    return SlotRow(resource["status"], start[0], end[0], schedule)
