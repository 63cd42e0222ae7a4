"""A message is sent by who it says; and under the policy it is the sender's alone, until somebody is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec import structs

from gateway.errors import Forbidden
from gateway.ingest import ingest
from gateway.messaging import check_may, process
from gateway.services import Services
from tests.messaging import made
from tests.policy_world import EVERYBODY, HOME, HOSPITAL, INSURER, asking, found_by, peopled


def sent_by(ura: str) -> Any:
    message = made.referral("message-1")
    message["entry"][3]["resource"]["identifier"][0]["value"] = ura
    return message


def test_a_message_of_ones_own_is_taken(services: Services) -> None:
    to = peopled(services)

    assert process(sent_by(HOSPITAL.ura), asking(HOSPITAL, to), to).refusal is None

    finders = {
        type_: [one.id for one in EVERYBODY if found_by(one, type_, "", to)] for type_ in ("ServiceRequest", "Patient")
    }
    assert finders == {"ServiceRequest": ["duinrand"], "Patient": ["duinrand"]}


def test_a_message_in_the_name_of_another_is_refused_and_names_the_entries(services: Services) -> None:
    to = peopled(services)

    refusal = process(sent_by(HOME.ura), asking(HOSPITAL, to), to).refusal

    assert refusal is not None
    assert refusal.status == 403
    assert [issue.expression for issue in refusal.issues] == [
        "Bundle.entry[0].resource.sender",
        "Bundle.entry[1].resource.requester",
    ]
    assert found_by(HOSPITAL, "ServiceRequest", "", to) == []


def test_so_is_a_transaction_at_the_door_for_feeds(services: Services) -> None:
    to = peopled(services)
    sender = asking(structs.replace(HOSPITAL, providers=("dev",)), to)
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "subject": {"display": "iemand"},
        "requester": {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": HOME.ura}},
    }
    entry = {"resource": request, "request": {"method": "POST", "url": "ServiceRequest"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    (taken,) = ingest(
        json.dumps(bundle).encode(), provider="dev", content_type="application/fhir+json", caller=sender, to=to
    ).messages

    assert taken.refusal is not None
    assert [(issue.code, issue.expression) for issue in taken.refusal.issues] == [
        ("forbidden", "ServiceRequest.requester")
    ]


def test_who_may_send_no_message_is_told_so_whatever_it_sends(services: Services) -> None:
    to = peopled(services)

    with pytest.raises(Forbidden):
        check_may(asking(INSURER, to))
    check_may(asking(HOSPITAL, to))
