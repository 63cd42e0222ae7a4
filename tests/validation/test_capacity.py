"""That capacity holds no patient data: which texts, identifiers and references are refused, and which are not."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.validation import Validator
from gateway.validation.capacity import patient_data
from gateway.validation.capacity.plan import table
from gateway.validation.validator import quick

CODE = "patient-data-in-capacity"
SLOT: dict[str, Any] = {
    "resourceType": "Slot", "id": "s", "schedule": {"reference": "Schedule/a"}, "status": "free",
    "start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T11:00:00+01:00",
}  # fmt: skip
LOCATION: dict[str, Any] = {"resourceType": "Location", "id": "l", "status": "active", "mode": "instance"}

PATIENTS = {
    "bsn": [
        "999900006", "bsn 999900006", "BSN: 9999.00.006", "9999 00 006", "999.900.006", "99990-0006", "bed 2 999900006",
        "gereserveerd (999900006)", "999900043, 14u", "3B/999900006", "burgerservicenummer 999900007", "10000008",
        "\uff19\uff19\uff19\uff19\uff100006", "tot 2026-01-05 999900006",
    ],
    "number": ["patiëntnummer 0012345", "Patientnr: 12345", "MRN: 123456", "medical record number 00012"],
    "birth": [
        "geb. 03-07-1941", "geboren op 3 juli 1941", "geboortedatum: 1941-07-03", "DOB 07/03/1941", "born July 3, 1941",
        "date of birth 03071941", "geb 3-7-41",
    ],
    "name": [
        "dhr. Jansen komt om 14u", "mevr. de Vries", "Mw J. van den Berg", "DHR. JANSEN", "de heer Ten Cate",
        "mevrouw O'Brien", "reserved for Mrs. Smith", "patiënt Jansen", "patie\u0308nt Jansen", "pt. A.B. de Vries",
        "patient John Smith",
        "mw. dr. A. Jansen", "dhr. Van 't Hof-Jansen", "mevr. ten Broek", "pt J. van den Berg",
    ],
}  # fmt: skip
CARE = [
    "kamer alleen voor dames", "DHR EN MW", "2-persoonskamer dhr / mw", "Patient Care Unit", "patiënten welkom",
    "Mw Straat",
    "tel 06-12345678", "bel 070-3123456", "tel. +31 999900006", "0031 999900006", "ura 999900006", "AGB-code 999900006",
    "URA-nummer: 99990 0006", "kamers 999 900 006", "20261122", "22112026", "20261122165041",
    "2026-11-22T16:50:41+01:00",
    "99990006-58cc-4372-a567-0e02b2c3d479", "gesloten van 01-01-2026 t/m 03-01-2026", "verbouwing sinds 12-03-2019",
    "max 2 patiënten per kamer", "Patient transport beschikbaar", "De Heerenhof", "isolatie mogelijk",
    "snomed 999900006",
    "geboortezorg 2026", "geboren in Leiden", "voor mw met kind", "de heer des huizes", "06999901", "52.999900006",
    "urn:oid:2.16.840.1.999900006", "999900007", "9999000060", "R999900006", "EAN 10000008", "€ 12.345.678,00",
    "24 hr Service",
    "patiënt op Intensive Care", "patiënt van de IC Leiden", "pt NIV mogelijk", "cliënt Wlz", "patiënt Covid",
]  # fmt: skip

WORDS = ["dhr", "mevrouw", "geb", "patiënt", "bsn", "mrn", "03-07-1941", "Jansen", "9999", "00", "006", "tel", "kamer"]


def said(resource: dict[str, Any]) -> list[tuple[str, str | None]]:
    """Return what the validator has against a resource, which its quick look must let through to be found."""
    issues = Validator().issues(resource)
    assert issues == [] or not quick(resource["resourceType"]).is_valid(resource) or "text" in resource
    return [(issue.code, issue.expression) for issue in issues]


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in PATIENTS.items() for text in texts])
def test_prose_about_a_patient_is_refused_with_its_place_and_without_itself(kind: str, text: str) -> None:
    (issue,) = Validator().issues(SLOT | {"comment": text})

    assert (issue.code, issue.expression, issue.severity, issue.value) == (CODE, "Slot.comment", "error", None)
    assert {"bsn": "BSN", "number": "number of a patient", "birth": "birth", "name": "name"}[kind] in issue.diagnostics


@pytest.mark.parametrize("text", CARE)
def test_prose_about_care_passes(text: str) -> None:
    assert said(SLOT | {"comment": text}) == []


@pytest.mark.parametrize(
    ("resource", "place"),
    [
        (LOCATION | {"name": "Bed dhr. Jansen"}, "name"),
        (LOCATION | {"alias": ["bed 1", "mevr. De Vries"]}, "alias[1]"),
        (LOCATION | {"description": "geb. 03-07-1941"}, "description"),
        (LOCATION | {"telecom": [{"system": "phone", "value": "1", "_value": {"extension": [
            {"url": "https://x.example/y", "valueString": "999900006"}]}}]},
         "telecom[0]._value.extension[0].valueString"),
        (LOCATION | {"extension": [{"url": "https://x.example/y", "extension": [
            {"url": "z", "valueString": "bsn 999900006"}]}]}, "extension[0].extension[0].valueString"),
        (LOCATION | {"extension": [{"url": "https://x.example/y", "valueAnnotation": {
            "text": "pt. Jansen"}}]}, "extension[0].valueAnnotation.text"),
        (LOCATION | {"identifier": [{"value": "999900006"}]}, "identifier[0].value"),
        (LOCATION | {"identifier": [{"system": "https://x.example/plek", "value": "DUINRAND/999900006"}]},
         "identifier[0].value"),
        (LOCATION | {"identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "1"}]},
         "identifier[0].value"),
        (LOCATION | {"partOf": {"identifier": {"system": "urn:oid:2.16.840.1.113883.2.4.6.3", "value": "1"}}},
         "partOf.identifier.value"),
        (LOCATION | {"managingOrganization": {"reference": "Organization/a", "identifier": {"value": "999900006"}}},
         "managingOrganization.identifier.value"),
        (LOCATION | {"partOf": {"display": "kamer van mevr. De Vries"}}, "partOf.display"),
        (LOCATION | {"type": [{"text": "bed van patiënt Jansen"}]}, "type[0].text"),
        (LOCATION | {"operationalStatus": {"code": "O", "display": "dhr. Jansen"}}, "operationalStatus.display"),
        (LOCATION | {"text": {"status": "generated", "div":
            '<div xmlns="http://www.w3.org/1999/xhtml"><p>9999<b>00006</b></p></div>'}}, "text.div"),
        (LOCATION | {"text": {"status": "generated", "div":
            '<div xmlns="http://www.w3.org/1999/xhtml"><p>dhr. <b>Jansen</b></p></div>'}}, "text.div"),
    ],
)  # fmt: skip
def test_every_place_where_a_text_can_stand_is_looked_at(resource: dict[str, Any], place: str) -> None:
    assert (CODE, f"Location.{place}") in said(resource)


@pytest.mark.parametrize(
    "resource",
    [
        LOCATION | {"identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "10000008"}]},
        LOCATION | {"identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/kvk", "value": "999900006"}]},
        LOCATION | {"identifier": [{"system": "urn:oid:2.16.528.1.1007.3.3.7.6", "value": "999900006"}]},
        LOCATION | {"identifier": [{"system": "https://x.example/plek", "value": "10000008"}]},  # eight digits: a bed
        LOCATION | {"id": "999900006"},
        LOCATION | {"telecom": [{"system": "phone", "value": "999900006"}]},
        LOCATION | {"partOf": {"reference": "Location/999900006"}},
        LOCATION | {"type": [{"coding": [{"system": "http://snomed.info/sct", "code": "999900006"}]}]},
        LOCATION | {"meta": {"versionId": "999900006"}},
        LOCATION | {"position": {"longitude": 4.999900006, "latitude": 52}},
        LOCATION | {"address": {"line": ["Mr. Visserplein 1"], "postalCode": "2584AA"}},
        LOCATION | {"name": "Mr. L.E. Visserhuis"},
        LOCATION | {"managingOrganization": {"reference": "Organization/a", "display": "Praktijk mw. De Wit"}},
        {"resourceType": "Organization", "name": "Huisartsenpraktijk mw. A. de Wit"},
        {"resourceType": "Organization", "contact": [{"name": {"text": "mw. A. de Wit"}}], "name": "De Wit"},
        {"resourceType": "Patient", "name": [{"text": "dhr. Jansen"}], "identifier": [{"value": "999900006"}]},
    ],
)
def test_what_its_element_or_system_says_is_something_else_passes(resource: dict[str, Any]) -> None:
    assert said(resource) == []


@pytest.mark.parametrize("type_", sorted(table().capacity))
def test_every_type_of_capacity_is_looked_at(type_: str) -> None:
    found = patient_data({"resourceType": type_, "extension": [{"url": "x", "valueString": "999900006"}]})

    assert [issue.expression for issue in found] == [f"{type_}.extension[0].valueString"]


@pytest.mark.parametrize(
    "reference", ["Patient/1", "https://x.example/fhir/Patient/1", "Patient?identifier=a|1", "Person/1"]
)
def test_capacity_points_at_no_patient(reference: str) -> None:
    report = {
        "resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": "https://x.example/Measure/a",
        "period": {"start": "2026-01-05", "end": "2026-01-05"}, "evaluatedResource": [{"reference": reference}],
    }  # fmt: skip
    schedule = {"resourceType": "Schedule", "actor": [{"reference": "Location/1"}, {"type": "Patient", "display": "x"}]}

    assert (CODE, "MeasureReport.evaluatedResource[0].reference") in said(report)
    assert said(schedule) == [(CODE, "Schedule.actor[1].type")]


def test_capacity_contains_no_patient_and_what_it_contains_is_looked_at() -> None:
    slot = SLOT | {
        "contained": [
            {"resourceType": "Patient", "id": "p"}, {"resourceType": "Location", "id": "l", "name": "dhr. Jansen"},
        ],
        "schedule": {"reference": "Schedule/a", "extension": [
            {"url": "https://x.example/a", "valueReference": {"reference": "#p"}},
            {"url": "https://x.example/b", "valueReference": {"reference": "#l"}}]},
    }  # fmt: skip

    assert said(slot) == [(CODE, "Slot.contained[0]"), (CODE, "Slot.contained[1].name")]


@pytest.mark.parametrize("wrong", [{"comment": 5}, {"comment": [["x"]]}, {"identifier": "x"}, {"extension": [None, 3]}])
def test_what_has_another_shape_is_passed_over(wrong: dict[str, Any]) -> None:
    assert patient_data(SLOT | wrong) == []


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from([text for texts in PATIENTS.values() for text in texts]),
            st.text(" .-/0123456789", max_size=14),
            st.sampled_from(WORDS),
        ),
        max_size=5,
    ),
    st.sampled_from(["", " ", "-", ".", "/", "x"]),
)
@example(["10000008"], "")
def test_the_quick_look_lets_nothing_through_that_the_rules_find(parts: list[str], between: str) -> None:
    text, wording = between.join(parts), table().wording

    if wording.finds(text, is_prose=True):
        assert re.search(wording.prose_screen, text)
    if wording.finds(text, is_prose=False):
        assert re.search(wording.label_screen, text)


def test_long_texts_are_read_in_the_time_of_their_length() -> None:
    wording = table().wording
    for text in (
        "999900007 " * 20_000,
        "dhr. " * 40_000,
        "A. " * 60_000,
        "van " * 50_000,
        "1 " * 100_000,
        "<" * 100_000,
    ):
        assert wording.finds(text, is_prose=True) is None
