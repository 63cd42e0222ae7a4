from __future__ import annotations

import math
from typing import Any

import pytest

from gateway.fhir.datetime import read
from gateway.fhir.search import served
from gateway.fhir.types import resource_types
from gateway.store.index import OPEN_HIGH, OPEN_LOW, SlotRow, rows
from gateway.store.index.moments import span

BASE = "https://gateway.example/fhir"


def of(resource_type: str, param: str, **elements: Any) -> list[tuple[Any, ...]]:
    """Return the rows of one parameter, without its name."""
    found = rows({"resourceType": resource_type, **elements}, base=BASE)
    tables = (found.token, found.string, found.date, found.reference, found.uri, found.number, found.quantity)
    return [row[1:] for table in tables for row in table if row[0] == param]


def test_tokens_of_every_data_type() -> None:
    coding = {"system": "http://a", "code": "1", "display": "one"}

    assert of("Slot", "status", status="free") == [("", "free")]
    assert of("Patient", "active", active=True) == [("", "true")]
    assert of("Slot", "service-type", serviceType=[{"coding": [coding, {"code": "2"}]}, {"text": "x"}]) == [
        ("http://a", "1"),
        ("", "2"),
    ]
    assert of("Encounter", "class", **{"class": coding}) == [("http://a", "1")]
    assert of("Patient", "identifier", identifier=[{"system": "http://b", "value": "7"}, {"type": {"text": "x"}}]) == [
        ("http://b", "7")
    ]
    telecom = [{"system": "phone", "value": "020"}, {"system": "email", "value": "a@example.org"}]
    assert of("Patient", "phone", telecom=telecom) == [("", "020")]
    assert of("Patient", "telecom", telecom=telecom) == [("", "020"), ("", "a@example.org")]
    assert of("Slot", "_tag", meta={"tag": [coding]}) == [("http://a", "1")]


@pytest.mark.parametrize(
    ("elements", "deceased"),
    [({}, "false"), ({"deceasedBoolean": True}, "true"), ({"deceasedDateTime": "2026"}, "true")],
)
def test_an_expression_that_is_no_path_is_evaluated(elements: dict[str, Any], deceased: str) -> None:
    assert of("Patient", "deceased", **elements) == [("", deceased)]


def test_a_dutch_name_is_found_by_each_of_its_parts() -> None:
    own = {"url": "http://hl7.org/fhir/StructureDefinition/humanname-own-name", "valueString": "Vriès"}
    name = {"family": "de Vriès", "_family": {"extension": [own]}, "given": ["Jan", None, "P."], "text": "Jan de Vriès"}

    assert of("Patient", "family", name=[name]) == [("de vries", "de Vriès"), ("vries", "")]
    assert ("vries", "Vriès") in of("Patient", "name", name=[name])
    assert of("Patient", "given", name=[name]) == [("jan", "Jan"), ("p", "P.")]


def test_an_address_is_found_by_its_parts() -> None:
    address = {"line": ["Dam 1", None], "city": "Amsterdam", "postalCode": "1012 JS"}

    assert of("Location", "address", address=address) == [
        ("amsterdam", "Amsterdam"),
        ("1012js", "1012 JS"),
        ("dam 1", "Dam 1"),
    ]
    assert of("Location", "address-postalcode", address=address) == [("1012js", "1012 JS")]


def test_dates_are_spans() -> None:
    start, end = span("2026-01-05T10:00:00+01:00"), span("2026-01-06")
    assert start
    assert end

    assert of("Slot", "start", start="2026-01-05T10:00:00+01:00") == [start]
    assert of("Encounter", "date", period={"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-06"}) == [
        (start[0], end[1])
    ]
    assert of("Encounter", "date", period={"start": "2026-01-05T10:00:00+01:00"}) == [(start[0], OPEN_HIGH)]
    assert of("Encounter", "date", period={"end": "2026-01-06"}) == [(OPEN_LOW, end[1])]
    assert of("Encounter", "date", period={"extension": []}) == []
    timing = {"event": ["2026-01-06", "2026-01-05T10:00:00+01:00"]}
    assert of("ServiceRequest", "occurrence", occurrenceTiming=timing) == [(start[0], end[1])]


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-05T10:00:00+01:00",
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00.123Z",
        "2026-01-05T10:00:00.000+01:00",
        "2016-12-31T23:59:60Z",
        "2026-01-05",
        "2026-02-30",
        "2026-13-05T10:00:00Z",
        "20260105T100000+0100",
        "x" * 20,
        "x" * 25,
    ],
)
def test_the_quick_way_to_read_an_instant_is_the_long_one(text: str) -> None:
    moment = read(text)

    assert span(text) == ((moment.low, moment.high) if moment else None)


def test_references_are_local_or_elsewhere() -> None:
    def schedule(reference: str) -> list[tuple[Any, ...]]:
        return of("Slot", "schedule", schedule={"reference": reference})

    assert schedule("Schedule/1") == [("Schedule", "1")]
    assert schedule("Schedule/1/_history/2") == [("Schedule", "1")]
    assert schedule("https://other.example/fhir/Schedule/1/_history/2") == [
        ("", "https://other.example/fhir/Schedule/1")
    ]
    assert schedule(f"{BASE}/Schedule/1") == [("Schedule", "1")]
    assert schedule("https://other.example/fhir/Schedule/1") == [("", "https://other.example/fhir/Schedule/1")]
    assert schedule("urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001") == [
        ("", "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001")
    ]
    assert schedule("#contained") == []


@pytest.mark.parametrize(
    ("reference", "row"),
    [
        ("Schedule/1/_history/2", ("Schedule", "1/_history/2")),
        (f"{BASE}/Schedule/1/_history/2", ("Schedule", "1/_history/2")),
        ("https://other.example/fhir/Schedule/1/_history/2", ("", "https://other.example/fhir/Schedule/1/_history/2")),
    ],
)
def test_a_reference_to_a_version_stands_with_it_once_more(reference: str, row: tuple[str, str]) -> None:
    assert of("Slot", "schedule:version", schedule={"reference": reference}) == [row]


def test_a_logical_reference_is_a_token() -> None:
    managing = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"}}

    assert of("Location", "organization:identifier", managingOrganization=managing) == [
        ("http://fhir.nl/fhir/NamingSystem/ura", "00000001")
    ]


def test_a_reference_that_must_resolve_to_a_type_is_told_by_its_type() -> None:
    assert of("Task", "patient", **{"for": {"reference": "Patient/1"}}) == [("Patient", "1")]
    assert of("Task", "patient", **{"for": {"reference": "Group/1"}}) == []
    assert of("Task", "patient", **{"for": {"reference": "https://x.example/Patient/1"}}) == [
        ("", "https://x.example/Patient/1")
    ]
    assert of("Task", "subject", **{"for": {"reference": "Group/1"}}) == [("Group", "1")]


def test_numbers_and_quantities() -> None:
    length = {"value": 90, "unit": "minuten", "system": "http://unitsofmeasure.org", "code": "min"}

    assert of("Encounter", "length", length=length) == [
        ("http://unitsofmeasure.org", "min", 90.0, 90.0),
        ("", "minuten", 90.0, 90.0),
    ]
    assert of("Encounter", "length", length={"value": 2, "unit": "uur"}) == [("", "uur", 2.0, 2.0)]
    assert of("Encounter", "length", length={"unit": "uur"}) == []
    money = {"value": 5, "currency": "EUR"}
    assert of("Invoice", "totalnet", totalNet=money) == [("urn:iso:std:iso:4217", "EUR", 5.0, 5.0)]


def test_a_number_that_no_float_can_hold_is_infinite() -> None:
    assert of("Encounter", "length", length={"value": 10**1000, "unit": "uur"}) == [("", "uur", math.inf, math.inf)]
    assert of("Encounter", "length", length={"value": -(10**1000), "unit": "uur"}) == [
        ("", "uur", -math.inf, -math.inf)
    ]


def test_a_canonical_is_found_with_and_without_its_version() -> None:
    assert of("Slot", "_profile", meta={"profile": ["http://a|1"]}) == [("http://a|1",), ("http://a",)]


def test_a_slot_has_its_row_in_the_capacity_projection() -> None:
    slot = {
        "resourceType": "Slot",
        "status": "free",
        "start": "2026-01-05T10:00:00+01:00",
        "end": "2026-01-05T11:00:00+01:00",
        "schedule": {"reference": f"{BASE}/Schedule/1"},
    }
    start, end = span(slot["start"]), span(slot["end"])  # type: ignore[arg-type]
    assert start
    assert end

    assert rows(slot, base=BASE).slot == SlotRow("free", start[0], end[0], "1")
    assert rows(slot | {"schedule": {"identifier": {"value": "1"}}}).slot == SlotRow("free", start[0], end[0], "")
    assert rows({"resourceType": "Location", "status": "active"}).slot is None


def test_a_slot_stands_under_its_status_with_each_coding() -> None:
    slot = {
        "resourceType": "Slot",
        "status": "free",
        "start": "2026-01-05T10:00:00+01:00",
        "end": "2026-01-05T11:00:00+01:00",
        "serviceType": [{"coding": [{"system": "http://a", "code": "1"}, {"code": "2"}]}],
        "specialty": [{"coding": [{"system": "http://b", "code": "3"}]}],
    }
    start, end = span(slot["start"]), span(slot["end"])
    assert start
    assert end

    assert [row for row in rows(slot).date if " " in row[0]] == [
        ("free service-type http://a|1", start[0], end[0]),
        ("free service-type |2", start[0], end[0]),
        ("free specialty http://b|3", start[0], end[0]),
    ]


def test_every_parameter_that_is_served_can_be_compiled() -> None:
    for resource_type in resource_types():
        assert rows({"resourceType": resource_type, "id": "1"})
        assert served(resource_type).keys() >= {"_id", "_lastUpdated", "_tag"}


def test_a_long_span_stands_in_the_index_once_more_by_its_length() -> None:
    def marks(start: str, end: str | None) -> set[str]:
        period = {"start": start, **({"end": end} if end else {})}
        found = rows({"resourceType": "Encounter", "period": period})
        return {param.removeprefix("date") for param, _, _ in found.date}

    assert marks("2026-10-24", "2026-10-25T00:30:00+02:00") == {""}
    assert marks("2026-10-24", "2026-10-25") == {"", "~"}
    assert marks("2026-10-01", "2026-10-31") == {"", "~"}
    assert marks("2026-10-01", "2026-12-31") == {"", "~~"}
    assert marks("2026-10-01", None) == {"", "~~"}
