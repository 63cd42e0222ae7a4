"""Makes index rows of composite parameters: the rows of one value, under a name that holds the code beside it.

An Observation with a systolic component of 142 mm[Hg] so has a quantity under
`component-code-value-quantity http://loinc.org|8480-6`; two components are never mixed.
https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from gateway.fhir.parameters import follows, search_parameters
from gateway.fhir.search.composites import Part, Shape, row_name, shapes
from gateway.fhir.search.paths import JsonPath, Step
from gateway.fhir.types import Resource
from gateway.store.index import references
from gateway.store.index.model import IndexRows, composite_param
from gateway.store.index.writers import WRITERS


@follows
@cache
def composites(resource_type: str) -> tuple[tuple[str, Shape], ...]:
    """Return the shapes of a type with the name of their rows, each once."""
    every = [p for p in search_parameters(resource_type).values() if p.type == "composite"]
    return tuple({row_name(resource_type, shape): shape for p in every for shape in shapes(resource_type, p)}.items())


def write(rows: IndexRows, resource: Resource, base: str) -> None:
    """Add the rows of every composite parameter of the resource's type."""
    for name, shape in composites(resource["resourceType"]):
        for element in _items(resource, shape.context.steps):
            _write_element(rows, name, shape, element, base)


def _write_element(rows: IndexRows, name: str, shape: Shape, element: Any, base: str) -> None:
    values = [(path, value) for path in shape.value.paths for value in _items(element, path.steps)]
    if not values:
        return
    codes = IndexRows()
    for path in shape.code.paths:
        for value in _items(element, path.steps):
            _write_value(codes, "", shape.code, path, value, base)
    for _, system, code in codes.token:
        for path, value in values:
            _write_value(rows, composite_param(name, system, code), shape.value, path, value, base)


def _write_value(rows: IndexRows, param: str, part: Part, path: JsonPath, value: Any, base: str) -> None:
    if part.parameter.type == "reference":
        references.write(rows, param, value, "", base)
    elif writer := WRITERS.get((part.parameter.type, path.type)):
        writer(rows, param, value)


def _items(holder: Any, steps: Sequence[Step]) -> Iterator[Any]:
    """Yield what lies at the end of a path."""
    if not steps:
        yield holder
        return
    found = holder.get(steps[0].name)
    for item in found if isinstance(found, list) else [found]:
        if item is not None:
            yield from _items(item, steps[1:])
