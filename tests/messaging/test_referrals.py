"""Referrals as messages: stored with all that comes along, changed by who made them, once, in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.app import create_app
from gateway.fhir import json as fhir_json
from gateway.messaging import process
from gateway.services import Services
from gateway.store import inbox, open_store
from gateway.store.contents import figures
from gateway.validation import Validator
from tests.conftest import NOW
from tests.messaging import made
from tests.messaging.made import Resource, answer, errors, found, issues, referral, send

LATER = NOW + timedelta(minutes=1)


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


def test_a_referral_is_stored_with_what_comes_along_and_refers_to_it(client: FlaskClient) -> None:
    response = send(client, referral("m1"))

    assert response.status_code == 200
    (request,) = found(client, "ServiceRequest")
    (patient,) = found(client, "Patient")
    (organisation,) = found(client, "Organization")
    (head,) = found(client, "MessageHeader")
    assert request["subject"] == {"reference": f"Patient/{patient['id']}"}
    assert request["requester"] == {"reference": f"Organization/{organisation['id']}"}
    assert head["focus"] == [{"reference": f"ServiceRequest/{request['id']}"}]
    assert head["source"] == {"endpoint": made.SENDER}
    assert request["identifier"] == [{"system": made.REFERRAL_IDS, "value": "1"}]


def test_the_answer_is_a_valid_message_that_names_what_it_answers(client: FlaskClient) -> None:
    response = send(client, referral("m1"))

    body = response.get_json()
    (request,) = found(client, "ServiceRequest")
    assert Validator().issues(fhir_json.decode(response.data)) == []
    assert answer(response) == {"identifier": "m1", "code": "ok", "details": {"reference": body["entry"][1]["fullUrl"]}}
    head = body["entry"][0]["resource"]
    assert head["eventCoding"] == {"system": made.BARS, "code": "servicerequest-request"}
    assert head["destination"] == [{"endpoint": made.SENDER}]
    assert head["focus"] == [{"reference": f"{made.OURS}/ServiceRequest/{request['id']}", "type": "ServiceRequest"}]
    assert body["entry"][2] == {"fullUrl": f"{made.OURS}/ServiceRequest/{request['id']}", "resource": request}
    assert issues(response) == [("information", "all-well", "")]


@pytest.mark.parametrize("accept", ["application/fhir+json", "application/fhir+xml"])
def test_the_first_answer_comes_again_byte_for_byte(
    client: FlaskClient, services: Services, database_url: str, accept: str
) -> None:
    first = send(client, referral("m1"), Accept=accept)
    send(client, referral("m2", status="revoked", reason="update", at=LATER))
    store = open_store(database_url)
    later = replace(services, store=store, clock=lambda: NOW + timedelta(days=40))

    again = send(create_app(later).test_client(), referral("m1"), Accept=accept)

    assert again.data == first.data
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert figures(store).resources["ServiceRequest"] == 1
    store.close()


def test_another_content_under_that_id_is_refused_and_changes_nothing(client: FlaskClient) -> None:
    send(client, referral("m1"))

    other = send(client, referral("m1", status="revoked"))

    assert other.status_code == 409
    assert answer(other)["code"] == "fatal-error"
    assert errors(other) == [("duplicate-control-id", "")]
    assert [request["status"] for request in found(client, "ServiceRequest")] == ["active"]


def test_a_bundle_identifier_is_that_of_one_message(client: FlaskClient) -> None:
    name = {"identifier": {"system": "urn:x", "value": "b"}}
    send(client, referral("m1") | name)

    other = send(client, referral("m2", number="2") | name)

    assert (other.status_code, errors(other)) == (409, [("duplicate-control-id", "Bundle.identifier")])
    assert len(found(client, "ServiceRequest")) == 1


def test_two_senders_may_use_one_id_for_their_messages(client: FlaskClient) -> None:
    send(client, referral("m1"))

    other = send(client, referral("m1", number="2", source="https://rav15.example"))

    assert other.status_code == 200
    assert len(found(client, "ServiceRequest")) == 2
    assert len(found(client, "Patient")) == 2  # each sender's own: nobody's patient is another's by chance


def test_an_update_changes_the_referral_that_has_its_identifier(client: FlaskClient) -> None:
    send(client, referral("m1"))

    response = send(client, referral("m2", reason="update", at=LATER, patientInstruction="Bel terug bij koorts"))

    assert (response.status_code, errors(response)) == (200, [])
    (request,) = found(client, "ServiceRequest")
    assert (request["meta"]["versionId"], request["patientInstruction"]) == ("2", "Bel terug bij koorts")


@pytest.mark.parametrize("status", ["revoked", "entered-in-error"])
def test_a_cancellation_is_an_update_whose_status_says_so(client: FlaskClient, status: str) -> None:
    send(client, referral("m1"))

    response = send(client, referral("m2", status=status, reason="update", at=LATER))

    assert response.status_code == 200
    assert [request["status"] for request in found(client, "ServiceRequest")] == [status]


def test_a_referral_without_an_identifier_is_changed_by_the_id_it_has_here(client: FlaskClient) -> None:
    first = send(client, referral("m1", number=None))
    here = first.get_json()["entry"][2]["resource"]["id"]
    cancel = referral("m2", number=None, status="revoked", reason="update", at=LATER, id=here)
    cancel["entry"][1]["fullUrl"] = "urn:uuid:00000000-0000-4000-8000-0000000000ff"
    cancel["entry"][0]["resource"]["focus"] = [{"reference": cancel["entry"][1]["fullUrl"]}]

    response = send(client, cancel)

    assert response.status_code == 200
    assert [(one["id"], one["status"]) for one in found(client, "ServiceRequest")] == [(here, "revoked")]


def test_a_cancellation_that_names_nothing_known_is_refused(client: FlaskClient) -> None:
    response = send(client, referral("m1", number=None, status="revoked", reason="update", id="nobody"))

    assert response.status_code == 422
    assert errors(response) == [("request-unknown", "Bundle.entry[1].resource.id")]
    assert found(client, "ServiceRequest") == []


def test_a_cancellation_before_its_request_is_kept_and_the_request_is_history(client: FlaskClient) -> None:
    cancel = send(client, referral("m2", status="revoked", reason="update", at=LATER))
    request = send(client, referral("m1"))

    assert ("warning", "request-unknown", "Bundle.entry[1].resource") in issues(cancel)
    assert request.status_code == 200
    assert ("information", "older-than-known", "Bundle.entry[1]") in issues(request)
    (present,) = found(client, "ServiceRequest")
    assert present["status"] == "revoked"
    history = client.get(f"/fhir/ServiceRequest/{present['id']}/_history").get_json()["entry"]
    assert [entry["resource"]["status"] for entry in history] == ["revoked", "active"]


def test_an_update_that_is_older_than_what_is_known_is_history(client: FlaskClient) -> None:
    send(client, referral("m1"))
    send(client, referral("m3", reason="update", at=LATER + timedelta(minutes=1), patientInstruction="nieuw"))

    late = send(client, referral("m2", reason="update", at=LATER, patientInstruction="oud"))

    assert late.status_code == 200
    assert [one["patientInstruction"] for one in found(client, "ServiceRequest")] == ["nieuw"]


@pytest.mark.parametrize(
    "where",
    [("timestamp",), ("entry", 0, "resource", "meta", "lastUpdated"), ("meta", "lastUpdated")],
    ids=["Bundle.timestamp", "MessageHeader.meta", "Bundle.meta"],
)
def test_when_it_was_so_is_said_by_the_bundle_its_header_or_its_meta(client: FlaskClient, where: Any) -> None:
    older, newer = referral("m1", patientInstruction="oud"), referral("m2", reason="update", patientInstruction="nieuw")
    for sent, moment in ((older, "2026-01-05T09:00:00+01:00"), (newer, "2026-01-05T09:30:00+01:00")):
        del sent["timestamp"]
        holder: Any = sent
        for step in where[:-1]:
            holder = holder[step] if isinstance(step, int) else holder.setdefault(step, {})
        holder[where[-1]] = moment

    send(client, newer)
    send(client, older)

    assert [one["patientInstruction"] for one in found(client, "ServiceRequest")] == ["nieuw"]


@pytest.mark.parametrize("status", ["active", "completed"])
def test_what_has_ended_stays_so(client: FlaskClient, status: str) -> None:
    send(client, referral("m1"))
    send(client, referral("m2", status="revoked", reason="update", at=LATER))

    again = send(client, referral("m3", status=status, reason="update", at=LATER + timedelta(minutes=1)))

    assert (again.status_code, errors(again)) == (409, [("request-ended", "Bundle.entry[1].resource.status")])
    assert [one["status"] for one in found(client, "ServiceRequest")] == ["revoked"]


def test_another_source_of_the_same_client_changes_nothing_of_it(client: FlaskClient) -> None:
    send(client, referral("m1"))

    for number, at in enumerate((LATER, NOW - timedelta(minutes=5))):  # not even its history
        other = send(
            client, referral(f"x{number}", status="revoked", reason="update", at=at, source="https://other.example")
        )
        assert (other.status_code, errors(other)) == (403, [("not-yours", "Bundle.entry[1].resource")])

    (present,) = found(client, "ServiceRequest")
    assert present["status"] == "active"
    assert client.get(f"/fhir/ServiceRequest/{present['id']}/_history").get_json()["total"] == 1


def test_another_organisation_with_the_same_source_changes_nothing_of_it(services: Services) -> None:
    ours, theirs = (Caller(ura, ura, providers=frozenset()) for ura in ("06999901", "41999901"))
    process(referral("m1"), ours, services)

    other = process(referral("m1b", status="revoked", reason="update", at=LATER), theirs, services)

    assert [issue.code for issue in (other.refusal.issues if other.refusal else ())] == ["not-yours"]
    assert process(referral("m2", status="revoked", reason="update", at=LATER), ours, services).refusal is None


def test_what_a_client_of_the_api_made_no_message_changes(client: FlaskClient) -> None:
    made.put(client, made.request() | {"id": "own", "subject": {"display": "iemand"}, "requester": {"display": "wij"}})

    response = send(client, referral("m1", reason="update"))

    assert (response.status_code, errors(response)) == (403, [("not-yours", "Bundle.entry[1].resource")])


def test_another_senders_id_is_told_nothing_of(client: FlaskClient) -> None:
    here = send(client, referral("m1", number=None)).get_json()["entry"][2]["resource"]["id"]
    sent: dict[str, Any] = {"number": None, "status": "revoked", "reason": "update", "source": "https://other.example"}

    known = send(client, referral("x1", id=here, **sent))
    unknown = send(client, referral("x2", id="nobody", **sent))

    assert (known.status_code, errors(known)) == (unknown.status_code, errors(unknown))


def test_identifiers_in_another_order_name_the_same_referral(client: FlaskClient) -> None:
    first, second = {"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2,|$\\x"}
    send(client, referral("m1", number=None, identifier=[first, second]))

    send(client, referral("m2", number=None, identifier=[second], reason="update", status="revoked", at=LATER))

    assert [one["status"] for one in found(client, "ServiceRequest")] == ["revoked"]


def test_identifiers_of_two_referrals_name_neither(client: FlaskClient) -> None:
    first, second = {"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}
    send(client, referral("m1", number=None, identifier=[first]))
    send(client, referral("m2", number=None, identifier=[second]))

    response = send(client, referral("m3", number=None, identifier=[first, second], reason="update", at=LATER))

    assert (response.status_code, errors(response)) == (412, [("multiple-matches", "Bundle.entry[1].resource")])


def test_a_reference_to_the_senders_own_server_never_becomes_one_to_what_is_here(client: FlaskClient) -> None:
    made.put(client, {"resourceType": "Patient", "id": "1", "name": [{"family": "Ander"}]})
    sent = referral("m1", subject={"reference": "Patient/1"})
    for entry in sent["entry"]:
        entry["fullUrl"] = f"{made.SENDER}/{entry['resource']['resourceType']}/of-mine"
        entry["resource"]["id"] = "of-mine"
    sent["entry"][0]["resource"] |= {
        "focus": [{"reference": "ServiceRequest/of-mine"}],
        "sender": {"reference": "Organization/of-mine"},
    }
    sent["entry"][1]["resource"]["requester"] = {"reference": "Organization/of-mine"}

    response = send(client, sent)

    assert response.status_code == 200
    (request,) = found(client, "ServiceRequest")
    assert request["subject"] == {"reference": f"{made.SENDER}/Patient/1"}
    assert ("warning", "bad-reference", "Bundle.entry[1].resource.subject.reference") in issues(response)


def test_a_message_stands_in_the_inbox_and_in_the_audit_taken_or_refused(
    client: FlaskClient, services: Services
) -> None:
    send(client, referral("m1"))
    send(client, referral("m2", reason="no-such-reason"))

    refused, taken = inbox.entered(services.store, provider=None, state=None, since=None, control_id=None, limit=9)
    assert (taken.format, taken.state, taken.mapping) == ("fhir-message", "accepted", "message/servicerequest-request")
    assert (refused.state, refused.codes) == ("refused", ["reason-unknown"])
    assert taken.event_time == NOW
    assert {kind for kind, _, _ in inbox.made(services.store, taken.id)} == {
        "MessageHeader",
        "Organization",
        "Patient",
        "ServiceRequest",
    }
    with services.store.reading() as db:
        actions = [
            fhir_json.decode(bytes(row))["action"] for (row,) in db.rows("select content from audit order by seq")
        ]
    assert actions == ["transact", "refuse"]


def test_its_provenance_says_that_a_message_says_it(client: FlaskClient) -> None:
    send(client, referral("m1"))
    (request,) = found(client, "ServiceRequest")

    (told,) = found(client, f"Provenance?target=ServiceRequest/{request['id']}")

    assert told["entity"][0]["what"]["display"] == "fhir-message m1"
    assert told["agent"][0]["who"] == {"type": "Organization", "display": "development"}


def test_references_here_by_the_address_of_this_server_are_its_own(client: FlaskClient) -> None:
    made.put(client, {"resourceType": "Organization", "id": "hap", "name": "HAP"})

    send(client, referral("m1", performer=[{"reference": f"{made.OURS}/Organization/hap"}]))

    assert [one["performer"] for one in found(client, "ServiceRequest")] == [[{"reference": "Organization/hap"}]]


def without(sent: Resource, *path: str | int) -> Resource:
    holder: Any = sent
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    return sent


def test_return_operation_outcome_leaves_out_the_message_around_it(client: FlaskClient) -> None:
    fine = send(client, referral("m1"), Prefer="return=OperationOutcome")
    bad = send(client, without(referral("m2"), "entry", 0, "resource", "focus"), Prefer="return=OperationOutcome")

    assert (fine.status_code, fine.get_json()["resourceType"]) == (200, "OperationOutcome")
    assert (bad.status_code, errors(bad)) == (422, [("focus-missing", "Bundle.entry[0].resource.focus")])


def test_who_may_not_write_what_is_in_it_is_told_where_and_nothing_is_stored(services: Services) -> None:
    caller = Caller("06999901", "06999901", types=frozenset({"MessageHeader", "ServiceRequest", "Organization"}))

    refused = process(referral("m1"), caller, services).refusal

    assert refused is not None
    assert refused.status == 403
    assert [(issue.code, issue.expression) for issue in refused.issues] == [("forbidden", "Bundle.entry[2].resource")]
    assert figures(services.store).resources == {}


def test_a_patient_of_another_sender_is_never_changed(client: FlaskClient) -> None:
    send(client, referral("m1"))
    sent = referral("x1", number="2", source="https://other.example")
    sent["entry"][2]["resource"]["name"] = [{"family": "Anders"}]

    send(client, sent)

    assert sorted(one["name"][0]["family"] for one in found(client, "Patient")) == ["Anders", "Tester"]


def test_two_resources_of_one_identifier_in_a_message_stay_two(client: FlaskClient) -> None:
    sent = referral("m1")
    twin = {**sent["entry"][3]["resource"], "name": "HAP Haagrand, locatie Zuid"}
    sent["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-0000000000aa", "resource": twin})

    assert send(client, sent).status_code == 200
    assert len(found(client, "Organization")) == 2
