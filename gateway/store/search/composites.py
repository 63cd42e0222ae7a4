"""Composite parameters: ranges of the index of one value, under names that hold the code beside it.

https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.fhir.search import Composite, Filter, Token
from gateway.fhir.search.composites import Shape, row_name, shapes
from gateway.fhir.search.paths import implied_systems
from gateway.fhir.search.singles import has_no_system
from gateway.store.index.model import composite_param
from gateway.store.search.filters import LAST_CHARACTER, TABLES, branches_of, index_match
from gateway.store.search.match import Match, any_of
from gateway.store.search.scope import Scope
from gateway.store.search.sql import Sql, sql


def composite_match(resource_type: str, asked: Filter, scope: Scope) -> Match:
    """Return what has both values of a composite in one element."""
    return any_of(
        [
            match
            for value in asked.values
            if isinstance(value, Composite)
            for shape in shapes(resource_type, asked.parameter)
            for match in _shaped(resource_type, shape, value, scope)
        ]
    )


def _shaped(resource_type: str, shape: Shape, value: Composite, scope: Scope) -> Iterator[Match]:
    code = value.parts[shape.key]
    assert isinstance(code, Token)
    parameter = shape.value.parameter
    branches = branches_of(resource_type, Filter(parameter, None, (value.parts[1 - shape.key],)), scope)
    for system in _systems(resource_type, shape, code, scope):
        yield index_match(resource_type, TABLES[parameter.type], _names(resource_type, shape, system, code), branches)


def _systems(resource_type: str, shape: Shape, code: Token, scope: Scope) -> tuple[str, ...]:
    parameter = shape.code.parameter
    if has_no_system(resource_type, parameter):
        is_own = code.system is None or code.system in implied_systems(resource_type, parameter)
        return ("",) if is_own else (code.system or "",)
    return tuple(scope.systems.get((resource_type, parameter.code), ())) if code.system is None else (code.system,)


def _names(resource_type: str, shape: Shape, system: str, code: Token) -> str | Sql:
    """Return the name that the rows stand under, or the condition on it where any code of a system will do."""
    start = composite_param(row_name(resource_type, shape), system, code.code or "")
    return start if code.code is not None else sql("x.param >= {} and x.param < {}", start, start + LAST_CHARACTER)
