"""The stream of an ambulance service through the door: rides that change, vehicles in any order, half a line."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.ingest import Ingested, ingest
from gateway.services import Services
from tests.order.conftest import Opened, open_services  # noqa: F401 - a fixture
from tests.order.test_order import resources

NDJSON = "application/x-ndjson"


def announced(ride: str, minute: int, agb: str = "06999901", **said: Any) -> dict[str, Any]:
    where = {"bestemming": {"agb": agb, "afdeling": "SEH"}, "bestemmingsstatus": "ONDERWEG", "bsn": None}
    when = {"eta": "2026-01-05T10:05:00+01:00", "tijd": f"2026-01-05T09:{minute:02}:00+01:00"}
    return {"type": "voorwaarschuwing", "ritnummer": ride, "inzet": "A1", "geslacht": "V", **where, **when, **said}


def vehicle(minute: int, status: str) -> dict[str, Any]:
    tijd = f"2026-01-05T09:{minute:02}:00+01:00"
    return {
        "type": "voertuigstatus",
        "rav": "15",
        "voertuig": "15-112",
        "dienst": "ALS",
        "status": status,
        "tijd": tijd,
    }


def driving(minute: int, status: str, ride: str = "R1", **said: Any) -> dict[str, Any]:
    tijd, position = f"2026-01-05T09:{minute:02}:00+01:00", {"lat": 52.0101, "lon": 4.3602}
    known = {"type": "rit", "ritnummer": ride, "rav": "15", "voertuig": "15-112", "inzet": "A1", "positie": position}
    return {**known, "status": status, "tijd": tijd, **said}


def take(to: Services, *lines: dict[str, Any], provider: str = "dev", end: str = "\n") -> Ingested:
    data = ("\n".join(json.dumps(line) for line in lines) + end).encode()
    return ingest(data, provider=provider, content_type=NDJSON, caller=development_caller(), to=to)


def test_a_destination_that_changes_three_times_is_one_task_of_the_last(open_services: Opened) -> None:  # noqa: F811
    to = open_services()
    agbs = ["06999901", "06999902", "41999901", "41999902"]

    for story, order in enumerate(permutations(enumerate(agbs))):
        for minute, agb in order:
            assert take(to, announced(f"R{story}", minute, agb)).refusal is None

    tasks = resources(to, "Task")
    assert len([*tasks]) == 24
    assert {task["owner"]["identifier"]["value"] for task in tasks} == {"41999902"}
    assert {r["performer"][0]["identifier"]["value"] for r in resources(to, "ServiceRequest")} == {"41999902"}


def test_who_is_known_later_is_the_same_patient(services: Services) -> None:
    take(services, announced("R1", 1))
    (unknown,) = resources(services, "Patient")

    take(services, announced("R1", 4, bsn="999900043"))

    (known,) = resources(services, "Patient")
    assert known["id"] == unknown["id"]
    assert [i["value"] for i in known["identifier"]] == ["R1", "999900043"]
    assert [i["value"] for i in unknown["identifier"]] == ["R1"]


def test_eighty_at_once_are_eighty_tasks_of_one_incident(services: Services) -> None:
    ingested = take(services, *[announced(f"R{n}", 1, manv="MANV-15-07") for n in range(80)])

    assert [message.refusal for message in ingested.messages] == [None] * 80
    tasks = [*resources(services, "Task")]
    assert (len(tasks), {task["groupIdentifier"]["value"] for task in tasks}) == (80, {"MANV-15-07"})


def test_half_a_last_line_costs_its_neighbours_nothing_and_is_told(services: Services) -> None:
    whole, half = json.dumps(vehicle(1, "TP")), json.dumps(announced("R1", 2))[:60]

    data = f"{whole}\n{half}".encode()
    ingested = ingest(data, provider="dev", content_type=NDJSON, caller=development_caller(), to=services)

    assert "broken-off" in {issue.code for issue in ingested.issues}
    assert len([*resources(services, "Location")]) == 1
    assert not resources(services, "Task")


def test_a_vehicle_is_what_was_said_of_it_last_in_any_order(open_services: Opened) -> None:  # noqa: F811
    said = [vehicle(1, "VRIJ_OP_POST"), driving(3, "UITGERUKT"), driving(6, "TP"), driving(9, "VERVOER")]

    for order in permutations(said):
        to = open_services()
        for line in order:
            assert take(to, line).refusal is None
        (location,) = resources(to, "Location")
        assert location["operationalStatus"]["code"] == "transporting"


def test_where_a_vehicle_drives_is_in_no_resource(services: Services) -> None:
    take(services, driving(1, "TP"), driving(2, "VERVOER"))

    with services.store.reading() as db:
        bodies = [bytes(body) for (body,) in db.rows("select body from resource", ())]
    assert bodies
    assert not any(b"52.0101" in body or b"position" in body for body in bodies)
    assert all("resourceType" in decode(body) for body in bodies)


@pytest.mark.parametrize(
    "end", [driving(9, "GEANNULEERD", reden="GEEN_VERVOER"), announced("R1", 9, bestemmingsstatus="KOMT_NIET")]
)
def test_who_does_not_come_is_not_expected(services: Services, end: dict[str, Any]) -> None:
    take(services, announced("R1", 1, bsn="999900043"))

    take(services, end)

    assert [task["status"] for task in resources(services, "Task")] == ["cancelled"]
    assert [request["status"] for request in resources(services, "ServiceRequest")] == ["revoked"]
    assert "999900043" not in str(resources(services, "Patient"))


def test_a_cancelled_ride_does_not_say_that_its_vehicle_is_free(services: Services) -> None:
    take(services, driving(1, "TP"), driving(2, "GEANNULEERD"))

    (location,) = resources(services, "Location")
    assert location["operationalStatus"]["code"] == "at-scene"


def test_a_provider_that_shares_capacity_sends_its_vehicles_only(services: Services) -> None:
    lines = [vehicle(1, "VRIJ_OP_POST"), announced("R1", 2, bsn="999900043"), driving(3, "GEANNULEERD")]

    ingested = take(services, *lines, provider="duinrand")

    assert [message.refusal is None for message in ingested.messages] == [True, False, True]
    assert [len([*resources(services, kind)]) for kind in ("Location", "Patient", "Task")] == [1, 0, 0]
