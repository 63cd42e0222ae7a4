"""Holds of places: who has one, for how long, and what ends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import Caller
from gateway.errors import Conflict, Forbidden, GatewayError, InvalidResource
from gateway.fhir.freshness import bare
from gateway.fhir.json import decode
from gateway.fhir.search import parse
from gateway.referral import holds
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Identity, open_store
from gateway.store.contents import figures
from gateway.store.verify import verify
from gateway.transact import ConditionalCreate, Delete, Patch, Put, transact
from gateway.transact.holds import live
from gateway.validation import Validator
from tests.conftest import LASTING, NOW, counted, library

Resource = dict[str, Any]
ZCC, VVT = Caller("00000001", "zcc"), Caller("41999901", "duinhof")
URL = "https://msb-gateway.example/fhir/StructureDefinition/slot-hold"


def slot(status: str = "free", id_: str = "s1", **others: Any) -> Resource:
    return {
        "resourceType": "Slot", "id": id_, "schedule": {"reference": "Schedule/x"}, "status": status,
        "start": "2026-01-05T09:00:00Z", "end": "2026-01-06T09:00:00Z", **others,
    }  # fmt: skip


def request(id_: str = "r1", status: str = "active", priority: str | None = "stat") -> Resource:
    return {
        "resourceType": "ServiceRequest", "id": id_, "status": status, "intent": "order",
        "subject": {"display": "iemand"}, **({"priority": priority} if priority else {}),
    }  # fmt: skip


def appointment(id_: str = "a1", status: str = "booked", based: str | None = "r1", slot_: str = "s1") -> Resource:
    on = {"basedOn": [{"reference": f"ServiceRequest/{based}"}]} if based else {}
    return {
        "resourceType": "Appointment", "id": id_, "status": status, "slot": [{"reference": f"Slot/{slot_}"}],
        "start": "2026-01-05T09:00:00Z", "end": "2026-01-06T09:00:00Z",
        "participant": [{"actor": {"display": "iemand"}, "status": "accepted"}], **on,
    }  # fmt: skip


@dataclass
class World:
    """A gateway whose clock is moved by the test."""

    services: Services
    passed: timedelta = timedelta(0)
    to: Services = field(init=False)

    def __post_init__(self) -> None:
        lasting = self.services.settings.freshness or LASTING
        settings = replace(self.services.settings, freshness=lasting)
        self.to = replace(self.services, clock=self.now, settings=settings)
        self.put(slot(), request(), request("r2", priority=None))

    def now(self) -> datetime:
        return NOW + self.passed

    def later(self, minutes: int) -> None:
        self.passed += timedelta(minutes=minutes)

    def put(self, *resources: Resource, caller: Caller = VVT) -> None:
        for resource in resources:
            transact([Put(resource)], caller, self.to)

    def hold(self, caller: Caller = ZCC, request: str = "r1", minutes: int | None = None) -> None:
        transact([holds.hold("s1", f"ServiceRequest/{request}", minutes, caller, self.to, None)], caller, self.to)

    def extend(self, caller: Caller = ZCC, reason: str = "awaiting-transport") -> None:
        transact([holds.extend("s1", reason, caller, self.to, None)], caller, self.to)

    def release(self, caller: Caller = ZCC) -> None:
        transact([holds.release("s1", caller, self.to, None)], caller, self.to)

    def slot(self, version: int | None = None) -> Resource:
        identity = Identity("Slot", "s1")
        stored = self.to.store.vread(identity, version) if version else self.to.store.read(identity)
        assert stored is not None
        return bare(decode(stored.body)) if stored.body else {}

    @property
    def status(self) -> str:
        return str(self.slot().get("status"))

    def said(self) -> Resource:
        """Return the parts of the hold that the Slot tells of, by name."""
        (found,) = [one for one in self.slot().get("extension", ()) if one["url"] == URL]
        return {one["url"]: next(v for k, v in one.items() if k != "url") for one in found["extension"]}

    def letters(self) -> list[Resource]:
        with self.to.store.reading() as db:
            return [decode(bytes(body)) for (body,) in db.rows(
                "select r.body from resource r join current c on c.key = r.key and c.version = r.version"
                " where c.type = 'Communication' order by c.key"
            )]  # fmt: skip


@pytest.fixture
def world(services: Services) -> World:
    return World(services)


def refused(work: Callable[[], object], error: type[GatewayError], code: str) -> str:
    with pytest.raises(error) as caught:
        work()
    assert [issue.code for issue in caught.value.issues] == [code]
    return str(caught.value)


def test_a_held_place_says_by_whom_until_when_and_for_what(world: World) -> None:
    world.hold()

    assert world.status == "busy-tentative"
    assert world.said() == {
        "until": "2026-01-05T09:15:00.000+00:00",
        "by": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"},
        "request": {"reference": "ServiceRequest/r1"},
        "otherwise": "free",
    }
    assert [issue for issue in Validator().issues(world.slot()) if issue.severity == "error"] == []


@pytest.mark.parametrize(
    ("minutes", "request_", "until"), [(None, "r1", "09:15"), (5, "r1", "09:05"), (None, "r2", "13:00")]
)
def test_the_table_says_for_how_long_by_urgency_unless_less_is_asked(
    world: World, minutes: int | None, request_: str, until: str
) -> None:
    world.hold(request=request_, minutes=minutes)

    assert world.said()["until"] == f"2026-01-05T{until}:00.000+00:00"


def test_no_longer_than_the_table_says(world: World) -> None:
    text = refused(lambda: world.hold(minutes=16), InvalidResource, "hold-too-long")

    assert "at most 15 minutes" in text
    assert "Netwerk Acute Zorg West" in text
    assert world.status == "free"


def test_who_has_a_hold_may_ask_it_again_and_nothing_changes(world: World) -> None:
    world.hold()
    world.later(5)
    world.hold()

    assert world.slot()["meta"]["versionId"] == "2"


@pytest.mark.parametrize(("caller", "request_"), [(VVT, "r1"), (ZCC, "r2"), (VVT, "r2")])
def test_a_held_place_is_held_for_no_other_and_who_asks_is_not_told_for_whom(
    world: World, caller: Caller, request_: str
) -> None:
    world.hold()

    text = refused(lambda: world.hold(caller, request_), Conflict, "slot-held")

    assert "2026-01-05T09:15" in text
    assert "00000001" not in text
    assert "r1" not in text


@pytest.mark.parametrize("status", ["busy", "busy-unavailable", "busy-tentative", "entered-in-error"])
def test_what_is_not_certainly_free_is_not_held(world: World, status: str) -> None:
    world.put(slot(status))

    refused(world.hold, Conflict, "slot-not-free")


def test_what_is_stale_is_not_held(world: World) -> None:
    world.later(24 * 60)

    refused(world.hold, Conflict, "slot-not-free")


def test_what_an_appointment_has_is_not_held_though_its_source_calls_it_free(world: World) -> None:
    world.put(appointment())
    world.put(slot())

    refused(world.hold, Conflict, "slot-not-free")


def test_a_place_is_held_for_a_request_that_is_here_and_has_not_ended(world: World) -> None:
    world.put(request("r3", "revoked"))

    refused(lambda: world.hold(request="nobody"), InvalidResource, "request-unknown")
    refused(lambda: world.hold(request="r3"), Conflict, "request-ended")
    blind = Caller("1", "blind", types=frozenset({"Slot"}))
    refused(lambda: world.hold(blind), Forbidden, "forbidden")


# ---- longer, and back


def test_a_hold_is_extended_once_with_a_reason(world: World) -> None:
    world.hold()
    world.later(10)
    world.extend()

    assert (world.said()["until"], world.said()["extended"]) == ("2026-01-05T09:30:00.000+00:00", "awaiting-transport")
    assert "09:30" in refused(world.extend, Conflict, "hold-extended")
    refused(lambda: world.extend(reason="zomaar"), GatewayError, "bad-value")


def test_only_who_holds_a_place_extends_or_releases_it(world: World) -> None:
    world.hold()

    for work in (lambda: world.extend(VVT), lambda: world.release(VVT)):
        assert "00000001" not in refused(work, Forbidden, "hold-not-yours")
    assert world.status == "busy-tentative"


def test_a_released_place_is_free_and_says_how_its_hold_ended(world: World) -> None:
    world.hold()
    world.later(3)
    world.release()

    assert world.status == "free"
    assert (world.said()["ended"], world.said()["endedAt"]) == ("released", "2026-01-05T09:03:00.000+00:00")
    assert world.letters() == []  # who held it knows
    refused(world.release, Conflict, "hold-ended")
    world.hold(VVT, "r2")
    assert world.said()["by"]["value"] == "41999901"


# ---- the end by itself


def test_a_hold_ends_at_its_time_once_and_its_holder_is_told(world: World) -> None:
    world.hold()
    world.later(14)
    assert holds.end_due(world.to) == 0
    world.later(1)

    assert holds.end_due(world.to) == 1
    assert holds.end_due(world.to) == 0

    assert world.status == "free"
    assert world.said()["ended"] == "expired"
    assert world.slot()["meta"]["versionId"] == "3"
    (letter,) = world.letters()
    assert letter["basedOn"] == [{"reference": "ServiceRequest/r1"}]
    assert letter["category"][0]["coding"][0]["code"] == "expired"
    assert letter["recipient"][0]["identifier"]["value"] == "00000001"
    assert [issue for issue in Validator().issues(letter) if issue.severity == "error"] == []


def test_a_hold_whose_time_has_passed_keeps_nobody_waiting_though_nothing_ended_it(world: World) -> None:
    world.hold()
    world.later(15)
    refused(world.extend, Conflict, "hold-ended")
    refused(world.release, Conflict, "hold-ended")

    world.hold(VVT, "r2")

    ended = [live({"extension": [one]}) for one in world.slot()["extension"]]
    assert [one and one.request for one in ended] == [None, "ServiceRequest/r2"]
    assert [letter["category"][0]["coding"][0]["code"] for letter in world.letters()] == ["expired"]


def test_an_end_is_told_once_though_the_hold_that_came_after_it_is_asked_again(world: World) -> None:
    world.hold()
    world.later(15)
    world.hold()
    world.hold()

    assert len(world.letters()) == 1
    assert world.slot()["meta"]["versionId"] == "3"


def test_who_reads_is_answered_though_nothing_can_be_written_and_waits_for_that_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.sqlite"
    with closing(open_store(url, patience=0.5)) as store, closing(open_store(url)) as busy:
        world = World(Services(Settings(database=url), store, Validator(), library(), lambda: NOW, counted()))
        world.hold()
        world.later(15)
        with busy.changing():
            holds.end_before_look(world.to)
            begun = time.monotonic()
            holds.end_before_look(world.to)
            assert time.monotonic() - begun < 0.25
            assert world.status == "busy-tentative"
        world.later(1)
        holds.end_before_look(world.to)
        assert world.status == "free"


def test_how_a_hold_ended_is_told_until_something_else_changes(world: World) -> None:
    world.hold()
    world.release()
    world.put(slot())
    assert (world.slot()["meta"]["versionId"], world.said()["ended"]) == ("3", "released")

    world.put(slot(comment="nieuw"))
    assert "extension" not in world.slot()


# ---- what its source says meanwhile


@pytest.mark.parametrize("said", ["free", "busy-tentative"])
def test_a_source_that_says_free_or_reserved_does_not_end_a_hold(world: World, said: str) -> None:
    world.hold()
    world.put(slot(said, comment="nog steeds"))

    assert (world.status, world.said()["otherwise"], world.slot()["comment"]) == ("busy-tentative", said, "nog steeds")
    world.release()
    assert world.status == said


@pytest.mark.parametrize("said", ["busy", "busy-unavailable", "entered-in-error"])
def test_a_source_that_says_taken_wins_and_both_are_told(world: World, said: str) -> None:
    world.hold()

    (outcome,) = transact([Put(slot(said))], VVT, world.to)

    assert (world.status, world.said()["ended"]) == (said, "overruled")
    assert [issue.code for issue in outcome.issues if issue.code != "bad-reference"] == ["hold-overruled"]
    (letter,) = world.letters()
    assert (letter["category"][0]["coding"][0]["code"], letter["about"]) == ("overruled", [{"reference": "Slot/s1"}])
    refused(world.release, Conflict, "hold-ended")


def test_a_conditional_create_that_finds_a_held_place_says_nothing_of_it(world: World) -> None:
    world.hold()
    wanted = {name: value for name, value in slot("busy").items() if name != "id"}

    (outcome,) = transact([ConditionalCreate(wanted, "schedule=Schedule/x")], VVT, world.to)

    assert (outcome.status, world.status, world.letters()) == ("unchanged", "busy-tentative", [])


def test_a_place_that_is_deleted_is_held_no_longer(world: World) -> None:
    world.hold()
    transact([Delete("Slot", "s1")], VVT, world.to)

    assert [letter["category"][0]["coding"][0]["code"] for letter in world.letters()] == ["overruled"]
    world.later(15)
    assert holds.end_due(world.to) == 0


def test_who_reads_a_held_place_may_write_it_back_but_makes_no_hold(world: World) -> None:
    world.hold()
    read = world.slot()
    world.put({**read, "comment": "gelezen en teruggeschreven"})
    assert (world.status, world.said()["otherwise"]) == ("busy-tentative", "free")

    world.release()
    refused(lambda: world.put(read), Conflict, "hold-changed")
    forged = {**slot(id_="s2", status="busy-tentative"), "extension": read["extension"]}
    refused(lambda: world.put(forged), Conflict, "hold-changed")


def test_a_patch_of_a_held_place_leaves_the_hold(world: World) -> None:
    world.hold()
    transact([Patch("Slot", "s1", lambda one: {**one, "comment": "x"})], VVT, world.to)
    assert (world.status, world.slot()["comment"]) == ("busy-tentative", "x")

    def freed(one: Resource) -> Resource:
        return {name: value for name, value in one.items() if name != "extension"} | {"status": "free"}

    transact([Patch("Slot", "s1", freed)], VVT, world.to)
    assert world.status == "busy-tentative"


# ---- booking


def test_who_holds_a_place_books_it_for_that_request(world: World) -> None:
    world.hold()
    world.put(appointment(), caller=ZCC)

    assert (world.status, world.said()["ended"]) == ("busy", "booked")
    assert world.letters() == []


@pytest.mark.parametrize(("caller", "based"), [(VVT, "r1"), (ZCC, "r2"), (ZCC, None)])
def test_nobody_else_books_it_and_nothing_else_than_that_request(
    world: World, caller: Caller, based: str | None
) -> None:
    world.hold()

    refused(lambda: world.put(appointment(based=based), caller=caller), Conflict, "slot-held")
    assert world.status == "busy-tentative"


def test_after_its_time_anybody_books_it(world: World) -> None:
    world.hold()
    world.later(15)
    world.put(appointment(based="r2"))

    assert (world.status, world.said()["ended"]) == ("busy", "expired")
    assert len(world.letters()) == 1


def test_after_all_of_it_everything_agrees(world: World) -> None:
    world.hold()
    world.extend()
    world.put(slot(comment="x"))
    world.put(appointment(), caller=ZCC)

    assert list(verify(world.to.store, world.to.settings.base_url)) == []
    assert figures(world.to.store).broken == []


def test_who_does_not_see_a_place_ends_no_hold_of_it_by_deleting_it(world: World) -> None:
    world.hold()
    condition = parse("Slot", [("status", "entered-in-error")]).conditions[0]
    blind = Caller("41999902", "elders", conditions={"Slot": condition})

    transact([Delete("Slot", "s1")], blind, world.to)

    assert (world.status, world.said()["request"]) == ("busy-tentative", {"reference": "ServiceRequest/r1"})
    assert world.letters() == []
