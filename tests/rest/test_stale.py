"""Stale is never free: whatever was said when, and whenever it is asked, no door shows a place as free of which the
word is stale; whether or not anybody noted it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.deliver.announce import Announcer
from gateway.deliver.capacity import Reading
from gateway.deliver.events import resource_of
from gateway.deliver.settling import settle
from gateway.errors import Issue
from gateway.notify.endpoints import Allowed
from gateway.notify.outward import Outward
from gateway.referral import ageing
from gateway.services import Services
from gateway.store.contents import figures
from gateway.store.queues import Delivery
from gateway.transact import Put, transact
from tests.conftest import NOW
from tests.deliver.telling import queue
from tests.exports import Clock, lines, manifest
from tests.referral.test_holds import request

Resource = dict[str, Any]
JSON = "application/fhir+json"
CALLER = development_caller()
EXTENSION = "https://msb-gateway.example/fhir/StructureDefinition/"
CARE = "https://msb-gateway.example/fhir/CodeSystem/care-type"


def slot(measured: datetime | None, id_: str = "s1", *, method: str = "automatic", **others: Any) -> Resource:
    """Return a place that is free, as its source said at a moment."""
    said = [{"url": f"{EXTENSION}capacity-source", "valueString": "dev"},
            {"url": f"{EXTENSION}capacity-method", "valueCode": method}]  # fmt: skip
    if measured is not None:
        said.append({"url": f"{EXTENSION}capacity-measured-at", "valueDateTime": measured.isoformat()})
    return {
        "resourceType": "Slot", "id": id_, "extension": said, "schedule": {"reference": "Schedule/x"}, "status": "free",
        "serviceType": [{"coding": [{"system": CARE, "code": "elv-laag"}]}],
        "start": "2026-01-05T08:00:00Z", "end": "2026-01-08T09:00:00Z", **others,
    }  # fmt: skip


def around() -> list[Resource]:
    """Return what refers to places, and what places refer to."""
    return [
        {"resourceType": "Location", "id": "l1", "status": "active", "name": "Kliniek", "mode": "instance"},
        {"resourceType": "Schedule", "id": "x", "actor": [{"reference": "Location/l1"}]},
        request(),
    ]


SEARCHES = (
    "/fhir/Slot", "/fhir/Slot?status=free", "/fhir/Slot?status=free,busy", "/fhir/Slot?status:not=busy",
    "/fhir/Slot?status:not=busy-unavailable", "/fhir/Slot?status=free&service-type=elv-laag",
    f"/fhir/Slot?status=free&service-type={CARE}|elv-laag", "/fhir/Slot?status=free&schedule=Schedule/x",
    "/fhir/Slot?status=free&schedule.actor=Location/l1", "/fhir/Slot?status=free&_sort=-start",
    "/fhir/Slot?status=free&_sort=_id", "/fhir/Slot?_id=s1", "/fhir/Slot?status=free&_total=accurate&_count=1",
    "/fhir/Slot?status=free&start=ge2026-01-01", "/fhir/Slot?status=free&_elements=status",
    "/fhir/Schedule?_revinclude=Slot:schedule", "/fhir/Schedule?_has:Slot:schedule:status=free",
    "/fhir/Location?_has:Schedule:actor:_has:Slot:schedule:status=free&_revinclude=Schedule:actor"
    "&_revinclude:iterate=Slot:schedule",
    "/fhir/Slot?status=free&_include=Slot:schedule", "/fhir/?_type=Slot,Schedule&_lastUpdated=gt2020-01-01",
    "/fhir/Location/l1/$everything", "/fhir/Slot?status=free&_summary=count",
)  # fmt: skip


class Doors:
    """Everything that tells of places, at a moment of the test."""

    def __init__(self, services: Services, clock: Clock) -> None:
        self.clock = clock
        self.to = replace(services, clock=clock)
        self.client: FlaskClient = create_app(self.to).test_client()

    def all(self) -> Iterator[tuple[str, Any]]:
        """Yield what is told at each door, with the name of the door."""
        for path in SEARCHES:
            yield path, self.client.get(path).get_json()
        entry = [{"request": {"method": "GET", "url": one.removeprefix("/fhir/")}} for one in SEARCHES[:3]]
        batch = {"resourceType": "Bundle", "type": "batch", "entry": [*entry, {"request": _GET}]}
        yield "batch", self.client.post("/fhir", json=batch, content_type=JSON).get_json()
        yield "notification", resource_of(TOLD, CALLER, self.to)
        yield "read", self.client.get("/fhir/Slot/s1").get_json()


_GET = {"method": "GET", "url": "Slot/s1"}
TOLD = Delivery("feed/x", 1, 0, "Slot/s1", 1, 1, "create", None, None, None, None, None, None)


def free(told: Any) -> list[Resource]:
    """Return the places that are told as free, wherever they stand."""
    if isinstance(told, list):
        return [found for one in told for found in free(one)]
    if not isinstance(told, dict):
        return []
    here = [told] if told.get("resourceType") == "Slot" and told.get("status") == "free" else []
    return here + [found for value in told.values() for found in free(value)]


def lies(doors: Doors) -> list[str]:
    """Return the doors that show a place, or a sign of one, as free."""
    found = []
    for name, told in doors.all():
        is_search = "status=free" in name and "," not in name
        if free(told) or (is_search and (told.get("entry") or told.get("total"))):
            found.append(name)
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doors(services: Services, clock: Clock) -> Doors:
    found = Doors(services, clock)
    transact([Put(one) for one in around()], CALLER, found.to)
    return found


def put(doors: Doors, resource: Resource) -> Any:
    return doors.client.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource, content_type=JSON)


def test_what_is_fresh_is_free_at_every_door(doors: Doors) -> None:
    put(doors, slot(NOW))

    assert all(free(told) or told.get("total") or told.get("entry") for _, told in doors.all())


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    before=st.integers(-90, 90), later=st.integers(0, 90), method=st.sampled_from(["automatic", "manual"]),
    is_noted=st.booleans(), is_said=st.booleans(),
)  # fmt: skip
def test_whatever_was_said_when_no_door_shows_a_stale_place_as_free(
    doors: Doors, *, before: int, later: int, method: str, is_noted: bool, is_said: bool
) -> None:
    doors.clock.now = NOW
    said = NOW - timedelta(minutes=before) if is_said else None
    assert put(doors, slot(said, method=method)).status_code in {200, 201}
    doors.clock.advance(minutes=later)
    is_ahead = is_said and before < -2
    counts = NOW if said is None or is_ahead else said
    limit = 720 if method == "manual" else 30
    if is_noted:
        ageing.note_due(doors.to)

    is_stale = doors.clock.now >= counts + timedelta(minutes=limit)
    assert bool(lies(doors)) != is_stale


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_place_gone_stale_is_told_as_that_and_keeps_its_word(doors: Doors, *, is_noted: bool) -> None:
    first = put(doors, slot(NOW, comment="raam"))
    doors.clock.advance(minutes=30)
    if is_noted:
        assert (ageing.note_due(doors.to), ageing.note_due(doors.to)) == (1, 0)

    answer = doors.client.get("/fhir/Slot/s1", headers={"If-None-Match": first.headers["ETag"]})
    told = answer.get_json()
    assert (answer.status_code, answer.headers["ETag"]) == (200, 'W/"2"')
    assert (told["status"], told["comment"], len(told["extension"])) == ("busy-unavailable", "raam", 4)
    assert told["extension"][-1]["extension"] == [
        {"url": "class", "valueCode": "verouderd"},
        {"url": "staleSince", "valueInstant": "2026-01-05T09:30:00.000+00:00"},
        {"url": "kind", "valueCode": "ehr"},
        {"url": "basis", "valueCode": "source"},
        {"url": "otherwise", "valueCode": "free"},
    ]
    assert doors.client.get("/fhir/Slot/s1/_history/1").get_json()["status"] == "free"  # history is history


def test_when_its_source_speaks_again_a_place_is_free_again(doors: Doors) -> None:
    put(doors, slot(NOW))
    doors.clock.advance(minutes=40)
    ageing.note_due(doors.to)
    assert put(doors, slot(NOW)).headers["ETag"] == 'W/"2"'  # the same word again is not a newer one

    put(doors, slot(doors.clock.now))

    assert [one["id"] for one in free(doors.client.get("/fhir/Slot?status=free").get_json())] == ["s1"]


def test_what_a_client_says_of_freshness_counts_for_nothing(doors: Doors) -> None:
    put(doors, slot(NOW))
    read = doors.client.get("/fhir/Slot/s1").get_json()
    mine = next(one for one in read["extension"] if one["url"].endswith("freshness"))
    mine["extension"][0]["valueInstant"] = "2030-01-01T00:00:00.000+00:00"
    doors.clock.advance(minutes=31)

    deep = {"url": "https://example.org/deep", "extension": [mine]}
    assert put(doors, {**read, "extension": [deep, *read["extension"]]}).status_code == 200
    assert lies(doors) == []


@pytest.mark.parametrize("is_noted", [True, False])
def test_a_stale_place_can_be_neither_held_nor_booked(doors: Doors, *, is_noted: bool) -> None:
    put(doors, slot(NOW))
    doors.clock.advance(minutes=31)
    if is_noted:
        ageing.note_due(doors.to)
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "request", "valueReference": {"reference": "ServiceRequest/r1"}}]}  # fmt: skip
    booking = {"resourceType": "Appointment", "status": "booked", "slot": [{"reference": "Slot/s1"}], "participant": [
        {"status": "accepted", "actor": {"display": "iemand"}}],
        "start": "2026-01-06T09:00:00Z", "end": "2026-01-06T10:00:00Z"}  # fmt: skip

    held = doors.client.post("/fhir/Slot/s1/$hold", json=asked, content_type=JSON)
    booked = doors.client.post("/fhir/Appointment", json=booking, content_type=JSON)

    assert (held.status_code, booked.status_code) == (409, 409)
    assert "too old" in held.get_json()["issue"][0]["diagnostics"]
    assert "too old" in booked.get_json()["issue"][0]["diagnostics"]


def test_a_hold_goes_on_though_the_word_below_it_becomes_stale_and_ends_in_a_stale_place(doors: Doors) -> None:
    put(doors, slot(NOW))
    asked = {"resourceType": "Parameters", "parameter": [
        {"name": "request", "valueReference": {"reference": "ServiceRequest/r1"}}]}  # fmt: skip
    put(doors, request(priority="urgent"))
    assert doors.client.post("/fhir/Slot/s1/$hold", json=asked, content_type=JSON).status_code == 200

    doors.clock.advance(minutes=40)
    assert doors.client.get("/fhir/Slot/s1").get_json()["status"] == "busy-tentative"
    doors.clock.advance(minutes=20)
    assert lies(doors) == []
    assert doors.client.get("/fhir/Slot/s1").get_json()["status"] == "busy-unavailable"


def test_where_nobody_says_when_the_time_of_receipt_counts_and_the_strictest_kind(doors: Doors) -> None:
    plain = slot(None)
    del plain["extension"]
    put(doors, plain)
    (said,) = doors.client.get("/fhir/Slot/s1").get_json()["extension"]

    assert [next(iter(list(one.values())[1:])) for one in said["extension"]] == [
        "2026-01-05T09:15:00.000+00:00", "2026-01-05T09:05:00.000+00:00", "unknown", "received",
        "2026-01-05T09:00:00.000+00:00",
    ]  # fmt: skip
    doors.clock.advance(minutes=15)
    assert lies(doors) == []


def test_a_whole_region_is_noted_some_at_a_time(doors: Doors) -> None:
    for first in range(0, 120, 60):
        transact([Put(slot(NOW, f"p{n}")) for n in range(first, first + 60)], CALLER, doors.to)
    doors.clock.advance(minutes=31)
    assert lies(doors) == []

    noted = [ageing.note_due(doors.to) for _ in range(4)]

    assert noted == [50, 50, 20, 0]
    assert figures(doors.to.store).resources["Slot"] == 120
    assert doors.client.get("/fhir/Slot?status=busy-unavailable&_summary=count").get_json()["total"] == 120


def test_a_subscriber_is_told_of_no_stale_place(doors: Doors) -> None:
    hook = {"resourceType": "Subscription", "id": "1", "status": "requested", "reason": "test",
            "criteria": "Slot?status=free",
            "channel": {"type": "rest-hook", "endpoint": "https://x.example/"}}  # fmt: skip
    to = replace(doors.to, outward=Outward(Allowed(frozenset({"https://x.example"}))))
    transact([Put(hook)], CALLER, to)
    settle("Subscription/1", "active", to, due=0)
    announcer = Announcer(to)
    while announcer.announce():
        pass
    put(doors, slot(NOW, "fresh"))
    while announcer.announce():
        pass
    told = queue(to, "Subscription/1").last
    put(doors, slot(NOW, "late"))
    doors.clock.advance(minutes=31)
    while announcer.announce():
        pass
    announcer.close()

    assert (told, queue(to, "Subscription/1").last) == (1, 1)


def test_an_export_tells_no_stale_place_as_free(doors: Doors) -> None:
    put(doors, slot(NOW))
    doors.clock.advance(minutes=31)
    listed = manifest(doors.client, doors.clock, "?_type=Slot")
    (line,) = lines(doors.client, listed)

    assert line["status"] == "busy-unavailable"


def test_onward_feeds_offer_no_stale_place(doors: Doors) -> None:
    place = slot(NOW)
    numbers = [{"url": "available", "valueDecimal": 2}, {"url": "occupied", "valueDecimal": 3}]
    place["extension"].append({"url": f"{EXTENSION}capacity-count", "extension": numbers})
    put(doors, place)
    doors.clock.advance(minutes=31)
    (line,) = Reading(CALLER, doors.to).lines([TOLD])

    assert (line["vrij"], line["aanbod"], line["actualiteit"]) == (None, "onbekend", "verouderd")
    assert (line["vrijGemeld"], line["bezet"]) == (2, 3)


def test_a_place_of_which_it_cannot_be_stored_keeps_no_other_waiting(
    doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    transact([Put(slot(NOW, id_)) for id_ in ("a", "b", "c")], CALLER, doors.to)
    doors.clock.advance(minutes=31)
    valid = doors.to.validator.issues

    def strict(resource: Resource) -> Any:
        return [Issue("invalid-resource", "no")] if resource.get("id") == "a" else valid(resource)

    monkeypatch.setattr(doors.to.validator, "issues", strict)

    assert [ageing.note_due(doors.to), ageing.note_due(doors.to)] == [2, 0]
    assert lies(doors) == []
