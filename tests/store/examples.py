"""Example resources for search parameters: for each place that one looks at, a resource that has a value just there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.fhir import elements
from gateway.fhir.parameters import SearchParameter
from gateway.fhir.search.composites import shapes
from gateway.fhir.search.paths import JsonPath, paths_of
from gateway.fhir.types import Resource

CODING = {"system": "http://x.example/codes", "code": "c1", "display": "Een code"}
QUANTITY = {"value": Decimal("7.5"), "unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}
PERIOD = {"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-06"}
VALUES: dict[str, Any] = {
    "boolean": True,
    "code": "c1",
    "id": "id-1",
    "string": "Woord éen",
    "markdown": "Woord éen",
    "uri": "http://x.example/a/b",
    "url": "http://x.example/a/b",
    "canonical": "http://x.example/c|1",
    "date": "2026-01-05",
    "dateTime": "2026-01-05T10:00:00+01:00",
    "instant": "2026-01-05T10:00:00+01:00",
    "integer": 3,
    "positiveInt": 3,
    "unsignedInt": 3,
    "decimal": Decimal("0.75"),
    "Coding": CODING,
    "CodeableConcept": {"coding": [CODING], "text": "Een code"},
    "Identifier": {"system": "http://x.example/ids", "value": "12"},
    "ContactPoint": {"system": "phone", "value": "0612345678"},
    "HumanName": {"family": "de Vries", "given": ["Anna"], "text": "Anna de Vries"},
    "Address": {"city": "Den Haag", "postalCode": "2511 AA", "country": "NL", "state": "ZH", "use": "home"},
    "Period": PERIOD,
    "Timing": {"event": ["2026-01-05", "2026-01-06"]},
    "Range": {"low": QUANTITY, "high": QUANTITY | {"value": 9}},
    "Money": {"value": Decimal("7.5"), "currency": "EUR"},
    **dict.fromkeys(("Quantity", "Age", "Duration", "Count", "Distance"), QUANTITY),
}
# Parameters of which the expression is more than a path.
BY_HAND: dict[tuple[str, str], Resource] = {
    ("Patient", "deceased"): {"deceasedBoolean": True},
    ("Bundle", "composition"): {"entry": [{"resource": {"resourceType": "Composition", "id": "a1"}}]},
    ("Bundle", "message"): {"entry": [{"resource": {"resourceType": "MessageHeader", "id": "a1"}}]},
}
# What a resource is not kept without in an index of its own: the capacity projection.
LEAST: dict[str, Resource] = {
    "Slot": {"status": "free", "start": "2026-01-07T10:00:00Z", "end": "2026-01-07T11:00:00Z"},
}


@dataclass(frozen=True)
class Example:
    """A resource that a parameter finds, and where it was given its value."""

    resource: Resource
    parameter: SearchParameter
    place: str


def examples(resource_type: str, parameter: SearchParameter) -> Iterator[Example]:
    """Yield an example for every place at which a parameter looks and of which a value is known here."""
    if made := BY_HAND.get((resource_type, parameter.code)):
        yield Example(_least(resource_type) | made, parameter, "by hand")
    elif parameter.type == "composite":
        yield from _composite(resource_type, parameter)
    elif parameter.code == "_text":
        text = {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>Woord</div>"}
        yield Example(_least(resource_type) | {"text": text}, parameter, "text")
    else:
        for path in paths_of(resource_type, parameter):
            if path.type in VALUES or path.type == "Reference":
                held = _placed(resource_type, path, _value(path, parameter))
                yield Example(_least(resource_type) | held, parameter, f"{path.name}: {path.type}")


def _least(resource_type: str) -> Resource:
    return {"resourceType": resource_type, **LEAST.get(resource_type, {})}


def _composite(resource_type: str, parameter: SearchParameter) -> Iterator[Example]:
    for shape in shapes(resource_type, parameter):
        first, second = shape.parts
        for one in first.paths:
            for two in second.paths:
                of = shape.context.type
                held = _placed(of, one, _value(one, first.parameter)) | _placed(of, two, _value(two, second.parameter))
                whole = _placed(resource_type, shape.context, held) if shape.context.steps else held
                yield Example(_least(resource_type) | whole, parameter, f"{shape.context.name}: {two.name}")


def _value(path: JsonPath, parameter: SearchParameter) -> Any:
    """Return a value for the end of a path; a reference points at what the parameter may find."""
    if path.type == "code" and path.binding and (codes := elements.required_codes(path.binding)):
        return min(codes)
    if path.type == "Reference":
        return {"reference": f"{path.target or (parameter.targets or ('Patient',))[0]}/a1"}
    return VALUES[path.type]


def _placed(type_name: str, path: JsonPath, value: Any) -> Resource:
    """Return what holds `value` at the end of a path, in lists where elements repeat."""
    if not path.steps:
        return dict(value)
    step, *rest = path.steps
    of_type, is_list = _element(type_name, step.name)
    inner = value if not rest else _placed(of_type, JsonPath(tuple(rest), path.type), value)
    if step.where:
        inner = {**inner, step.where[0]: step.where[1]}
    return {step.name: [inner] if is_list else inner}


def _element(type_name: str, json_name: str) -> tuple[str, bool]:
    element = elements.child(type_name, json_name)
    assert element is not None
    types = dict(zip(element.json_names, element.types, strict=element.choice))
    return types[json_name] if element.choice else element.types[0], element.is_list
