"""Whoever keeps a record that is opened in an emergency is told at once, through the outbox; nobody else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.access.partners import Partner
from gateway.emergency import close, open_record
from gateway.fhir.json import decode
from gateway.notify.subscription import BACKPORT
from gateway.notify.topics import BASE
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Put
from tests.deliver.telling import alive, eventually, queue, rows, telling
from tests.emergency_world import NUMBER, REASON, as_person
from tests.policy_world import FAR, HOME, HOSPITAL, does, patient, peopled
from tests.receivers import Receiver, outward, receiving

NAME = "Subscription/1"


def subscription(endpoint: str) -> dict[str, Any]:
    content = {"url": f"{BACKPORT}backport-payload-content", "valueCode": "full-resource"}
    return {
        "resourceType": "Subscription",
        "id": "1",
        "meta": {"profile": [f"{BACKPORT}backport-subscription"]},
        "status": "requested",
        "reason": "test",
        "criteria": f"{BASE}break-glass",
        "channel": {
            "type": "rest-hook",
            "endpoint": endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [content]},
        },
    }


def told(receiver: Receiver) -> list[dict[str, Any]]:
    """Return the Consents that a receiver was told of."""
    bundles = [decode(one.body) for one in receiver.requests if one.body]
    entries = [entry.get("resource", {}) for bundle in bundles for entry in bundle["entry"]]
    return [resource for resource in entries if resource.get("resourceType") == "Consent"]


@pytest.mark.parametrize("by", [HOSPITAL, HOME, FAR], ids=lambda one: one.id)
def test_who_keeps_the_record_is_told_of_each_step(services: Services, certificates: Path, by: Partner) -> None:
    with receiving(certificates) as receiver:
        to = alive(services, outward(certificates, receiver))
        peopled(to)
        does(HOSPITAL, Put(patient(identifier=[NUMBER])), to)
        does(by, Put(subscription(receiver.base + "/hook")), to)
        with telling(to):
            eventually(lambda: b'"active"' in getattr(to.store.read(Identity("Subscription", "1")), "body", b""))
            open_record(NUMBER, REASON, as_person(FAR, to), to)
            open_record(NUMBER, REASON, as_person(FAR, to), to)  # it is open already, and nothing happens
            open_record(NUMBER, REASON, as_person(FAR, to), to, confirm=True)
            close(NUMBER, as_person(FAR, to), to)
            eventually(lambda: rows(to, "select count(*) from outbox") == [(0,)])
            eventually(lambda: queue(to, NAME).told == queue(to, NAME).last)

    found = told(receiver)
    if by is HOSPITAL:
        assert [one["status"] for one in found] == ["active", "active", "inactive"]
        assert ["class" in one["provision"] for one in found] == [True, False, False]
        assert found[0]["extension"][0]["valueCodeableConcept"] == REASON
        assert found[0]["provision"]["actor"][0]["reference"]["identifier"]["value"] == "dokter"
    else:
        assert found == []
