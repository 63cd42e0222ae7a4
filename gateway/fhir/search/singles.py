"""The values of a search, each with the parameter that it is asked of, whatever it is asked through.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.composites import shapes
from gateway.fhir.search.model import AllOf, AnyOf, Chain, Composite, Condition, Filter, Has, Not, Token, Value
from gateway.fhir.search.paths import data_types

# Data types whose tokens are written without a system.
_PLAIN = frozenset({"code", "id", "string", "uri", "boolean", "ContactPoint"})


class Single(NamedTuple):
    """A value that is asked of one parameter of a resource type."""

    type: str
    parameter: SearchParameter
    modifier: str | None
    value: Value


def singles(resource_type: str, conditions: Iterable[Condition]) -> Iterator[Single]:
    """Yield each value that is asked; the parts of a composite are asked of the parameters that it is made of."""
    for condition in conditions:
        match condition:
            case Chain(_, targets):
                for target, then in targets:
                    yield from singles(target, [then])
            case Has(source, _, then):
                yield from singles(source, [then])
            case AnyOf(several) | AllOf(several):
                yield from singles(resource_type, several)
            case Not(one):
                yield from singles(resource_type, [one])
            case Filter(parameter, _, values) if parameter.type == "composite":
                for shape in shapes(resource_type, parameter):
                    for value in values:
                        parts = value.parts if isinstance(value, Composite) else ()
                        for part, each in zip(shape.parts, parts, strict=True):
                            yield Single(resource_type, part.parameter, None, each)
            case Filter(parameter, modifier, values):
                yield from (Single(resource_type, parameter, modifier, value) for value in values)


@cache
def has_no_system(resource_type: str, parameter: SearchParameter) -> bool:
    """Return whether the tokens of a parameter never have a system: codes, booleans, telephone numbers."""
    found = data_types(resource_type, parameter)
    return bool(found) and found <= _PLAIN


def asked_by_code(every_one: Iterable[Single]) -> list[tuple[str, str]]:
    """Return type and parameter of the tokens that are asked without a system, and have one."""
    found = set()
    for of, parameter, modifier, value in every_one:
        if isinstance(value, Token) and value.system is None:
            param = f"{parameter.code}:identifier" if modifier == "identifier" else parameter.code
            if parameter.type == "reference" or not has_no_system(of, parameter):
                found.add((of, param))
    return sorted(found)
