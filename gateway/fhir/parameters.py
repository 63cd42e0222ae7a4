"""Search parameters: those of R4 by resource type, and those the gateway publishes itself.

Ours are SearchParameter resources in `profiles/SearchParameter-*.json`. https://hl7.org/fhir/R4/searchparameter.html
"""

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import msgspec

from gateway.data import shipped
from gateway.fhir import tables
from gateway.fhir.frozen import frozen

_R4 = "http://hl7.org/fhir/SearchParameter/"


@frozen()
class Component:
    """One part of a composite parameter: the canonical of the parameter it is, and where it looks."""

    definition: str
    expression: str


@frozen()
class SearchParameter:
    """A parameter as it applies to one resource type: `expression` holds only the part for that type."""

    code: str
    type: str  # number | date | string | token | reference | composite | quantity | uri | special
    expression: str | None
    targets: tuple[str, ...]  # resource types a reference may name; empty stands for any
    components: tuple[Component, ...]
    url: str


@cache
def search_parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    """Return the parameters that can be searched on `resource_type` by code, those of Resource first."""
    known = {
        code: _of_row(code, row)
        for base in _lineage(resource_type)
        for code, row in tables.search_parameters().get(base, {}).items()
    }
    return MappingProxyType({**known, **_ours().get(resource_type, {})})


def _lineage(type_name: str) -> Iterator[str]:
    """Yield the base types from the top down, then the type itself."""
    row = tables.types().get(type_name)
    if row and row.base:
        yield from _lineage(row.base)
    yield type_name


def _of_row(code: str, row: tables.ParameterRow) -> SearchParameter:
    components = tuple(Component(_url(c.definition), c.expression) for c in row.components)
    return SearchParameter(code, row.type, row.expression, tuple(row.targets.split()), components, _url(row.url))


def _url(short: str) -> str:
    return short if ":" in short else _R4 + short


@cache
def _ours() -> Mapping[str, Mapping[str, SearchParameter]]:
    found: dict[str, dict[str, SearchParameter]] = {}
    for path in sorted(shipped("profiles").glob("SearchParameter-*.json")):
        resource = msgspec.json.decode(path.read_bytes())
        for base in resource["base"]:
            found.setdefault(base, {})[resource["code"]] = _of_resource(resource)
    return found


def _of_resource(resource: Mapping[str, Any]) -> SearchParameter:
    return SearchParameter(
        code=resource["code"],
        type=resource["type"],
        expression=resource.get("expression"),
        targets=tuple(resource.get("target", ())),
        components=tuple(Component(c["definition"], c["expression"]) for c in resource.get("component", ())),
        url=resource["url"],
    )
