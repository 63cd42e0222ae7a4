"""Every golden case goes through the door: stored once, and found by those who look for a place."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.data import shipped
from gateway.fhir.search import parse
from gateway.ingest import Ingested, ingest
from gateway.mapping.overlays import Overlay
from gateway.query import search
from gateway.services import Services
from tests.golden import is_message, provider

CASES = sorted(
    p
    for p in shipped("mappings").glob("*/*/cases/good-*")
    if is_message(p) and p.parents[2].name != "fml"  # used by name, never at a door
)


@pytest.fixture
def services(services: Services) -> Services:
    """Return the services at a moment after all cases, where no list says what became of the beds of another case."""
    library = replace(
        services.library, providers={n: _listing_nothing(o) for n, o in services.library.providers.items()}
    )
    return replace(services, library=library, clock=lambda: datetime(2026, 12, 31, 12, tzinfo=UTC))


def _listing_nothing(overlay: Overlay) -> Overlay:
    return replace(overlay, values={key: value for key, value in overlay.values.items() if key != "snapshot"})


def _take(message: Path, to: Services) -> Ingested:
    data = message.read_bytes()
    return ingest(data, provider=provider(message), content_type=None, caller=development_caller(), to=to)


def _found(to: Services, type_: str, **parameters: str) -> list[dict[str, Any]]:
    pairs = list(parameters.items())
    bundle = json.loads(search(parse(type_, pairs), development_caller(), to, base="http://x/fhir"))
    return [entry["resource"] for entry in bundle.get("entry", [])]


def test_every_good_case_is_stored_and_changes_nothing_when_it_comes_again(services: Services) -> None:
    later = replace(services, clock=lambda: services.clock() + timedelta(hours=1))
    for message in CASES:
        first, again = _take(message, services), _take(message, later)

        assert first.refusal is None, message.name
        assert _versions(again) == _versions(first), message.name


def _versions(ingested: Ingested) -> set[tuple[object, ...]]:
    return {(made.type, made.id, made.version) for taken in ingested.messages for made in taken.made}


def test_a_free_place_is_found_by_the_care_that_is_asked_for(services: Services) -> None:
    folder = shipped("mappings") / "csv" / "bed_extract" / "cases"
    services = replace(services, clock=lambda: datetime(2026, 9, 1, 8, 20, tzinfo=UTC))  # five minutes after the list
    _take(folder / "good-five-states.csv", services)
    (intensive_care,) = _found(services, "HealthcareService", **{"service-type": "ic"})

    asked = {"status": "free", "start": "ge2026-09-01", "schedule.actor:HealthcareService": intensive_care["id"]}
    free = _found(services, "Slot", **asked, _include="Slot:schedule")

    assert [r["resourceType"] for r in free] == ["Slot", "Schedule"]
    assert free[0]["identifier"][0]["value"] == "DUINRAND-W/IC/IC1/2"


@pytest.mark.parametrize(("case", "state"), [("good-clinical", "finished"), ("good-capacity-to", None)])
def test_a_discharge_empties_the_bed_of_the_admission(services: Services, case: str, state: str | None) -> None:
    hl7v2 = shipped("mappings") / "hl7v2"
    (discharge,) = (hl7v2 / "adt_a03_discharge" / "cases").glob(f"{case}*.hl7")
    admission = "good-clinical-anna.hl7" if state else "good-capacity-only.hl7"
    _take(hl7v2 / "adt_a01_admit" / "cases" / admission, services)
    assert [slot["status"] for slot in _found(services, "Slot")] == ["busy"]

    _take(discharge, services)

    assert [slot["status"] for slot in _found(services, "Slot")] == ["busy-unavailable"]
    assert [visit["status"] for visit in _found(services, "Encounter")] == ([state] if state else [])
    assert len(_found(services, "Patient")) == (1 if state else 0)
