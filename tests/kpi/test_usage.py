"""What partners did, what would be counted twice, and what research gets: nobody's name, and no moment."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.errors import BadSettings
from gateway.kpi.research import COLUMNS, coarsened, research
from gateway.kpi.spans import window
from gateway.kpi.usage import usage
from gateway.report import indicators
from gateway.services import Services
from tests.kpi.worlds import World, call, request, task, when

DAY = window(date(2024, 4, 12), date(2024, 4, 13))
D = "2024-04-12 "
KEY = bytes(range(32))
BSN = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900043"}}


@pytest.fixture
def world(services: Services) -> World:
    return World(services)


def asked(world: World, id_: str, **answers: str) -> None:
    """Ask some destinations, each of which answers."""
    world.put(D + "09:00", request(id_, D + "09:00"), *(task(f"{id_}-{to}", request=id_, to=to) for to in answers))
    for to, status in answers.items():
        reason = "staff" if status == "rejected" else ""
        world.put(D + "09:30", task(f"{id_}-{to}", status, request=id_, to=to, reason=reason))


def test_what_each_partner_asked_and_delivered(world: World) -> None:
    asked(world, "a", vvt="rejected", ander="accepted")
    asked(world, "b", vvt="accepted")
    asked(world, "c", vvt="requested")
    world.now = when("2024-04-14 00:00")

    found = {one.partner: one for one in usage(DAY, world.to).partners}

    hap, vvt, ander = found["00000004"], found["00000003"], found["00000005"]
    assert (hap.asked, hap.placed, hap.offered) == (3, 2, 0)
    assert (vvt.offered, vvt.delivered, vvt.refused, vvt.taken_over) == (3, 1, 1, 0)
    assert (ander.offered, ander.delivered, ander.taken_over) == (1, 1, 1)


def test_what_would_be_counted_twice_is_found(world: World) -> None:
    asked(world, "once", vvt="accepted")
    asked(world, "two-places", vvt="accepted", ander="accepted")
    asked(world, "taken-back", vvt="accepted", ander="accepted")
    world.put(D + "10:00", task("taken-back-vvt", "cancelled", request="taken-back", reason="withdrawn"))
    for id_ in ("twin-1", "twin-2"):
        world.put(D + "09:00", request(id_, D + "09:00", subject=BSN))
    world.now = when("2024-04-14 00:00")

    found = usage(DAY, world.to)

    assert found.accepted_twice == ("two-places",)
    assert found.asked_twice == ("twin-1", "twin-2")
    told = indicators.used(found, "text", "nl")
    assert "dubbele aanvragen: 2\n  ServiceRequest/twin-1" in told
    assert "999900043" not in told + indicators.used(found, "json", "nl") + indicators.used(found, "csv", "nl")


def test_research_gets_pseudonyms_that_hold_by_one_key(world: World) -> None:
    for number in range(6):
        world.put(D + "09:00", request(f"r{number}", D + "09:00", subject=BSN), task(f"r{number}"))
        world.put(D + "09:20", task(f"r{number}", "accepted"), call(f"c{number}", f"r{number}", D + "09:10"))

    world.now = when("2024-04-14 00:00")

    rows = research(DAY, KEY, world.to)

    assert [sorted(row) for row in rows] == [sorted(COLUMNS)] * 6
    assert len({row["patient"] for row in rows}) == 1
    assert {row["week"] for row in rows} == {"2024-W15"}
    assert {(row["minutes_to_placement"], row["calls"], row["placed"]) for row in rows} == {(20, 1, True)}
    assert research(DAY, KEY, world.to) == rows
    other = research(DAY, bytes(32), world.to)
    assert {row["patient"] for row in other}.isdisjoint({row["patient"] for row in rows})
    text = indicators.pseudonymous(rows, COLUMNS, "en")
    assert not any(said in text for said in ("999900043", "r1", "00000004", "2024-04"))


def test_what_is_rare_does_not_say_when_and_where() -> None:
    def row(care: str) -> dict[str, Any]:
        return {"week": "2024-W15", "region": "west", "care": care, "urgency": "stat"}

    found = coarsened([row("grz")] * 5 + [row("hospice")] * 4)

    assert {one["week"] for one in found if one["care"] == "grz"} == {"2024-W15"}
    assert {(one["week"], one["region"]) for one in found if one["care"] == "hospice"} == {("", "")}


def test_a_short_key_is_refused(world: World) -> None:
    with pytest.raises(BadSettings, match="32 bytes"):
        research(DAY, b"short", world.to)
