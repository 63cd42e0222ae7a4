"""Worked example 8: as many tracks as may run do, also when two begin at the same moment; and K-19 counts them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from fractions import Fraction
from threading import Barrier
from typing import Any

import pytest

from gateway.errors import InvalidResource
from gateway.fhir.json import decode
from gateway.kpi.definitions import definition
from gateway.kpi.spans import window
from gateway.kpi.tracks import finish, running_id, start
from gateway.services import Services
from gateway.store import Identity
from tests.kpi.worlds import OPERATOR, World, org, values, when

RULES = definition("K-19")
ASKED: dict[str, Any] = {
    "subject": {"display": "iemand"}, "requester": org("vvt"), "authoredOn": "2016-05-01T09:00:00+02:00",
}  # fmt: skip
BEGIN = when("2016-05-01 09:00")


@pytest.fixture
def world(services: Services) -> World:
    made = World(services, now=when("2016-05-01 09:00"))
    made.now = BEGIN
    return made


def begin(world: World, end: datetime | None = None) -> str:
    return start(ASKED, "zhn", BEGIN, end, RULES, OPERATOR, world.to)


def two_at_once(world: World) -> list[str]:
    """Begin two tracks at the same moment, and return what became of each."""
    together = Barrier(2)

    def attempt(_: int) -> str:
        together.wait(timeout=10)
        try:
            begin(world)
        except InvalidResource as error:
            return error.issues[0].code
        return "begun"

    with ThreadPoolExecutor(2) as pool:
        return sorted(pool.map(attempt, range(2)))


def test_8_six_run_and_of_two_at_once_none_begins_and_when_one_has_ended_one_does(world: World) -> None:
    first, *_ = [begin(world) for _ in range(6)]

    assert two_at_once(world) == ["tracks-full", "tracks-full"]

    world.now = when("2016-08-01 09:00")
    finish(first, "zhn", 2016, world.now, OPERATOR, world.to)
    assert two_at_once(world) == ["begun", "tracks-full"]

    result = world.kpi("K-19", window(date(2016, 1, 1), date(2017, 1, 1)), at="2017-06-01 00:00")
    assert values(result)["active"] == 7
    assert max(len(running(world)), 6) == 6
    august = world.kpi("K-19", window(date(2016, 9, 1), date(2016, 9, 2)), at="2017-06-01 00:00")
    assert values(august)["active"] == 6


def running(world: World) -> list[Any]:
    stored = world.to.store.read(Identity("List", running_id("zhn", 2016)))
    assert stored is not None
    return list(decode(stored.body).get("entry", []))


def test_the_refusal_says_how_many_run_and_which(world: World) -> None:
    every = [begin(world) for _ in range(6)]

    with pytest.raises(InvalidResource) as caught:
        begin(world)

    text = str(caught.value)
    assert "6 of 6 tracks of this network run in 2016" in text
    assert all(f"ServiceRequest/{one}" in text for one in every)
    assert caught.value.status == 422


def test_the_first_two_at_once_both_begin(world: World) -> None:
    assert two_at_once(world) == ["begun", "begun"]
    assert len(running(world)) == 2


def test_a_track_ends_within_six_months_and_its_review_is_due_after_that(world: World) -> None:
    id_ = begin(world)

    stored = world.to.store.read(Identity("ServiceRequest", id_))
    assert stored is not None
    assert decode(stored.body)["occurrencePeriod"] == {"start": "2016-05-01", "end": "2016-11-01"}
    with pytest.raises(InvalidResource, match="a track lasts 6 months at most: until 2016-11-01"):
        begin(world, BEGIN + timedelta(days=190))


def test_a_track_that_ended_twice_ended_once_and_other_networks_have_their_own(world: World) -> None:
    id_ = begin(world)
    world.now = when("2016-08-01 09:00")
    finish(id_, "zhn", 2016, world.now, OPERATOR, world.to)
    finish(id_, "zhn", 2016, world.now + timedelta(days=9), OPERATOR, world.to)
    start(ASKED, "west", BEGIN, None, RULES, OPERATOR, world.to)

    result = world.kpi("K-19", window(date(2016, 1, 1), date(2017, 1, 1)), at="2017-06-01 00:00")

    cells = {cell.about[0][1]: cell for cell in result.cells[1:]}
    assert cells["zhn"].figure("ended-in-time").value == 1
    assert cells["west"].figure("ended-in-time").value == Fraction(0)
