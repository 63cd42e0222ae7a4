"""Figures of what the mappings that ship make of messages: stops, lists of places, beds."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from gateway.data import shipped
from gateway.fhir.json import decode
from gateway.kpi.facts import MINUTE
from gateway.kpi.spans import window
from gateway.report import indicators
from gateway.services import Services
from gateway.store.records import microseconds
from tests.kpi.worlds import World, request, task, values, when

_CASES = shipped("mappings")


@pytest.fixture
def world(services: Services) -> World:
    return World(services, now=when("2025-12-01 00:00"))


def made(case: str, before: str = "", after: str = "") -> list[dict[str, Any]]:
    """Return what a mapping makes of a sample, with a text in the place of another one."""
    text = (_CASES / f"{case}.json").read_text(encoding="utf-8")
    said = text.replace(before, after) if before else text
    return [entry["resource"] for entry in decode(said.encode())["entry"]]


def test_a_stop_as_the_feed_of_a_department_tells_it(world: World) -> None:
    world.put("2026-01-05 10:00", *made("json/seh_opening/cases/good-stop"))
    world.put("2026-01-05 10:20", *made("json/seh_opening/cases/good-stop-said-again-and-made-longer"))
    world.put("2026-01-05 10:31", *made("json/seh_opening/cases/good-open-again", "09:58:00", "10:30:00"))
    day = window(date(2026, 1, 5), date(2026, 1, 6))

    spent = world.kpi("K-02", day, at="2026-02-01 00:00")
    assert values(spent)["minutes"] == 50
    assert "locatie=DUINRAND-N: minuten stop 50 min" in indicators.text([spent], "nl")
    assert values(world.kpi("K-03", day, at="2026-02-01 00:00"))["stops"] == 1


def test_a_list_of_places_counts_each_kind_of_care(world: World) -> None:
    rows = made("csv/vvt_bed_list/cases/good-free-now")
    slots = [one for one in rows if one["resourceType"] == "Slot"]
    at = when("2026-09-01 08:00")
    world.now = at
    world.put("2026-09-01 08:00", *rows)
    span = microseconds(at), microseconds(at + timedelta(minutes=3))

    fresh = world.kpi("K-10", span, at="2026-10-01 00:00")

    assert fresh.whole.figure("fresh").n == len(slots) >= 1
    assert values(fresh)["fresh"] == 1
    covered = world.kpi("K-11", window(date(2026, 9, 1), date(2026, 9, 2)), at="2026-10-01 00:00", kinds=())
    assert values(covered) == {"covered": 1}


def test_a_bed_that_was_free_when_it_was_asked_for(world: World) -> None:
    beds = made("hl7v2/adt_a20_bed/cases/good-free")
    (slot,) = [one for one in beds if one["resourceType"] == "Slot"]
    (service,) = [one for one in beds if one["resourceType"] == "HealthcareService"]
    begin = microseconds(when(slot["start"][:16].replace("T", " ")))
    world.put("2026-09-01 10:15", *beds)
    mine = {"owner": service["providedBy"]}
    for name, status in (("a", "accepted"), ("b", "rejected")):
        why = {"reason": "no-capacity"} if status == "rejected" else {}
        world.put("2026-09-01 10:16", request(name, "2026-09-01 10:16", care="kliniek-volwassen"))
        world.put("2026-09-01 10:16", task(name) | mine)
        world.put("2026-09-01 10:17", task(name, status, **why) | mine)
    world.put("2026-09-01 10:18", {**slot, "status": "busy"})
    world.put("2026-09-01 10:18", request("c", "2026-09-01 10:18", care="kliniek-volwassen"), task("c") | mine)

    kept = world.kpi("K-07", (begin, begin + 60 * MINUTE), at="2026-10-01 00:00").whole.figure("kept")

    assert (kept.part, kept.n) == (1, 2)


def test_what_is_free_in_a_slot_that_is_not_offered_is_in_doubt(world: World) -> None:
    rows = made("csv/vvt_bed_list/cases/good-free-now")
    doubtful = [{**one, "status": "busy-unavailable"} if one["resourceType"] == "Slot" else one for one in rows]
    (service, *_) = [one for one in rows if one["resourceType"] == "HealthcareService"]
    care = service["type"][0]["coding"][0]["code"]
    (place,) = [one for one in rows if one["resourceType"] == "Organization"][:1]
    mine = {"owner": {"reference": f"Organization/{place['id']}"}}
    world.put("2026-09-01 07:59", *doubtful)
    world.put("2026-09-01 08:00", request("a", "2026-09-01 08:00", care=care), task("a") | mine)
    day = window(date(2026, 9, 1), date(2026, 9, 2))

    assert world.kpi("K-07", day, at="2026-10-01 00:00").whole.figure("kept").n == 0
    world.put("2026-09-01 08:01", *rows)
    world.put("2026-09-01 08:02", request("b", "2026-09-01 08:02", care=care), task("b") | mine)
    assert world.kpi("K-07", day, at="2026-10-01 00:00").whole.figure("kept").n == 1
