"""Search parameters: those of R4 by resource type, those the gateway publishes itself, and those of packages.

Ours are SearchParameter resources in `profiles/SearchParameter-*.json`. https://hl7.org/fhir/R4/searchparameter.html
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

import msgspec

from gateway.data import shipped
from gateway.fhir import tables
from gateway.fhir.frozen import frozen

_R4 = "http://hl7.org/fhir/SearchParameter/"
_INSTALLED: list[Mapping[str, Any]] = []  # the SearchParameter resources of packages
_FOLLOWING: list[Callable[[], None]] = []  # what forgets each cache that is made of parameters


class _Cached(Protocol):
    def cache_clear(self) -> None: ...


C = TypeVar("C", bound=_Cached)


def follows(cached: C) -> C:
    """Return `cached`, which from now on forgets what it knows when other parameters are installed."""
    _FOLLOWING.append(cached.cache_clear)
    return cached


def install(resources: Iterable[Mapping[str, Any]]) -> None:
    """Let the types be searched by these SearchParameter resources too, in place of those installed before.

    For the start of a process: what was found out before is forgotten, what is being answered is not waited for. Ours
    and those of R4 come first: a package cannot change what `status` means.
    """
    found = [resource for resource in resources if _can_be_used(resource)]
    if found == _INSTALLED:
        return
    _INSTALLED[:] = found
    for forget in _FOLLOWING:
        forget()


def _can_be_used(resource: Mapping[str, Any]) -> bool:
    known = all(isinstance(resource.get(name), str) for name in ("code", "type", "url", "expression"))
    return known and bool(resource.get("base")) and resource.get("status") != "retired"


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


@follows
@cache
def search_parameters(resource_type: str) -> Mapping[str, SearchParameter]:
    """Return the parameters that can be searched on `resource_type` by code, those of Resource first."""
    known = {
        code: _of_row(code, row)
        for base in _lineage(resource_type)
        for code, row in tables.search_parameters().get(base, {}).items()
    }
    return MappingProxyType({**_of_packages(resource_type), **known, **_ours().get(resource_type, {})})


def _of_packages(resource_type: str) -> dict[str, SearchParameter]:
    above = set(_lineage(resource_type))
    return {r["code"]: _of_resource(r, resource_type) for r in _INSTALLED if above.intersection(r["base"])}


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
            found.setdefault(base, {})[resource["code"]] = _of_resource(resource, base)
    return found


def _of_resource(resource: Mapping[str, Any], resource_type: str) -> SearchParameter:
    return SearchParameter(
        code=resource["code"],
        type=resource["type"],
        expression=_for_type(resource.get("expression"), resource_type),
        targets=tuple(resource.get("target", ())),
        components=tuple(Component(c["definition"], c["expression"]) for c in resource.get("component", ())),
        url=resource["url"],
    )


def _for_type(expression: str | None, resource_type: str) -> str | None:
    """Return the alternatives of an expression that are about a type; None when there are none."""
    others = {name for name in tables.types() if name[0].isupper()} - set(_lineage(resource_type))
    parts = [part.strip() for part in (expression or "").split(" | ")]
    kept = [part for part in parts if part and part.lstrip("(").partition(".")[0] not in others]
    return " | ".join(kept) or None
