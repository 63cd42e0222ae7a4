"""Who is told what a patient permits: a withdrawal ends that for subscriptions of before, at each of their steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.access.partners import Partner
from gateway.deliver.announce import Announcer
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Delete, Operation, Put
from tests.consents import consent, recipient
from tests.deliver.telling import alive, eventually, queue, rows, telling
from tests.policy_world import HOME, HOSPITAL, does, observation, patient, peopled
from tests.receivers import outward, receiving

PERMIT = consent("c", "permit", recipient(HOME.ura))
WITHDRAWN: dict[str, Operation] = {
    "inactive": Put({**PERMIT, "status": "inactive"}),
    "deleted": Delete("Consent", "c"),
    "denied": Put(consent("n", "deny", recipient(HOME.ura))),
}
NAME = "Subscription/1"


def subscription(endpoint: str, payload: str) -> Resource:
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": endpoint}
    return {
        "resourceType": "Subscription",
        "id": "1",
        "status": "requested",
        "reason": "test",
        "criteria": "Observation?status=final",
        "channel": channel | ({"payload": payload} if payload else {}),
    }


def subscribed(to: Services, endpoint: str, payload: str, by: Partner = HOME) -> None:
    peopled(to)
    does(HOSPITAL, Put(patient()), to)
    does(HOSPITAL, Put(PERMIT), to)
    does(by, Put(subscription(endpoint, payload)), to)
    with telling(to):
        eventually(lambda: b'"status":"active"' in (to.store.read(Identity("Subscription", "1")) or _NONE).body)


class _Nothing:
    body = b""


_NONE = _Nothing()


@pytest.mark.parametrize("payload", ["", "application/fhir+json"])
@pytest.mark.parametrize("how", ["", *WITHDRAWN])
def test_what_happens_after_a_withdrawal_is_not_queued(
    services: Services, certificates: Path, how: str, payload: str
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribed(to, receiver.base + "/hook", payload)
        before = len(receiver.requests)
        if how:
            does(HOSPITAL, WITHDRAWN[how], to)
        does(HOSPITAL, Put(observation("o")), to)
        with telling(to):
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            eventually(lambda: queue(to, NAME).told == queue(to, NAME).last)

    assert queue(to, NAME).last == (0 if how else 1)
    assert len(receiver.requests[before:]) == (0 if how else 1)


@pytest.mark.parametrize("payload", ["", "application/fhir+json"])
@pytest.mark.parametrize("how", WITHDRAWN)
def test_what_was_queued_before_a_withdrawal_is_not_told(
    services: Services, certificates: Path, how: str, payload: str
) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        subscribed(to, receiver.base + "/hook", payload)
        does(HOSPITAL, Put(observation("o")), to)
        announcer = Announcer(to)
        while announcer.announce():
            pass
        announcer.close()
        assert queue(to, NAME).last == 1
        does(HOSPITAL, WITHDRAWN[how], to)
        before = len(receiver.requests)
        with telling(to):
            eventually(lambda: queue(to, NAME).told == 1)

    assert receiver.requests[before:] == []
