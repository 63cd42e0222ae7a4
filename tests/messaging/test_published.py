"""The messages that AZ-IG and BaRS publish, as they stand, and what is published of ours."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.data import shipped
from gateway.fhir import json as fhir_json
from gateway.messaging.events import CONTENT, EVENTS, NAMED_ONLY
from gateway.rest.metadata import SERVED
from gateway.services import Services
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library
from tests.messaging import made
from tests.messaging.made import answer, errors, found, issues, put, send
from tests.shared import SHARED

needs_shared = pytest.mark.skipif(SHARED is None, reason="the shared examples are not here (MSB_SHARED)")
PROFILED = Validator(library(Path("no-packages-are-installed")))


@pytest.fixture
def client(services: Services) -> FlaskClient:
    """Return a client of a gateway with our profiles, on a day on which these examples have been sent."""
    day = datetime(2026, 6, 9, 9, tzinfo=UTC)
    return create_app(replace(services, validator=PROFILED, clock=lambda: day)).test_client()


def example(path: str) -> dict[str, Any]:
    assert SHARED is not None
    read: dict[str, Any] = json.loads((SHARED / "data" / path).read_bytes())
    return read


@needs_shared
def test_the_referral_of_az_ig_is_stored_with_everything_in_it(client: FlaskClient) -> None:
    response = send(client, example("nl/az-ig/Bundle-message.json"))

    assert (response.status_code, answer(response)["code"]) == (200, "ok")
    assert errors(response) == []
    (request,) = found(client, "ServiceRequest")
    types = "Composition DocumentReference MessageHeader Organization Patient Practitioner PractitionerRole"
    here = {f"{kind}/{one['id']}" for kind in types.split() for one in found(client, kind)}
    assert len(here) == 8
    references = {request[name]["reference"] for name in ("subject", "requester")}
    references |= {one["reference"] for name in ("performer", "supportingInfo") for one in request[name]}
    assert references <= here
    assert request["status"] == "completed"
    expected = Counter({"profile-unknown": 7})
    assert Counter(code for severity, code, _ in issues(response) if severity == "warning") == expected


@needs_shared
def test_a_referral_of_az_ig_is_held_to_its_profile_though_it_claims_none(client: FlaskClient) -> None:
    sent = example("nl/az-ig/Bundle-message.json")
    del sent["meta"]
    for entry in sent["entry"]:
        entry["resource"].pop("meta", None)
    fine = send(client, sent)
    sent["entry"][0]["resource"]["id"] = "other"
    sent["entry"][0]["fullUrl"] = "http://nictiz.nl/fhir/MessageHeader/other"
    sent["entry"][1]["resource"]["intent"] = "plan"

    wrong = send(client, sent)

    assert (fine.status_code, errors(fine)) == (200, [])
    assert (wrong.status_code, errors(wrong)) == (422, [("profile-value", "Bundle.entry[1].resource.intent")])


@needs_shared
@pytest.mark.parametrize("path", ["/fhir/Bundle", "/fhir/$process-message"])
def test_the_message_of_az_ig_may_name_its_official_profile(client: FlaskClient, path: str) -> None:
    sent = example("nl/az-ig/Bundle-message.json")

    response = client.post(path, data=json.dumps(sent), content_type=made.JSON)

    assert response.status_code in {200, 201}


@needs_shared
def test_the_transaction_of_az_ig_is_held_to_as_much_as_before(client: FlaskClient) -> None:
    sent = example("nl/az-ig/Bundle-transaction.json")

    fine = client.post("/fhir", data=json.dumps(sent), content_type=made.JSON)
    sent["entry"][0]["request"] |= {"method": "PUT", "url": "ServiceRequest/1"}
    sent["entry"][0]["resource"]["id"] = "1"
    put_instead = client.post("/fhir", data=json.dumps(sent), content_type=made.JSON)

    assert fine.status_code == 200
    assert put_instead.status_code == 422
    assert ("profile-value", "Bundle.entry[0].request.method") in errors(put_instead)


@needs_shared
def test_the_referral_of_bars_is_stored(client: FlaskClient) -> None:
    response = send(client, example("bars/process_message/request/ValidationRequest (POST) .json"))

    assert (response.status_code, errors(response)) == (200, [])
    (request,) = found(client, "ServiceRequest")
    assert (request["status"], request["intent"]) == ("active", "plan")
    assert [one["identifier"][0]["value"] for one in found(client, "Encounter")] == ["sender1234"]


@needs_shared
@pytest.mark.parametrize("path", ["POST-body.json", "request/Booking (POST).json"])
def test_the_booking_of_bars_needs_a_slot_that_is_known(client: FlaskClient, path: str) -> None:
    sent = example(f"bars/process_message/{path}")
    unknown = send(client, sent)
    put(client, made.slot("s1", start="2026-06-09T12:00:00+02:00", end="2026-06-09T12:10:00+02:00"))
    sent["entry"][4]["resource"]["id"] = "s1"  # as who looked it up here sends it

    known = send(client, sent)

    assert (unknown.status_code, errors(unknown)) == (422, [("slot-unknown", "Bundle.entry[1].resource.slot[0]")])
    assert (known.status_code, errors(known)) == (200, [])
    assert [one["status"] for one in found(client, "Slot")] == ["busy"]
    assert [one["slot"] for one in found(client, "Appointment")] == [[{"reference": "Slot/s1"}]]


@needs_shared
def test_an_answer_of_bars_is_not_taken_for_a_request(client: FlaskClient) -> None:
    response = send(client, example("bars/process_message/request/ValidationResponse (POST) .json"))

    assert (response.status_code, errors(response)) == (422, [("event-unknown", "Bundle.entry[0].resource.event")])


def test_what_is_published_is_what_is_taken(client: FlaskClient) -> None:
    published = found(client, "MessageDefinition?url:below=https://msb-gateway.example/fhir")
    statement = client.get("/fhir/metadata").get_json()

    taken = {(event.url, event.system, event.code, event.focus) for event in EVENTS}
    said = {
        (one["url"], one["eventCoding"]["system"], one["eventCoding"]["code"], focus["code"])
        for one in published
        for focus in one["focus"]
        if (focus["min"], focus["max"]) == (1, "1")
    }
    assert said == taken
    (messaging,) = statement["messaging"]
    assert {one["definition"] for one in messaging["supportedMessage"]} == {event.url for event in EVENTS}
    assert {one["mode"] for one in messaging["supportedMessage"]} == {"receiver"}
    assert messaging["endpoint"][0]["address"] == f"{made.OURS}/$process-message"
    operations = {one["name"]: one["definition"] for one in statement["rest"][0]["operation"]}
    assert operations["process-message"] == "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message"
    assert Validator().issues(fhir_json.decode(client.get("/fhir/metadata").data)) == []


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.id)
def test_each_definition_is_a_valid_resource_of_its_own(client: FlaskClient, event: Any) -> None:
    response = client.get(f"/fhir/MessageDefinition/{event.id}")

    assert response.status_code == 200
    assert Validator().issues(fhir_json.decode(response.data)) == []
    kept = json.loads((shipped("profiles") / f"MessageDefinition-{event.id}.json").read_bytes())
    assert response.get_json() == kept


def test_whatever_a_message_makes_can_be_read_here() -> None:
    assert {"MessageHeader", *CONTENT, *NAMED_ONLY} <= SERVED.keys()
