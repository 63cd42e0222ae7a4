"""`Observation/$lastn`: the newest of each kind."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

Call = Callable[..., tuple[int, Any]]
LOINC = "http://loinc.org"
VITAL = {"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}


def observation(id_: str, codes: list[tuple[str, str]], day: str | None, of: str = "a", **more: Any) -> dict[str, Any]:
    codings = [{"system": system, "code": code} for system, code in codes]
    made: dict[str, Any] = {"resourceType": "Observation", "id": id_, "status": "final"}
    made |= {"code": {"coding": codings} if codings else {"text": "Gewicht"}, "category": [{"coding": [VITAL]}]}
    made |= {"subject": {"reference": f"Patient/{of}"}, **more}
    return made | ({"effectiveDateTime": day} if day else {})


@pytest.fixture(autouse=True)
def there(put: Callable[..., None]) -> None:
    put(
        {"resourceType": "Patient", "id": "a"},
        {"resourceType": "Patient", "id": "b"},
        observation("hr1", [(LOINC, "8867-4")], "2026-01-01"),
        observation("hr2", [(LOINC, "8867-4"), ("urn:local", "HR")], "2026-01-02"),
        observation("hr3", [("urn:local", "HR")], "2026-01-03T10:00:00+01:00"),
        observation("bp1", [(LOINC, "85354-9")], "2026-01-01"),
        observation("bp2", [(LOINC, "85354-9")], None),
        observation("w1", [], "2026-01-02"),
        observation("w2", [], "2026-01-04"),
        observation("of-b", [(LOINC, "8867-4")], "2026-01-05", of="b"),
    )


def ids(bundle: Any) -> list[str]:
    assert bundle["resourceType"] == "Bundle", bundle
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def test_the_newest_of_each_kind_is_told(call: Call) -> None:
    status, bundle = call("Observation/$lastn", patient="a", category="vital-signs")
    assert (status, bundle["type"], bundle["total"]) == (200, "searchset", 3)
    assert ids(bundle) == ["w2", "hr3", "bp1"]
    assert bundle["link"][0]["url"].endswith("Observation/$lastn?max=1&patient=a&category=vital-signs")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"max": "2", "patient": "Patient/a"}, ["w2", "w1", "hr3", "hr2", "bp1", "bp2"]),
        ({"max": "9", "subject": "Patient/a"}, ["w2", "w1", "hr3", "hr2", "hr1", "bp1", "bp2"]),
        ({"patient": "a", "date": "lt2026-01-02"}, ["bp1", "hr1"]),
        ({"patient": "a", "code": f"{LOINC}|85354-9"}, ["bp1"]),
        ({"patient": "a,b"}, ["of-b", "w2", "bp1"]),
        ({"patient": "none"}, []),
    ],
)
def test_it_takes_what_a_search_takes(call: Call, query: Any, expected: list[str]) -> None:
    assert ids(call("Observation/$lastn", category="vital-signs", **query)[1]) == expected


def test_it_is_asked_by_post(call: Call) -> None:
    listed = [
        ("patient", "valueString", "a"),
        ("category", "valueString", "vital-signs"),
        ("max", "valuePositiveInt", 2),
    ]
    sent = {"resourceType": "Parameters", "parameter": [{"name": name, key: value} for name, key, value in listed]}
    assert ids(call("Observation/$lastn", sent)[1]) == ["w2", "w1", "hr3", "hr2", "bp1", "bp2"]


@pytest.mark.parametrize(
    "query",
    [
        {"category": "vital-signs"},
        {"patient": "a"},
        {"patient": "a", "category": "vital-signs", "max": "0"},
        {"patient": "a", "category": "vital-signs", "max": "many"},
        {"patient": "a", "category": "vital-signs", "_sort": "date"},
        {"patient": "a", "category": "vital-signs", "_count": "3"},
        {"patient": "a", "category": "vital-signs", "categori": "x"},
    ],
)
def test_what_is_asked_wrongly_is_refused(call: Call, query: Any) -> None:
    assert call("Observation/$lastn", **query)[0] == 400


@pytest.mark.parametrize(
    "parameter", [3, {"name": "patient"}, {"name": "patient", "valueReference": {}}, {"valueString": "x"}]
)
def test_what_is_posted_wrongly_is_refused(call: Call, parameter: Any) -> None:
    status, outcome = call("Observation/$lastn", {"resourceType": "Parameters", "parameter": [parameter]})
    assert (status, outcome["issue"][0]["expression"]) == (400, ["Parameters.parameter[0]"])


def test_a_caller_that_may_not_read_them_is_refused(call: Call, as_caller: Callable[..., None]) -> None:
    as_caller("Patient")
    assert call("Observation/$lastn", patient="a", category="vital-signs")[0] == 403


def test_it_stands_in_a_batch(call: Call) -> None:
    entry = {"request": {"method": "GET", "url": "Observation/$lastn?patient=a&category=vital-signs"}}
    _, answer = call("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert ids(answer["entry"][0]["resource"]) == ["w2", "hr3", "bp1"]
