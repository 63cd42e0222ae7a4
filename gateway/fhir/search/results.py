"""Reads the parameters that shape the result: _count, _sort, _include, _total and their like.

https://hl7.org/fhir/R4/search.html#return
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

from gateway.fhir import elements
from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.model import Include, SearchRequest, SortKey, Total
from gateway.fhir.search.names import UnknownName, parameter_of, suggestion_of_type
from gateway.fhir.search.served import (
    MAX_COUNT,
    MAX_DEPTH,
    RESULT_PARAMETERS,
    TEXT,
    is_followed,
    named,
    served,
    suggestion,
    targets,
)
from gateway.fhir.search.values import BadValue
from gateway.fhir.subsets import SUMMARIES, Summary
from gateway.fhir.types import resource_types


@frozen()
class Applied:
    """The request with one more parameter in force, and the value that parameter has now."""

    request: SearchRequest
    value: str


def is_result_parameter(name: str) -> bool:
    """Return whether `name` (with its modifier, if any) shapes the result instead of choosing what is in it."""
    return name.partition(":")[0] in RESULT_PARAMETERS


def apply(request: SearchRequest, name: str, value: str) -> Applied:
    """Return `request` with the result parameter in force; UnknownName for its modifier, BadValue for its value."""
    base, colon, modifier = name.partition(":")
    if base in {"_include", "_revinclude"}:
        return _include(request, base, modifier, value)
    if colon:
        raise UnknownName(f"{base} takes no modifier")
    return _READERS[base](request, value)


def _count(request: SearchRequest, value: str) -> Applied:
    if not value.isdecimal() or not value.isascii() or len(value) > 9:
        raise BadValue(f"_count is a whole number from 0 to {MAX_COUNT}")
    count = min(int(value), MAX_COUNT)
    return Applied(replace(request, count=count, only_count=request.only_count or count == 0), str(count))


def _total(request: SearchRequest, value: str) -> Applied:
    if value not in {"none", "estimate", "accurate"}:
        raise BadValue("_total is none, estimate or accurate")
    return Applied(replace(request, total=cast("Total", value)), value)


def _summary(request: SearchRequest, value: str) -> Applied:
    if value not in {"count", *SUMMARIES}:
        raise BadValue(f"_summary is count, {', '.join(SUMMARIES)}")
    summary = None if value in {"count", "false"} else cast("Summary", value)
    return Applied(replace(request, only_count=request.only_count or value == "count", summary=summary), value)


def _elements(request: SearchRequest, value: str) -> Applied:
    known = elements.children(request.resource_type)
    for name in value.split(","):
        if name not in known:
            raise BadValue(f"_elements names elements of {request.resource_type}{suggestion(name, known)}")
    return Applied(replace(request, elements=tuple(dict.fromkeys((*request.elements, *value.split(","))))), value)


def _sort(request: SearchRequest, value: str) -> Applied:
    keys = tuple(_sort_key(request.resource_type, name) for name in value.split(","))
    if len(keys) > MAX_DEPTH:
        raise BadValue(f"_sort takes at most {MAX_DEPTH} parameters")
    spelling = ",".join(f"{'-' if key.descending else ''}{key.parameter.code}" for key in keys)
    return Applied(replace(request, sort=keys), spelling)


def _sort_key(resource_type: str, name: str) -> SortKey:
    code = name.removeprefix("-")
    if ":" in code or "." in code:
        raise UnknownName("_sort takes parameters of the type itself, without modifier or chain")
    parameter = parameter_of(resource_type, code)
    if parameter.type == "special":
        raise UnknownName("what is near a place comes by its distance when no _sort is said")
    if parameter.type == "composite" or code == TEXT:
        raise UnknownName(f"_sort takes parameters with one value each, which '{parameter.code}' has not")
    return SortKey(parameter, name.startswith("-"))


def _include(request: SearchRequest, name: str, modifier: str, value: str) -> Applied:
    """Read Source:parameter[:Target]. BaRS and STU3 write `recurse` for what R4 calls `iterate`."""
    if modifier not in {"", "iterate", "recurse"}:
        raise UnknownName(f"{name} takes the modifier ':iterate' only")
    if (name, modifier, value) == ("_include", "", "*"):
        value = f"{request.resource_type}:*"
    include = _parsed_include(value, reverse=name == "_revinclude", iterate=bool(modifier))
    _check_reach(request.resource_type, include, name)
    spelling = f"{include.source}:{'*' if value.split(':')[1] == '*' else include.parameters[0].code}"
    spelling += f":{include.target}" if include.target else ""
    return Applied(replace(request, includes=(*request.includes, include)), spelling)


def _parsed_include(value: str, *, reverse: bool, iterate: bool) -> Include:
    parts = value.split(":")
    if len(parts) not in {2, 3}:
        raise BadValue("it is written Source:parameter or Source:parameter:Target, such as Slot:schedule")
    source = _type(parts[0])
    target = _type(parts[2]) if len(parts) == 3 else ""
    return Include(source, _references(source, parts[1], target), target, reverse=reverse, iterate=iterate)


def _type(name: str) -> str:
    found = named(resource_types(), name)
    if found is None:
        raise BadValue(f"R4 has no such resource type{suggestion_of_type(name)}")
    return found


def _references(source: str, code: str, target: str) -> tuple[SearchParameter, ...]:
    if code == "*":
        return tuple(p for p in served(source).values() if is_followed(p))
    parameter = parameter_of(source, code)
    if parameter.type != "reference":
        raise BadValue(f"'{parameter.code}' of {source} is no reference")
    if not is_followed(parameter):
        raise BadValue(f"'{parameter.code}' of {source} finds what is inside it, which is there already")
    if target and target not in targets(parameter):
        raise BadValue(f"'{parameter.code}' of {source} does not point at {target}")
    return (parameter,)


def _check_reach(resource_type: str, include: Include, name: str) -> None:
    """Refuse an include that can add nothing to the matches, instead of leaving its caller to wonder."""
    if include.iterate:
        return
    if not include.reverse and include.source != resource_type:
        raise BadValue(f"matches are {resource_type}: for what {include.source} points at, write {name}:iterate")
    reached = {include.target} if include.target else {t for p in include.parameters for t in targets(p)}
    if include.reverse and resource_type not in reached:
        raise BadValue(f"this reference does not point at {resource_type}; for what was included, write {name}:iterate")


_READERS: Mapping[str, Callable[[SearchRequest, str], Applied]] = {
    "_count": _count,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    "_sort": _sort,
}
