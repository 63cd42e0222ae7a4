"""FHIRPath Patch by itself: each operation, what a path may be, and what is none.

https://hl7.org/fhir/R4/fhirpatch.html
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from gateway.errors import BadRequest, InvalidResource
from gateway.transact import path_patch

PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p"}


def operation(type_: str, path: str, **parts: Any) -> dict[str, Any]:
    """Return an operation; a value is written `valueDate=…`, or as `parts`."""
    said = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    for name, value in parts.items():
        match name, value:
            case "name", _:
                said.append({"name": "name", "valueString": value})
            case (("index" | "source" | "destination"), _):
                said.append({"name": name, "valueInteger": value})
            case "parts", _:
                said.append({"name": "value", "part": value})
            case _:
                said.append({"name": "value", name: value})
    return {"name": "operation", "part": said}


def patched(elements: dict[str, Any], *operations: Any, kind: dict[str, Any] = PATIENT) -> dict[str, Any]:
    resource = path_patch.read({"resourceType": "Parameters", "parameter": list(operations)})(
        {**kind, **deepcopy(elements)}
    )
    return {name: value for name, value in resource.items() if name not in {"resourceType", "id"}}


THREE = {"identifier": [{"value": "1"}, {"value": "2"}, {"value": "3"}]}


@pytest.mark.parametrize(
    ("asked", "before", "after"),
    [
        (
            operation("replace", "Patient.birthDate", valueDate="1930-01-01"),
            {"birthDate": "1920"},
            {"birthDate": "1930-01-01"},
        ),
        (operation("add", "Patient", name="birthDate", valueDate="1930"), {}, {"birthDate": "1930"}),
        (operation("delete", "Patient.birthDate"), {"birthDate": "1920", "_birthDate": {"id": "x"}}, {}),
        (operation("delete", "Patient.birthDate"), {}, {}),
        (operation("delete", "birthDate"), {"birthDate": "1920"}, {}),
        (
            operation("replace", "Patient.contact[0].gender", valueCode="female"),
            {"contact": [{"gender": "male", "name": {"text": "a"}}]},
            {"contact": [{"gender": "female", "name": {"text": "a"}}]},
        ),
        (
            operation("delete", "Patient.contact[0].name.text"),
            {"contact": [{"name": {"text": "a"}, "gender": "male"}]},
            {"contact": [{"gender": "male"}]},
        ),
        (operation("delete", "Patient.contact[0].name.text"), {"contact": [{"name": {"text": "a"}}]}, {}),
        (
            operation("add", "Patient.contact[0]", name="gender", valueCode="male"),
            {"contact": [{"name": {"text": "a"}}]},
            {"contact": [{"name": {"text": "a"}, "gender": "male"}]},
        ),
        (
            operation("add", "Patient", name="contact", parts=[{"name": "name", "valueHumanName": {"text": "a"}}]),
            {},
            {"contact": [{"name": {"text": "a"}}]},
        ),
        (
            operation(
                "add",
                "Patient",
                name="contact",
                parts=[
                    {"name": "telecom", "valueContactPoint": {"value": "1"}},
                    {"name": "telecom", "valueContactPoint": {"value": "2"}},
                    {"name": "gender", "valueCode": "other", "_valueCode": {"id": "g"}},
                ],
            ),
            {"contact": [{"gender": "male"}]},
            {
                "contact": [
                    {"gender": "male"},
                    {"telecom": [{"value": "1"}, {"value": "2"}], "gender": "other", "_gender": {"id": "g"}},
                ]
            },
        ),
        (
            operation("add", "Patient", name="identifier", valueIdentifier={"value": "1"}),
            {},
            {"identifier": [{"value": "1"}]},
        ),
        (
            operation("insert", "Patient.identifier", index=0, valueIdentifier={"value": "1"}),
            {},
            {"identifier": [{"value": "1"}]},
        ),
        (
            operation("insert", "Patient.identifier", index=3, valueIdentifier={"value": "4"}),
            THREE,
            {"identifier": [*THREE["identifier"], {"value": "4"}]},
        ),
        (
            operation("insert", "Patient.identifier", index=1, valueIdentifier={"value": "x"}),
            THREE,
            {"identifier": [{"value": "1"}, {"value": "x"}, {"value": "2"}, {"value": "3"}]},
        ),
        (
            operation("delete", "Patient.identifier[1]"),
            THREE,
            {"identifier": [{"value": "1"}, {"value": "3"}]},
        ),
        (
            operation("delete", "Patient.identifier.where(value = '2')"),
            THREE,
            {"identifier": [{"value": "1"}, {"value": "3"}]},
        ),
        (
            operation("replace", "Patient.identifier.last().value", valueString="9"),
            THREE,
            {"identifier": [{"value": "1"}, {"value": "2"}, {"value": "9"}]},
        ),
        (
            operation("move", "Patient.identifier", source=2, destination=0),
            THREE,
            {"identifier": [{"value": "3"}, {"value": "1"}, {"value": "2"}]},
        ),
        (
            operation("move", "Patient.identifier", source=0, destination=2),
            THREE,
            {"identifier": [{"value": "2"}, {"value": "3"}, {"value": "1"}]},
        ),
        (
            operation("replace", "Patient.name[0].given[1]", valueString="C"),
            {"name": [{"given": ["A", "B"], "_given": [{"id": "a"}, {"id": "b"}]}]},
            {"name": [{"given": ["A", "C"], "_given": [{"id": "a"}, None]}]},
        ),
        (
            operation("delete", "Patient.name[0].given[0]"),
            {"name": [{"given": ["A", "B"], "_given": [{"id": "a"}, {"id": "b"}]}]},
            {"name": [{"given": ["B"], "_given": [{"id": "b"}]}]},
        ),
        (
            operation("replace", "Patient.deceased", valueBoolean=True),
            {"deceasedDateTime": "2026"},
            {"deceasedBoolean": True},
        ),
        (operation("add", "Patient", name="deceased", valueBoolean=False), {}, {"deceasedBoolean": False}),
        (operation("delete", "Patient.deceased"), {"deceasedBoolean": False}, {}),
        (
            operation("delete", "Patient.deceased.ofType(dateTime)"),
            {"deceasedBoolean": False},
            {"deceasedBoolean": False},
        ),
        (
            operation("delete", "Patient.extension('http://example.org/x')"),
            {"extension": [{"url": "http://example.org/x", "valueCode": "a"}, {"url": "http://example.org/y"}]},
            {"extension": [{"url": "http://example.org/y"}]},
        ),
        (
            operation("replace", "Patient.extension('http://example.org/x').value", valueString="b"),
            {"extension": [{"url": "http://example.org/x", "valueCode": "a"}]},
            {"extension": [{"url": "http://example.org/x", "valueString": "b"}]},
        ),
    ],
)
def test_each_operation_does_what_it_says(asked: Any, before: Any, after: Any) -> None:
    assert patched({**before}, asked) == after


@pytest.mark.parametrize(
    ("asked", "before"),
    [
        (operation("replace", "Patient.birthDate", valueDate="1930"), {}),
        (operation("replace", "Patient.nonsense", valueDate="1930"), {}),
        (operation("replace", "Patient", valueDate="1930"), {}),
        (operation("replace", "Patient.identifier.value", valueString="x"), THREE),
        (operation("replace", "Patient.deceased", valueQuantity={}), {"deceasedBoolean": True}),
        (operation("add", "Patient", name="birthDate", valueDate="1930"), {"birthDate": "1920"}),
        (operation("add", "Patient", name="nonsense", valueDate="1930"), {}),
        (operation("add", "Patient.contact[0]", name="gender", valueCode="male"), {}),
        (operation("add", "Patient.birthDate", name="day", valueCode="1"), {"birthDate": "1920"}),
        (operation("add", "Patient", name="contact", parts=[{"name": "nonsense", "valueCode": "x"}]), {}),
        (operation("add", "Patient", name="contact", parts=[{"name": "gender", "valueCode": "x"}] * 2), {}),
        (operation("insert", "Patient.identifier", index=4, valueIdentifier={}), THREE),
        (operation("insert", "Patient.identifier", index=-1, valueIdentifier={}), THREE),
        (operation("insert", "Patient.birthDate", index=0, valueDate="1920"), {}),
        (operation("insert", "Patient.identifier[0]", index=0, valueIdentifier={}), THREE),
        (operation("insert", "Patient.name.given", index=0, valueString="a"), {"name": [{"text": "a"}, {"text": "b"}]}),
        (operation("move", "Patient.identifier", source=3, destination=0), THREE),
        (operation("move", "Patient.identifier", source=0, destination=10**9), THREE),
        (operation("delete", "Patient.identifier"), THREE),
        (operation("delete", "Patient"), {}),
        (operation("delete", "Patient.identifier.skip(1)"), THREE),
        (operation("delete", "Patient.identifier.single()"), THREE),
        (operation("delete", "Patient.identifier | Patient.name"), THREE),
        (operation("delete", "Patient.identifier.where(value.nonsense())"), THREE),
        (operation("delete", "Observation.value"), {}),
    ],
)
def test_what_does_not_fit_is_told_with_the_operation(asked: Any, before: Any) -> None:
    with pytest.raises(InvalidResource) as raised:
        patched(before, asked)

    assert raised.value.issues[0].code == "patch-failed"
    assert raised.value.issues[0].expression == "Parameters.parameter[0]"


def test_a_condition_that_would_try_every_way_to_match_comes_to_an_end() -> None:
    before = {"identifier": [{"value": "a" * 60 + "b"}]}

    with pytest.raises(InvalidResource, match="where"):
        patched(before, operation("delete", "Patient.identifier.where(value.matches('(a+)+$'))"))


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        "x",
        {"name": "operation"},
        {"name": "other", "part": []},
        {"name": "operation", "part": ["x"]},
        operation("upsert", "Patient"),
        operation("delete", "Patient.birthDate["),
        operation("delete", "Patient.birthDate", valueString="x"),
        operation("add", "Patient", valueString="x"),
        operation("replace", "Patient.birthDate"),
        operation("insert", "Patient.identifier", valueIdentifier={}),
        operation("move", "Patient.identifier", source="1", destination=0),
        operation("move", "Patient.identifier", source=True, destination=0),
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueInteger": 1}]},
        {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}] * 2},
    ],
)
def test_what_is_no_operation_is_refused_with_its_number(wrong: Any) -> None:
    good = operation("delete", "Patient.birthDate")

    with pytest.raises(BadRequest) as raised:
        path_patch.read({"resourceType": "Parameters", "parameter": [good, wrong]})

    assert raised.value.issues[0].expression == "Parameters.parameter[1]"


def test_no_operations_change_nothing() -> None:
    assert path_patch.read({"resourceType": "Parameters"})({**PATIENT}) == PATIENT


def test_operations_are_carried_out_one_after_the_other() -> None:
    assert patched(
        {},
        operation("add", "Patient", name="name", valueHumanName={"family": "A"}),
        operation("add", "Patient.name[0]", name="given", valueString="B"),
        operation("replace", "Patient.name[0].family", valueString="C"),
    ) == {"name": [{"family": "C", "given": ["B"]}]}
