"""What a candidate is told by a subscription: the reduced form, by what that tells, and nothing once it is over."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.deliver.announce import Announcer
from gateway.fhir.json import decode
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Patch, Put
from tests.candidate_world import REDUCED_REQUEST, SECRET, SNOMED, referred, whole_request, without_version
from tests.deliver.telling import alive, eventually, queue, rows, telling
from tests.policy_world import HOME, HOSPITAL, does
from tests.receivers import outward, receiving

NAME = "Subscription/1"
FHIR_JSON = "application/fhir+json"


def subscription(endpoint: str, criteria: str, payload: str) -> Resource:
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": endpoint} | ({"payload": payload} if payload else {})
    said = {"status": "requested", "reason": "test", "criteria": criteria, "channel": channel}
    return {"resourceType": "Subscription", "id": "1", **said}


def subscribed(to: Services, endpoint: str, criteria: str, payload: str = FHIR_JSON) -> None:
    """Have a candidate subscribe to a request that it is asked for."""
    referred(to)
    announced(to)
    does(HOME, Put(subscription(endpoint, criteria, payload)), to)
    with telling(to):
        eventually(lambda: b'"status":"active"' in _stored(to))


def announced(to: Services) -> None:
    """Have what has happened looked at."""
    announcer = Announcer(to)
    while announcer.announce():
        pass
    announcer.close()


def _stored(to: Services) -> bytes:
    found = to.store.read(Identity("Subscription", "1"))
    return found.body if found is not None else b""


@pytest.mark.parametrize(
    ("criteria", "is_told"),
    [
        ("ServiceRequest?status=active", True),
        (f"ServiceRequest?category={SNOMED}|3457005", True),
        ("ServiceRequest?patient=Patient/p", False),
        (f"ServiceRequest?identifier={SECRET}", False),
    ],
)
def test_it_is_told_the_form_and_by_what_that_tells(
    services: Services, certificates: Path, criteria: str, is_told: bool
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribed(to, receiver.base + "/hook", criteria)
        before = len(receiver.requests)
        does(HOSPITAL, Put(whole_request(priority="asap")), to)
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            eventually(lambda: queue(to, NAME).told == queue(to, NAME).last)

    sent = [request.body for request in receiver.requests[before:]]
    assert [without_version(decode(body)) for body in sent] == [REDUCED_REQUEST | {"priority": "asap"}] * is_told
    assert not any(SECRET.encode() in body for body in sent)


@pytest.mark.parametrize("payload", ["", FHIR_JSON])
def test_what_waits_is_not_told_once_another_is_chosen(services: Services, certificates: Path, payload: str) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribed(to, receiver.base + "/hook", "ServiceRequest?status=active", payload)
        does(HOSPITAL, Put(whole_request(priority="asap")), to)
        announced(to)
        assert queue(to, NAME).last == 1
        does(HOSPITAL, Patch("Task", "t", lambda found: found | {"status": "cancelled"}), to)
        before = len(receiver.requests)
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 1)

    assert receiver.requests[before:] == []
