"""A stop through the door: said twice, lifted, overtaken, and beside the beds of the same department."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.search import parse
from gateway.ingest import Ingested, ingest
from gateway.query import search
from gateway.services import Services

STOP = "https://msb-gateway.example/fhir/StructureDefinition/capacity-stop"


@pytest.fixture
def services(services: Services) -> Services:
    return replace(services, clock=lambda: datetime(2026, 1, 5, 10, tzinfo=UTC))


def _opening(number: str, status: str, at: str, end: str | None = None) -> bytes:
    said = {
        "berichtId": number, "berichtType": "OPENSTELLING", "organisatie": {"locatieCode": "DUINRAND-N"},
        "afdeling": {"code": "SEH"}, "status": status, "reden": "PERSONEEL",
        "ingangstijd": f"2026-01-05T{at}:00+01:00", "verwachtEinde": end and f"2026-01-05T{end}:00+01:00",
    }  # fmt: skip
    return json.dumps(said).encode()


def _take(data: bytes, to: Services) -> Ingested:
    taken = ingest(data, provider="dev", content_type=None, caller=development_caller(), to=to)
    assert taken.refusal is None
    assert [one.refusal for one in taken.messages] == [None]
    return taken


def _all(to: Services, type_: str, *pairs: tuple[str, str]) -> list[dict[str, Any]]:
    bundle = json.loads(search(parse(type_, list(pairs)), development_caller(), to, base="http://x/fhir"))
    return [entry["resource"] for entry in bundle.get("entry", [])]


def _states(to: Services) -> list[str]:
    found = [e for r in _all(to, "HealthcareService") for e in r.get("extension", []) if e["url"] == STOP]
    return [part["valueCode"] for e in found for part in e["extension"] if part["url"] == "status"]


def test_a_stop_that_is_sent_again_is_one_stop(services: Services) -> None:
    first = _take(_opening("1", "STOP", "10:00", "11:30"), services)

    again = _take(_opening("1", "STOP", "10:00", "11:30"), services)

    assert _states(services) == ["stop"]
    assert [made.version for made in again.messages[0].made] == [made.version for made in first.messages[0].made]


def test_the_same_stop_in_another_message_makes_no_version(services: Services) -> None:
    _take(_opening("1", "STOP", "10:00", "11:30"), services)

    again = _take(_opening("2", "STOP", "10:00", "11:30"), services)

    assert {made.status for made in again.messages[0].made} == {"unchanged"}


def test_a_stop_is_lifted_and_a_later_one_holds(services: Services) -> None:
    for number, status, at, end in (
        ("1", "STOP", "09:00", "10:30"), ("2", "OPEN", "10:00", None), ("3", "STOP", "10:40", "11:30"),
    ):  # fmt: skip
        _take(_opening(number, status, at, end), services)

    assert _states(services) == ["stop"]


def test_an_opening_without_a_stop_before_is_taken(services: Services) -> None:
    _take(_opening("1", "OPEN", "10:00"), services)

    assert _states(services) == ["open"]


def test_a_stop_that_comes_after_its_lifting_is_history(services: Services) -> None:
    _take(_opening("2", "OPEN", "10:00"), services)

    late = _take(_opening("1", "STOP", "09:00", "10:30"), services)

    assert _states(services) == ["open"]
    assert "older-than-known" in {issue.code for issue in late.messages[0].issues}


def test_nothing_is_free_by_an_opening(services: Services) -> None:
    _take(_opening("1", "OPEN", "10:00"), services)

    assert _all(services, "Slot") == []


def test_a_bed_of_the_department_leaves_its_stop_alone(services: Services) -> None:
    _take(_opening("1", "STOP", "10:00", "11:30"), services)
    bed = (
        "MSH|^~\\&|EPD|ZKH|GW|ZCC|20260105101500+0100||ADT^A20|B1|P|2.5.1\rEVN|A20|20260105101500+0100\r"
        "NPU|SEH^K1^1^DUINRAND-N|O\r"
    )

    _take(bed.encode(), services)

    assert _states(services) == ["stop"]
    assert len(_all(services, "HealthcareService")) == 2
