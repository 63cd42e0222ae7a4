"""Codes against the value sets of a profile: yes, no, and "cannot be told here", which is never yes."""

from typing import Any

import pytest

from gateway.validation.profiles import profile_issues
from tests.validation.profile_kit import code_system, element, issues, library, profile, value_set

COLOURS = "https://example.org/CodeSystem/colour"
ELSEWHERE = "https://example.org/CodeSystem/elsewhere"
SYSTEM = code_system(
    "colour",
    {
        "code": "warm",
        "property": [{"code": "shade", "valueCode": "a"}],
        "concept": [{"code": "red", "concept": [{"code": "crimson"}]}, {"code": "orange"}],
    },
    {"code": "cold", "concept": [{"code": "blue"}]},
    {"code": "pink", "property": [{"code": "parent", "valueCode": "red"}]},
)


def filtered(property_: str, op: str, value: str) -> dict[str, Any]:
    return {"system": COLOURS, "filter": [{"property": property_, "op": op, "value": value}]}


def told(compose: dict[str, Any], coding: dict[str, Any], strength: str = "required", **more: Any) -> list[Any]:
    bound = {"strength": strength, "valueSet": "https://example.org/ValueSet/asked"}
    asked = profile("Patient", element("Patient.maritalStatus", binding=bound))
    resource = {"resourceType": "Patient", "maritalStatus": {"coding": [coding]}}
    found = issues(resource, asked, value_set("asked", **compose) | more, SYSTEM, value_set("warm", **WARM))
    return [(one.code, one.severity) for one in found]


RED, BLUE, ODD = ({"system": COLOURS, "code": code} for code in ("red", "blue", "mauve"))
WARM = {"include": [filtered("concept", "is-a", "warm")]}
NO, WARN, UNTOLD = [("profile-code", "error")], [("profile-code", "warning")], [("profile-unchecked", "information")]
LISTED = {"include": [{"system": COLOURS, "concept": [{"code": "red"}, {"code": "warm"}]}]}


@pytest.mark.parametrize(
    ("compose", "coding", "answer"),
    [
        (LISTED, RED, []),
        (LISTED, BLUE, NO),
        (LISTED, {"system": ELSEWHERE, "code": "red"}, NO),
        (LISTED, {"code": "red"}, NO),
        ({"include": [{"system": COLOURS}]}, BLUE, []),
        ({"include": [{"system": COLOURS}]}, ODD, NO),
        ({"include": [{"system": ELSEWHERE}]}, {"system": ELSEWHERE, "code": "x"}, UNTOLD),
        ({"include": [{"system": ELSEWHERE}]}, RED, NO),
        (LISTED | {"exclude": [{"system": COLOURS, "concept": [{"code": "red"}]}]}, RED, NO),
        ({"include": [{"system": COLOURS}], "exclude": [{"system": ELSEWHERE}]}, RED, []),
        (WARM, RED, []),
        (WARM, {"system": COLOURS, "code": "crimson"}, []),
        (WARM, {"system": COLOURS, "code": "warm"}, []),
        (WARM, {"system": COLOURS, "code": "pink"}, []),
        (WARM, BLUE, NO),
        ({"include": [filtered("concept", "descendent-of", "warm")]}, {"system": COLOURS, "code": "warm"}, NO),
        ({"include": [filtered("concept", "is-not-a", "warm")]}, BLUE, []),
        ({"include": [filtered("shade", "=", "a")]}, {"system": COLOURS, "code": "warm"}, []),
        ({"include": [filtered("shade", "=", "a")]}, RED, NO),
        ({"include": [filtered("concept", "in", "red,blue")]}, BLUE, []),
        ({"include": [filtered("concept", "not-in", "red,blue")]}, BLUE, NO),
        ({"include": [filtered("shade", "exists", "true")]}, {"system": COLOURS, "code": "warm"}, []),
        ({"include": [filtered("concept", "regex", "re.")]}, RED, []),
        ({"include": [filtered("concept", "regex", "(a+)+$")]}, RED, UNTOLD),
        ({"include": [filtered("concept", "no-such", "x")]}, RED, UNTOLD),
        ({"include": [{"valueSet": ["https://example.org/ValueSet/warm"]}]}, RED, []),
        ({"include": [{"valueSet": ["https://example.org/ValueSet/warm"]}]}, BLUE, NO),
        ({"include": [{"valueSet": ["https://example.org/ValueSet/away"]}]}, RED, UNTOLD),
        ({"include": [{"system": COLOURS, "valueSet": ["https://example.org/ValueSet/warm"]}]}, BLUE, NO),
        ({"include": [{"valueSet": ["https://example.org/ValueSet/asked"]}]}, RED, UNTOLD),
        ({"include": [{"system": "urn:ietf:bcp:47"}]}, {"system": "urn:ietf:bcp:47", "code": "nl-BE"}, []),
    ],
)
def test_a_required_binding(compose: dict[str, Any], coding: dict[str, Any], answer: list[Any]) -> None:
    assert told(compose, coding) == answer


def test_extensible_is_a_warning_and_what_is_weaker_is_nothing() -> None:
    assert told(LISTED, BLUE, "extensible") == WARN
    assert told(LISTED, BLUE, "preferred") == []
    assert told(LISTED, BLUE, "example") == []


def test_an_expansion_answers_where_the_definition_cannot() -> None:
    whole = {"total": 1, "contains": [{"system": ELSEWHERE, "code": "x"}]}
    compose = {"include": [{"system": ELSEWHERE}]}

    assert told(compose, {"system": ELSEWHERE, "code": "x"}, expansion=whole) == []
    assert told(compose, {"system": ELSEWHERE, "code": "y"}, expansion=whole) == NO
    assert told(compose, {"system": ELSEWHERE, "code": "y"}, expansion=whole | {"total": 900}) == UNTOLD


def test_a_system_of_which_a_part_is_here_says_no_to_nothing() -> None:
    part = code_system("part", {"code": "a"}, content="fragment")
    bound = {"strength": "required", "valueSet": "https://example.org/ValueSet/asked"}
    asked = profile("Patient", element("Patient.maritalStatus", binding=bound))
    compose = value_set("asked", include=[{"system": part["url"]}])

    def codes(code: str) -> list[str]:
        concept = {"coding": [{"system": part["url"], "code": code}]}
        held = {"resourceType": "Patient", "maritalStatus": concept}
        return [one.code for one in issues(held, asked, compose, part)]

    assert codes("a") == []
    assert codes("b") == ["profile-unchecked"]


@pytest.mark.parametrize(
    ("concept", "answer"),
    [
        ({"text": "red"}, NO),
        ({"coding": [{"system": ELSEWHERE, "code": "x"}, RED]}, []),
        ({"extension": [{"url": "https://example.org/x", "valueCode": "unknown"}]}, []),
    ],
)
def test_a_concept_with_other_codes_or_none(concept: dict[str, Any], answer: list[Any]) -> None:
    bound = {"strength": "required", "valueSet": "https://example.org/ValueSet/asked"}
    asked = profile("Patient", element("Patient.maritalStatus", binding=bound))
    held = {"resourceType": "Patient", "maritalStatus": concept}

    found = issues(held, asked, value_set("asked", **LISTED), SYSTEM)

    assert [(one.code, one.severity) for one in found] == answer


def test_plain_codes_quantities_and_the_maximum_value_set() -> None:
    bound: dict[str, Any] = {"strength": "extensible", "valueSet": "https://example.org/ValueSet/asked"}
    most = "http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet"
    bound["extension"] = [{"url": most, "valueCanonical": "https://example.org/ValueSet/asked"}]
    asked = profile(
        "Observation",
        element("Observation.value[x]", type=[{"code": "Quantity"}], binding=bound),
    )
    held = {"resourceType": "Observation", "status": "final", "code": {"text": "x"}}
    blue = held | {"valueQuantity": {"value": 1, "system": COLOURS, "code": "blue"}}

    found = issues(blue, asked, value_set("asked", **LISTED), SYSTEM)

    assert sorted((one.code, one.severity) for one in found) == NO + WARN


def test_value_sets_of_r4_itself_are_known() -> None:
    bound = {"strength": "required", "valueSet": "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1"}
    asked = profile("Patient", element("Patient.language", binding=bound))

    assert issues({"resourceType": "Patient", "language": "male"}, asked) == []
    assert [i.code for i in issues({"resourceType": "Patient", "language": "nl"}, asked)] == ["profile-code"]


def test_member_of_is_asked_of_the_value_sets_that_are_here() -> None:
    url = "https://example.org/ValueSet/asked"
    rule = {"key": "m-1", "severity": "error", "human": "", "expression": f"maritalStatus.memberOf('{url}')"}
    asked = profile("Patient", element("Patient", constraint=[rule]))
    known = library(asked, value_set("asked", **LISTED), SYSTEM)

    def broken(coding: dict[str, Any]) -> list[str]:
        held = {"resourceType": "Patient", "maritalStatus": {"coding": [coding]}}
        return [one.code for one in profile_issues(known, held, [asked["url"]])]

    assert broken(RED) == []
    assert broken(BLUE) == ["profile-invariant"]
