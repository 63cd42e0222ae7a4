"""What the policy lets a partner do with each resource: its own as it likes, another's as far as a rule says."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import Forbidden, GatewayError, ResourceNotFound
from gateway.fhir.json import decode
from gateway.referral import holds
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalPut, Create, Delete, Operation, Patch, Put, transact
from tests.policy_world import HOME, HOSPITAL, INSURER, asking, does, organisation, patient, peopled, request, task

PLACE = {"resourceType": "Location", "status": "active", "name": "Spoed"}


@pytest.fixture
def world(services: Services) -> Services:
    to = peopled(services)
    for resource in (patient(), request(), {**PLACE, "id": "l"}):
        does(HOSPITAL, Put(resource), to)
    return to


def stored(to: Services, type_: str, id_: str) -> Any:
    found = to.store.read(Identity(type_, id_))
    return decode(found.body) if found and not found.deleted else None


def test_ones_own_is_made_changed_and_deleted(world: Services) -> None:
    for op, status in (
        (Put({**PLACE, "id": "m"}), "created"),
        (Put({**PLACE, "id": "m", "name": "SEH"}), "updated"),
        (Patch("Location", "m", lambda found: found | {"name": "IC"}), "updated"),
        (Delete("Location", "m"), "deleted"),
    ):
        assert does(HOME, op, world).status == status


@pytest.mark.parametrize(
    ("op", "error"),
    [
        (Put({**PLACE, "id": "l", "name": "SEH"}), Forbidden),
        (Put({**PLACE, "id": "l"}), Forbidden),  # it would change nothing, and that is not told either
        (Delete("Location", "l"), Forbidden),
        (Patch("Location", "l", lambda found: found | {"name": "SEH"}), Forbidden),
        (ConditionalPut({**PLACE, "name": "SEH"}, "name=Spoed"), Forbidden),
        (Put(patient()), Forbidden),
        (Patch("Patient", "p", lambda found: found | {"gender": "male"}), ResourceNotFound),
    ],
)
def test_what_is_anothers_is_not_changed(world: Services, op: Operation, error: type[GatewayError]) -> None:
    before = [stored(world, "Location", "l"), stored(world, "Patient", "p")]

    with pytest.raises(error):
        transact([Put({**PLACE, "id": "m"}), op], asking(HOME, world), world)

    assert [stored(world, "Location", "l"), stored(world, "Patient", "p")] == before
    assert stored(world, "Location", "m") is None  # all or nothing


def test_deleting_what_is_not_seen_deletes_nothing(world: Services) -> None:
    assert does(HOME, Delete("Patient", "p"), world).status == "unchanged"

    assert stored(world, "Patient", "p") is not None


def test_each_entry_that_may_not_is_named(world: Services) -> None:
    ops = [Put({**PLACE, "id": "l"}), Put({**PLACE, "id": "m"}), Put(patient())]

    with pytest.raises(Forbidden) as refused:
        transact(ops, asking(HOME, world), world)

    assert [issue.expression for issue in refused.value.issues] == [
        "Bundle.entry[0].request",
        "Bundle.entry[2].request",
    ]


def test_who_only_counts_makes_nothing(world: Services) -> None:
    for op in (Create(PLACE), Put({**PLACE, "id": "new"}), Create(patient("x"))):
        with pytest.raises(Forbidden):
            does(INSURER, op, world)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"status": "accepted"}, True),
        ({"status": "accepted", "note": [{"text": "plek vanaf 14 uur"}]}, True),
        ({"owner": organisation(HOSPITAL)}, False),
        ({"status": "accepted", "focus": {"reference": "ServiceRequest/r2"}}, False),
        ({"for": {"reference": "Patient/p"}}, False),
        ({"meta": {"tag": [{"system": "http://example.org", "code": "x"}]}}, False),
        ({"_status": {"extension": [{"url": "http://example.org/x", "valueString": "x"}]}}, True),
    ],
)
def test_who_a_task_is_addressed_to_answers_it_and_no_more(
    world: Services, change: dict[str, Any], allowed: bool
) -> None:
    does(HOSPITAL, Put(task(organisation(HOME))), world)

    if allowed:
        assert does(HOME, Patch("Task", "t", lambda found: found | change), world).status == "updated"
        return
    with pytest.raises(Forbidden, match="status"):
        does(HOME, Patch("Task", "t", lambda found: found | change), world)


def test_who_it_is_addressed_to_does_not_delete_it(world: Services) -> None:
    does(HOSPITAL, Put(task(organisation(HOME))), world)

    with pytest.raises(Forbidden):
        does(HOME, Delete("Task", "t"), world)


def test_a_place_that_is_seen_is_held_and_not_changed(world: Services) -> None:
    schedule = {"resourceType": "Schedule", "id": "s", "active": True, "actor": [{"reference": "Location/home"}]}
    slot = {
        "resourceType": "Slot",
        "id": "s",
        "schedule": {"reference": "Schedule/s"},
        "status": "free",
        "start": "2026-01-05T12:00:00+01:00",
        "end": "2026-01-06T12:00:00+01:00",
    }
    for resource in ({**PLACE, "id": "home"}, schedule, slot):
        does(HOME, Put(resource), world)

    caller = asking(HOSPITAL, world)
    transact([holds.hold("s", "ServiceRequest/r", None, caller, world, None)], caller, world)
    held = stored(world, "Slot", "s")
    assert held["status"] == "busy-tentative"
    assert [one["code"] for one in held["meta"]["security"]] == [HOME.ura]

    with pytest.raises(Forbidden):
        does(HOSPITAL, Patch("Slot", "s", lambda found: found | {"status": "busy"}), world)
    transact([holds.release("s", caller, world, None)], caller, world)
    assert stored(world, "Slot", "s")["status"] == "free"


def test_nobody_holds_a_place_for_a_request_it_does_not_see(world: Services) -> None:
    with pytest.raises(GatewayError, match="ServiceRequest"):
        holds.hold("s", "ServiceRequest/r", None, asking(HOME, world), world, None)
