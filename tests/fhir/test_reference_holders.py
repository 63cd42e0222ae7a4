from __future__ import annotations

from typing import Any

import pytest

from gateway.fhir.reference import holders, walk

RESOURCES: list[dict[str, Any]] = [
    {"resourceType": "Patient"},
    {
        "resourceType": "Location",
        "partOf": {"reference": "Location/1", "display": "x"},
        "contained": [{"resourceType": "Organization", "partOf": {"reference": "#o"}}],
        "extension": [{"url": "x", "valueReference": {"reference": "Patient/1"}}, {"url": "y", "extension": [{}]}],
    },
    {"resourceType": "DetectedIssue", "reference": "https://a.example", "patient": {"reference": "Patient/1"}},
    {"resourceType": "Immunization", "education": [{"reference": "https://a.example"}]},
    {"resourceType": "PlanDefinition", "x": {"reference": "https://a.example", "language": "text/cql"}},
    {"resourceType": "Schedule", "actor": [{"reference": "Location/1"}, {"identifier": {}}, {"reference": 7}]},
]


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource["resourceType"])
def test_holders_are_what_walk_yields(resource: dict[str, Any]) -> None:
    assert [id(holder) for holder in holders(resource)] == [id(holder) for holder, _, _ in walk(resource)]
