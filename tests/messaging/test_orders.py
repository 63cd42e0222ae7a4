"""In whatever order the messages of one thing come, the present is the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import permutations

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services
from tests.conftest import NOW
from tests.messaging.made import Resource, booking, found, put, referral, send, slot

TIMES = [NOW - timedelta(minutes=10 - n) for n in range(4)]
REFERRAL = [
    referral("m0", at=TIMES[0]),
    referral("m1", at=TIMES[1], reason="update", patientInstruction="bel terug"),
    referral("m2", at=TIMES[2], reason="update", patientInstruction="kom langs"),
    referral("m3", at=TIMES[3], reason="update", status="revoked"),
]
BOOKING = [
    booking("m0", "s0", at=TIMES[0], status="pending"),
    booking("m1", "s1", at=TIMES[1], reason="update"),
    booking("m2", "s2", at=TIMES[2], reason="update"),
]
CANCELLED = [*BOOKING, booking("m3", "s2", at=TIMES[3], reason="update", status="cancelled")]


@pytest.fixture
def client(services: Services) -> FlaskClient:
    client = create_app(services).test_client()
    for n in range(3):
        put(client, slot(f"s{n}"))
    return client


def orders(messages: Sequence[Resource]) -> list[tuple[int, ...]]:
    return list(permutations(range(len(messages))))


def sent(client: FlaskClient, messages: Sequence[Resource], order: Sequence[int]) -> None:
    for number in order:
        assert send(client, messages[number]).status_code == 200
    for number in reversed(order):  # and every one of them again
        assert send(client, messages[number]).headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("order", orders(REFERRAL), ids=str)
def test_a_referral_ends_as_its_newest_message_says(client: FlaskClient, order: Sequence[int]) -> None:
    sent(client, REFERRAL, order)

    (request,) = found(client, "ServiceRequest")
    assert (request["status"], request.get("patientInstruction")) == ("revoked", None)
    history = client.get(f"/fhir/ServiceRequest/{request['id']}/_history").get_json()
    assert history["total"] == len(REFERRAL)


@pytest.mark.parametrize("order", orders(BOOKING), ids=str)
def test_a_booking_holds_the_slot_of_its_newest_message(client: FlaskClient, order: Sequence[int]) -> None:
    sent(client, BOOKING, order)

    assert {one["id"]: one["status"] for one in found(client, "Slot")} == {"s0": "free", "s1": "free", "s2": "busy"}
    assert [one["status"] for one in found(client, "Appointment")] == ["booked"]


@pytest.mark.parametrize("order", orders(CANCELLED), ids=str)
def test_a_booking_that_was_cancelled_holds_nothing(client: FlaskClient, order: Sequence[int]) -> None:
    sent(client, CANCELLED, order)

    assert {one["status"] for one in found(client, "Slot")} == {"free"}
    assert [one["status"] for one in found(client, "Appointment")] == ["cancelled"]
