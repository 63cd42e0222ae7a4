"""What a feed says of a place that is held: what is taken wins, in whatever order it comes, and free takes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.ingest import Taken, ingest
from gateway.referral import holds
from gateway.services import Services
from gateway.store import Identity
from gateway.store.contents import figures
from gateway.transact import Patch, Put, transact
from tests.conftest import NOW
from tests.messages import bed_list, bed_message, bed_row
from tests.order.histories import Told
from tests.order.hospital import START
from tests.order.test_order import resources
from tests.referral.test_holds import ZCC, request, slot

CALLER = development_caller()
_TEN = (NOW.replace(tzinfo=None) + timedelta(hours=1) - START) / timedelta(minutes=1)  # as the hospital counts minutes


class Ward:
    """A ward of which a feed tells, at times of the test."""

    def __init__(self, services: Services) -> None:
        self.at = NOW
        self.to = replace(services, clock=self.clock)
        transact([Put(request())], CALLER, self.to)
        self.number = 0

    def clock(self) -> datetime:
        return self.at

    def at_minute(self, minute: int) -> None:
        self.at = NOW + timedelta(minutes=minute)

    def says(self, state: str, minute: int) -> Taken:
        """Take in the state of the bed as of a minute, whenever it is now."""
        self.number += 1
        said = (NOW + timedelta(hours=1, minutes=minute)).strftime("%Y%m%d%H%M%S")  # in Dutch time
        message = bed_message(f"A20-{self.number}", state=state, at=said).replace(
            b"20260105100000||ADT", said.encode() + b"||ADT"
        )
        return self.takes(message)

    def takes(self, data: bytes) -> Taken:
        (taken,) = ingest(data, provider="dev", content_type=None, caller=CALLER, to=self.to).messages
        assert taken.refusal is None, taken.issues
        return taken

    @property
    def slot(self) -> dict[str, Any]:
        (found,) = resources(self.to, "Slot")
        return found

    @property
    def bed(self) -> str:
        (found,) = [one for one in resources(self.to, "Location") if one.get("operationalStatus")]
        return str(found["operationalStatus"]["code"])

    def hold(self) -> None:
        transact([holds.hold(self.slot["id"], "ServiceRequest/r1", None, ZCC, self.to, None)], ZCC, self.to)

    def letters(self) -> list[str]:
        return [one["category"][0]["coding"][0]["code"] for one in resources(self.to, "Communication")]


@pytest.fixture
def ward(services: Services) -> Ward:
    made = Ward(services)
    made.says("U", 0)
    return made


def codes(taken: Taken) -> set[str]:
    return {issue.code for issue in taken.issues}


@pytest.mark.parametrize("state", ["O", "C", "K", "H"])
def test_a_bed_that_is_not_free_ends_its_hold_and_the_feed_is_told(ward: Ward, state: str) -> None:
    ward.at_minute(5)
    ward.hold()
    ward.at_minute(6)

    taken = ward.says(state, 6)

    assert ward.bed == state
    assert ward.slot["status"] in {"busy", "busy-unavailable"}
    assert "hold-overruled" in codes(taken)
    assert ward.letters() == ["overruled"]


def test_what_was_seen_before_the_hold_and_told_after_it_wins_too(ward: Ward) -> None:
    ward.at_minute(5)
    ward.hold()
    ward.at_minute(6)

    taken = ward.says("O", 4)  # newer than what is known of the bed, older than the hold

    assert "older-than-known" not in codes(taken)
    assert (ward.bed, ward.slot["status"], ward.letters()) == ("O", "busy", ["overruled"])


def test_what_is_older_than_what_is_known_of_the_bed_takes_nothing(ward: Ward) -> None:
    ward.at_minute(5)
    ward.says("U", 3)
    ward.hold()

    assert "older-than-known" in codes(ward.says("O", 1))
    assert (ward.bed, ward.slot["status"], ward.letters()) == ("U", "busy-tentative", [])


def test_a_feed_that_says_free_again_and_again_loses_no_hold_and_makes_no_version(ward: Ward) -> None:
    ward.at_minute(5)
    ward.hold()
    version = ward.slot["meta"]["versionId"]

    for minute in range(6, 10):
        ward.at_minute(minute)
        ward.takes(bed_message(f"again-{minute}", state="U"))

    assert (ward.slot["status"], ward.slot["meta"]["versionId"]) == ("busy-tentative", version)
    ward.says("U", 10)
    assert ward.slot["status"] == "busy-tentative"
    transact([holds.release(ward.slot["id"], ZCC, ward.to, None)], ZCC, ward.to)
    assert ward.slot["status"] == "free"


def test_a_hold_that_has_ended_by_itself_leaves_the_bed_as_its_feed_has_it(ward: Ward) -> None:
    ward.at_minute(5)
    ward.hold()
    ward.says("U", 6)
    ward.at_minute(20)

    assert holds.end_due(ward.to) == 1
    assert (ward.bed, ward.slot["status"], ward.letters()) == ("U", "free", ["expired"])
    ward.says("O", 21)
    assert (ward.bed, ward.slot["status"]) == ("O", "busy")


def test_somebody_who_is_laid_in_a_held_bed_ends_the_hold(services: Services) -> None:
    ward = Ward(services)
    ward.takes(Told("A20", _TEN, "U", "A").written(1))
    ward.at_minute(5)
    held = ward.slot["id"]
    ward.hold()

    ward.takes(Told("A01", _TEN + 6, "V1", "A").written(1))

    (slot,) = [one for one in resources(ward.to, "Slot") if one["id"] == held]
    assert (slot["status"], ward.letters()) == ("busy", ["overruled"])


def test_a_bed_that_a_list_does_not_name_any_more_is_held_no_longer(ward: Ward) -> None:
    ward.at_minute(5)
    ward.hold()
    before = ward.slot["id"]
    transact([Patch("Slot", before, lambda one: {**one, "status": "busy-unavailable"})], CALLER, ward.to)
    assert ward.letters() == ["overruled"]


@pytest.mark.parametrize(("state", "status", "told"), [
    ("VRIJ", "busy-tentative", []), ("GERESERVEERD", "busy-tentative", []), ("BEZET", "busy", ["overruled"]),
    ("GESLOTEN", "busy-unavailable", ["overruled"]),
])  # fmt: skip
def test_a_bed_list_says_it_of_many_at_once(services: Services, state: str, status: str, told: list[str]) -> None:
    ward = Ward(services)
    ward.takes(bed_list([bed_row("1")]))
    ward.at_minute(5)
    ward.hold()
    ward.at_minute(6)

    ward.takes(bed_list([bed_row("1", state)]).replace(b"10:00", b"10:06"))

    assert (ward.slot["status"], ward.letters()) == (status, told)
    assert figures(ward.to.store).broken == []


def test_a_source_that_keeps_its_own_reservation_keeps_it_after_the_hold(services: Services) -> None:
    ward = Ward(services)
    ward.takes(bed_list([bed_row("1")]))
    ward.at_minute(5)
    ward.hold()
    ward.takes(bed_list([bed_row("1", "GERESERVEERD")]).replace(b"10:00", b"10:05"))
    ward.at_minute(20)

    assert holds.end_due(ward.to) == 1
    assert ward.slot["status"] == "busy-tentative"  # by its source, and no longer by us
    assert ward.letters() == ["expired"]


def test_each_version_of_a_held_bed_says_when_what_its_feed_said_was_so(ward: Ward) -> None:
    ward.at_minute(5)
    known: Callable[[], list[Any]] = lambda: ward.slot["extension"][:4]  # noqa: E731 - said twice
    before = known()
    ward.hold()
    assert known() == before
    stored = ward.to.store.read(Identity("Slot", ward.slot["id"]))
    assert stored is not None
    assert decode(stored.body)["status"] == "busy-tentative"
    assert slot()["status"] == "free"
