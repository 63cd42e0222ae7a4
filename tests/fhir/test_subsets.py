"""Parts of resources: elements and summaries. https://hl7.org/fhir/R4/search.html#summary"""

from typing import Any

import pytest

from gateway.fhir.subsets import Summary, of_elements, of_summary

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "meta": {"versionId": "1", "tag": [{"code": "x"}]},
    "text": {"status": "generated", "div": "<div/>"},
    "extension": [{"url": "https://example.org/x", "valueString": "y"}],
    "name": [{"family": "Jansen"}],
    "birthDate": "1941-03-07",
    "_birthDate": {"extension": [{"url": "https://example.org/x", "valueString": "y"}]},
    "photo": [{"title": "x"}],
    "contact": [{"gender": "male"}],
    "link": [{"other": {"reference": "Patient/b"}, "type": "refer"}],
}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"text": "x"},
    "note": [{"text": "x"}],
    "component": [{"code": {"text": "y"}, "valueInteger": 1, "dataAbsentReason": {"text": "z"}}],
}


def names(resource: dict[str, Any]) -> set[str]:
    return set(resource) - {"resourceType", "id", "meta"}


@pytest.mark.parametrize(
    ("summary", "expected"),
    [
        ("true", {"name", "birthDate", "_birthDate", "link"}),
        ("text", {"text"}),
        ("data", set(PATIENT) - {"resourceType", "id", "meta", "text"}),
    ],
)
def test_a_summary_holds_what_r4_says(summary: Summary, expected: set[str]) -> None:
    found = of_summary(PATIENT, summary)
    assert names(found) == expected
    assert [tag["code"] for tag in found["meta"]["tag"]] == ["x", "SUBSETTED"]
    assert PATIENT["meta"]["tag"] == [{"code": "x"}]


def test_what_is_required_stands_in_the_text_and_in_parts() -> None:
    assert names(of_summary(OBSERVATION, "text")) == {"status", "code"}
    found = of_summary(OBSERVATION, "true")
    assert names(found) == {"status", "code", "component"}
    assert found["component"] == [{"code": {"text": "y"}, "valueInteger": 1}]
    assert names(of_elements(OBSERVATION, ["component"])) == {"status", "code", "component"}
