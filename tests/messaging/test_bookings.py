"""Bookings as messages: a Slot is had by one, and only when it is certainly free."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.app import create_app
from gateway.cli.replaying import take_again
from gateway.services import Services
from gateway.store import inbox
from tests.conftest import NOW
from tests.messaging import made
from tests.messaging.made import JSON, booking, errors, found, put, send, slot

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


def status_of(client: FlaskClient, id_: str) -> str:
    return str(client.get(f"/fhir/Slot/{id_}").get_json()["status"])


def test_a_booking_takes_its_slot(client: FlaskClient) -> None:
    put(client, slot("s1"))

    response = send(client, booking("m1", "s1"))

    assert response.status_code == 200
    (appointment,) = found(client, "Appointment")
    assert (appointment["status"], appointment["slot"]) == ("booked", [{"reference": "Slot/s1"}])
    assert status_of(client, "s1") == "busy"


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("pending", "busy-tentative"), ("booked", "busy"), ("proposed", "free"), ("waitlist", "free")],
)
def test_what_a_slot_becomes_follows_from_the_appointment(client: FlaskClient, status: str, becomes: str) -> None:
    put(client, slot("s1"))
    times = {"start": None, "end": None} if status in {"proposed", "waitlist"} else {}

    sent = booking("m1", "s1", status=status)
    for name in times:
        del sent["entry"][1]["resource"][name]

    assert send(client, sent).status_code == 200
    assert status_of(client, "s1") == becomes


@pytest.mark.parametrize("status", ["busy", "busy-unavailable", "busy-tentative", "entered-in-error"])
def test_a_slot_that_is_not_free_cannot_be_had(client: FlaskClient, status: str) -> None:
    put(client, slot("s1", status))

    response = send(client, booking("m1", "s1"))

    assert response.status_code == 409
    assert errors(response) == [("slot-not-free", "Bundle.entry[1].resource.slot[0]")]
    assert found(client, "Appointment") == found(client, "Patient") == []
    assert status_of(client, "s1") == status


def test_a_slot_whose_time_has_passed_is_stale_and_cannot_be_had(client: FlaskClient) -> None:
    put(client, slot("s1", start="2026-01-05T09:00:00+01:00", end="2026-01-05T10:00:00+01:00"))  # it is ten

    response = send(client, booking("m1", "s1"))

    assert (response.status_code, errors(response)) == (409, [("slot-not-free", "Bundle.entry[1].resource.slot[0]")])


def test_a_slot_that_is_not_known_cannot_be_had(client: FlaskClient) -> None:
    response = send(client, booking("m1", "s1"))

    assert (response.status_code, errors(response)) == (422, [("slot-unknown", "Bundle.entry[1].resource.slot[0]")])


def test_a_slot_that_was_deleted_cannot_be_had(client: FlaskClient) -> None:
    put(client, slot("s1"))
    client.delete("/fhir/Slot/s1")

    assert errors(send(client, booking("m1", "s1"))) == [("slot-unknown", "Bundle.entry[1].resource.slot[0]")]


def test_of_two_slots_both_are_had_or_none(client: FlaskClient) -> None:
    put(client, slot("s1"))
    put(client, slot("s2", "busy"))

    response = send(client, booking("m1", "s1", "s2"))

    assert errors(response) == [("slot-not-free", "Bundle.entry[1].resource.slot[1]")]
    assert status_of(client, "s1") == "free"


def test_a_slot_that_another_booking_holds_cannot_be_had_though_its_owner_calls_it_free(client: FlaskClient) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))
    put(client, slot("s1"))  # its owner does not know of the booking

    response = send(client, booking("m2", "s1", number="2"))

    assert errors(response) == [("slot-not-free", "Bundle.entry[1].resource.slot[0]")]


def test_an_appointment_of_a_client_of_the_api_holds_its_slot_too(client: FlaskClient) -> None:
    put(client, slot("s1"))
    appointment = booking("m1", "s1")["entry"][1]["resource"]
    appointment["participant"] = [{"actor": {"display": "iemand"}, "status": "accepted"}]
    client.post("/fhir/Appointment", data=json.dumps(appointment), content_type=JSON)

    assert errors(send(client, booking("m1", "s1", number="2")))[0][0] == "slot-not-free"


@pytest.mark.parametrize("status", ["cancelled", "entered-in-error"])
def test_a_cancellation_gives_its_slot_back(client: FlaskClient, status: str) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))

    response = send(client, booking("m2", "s1", status=status, reason="update", at=LATER))

    assert response.status_code == 200
    assert [one["status"] for one in found(client, "Appointment")] == [status]
    assert status_of(client, "s1") == "free"
    assert send(client, booking("m3", "s1", number="2")).status_code == 200


@pytest.mark.parametrize(("based", "status"), [("r1", 200), ("r2", 409), (None, 409)])
def test_a_slot_that_is_held_is_booked_for_the_request_that_it_is_held_for(
    client: FlaskClient, based: str | None, status: int
) -> None:
    put(client, slot("s1"))
    for id_ in ("r1", "r2"):
        put(client, {"resourceType": "ServiceRequest", "id": id_, "status": "active", "intent": "order",
                     "subject": {"display": "iemand"}})  # fmt: skip
    asked = {"name": "request", "valueReference": {"reference": "ServiceRequest/r1"}}
    held = {"resourceType": "Parameters", "parameter": [asked]}
    assert client.post("/fhir/Slot/s1/$hold", json=held, content_type=JSON).status_code == 200

    others: dict[str, Any] = {"basedOn": [{"reference": f"ServiceRequest/{based}"}]} if based else {}
    response = send(client, booking("m1", "s1", **others))

    assert response.status_code == status
    assert status_of(client, "s1") == ("busy" if status == 200 else "busy-tentative")
    if status == 409:
        assert errors(response) == [("slot-held", "Bundle.entry[1].resource.slot[0]")]


def test_a_cancellation_that_names_no_slot_gives_it_back_too(client: FlaskClient) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))

    send(client, booking("m2", status="cancelled", reason="update", at=LATER))

    assert status_of(client, "s1") == "free"


@pytest.mark.parametrize("said", ["busy", "busy-unavailable", "free"])
def test_what_its_owner_has_said_since_stays(client: FlaskClient, said: str) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))
    put(client, slot("s1", said, comment="van de eigenaar"))

    send(client, booking("m2", "s1", status="cancelled", reason="update", at=LATER))

    assert status_of(client, "s1") == said


def test_a_booking_that_moves_takes_the_new_slot_and_gives_back_the_old_one(client: FlaskClient) -> None:
    put(client, slot("s1"))
    put(client, slot("s2"))
    send(client, booking("m1", "s1"))

    response = send(client, booking("m2", "s2", reason="update", at=LATER))

    assert response.status_code == 200
    assert (status_of(client, "s1"), status_of(client, "s2")) == ("free", "busy")


def test_a_booking_that_cannot_move_stays_where_it_is(client: FlaskClient) -> None:
    put(client, slot("s1"))
    put(client, slot("s2", "busy"))
    send(client, booking("m1", "s1"))

    assert send(client, booking("m2", "s2", reason="update", at=LATER)).status_code == 409
    assert status_of(client, "s1") == "busy"
    assert [one["slot"] for one in found(client, "Appointment")] == [[{"reference": "Slot/s1"}]]


def test_a_booking_that_becomes_certain_keeps_its_slot(client: FlaskClient) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1", status="pending"))

    assert send(client, booking("m2", "s1", reason="update", at=LATER)).status_code == 200
    assert status_of(client, "s1") == "busy"


def test_a_request_that_comes_after_its_cancellation_takes_nothing(client: FlaskClient) -> None:
    put(client, slot("s1"))
    send(client, booking("m2", "s1", status="cancelled", reason="update", at=LATER))

    response = send(client, booking("m1", "s1"))

    assert response.status_code == 200
    assert status_of(client, "s1") == "free"
    assert [one["status"] for one in found(client, "Appointment")] == ["cancelled"]


def test_the_same_booking_again_is_no_second_one(client: FlaskClient) -> None:
    put(client, slot("s1"))

    first, again = send(client, booking("m1", "s1")), send(client, booking("m1", "s1"))

    assert (again.status_code, again.data) == (200, first.data)


def test_an_update_that_changes_no_slot_takes_none(client: FlaskClient) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))

    response = send(client, booking("m2", "s1", reason="update", at=LATER, comment="belt van tevoren"))

    assert response.status_code == 200
    assert client.get("/fhir/Slot/s1").get_json()["meta"]["versionId"] == "2"


def entries_with(*others: tuple[str, dict[str, Any]]) -> dict[str, Any]:
    """Return a booking whose Slot stands in the message, as BaRS has it."""
    sent = booking("m1", "s1")
    sent["entry"][1]["resource"]["slot"] = [{"reference": made.SLOT}]
    sent["entry"] += [{"fullUrl": url, "resource": resource} for url, resource in others]
    return sent


SCHEDULE = {"resourceType": "Schedule", "actor": [{"reference": "urn:uuid:00000000-0000-4000-8000-0000000000c1"}]}
SERVICE = {"resourceType": "HealthcareService", "name": "HAP"}


@pytest.mark.parametrize("by", ["id", "identifier"])
def test_the_slot_in_a_message_names_the_one_that_is_here_and_changes_nothing_else_of_it(
    client: FlaskClient, by: str
) -> None:
    name = {"system": "urn:slots", "value": "7"}
    put(client, slot("s1", identifier=[name]))
    said = {
        **slot("s1", "busy"),
        "comment": "zo zag ik hem",
        "schedule": {"reference": "urn:uuid:" + "0" * 8 + "-0000-4000-8000-0000000000c2"},
    }
    if by == "identifier":
        del said["id"]
        said["identifier"] = [name]
    sent = entries_with(
        (made.SLOT, said),
        ("urn:uuid:00000000-0000-4000-8000-0000000000c2", SCHEDULE),
        ("urn:uuid:00000000-0000-4000-8000-0000000000c1", SERVICE),
    )

    response = send(client, sent)

    assert response.status_code == 200, errors(response)
    (here,) = found(client, "Slot")
    assert (here["id"], here["status"], here.get("comment")) == ("s1", "busy", None)
    assert found(client, "Schedule") == []
    assert [one["slot"] for one in found(client, "Appointment")] == [[{"reference": "Slot/s1"}]]


def test_a_slot_in_a_message_that_is_not_here_is_not_made(client: FlaskClient) -> None:
    said = slot("nowhere")

    response = send(client, entries_with((made.SLOT, said)))

    assert errors(response) == [("slot-unknown", "Bundle.entry[1].resource.slot[0]")]
    assert found(client, "Slot") == []


def test_a_refused_booking_is_taken_from_the_inbox_once_its_slot_is_known(
    client: FlaskClient, services: Services
) -> None:
    send(client, booking("m1", "s1"))
    put(client, slot("s1"))
    (row,) = inbox.entered(services.store, provider=None, state="refused", since=None, control_id=None, limit=9)

    taken = take_again(row.id, development_caller(), services, anew=False)
    again = take_again(row.id, development_caller(), services, anew=False)

    assert (taken.result, again.result) == ("accepted", "unchanged")
    assert status_of(client, "s1") == "busy"
    repeated = send(client, booking("m1", "s1"))
    assert (repeated.status_code, repeated.headers["Idempotent-Replayed"]) == (200, "true")
    renewed = inbox.one(services.store, row.id)
    assert renewed is not None
    assert renewed.state == "accepted"


def test_a_sealed_message_is_taken_from_the_inbox_too(services: Services, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(bytes(range(32)).hex().encode())
    to = replace(services, keys=Keys.read([key]))
    client = create_app(to).test_client()
    send(client, booking("m1", "s1"))
    put(client, slot("s1"))
    (row,) = inbox.entered(to.store, provider=None, state="refused", since=None, control_id="m1", limit=9)

    assert b"Appointment" not in inbox.content(to.store, row.id)
    assert take_again(row.id, development_caller(), to, anew=False).result == "accepted"


def test_a_booking_taken_anew_from_the_inbox_is_still_one(client: FlaskClient, services: Services) -> None:
    put(client, slot("s1"))
    send(client, booking("m1", "s1"))
    (row,) = [
        one
        for one in inbox.entered(services.store, provider=None, state="accepted", since=None, control_id=None, limit=9)
        if one.format == "fhir-message"
    ]

    assert take_again(row.id, development_caller(), services, anew=True).result == "accepted"
    assert len(found(client, "Appointment")) == 1
    assert status_of(client, "s1") == "busy"
