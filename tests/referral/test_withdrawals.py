"""A place is held no longer than there is a request for it: who withdraws the request gives the place back with it."""

from __future__ import annotations

import pytest

from gateway.access.policy import development_caller
from gateway.data import shipped
from gateway.errors import Conflict
from gateway.ingest import ingest
from gateway.referral import holds
from gateway.transact import Create, Delete, Operation, Patch, Put, transact
from gateway.transact.holds import live
from tests.order.test_order import resources
from tests.referral.test_holds import VVT, ZCC, World, refused, request, slot
from tests.referral.test_holds import world as world  # noqa: PLC0414 - a fixture

WAYS: dict[str, Operation] = {
    "revoked": Put(request(status="revoked")),
    "in error": Put(request(status="entered-in-error")),
    "by a patch": Patch("ServiceRequest", "r1", lambda found: found | {"status": "revoked"}),
    "deleted": Delete("ServiceRequest", "r1"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_request_that_is_withdrawn_gives_its_place_back_in_that_commit(world: World, way: str) -> None:
    world.hold()
    before = audited(world)

    transact([WAYS[way]], VVT, world.to)

    assert (world.status, world.said()["ended"]) == ("free", "withdrawn")
    assert audited(world) == before + 1
    (letter,) = world.letters()
    assert letter["category"][0]["coding"][0]["code"] == "withdrawn"
    assert letter["recipient"][0]["identifier"]["value"] == ZCC.organisation


def audited(world: World) -> int:
    with world.to.store.reading() as db:
        ((number,),) = db.rows("select count(*) from audit")
    return int(number)


def test_who_holds_a_place_and_withdraws_the_request_is_not_told_what_it_did(world: World) -> None:
    world.hold()
    transact([Put(request(status="revoked"))], ZCC, world.to)

    assert (world.status, world.letters()) == ("free", [])


def test_every_place_that_is_held_for_it_is_given_back_and_no_other(world: World) -> None:
    world.put(slot(id_="s2"), slot(id_="s3"))
    for place, wanted in (("s1", "r1"), ("s2", "r1"), ("s3", "r2")):
        transact([holds.hold(place, f"ServiceRequest/{wanted}", None, ZCC, world.to, None)], ZCC, world.to)

    transact([Put(request(status="revoked"))], VVT, world.to)

    assert {one["id"]: one["status"] for one in resources(world.to, "Slot")} == {
        "s1": "free",
        "s2": "free",
        "s3": "busy-tentative",
    }


@pytest.mark.parametrize("status", ["active", "on-hold", "completed"])
def test_any_other_state_of_the_request_leaves_the_place(world: World, status: str) -> None:
    world.hold()
    world.put(request(status=status))

    assert world.status == "busy-tentative"


def test_what_the_place_is_otherwise_it_becomes(world: World) -> None:
    world.hold()
    world.put(slot("busy-tentative"))
    transact([Delete("ServiceRequest", "r1")], VVT, world.to)

    assert (world.status, live(world.slot())) == ("busy-tentative", None)


def test_a_place_that_is_written_beside_it_is_given_back_too(world: World) -> None:
    world.hold()
    transact([Put(request(status="revoked")), Put(slot(comment="x"))], VVT, world.to)

    assert (world.status, world.slot()["comment"], world.said()["ended"]) == ("free", "x", "withdrawn")


def test_a_hold_whose_time_had_passed_then_has_expired(world: World) -> None:
    world.hold()
    world.later(15)
    transact([Put(request(status="revoked"))], VVT, world.to)

    assert (world.status, world.said()["ended"]) == ("free", "expired")


def test_no_hold_begins_for_a_request_that_ended_since_it_was_looked_at(world: World) -> None:
    op = holds.hold("s1", "ServiceRequest/r1", None, ZCC, world.to, None)  # which looks at the request
    world.put(request(status="revoked"))

    refused(lambda: transact([op], ZCC, world.to), Conflict, "request-ended")
    assert world.status == "free"


def test_many_requests_at_once_give_their_places_back(world: World) -> None:
    """More than a transaction takes a turn of each of."""
    world.hold()
    many = [Create(request(f"x{n}", status="revoked")) for n in range(300)]
    transact([*many, Put(request(status="revoked"))], VVT, world.to)

    assert world.status == "free"


MESSAGES = shipped("mappings") / "hl7v2" / "ref_i12_referral" / "cases"


def message(name: str, day: int) -> bytes:
    """Return a message of a day of January, before the test's own."""
    said = (MESSAGES / f"good-{name}.hl7").read_bytes().replace(b"|P|2.5.1", b"%d|P|2.5.1" % day, 1)
    return said.replace(b"20260901104000+0200", b"2026010%d104000+0100" % day, 1)


@pytest.mark.parametrize(("days", "status"), [((2, 3), "free"), ((4, 3), "busy-tentative")])
def test_a_message_that_cancels_it_gives_the_place_back_unless_something_newer_is_known(
    world: World, days: tuple[int, int], status: str
) -> None:
    asked, cancelled = days
    takes(message("pending", asked), world)
    (name,) = [one["id"] for one in resources(world.to, "ServiceRequest") if one["id"] not in {"r1", "r2"}]
    world.hold(request=name)

    takes(message("i14-the-pending-one", cancelled), world)

    assert world.status == status


def takes(data: bytes, world: World) -> None:
    (taken,) = ingest(data, provider="dev", content_type=None, caller=development_caller(), to=world.to).messages
    assert taken.refusal is None, taken.issues
