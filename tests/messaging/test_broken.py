"""Messages that are wrong: nothing of them is stored, every problem is told with its entry, and each is kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.fhir import json as fhir_json
from gateway.messaging.events import EVENTS
from gateway.services import Services
from gateway.store import inbox
from gateway.store.contents import figures
from gateway.validation import Validator
from tests.messaging import made
from tests.messaging.made import Resource, answer, errors, referral, send

Break = Callable[[Resource], Any]
HEAD = "Bundle.entry[0].resource"
REQUEST = "Bundle.entry[1].resource"


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


def head(sent: Resource) -> Resource:
    found: Resource = sent["entry"][0]["resource"]
    return found


def request(sent: Resource) -> Resource:
    found: Resource = sent["entry"][1]["resource"]
    return found


def unknown_event(sent: Resource) -> None:
    head(sent)["eventCoding"]["code"] = "referral-please"


def event_of_another_system(sent: Resource) -> None:
    head(sent)["eventCoding"]["system"] = "urn:x"


def event_as_a_uri(sent: Resource) -> None:
    del head(sent)["eventCoding"]
    head(sent)["eventUri"] = "urn:x:event"


def no_reason(sent: Resource) -> None:
    del head(sent)["reason"]


def unknown_reason(sent: Resource) -> None:
    head(sent)["reason"]["coding"][0]["code"] = "delete"


def no_focus(sent: Resource) -> None:
    del head(sent)["focus"]


def two_focuses(sent: Resource) -> None:
    head(sent)["focus"] *= 2


def focus_that_is_not_there(sent: Resource) -> None:
    head(sent)["focus"] = [{"reference": "urn:uuid:00000000-0000-4000-8000-0000000000aa"}]


def focus_of_another_type(sent: Resource) -> None:
    head(sent)["focus"] = [{"reference": made.PATIENT}]


def no_source(sent: Resource) -> None:
    del head(sent)["source"]


def no_name(sent: Resource) -> None:
    del head(sent)["id"]
    del sent["entry"][0]["fullUrl"]


def an_answer(sent: Resource) -> None:
    head(sent)["response"] = {"identifier": "1", "code": "ok"}


def dangling_reference(sent: Resource) -> None:
    request(sent)["subject"] = {"reference": "urn:uuid:00000000-0000-4000-8000-0000000000aa"}


def reference_by_a_search(sent: Resource) -> None:
    request(sent)["subject"] = {"reference": "Patient?identifier=urn:x|1"}


def no_status(sent: Resource) -> None:
    del request(sent)["status"]


def unknown_status(sent: Resource) -> None:
    request(sent)["status"] = "aangevraagd"


def unknown_element(sent: Resource) -> None:
    request(sent)["PatientInstruction"] = "bel terug"


def same_full_url(sent: Resource) -> None:
    sent["entry"][3]["fullUrl"] = made.PATIENT


def a_subscription_in_it(sent: Resource) -> None:
    subscription = {"resourceType": "Subscription", "status": "requested", "reason": "r", "criteria": "Slot?"}
    channel = {"channel": {"type": "rest-hook", "endpoint": "https://evil.example"}}
    sent["entry"].append(
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-0000000000ab", "resource": subscription | channel}
    )


def entry_without_a_resource(sent: Resource) -> None:
    sent["entry"].append({"fullUrl": "urn:uuid:00000000-0000-4000-8000-0000000000ab"})


def entry_with_a_request(sent: Resource) -> None:
    sent["entry"][1]["request"] = {"method": "POST", "url": "ServiceRequest"}


def unknown_modifier(sent: Resource) -> None:
    request(sent)["modifierExtension"] = [{"url": "urn:x:not", "valueBoolean": True}]


def definition_of_another_event(sent: Resource) -> None:
    head(sent)["definition"] = "https://msb-gateway.example/fhir/MessageDefinition/bars-booking-request|0.1.0"


def a_day_ahead(sent: Resource) -> None:
    sent["timestamp"] = "2026-01-07T10:00:00+01:00"


BROKEN: list[tuple[Break, int, str, str]] = [
    (unknown_event, 422, "event-unknown", f"{HEAD}.event"),
    (event_of_another_system, 422, "event-unknown", f"{HEAD}.event"),
    (event_as_a_uri, 422, "event-unknown", f"{HEAD}.event"),
    (no_reason, 422, "reason-unknown", f"{HEAD}.reason"),
    (unknown_reason, 422, "reason-unknown", f"{HEAD}.reason"),
    (no_focus, 422, "focus-missing", f"{HEAD}.focus"),
    (two_focuses, 422, "focus-missing", f"{HEAD}.focus"),
    (focus_that_is_not_there, 422, "focus-missing", f"{HEAD}.focus[0]"),
    (focus_of_another_type, 422, "focus-missing", f"{HEAD}.focus[0]"),
    (no_source, 422, "missing-element", f"{HEAD}.source"),
    (no_name, 422, "message-unnamed", f"{HEAD}.id"),
    (an_answer, 422, "event-unknown", f"{HEAD}.response"),
    (dangling_reference, 422, "bad-reference", f"{REQUEST}.subject.reference"),
    (reference_by_a_search, 422, "bad-reference", f"{REQUEST}.subject.reference"),
    (no_status, 422, "missing-element", f"{REQUEST}.status"),
    (unknown_status, 422, "code-invalid", f"{REQUEST}.status"),
    (unknown_element, 422, "unknown-element", REQUEST),
    (same_full_url, 422, "bad-bundle", "Bundle.entry[3].fullUrl"),
    (a_subscription_in_it, 422, "content-not-taken", "Bundle.entry[4].resource"),
    (entry_without_a_resource, 422, "bad-bundle", "Bundle.entry[4]"),
    (entry_with_a_request, 422, "bad-bundle", "Bundle.entry[1].request"),
    (unknown_modifier, 422, "unknown-modifier", f"{REQUEST}.modifierExtension[0]"),
    (definition_of_another_event, 422, "definition-mismatch", f"{HEAD}.definition"),
    (a_day_ahead, 422, "moment-ahead", "Bundle.timestamp"),
]


@pytest.mark.parametrize(("wrong", "status", "code", "place"), BROKEN, ids=[one[0].__name__ for one in BROKEN])
def test_it_is_refused_whole_with_its_place_and_kept(
    client: FlaskClient, services: Services, wrong: Break, status: int, code: str, place: str
) -> None:
    sent = referral("m1")
    wrong(sent)

    response = send(client, sent)

    assert (response.status_code, (code, place) in errors(response)) == (status, True), errors(response)
    assert answer(response)["code"] == "fatal-error"
    assert figures(services.store).resources == {}
    (row,) = inbox.entered(services.store, provider=None, state=None, since=None, control_id=None, limit=9)
    assert (row.format, row.state) == ("fhir-message", "refused")
    assert code in row.codes


@pytest.mark.parametrize("wrong", [one[0] for one in BROKEN if one[0] not in {no_name, event_as_a_uri}])
def test_a_refusal_is_a_valid_message_too(client: FlaskClient, wrong: Break) -> None:
    sent = referral("m1")
    wrong(sent)

    assert Validator().issues(fhir_json.decode(send(client, sent).data)) == []


def test_an_unknown_event_is_told_which_are_known(client: FlaskClient) -> None:
    sent = referral("m1")
    unknown_event(sent)

    (issue,) = send(client, sent).get_json()["entry"][1]["resource"]["issue"]

    assert issue["diagnostics"] == f"no message of this event is taken here; taken are {', '.join(map(str, EVENTS))}"


def test_every_problem_is_told_at_once(client: FlaskClient) -> None:
    sent = referral("m1")
    for wrong in (no_focus, unknown_reason, a_subscription_in_it):
        wrong(sent)

    assert [code for code, _ in errors(send(client, sent))] == ["focus-missing", "reason-unknown", "content-not-taken"]


@pytest.mark.parametrize(
    "sent",
    [
        {"resourceType": "Bundle", "type": "transaction", "entry": []},
        {"resourceType": "Bundle", "type": "message"},
        {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "Patient"}}]},
        {"resourceType": "Bundle", "type": "message", "entry": 7},
        {"resourceType": "MessageHeader"},
    ],
)
def test_what_is_no_message_is_told_so_and_not_kept(client: FlaskClient, services: Services, sent: Resource) -> None:
    response = send(client, sent)

    assert response.status_code == 400
    assert response.get_json()["resourceType"] == "OperationOutcome"
    assert figures(services.store).inbox == {}


@pytest.mark.parametrize(
    "query",
    [
        "?asynchronous=true",
        "?async=yes",
        "?async=true&async=true",
        "?response-url=https://haagrand.example",
        "?_count=1",
    ],
)
def test_unknown_and_wrong_parameters_are_refused(client: FlaskClient, query: str) -> None:
    assert send(client, referral("m1"), query).status_code == 400
    assert made.found(client, "ServiceRequest") == []


def test_a_definition_that_is_not_known_is_told_to_be_unchecked(client: FlaskClient) -> None:
    ours, other = referral("m1"), referral("m2", number="2")
    head(ours)["definition"] = "https://msb-gateway.example/fhir/MessageDefinition/bars-servicerequest-request"
    head(other)["definition"] = "https://fhir.nhs.uk/MessageDefinition/bars-message-servicerequest-request"

    assert made.issues(send(client, ours)) == [("information", "all-well", "")]
    assert made.issues(send(client, other)) == [("information", "profile-unknown", f"{HEAD}.definition")]


def test_a_destination_elsewhere_is_told(client: FlaskClient) -> None:
    sent = referral("m1")
    head(sent)["destination"].append({"endpoint": "https://hap.example/fhir"})

    response = send(client, sent)

    assert response.status_code == 200
    assert ("information", "wrong-destination", f"{HEAD}.destination[1].endpoint") in made.issues(response)


def test_a_destination_that_is_not_on_the_list_is_refused(services: Services) -> None:
    settings = replace(services.settings, message_destinations=("https://hap.example/fhir",))
    client = create_app(replace(services, settings=settings)).test_client()
    right, wrong = referral("m1"), referral("m2", number="2")
    head(right)["destination"] = [{"endpoint": "https://hap.example/fhir"}]
    head(wrong)["destination"] = [{"endpoint": "https://hap.example/other"}]

    assert send(client, right).status_code == 200
    response = send(client, wrong)

    assert response.status_code == 422
    assert errors(response) == [("wrong-destination", f"{HEAD}.destination[0].endpoint")]


def test_a_refused_message_is_taken_when_it_comes_again_mended(client: FlaskClient) -> None:
    sent = referral("m1")
    no_status(sent)
    assert send(client, sent).status_code == 422

    assert send(client, referral("m1")).status_code == 200


def test_a_message_has_a_limit_that_is_told(client: FlaskClient, services: Services) -> None:
    sent = referral("m1")
    sent["entry"] += [{"resource": {"resourceType": "Flag"}}] * 1000

    response = send(client, sent)

    assert (response.status_code, errors(response)) == (413, [("too-large", "Bundle.entry")])
    assert "at most 1000 entries" in response.get_data(as_text=True)
    assert figures(services.store).inbox == {}


def test_a_message_of_a_thousand_entries_that_refer_to_each_other_is_taken(client: FlaskClient) -> None:
    sent = referral("m1")
    url = "urn:uuid:00000000-0000-4000-8001-{:012}"
    for n in range(996):
        flag = {
            "resourceType": "Flag",
            "status": "active",
            "code": {"text": "x"},
            "subject": {"reference": made.PATIENT},
        }
        sent["entry"].append({"fullUrl": url.format(n), "resource": flag})
    request(sent)["supportingInfo"] = [{"reference": url.format(n)} for n in range(996)]

    assert send(client, sent).status_code == 200
    (stored,) = made.found(client, "ServiceRequest")
    assert len({one["reference"] for one in stored["supportingInfo"]}) == 996
