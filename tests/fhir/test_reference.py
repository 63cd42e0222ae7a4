"""What a reference says, and where references stand."""

from typing import Any

import pytest

from gateway.fhir.reference import Reference, parse, walk

UUID = "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Patient/1", Reference("relative", "Patient", "1")),
        ("Patient/1/_history/2", Reference("relative", "Patient", "1", "2")),
        ("https://a.nl/fhir/Patient/1", Reference("absolute", "Patient", "1", None, "https://a.nl/fhir/")),
        ("https://a.nl/fhir/Patient/1/_history/2", Reference("absolute", "Patient", "1", "2", "https://a.nl/fhir/")),
        ("#p1", Reference("contained", id="p1")),
        ("#", Reference("contained")),
        (UUID, Reference("urn", id=UUID)),
        ("urn:oid:1.2.3", Reference("urn", id="urn:oid:1.2.3")),
        ("Patient?identifier=a|b", Reference("conditional", "Patient")),
        ("https://a.nl/other", Reference("url")),
        ("https://a.nl/fhir/Bed/1", Reference("url")),
    ],
)
def test_a_reference_says_what_it_is(text: str, expected: Reference) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "1",
            "Patient",
            "Patient/",
            "/Patient/1",
            "Bed/1",
            "Patient/a b",
            "Patient/1/x",
            "a/Patient/1",
            "Patient?",
        ),
        *("urn:uuid:x", UUID.upper(), "Patient/1\n", "Patient/1/_history/", "Patient/{id}", "#a b"),
        "Patient/" + "a" * 65,
    ],
)
def test_what_is_no_reference_is_malformed(text: str) -> None:
    assert parse(text).kind == "malformed"


def test_every_reference_is_found_with_its_path_in_order() -> None:
    slot: dict[str, Any] = {
        "resourceType": "Slot",
        "contained": [{"resourceType": "Schedule", "actor": [{"reference": "Location/1"}]}],
        "extension": [{"url": "x", "valueReference": {"reference": "Task/1"}}],
        "schedule": {"reference": "#s", "identifier": {"assigner": {"reference": "Organization/1"}}},
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": slot}]}

    found = [(holder[key], path) for holder, key, path in walk(bundle)]

    assert found == [
        ("Location/1", "Bundle.entry[0].resource.contained[0].actor[0]"),
        ("Task/1", "Bundle.entry[0].resource.extension[0].valueReference"),
        ("#s", "Bundle.entry[0].resource.schedule"),
        ("Organization/1", "Bundle.entry[0].resource.schedule.identifier.assigner"),
    ]


def test_a_uri_called_reference_is_no_reference() -> None:
    issue = {"resourceType": "DetectedIssue", "status": "final", "reference": "http://a"}
    given = {"resourceType": "Immunization", "education": [{"reference": "http://a"}]}
    claim = {"resourceType": "Claim", "related": [{"reference": {"value": "x"}}]}

    assert [list(walk(resource)) for resource in (issue, given, claim)] == [[], [], []]


def test_a_reference_can_be_rewritten_in_place() -> None:
    slot: dict[str, Any] = {"resourceType": "Slot", "schedule": {"reference": UUID}}
    for holder, key, _ in walk(slot):
        holder[key] = "Schedule/1"

    assert slot["schedule"] == {"reference": "Schedule/1"}
