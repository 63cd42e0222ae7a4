"""FHIR messages to test with: a referral and a booking, as BaRS and AZ-IG shape them, of an invented world."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gateway.fhir.datetime import format_instant
from tests.conftest import NOW

if TYPE_CHECKING:
    from datetime import datetime

    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

Resource = dict[str, Any]
JSON = "application/fhir+json"
BARS = "https://fhir.nhs.uk/CodeSystem/message-events-bars"
REASON = "https://fhir.nhs.uk/CodeSystem/message-reason-bars"
AZ = {"system": "http://nictiz.nl/fhir/CodeSystem/hg-message-event", "code": "145"}
OURS = "http://127.0.0.1:8080/fhir"
SENDER = "https://haagrand.example/fhir"
HEADER, FOCUS, PATIENT, ORGANISATION, SLOT = (f"urn:uuid:00000000-0000-4000-8000-00000000000{n}" for n in range(5))
REFERRAL_IDS = "https://haagrand.example/referrals"
BOOKING_IDS = "https://haagrand.example/bookings"


def header(code: str, id_: str, reason: str = "new", source: str = SENDER) -> Resource:
    return {
        "resourceType": "MessageHeader",
        "id": id_,
        "eventCoding": {"system": BARS, "code": code},
        "destination": [{"endpoint": OURS}],
        "sender": {"reference": ORGANISATION},
        "source": {"endpoint": source},
        "reason": {"coding": [{"system": REASON, "code": reason}]},
        "focus": [{"reference": FOCUS}],
    }


def message(head: Resource, focus: Resource, *others: tuple[str, Resource], at: datetime = NOW) -> Resource:
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}],
        "name": [{"family": "Tester"}],
    }
    organisation = {
        "resourceType": "Organization",
        "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"}],
        "name": "HAP Haagrand",
    }
    every = [(HEADER, head), (FOCUS, focus), (PATIENT, patient), (ORGANISATION, organisation), *others]
    return {
        "resourceType": "Bundle",
        "type": "message",
        "timestamp": format_instant(at),
        "entry": [{"fullUrl": url, "resource": resource} for url, resource in every],
    }


def request(status: str = "active", number: str | None = "1", **others: Any) -> Resource:
    named = {"identifier": [{"system": REFERRAL_IDS, "value": number}]} if number else {}
    return {
        "resourceType": "ServiceRequest",
        **named,
        "status": status,
        "intent": "order",
        "subject": {"reference": PATIENT},
        "requester": {"reference": ORGANISATION},
        **others,
    }


def referral(
    id_: str,
    *,
    status: str = "active",
    number: str | None = "1",
    reason: str = "new",
    source: str = SENDER,
    at: datetime = NOW,
    **others: Any,
) -> Resource:
    """Return a referral, or a change of one."""
    head = header("servicerequest-request", id_, reason, source)
    return message(head, request(status, number, **others), at=at)


def booking(
    id_: str,
    *slots: str,
    status: str = "booked",
    number: str | None = "1",
    reason: str = "new",
    source: str = SENDER,
    at: datetime = NOW,
    **others: Any,
) -> Resource:
    """Return a booking of Slots here, or a change of one."""
    named = {"identifier": [{"system": BOOKING_IDS, "value": number}]} if number else {}
    appointment = {
        "resourceType": "Appointment",
        **named,
        "status": status,
        "start": "2026-01-05T12:00:00+01:00",
        "end": "2026-01-05T12:30:00+01:00",
        "slot": [{"reference": f"Slot/{slot}"} for slot in slots],
        "participant": [{"actor": {"reference": PATIENT}, "status": "accepted"}],
        **others,
    }
    if not slots:
        del appointment["slot"]
    return message(header("booking-request", id_, reason, source), appointment, at=at)


def slot(id_: str, status: str = "free", **others: Any) -> Resource:
    return {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"display": "Spreekuur"},
        "status": status,
        "start": "2026-01-05T12:00:00+01:00",
        "end": "2026-01-05T12:30:00+01:00",
        **others,
    }


def send(client: FlaskClient, sent: Resource, query: str = "", **headers: str) -> TestResponse:
    """Post a message."""
    return client.post(f"/fhir/$process-message{query}", data=json.dumps(sent), content_type=JSON, headers=headers)


def put(client: FlaskClient, resource: Resource) -> None:
    """Have the store hold a resource."""
    path = f"/fhir/{resource['resourceType']}/{resource['id']}"
    assert client.put(path, data=json.dumps(resource), content_type=JSON).status_code in {200, 201}


def found(client: FlaskClient, query: str) -> list[Resource]:
    """Return the resources that a search finds."""
    entries = client.get(f"/fhir/{query}").get_json().get("entry", [])
    return [entry["resource"] for entry in entries]


def answer(response: TestResponse) -> Resource:
    """Return the `MessageHeader.response` of an answer."""
    told: Resource = response.get_json()["entry"][0]["resource"]["response"]
    return told


def issues(response: TestResponse) -> list[tuple[str, str, str]]:
    """Return severity, code and place of each finding in an answer, or in a bare OperationOutcome."""
    body = response.get_json()
    outcome = body["entry"][1]["resource"] if body["resourceType"] == "Bundle" else body
    return [
        (one["severity"], one["details"]["coding"][0]["code"], one.get("expression", [""])[0])
        for one in outcome["issue"]
    ]


def errors(response: TestResponse) -> list[tuple[str, str]]:
    """Return code and place of each error in an answer."""
    return [(code, place) for severity, code, place in issues(response) if severity == "error"]
