"""Composite parameters: two values that must stand in one and the same element.

    Observation?component-code-value-quantity=http://loinc.org|8480-6$gt140

Every composite of the types that are kept pairs a code with another value. https://hl7.org/fhir/R4/search.html#composite
"""

from __future__ import annotations

from functools import cache

from gateway.fhir.frozen import frozen
from gateway.fhir.parameters import SearchParameter, follows, search_parameters
from gateway.fhir.search.paths import JsonPath, alternatives, data_types, json_paths


@frozen()
class Part:
    """One of the two: the parameter whose values it takes, and where it stands in the element."""

    parameter: SearchParameter
    paths: tuple[JsonPath, ...]


@frozen()
class Shape:
    """Where the element is, and its parts in the order of the value; `key` is the number of the part that is a code."""

    context: JsonPath
    parts: tuple[Part, Part]
    key: int

    @property
    def rows(self) -> tuple[object, ...]:
        """Return what two shapes have in common when the same index rows serve both."""
        return self.context, tuple((part.parameter.type, part.paths) for part in self.parts)

    @property
    def code(self) -> Part:
        """Return the part that is a code, under which the rows of the other one stand."""
        return self.parts[self.key]

    @property
    def value(self) -> Part:
        """Return the other part."""
        return self.parts[1 - self.key]


@follows
@cache
def shapes(resource_type: str, parameter: SearchParameter) -> tuple[Shape, ...]:
    """Return a shape for each place a composite looks at; none for a parameter that cannot be served as one."""
    known = {each.url: each for each in search_parameters(resource_type).values()}
    parameters = [known.get(component.definition) for component in parameter.components]
    named = [each for each in parameters if each is not None and each.type != "composite"]
    keys = [number for number, each in enumerate(named) if each.type == "token"]
    if len(named) != 2 or len(parameters) != 2 or not keys:
        return ()
    return tuple(
        Shape(context, (first, second), keys[0])
        for alternative in alternatives(parameter.expression or "")
        for context in json_paths(resource_type, alternative) or ()
        for first, second in [[_part(resource_type, context, each, parameter) for each in named]]
    )


def _part(resource_type: str, context: JsonPath, parameter: SearchParameter, composite: SearchParameter) -> Part:
    """Return one part: of what it may look at, that which is of the types of its parameter.

    R4 has the two expressions of DocumentReference `relationship` the wrong way round.
    """
    types = data_types(resource_type, parameter)
    expressions = {component.definition: component.expression for component in composite.components}
    own = expressions.pop(parameter.url)
    found = [_paths(context.type, expression) for expression in (own, *expressions.values())]
    fitting = (tuple(path for path in paths if path.type in types) for paths in found)
    return Part(parameter, next(filter(None, fitting), found[0]))


def _paths(type_name: str, expression: str) -> tuple[JsonPath, ...]:
    return tuple(path for each in alternatives(expression) for path in json_paths(type_name, each) or ())


@follows
@cache
def row_name(resource_type: str, shape: Shape) -> str:
    """Return the name of the index rows of a shape: the code of the composite that has no other.

    Those of `combo-code-value-quantity` so are those of `code-value-quantity` and `component-code-value-quantity`.
    """
    every = sorted((code, p) for code, p in search_parameters(resource_type).items() if p.type == "composite")
    alone = ((code, found[0]) for code, p in every if len(found := shapes(resource_type, p)) == 1)
    places = (shape.context.name, *(path.name for part in shape.parts for path in part.paths))
    return next((code for code, found in alone if found.rows == shape.rows), "$".join(places))
