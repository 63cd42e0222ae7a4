"""Bad inputs 120 and 121: reading on after a consent was withdrawn, and opening a record without a reason."""

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from gateway.access import totp
from gateway.notify.subscription import CONTENT
from tests.attacks.estate import ATTACKER, CARE, DOCTOR
from tests.attacks.target import JSON, Answer, Target, check_refused, on_both
from tests.consents import consent, recipient
from tests.deliver.telling import eventually
from tests.emergency_world import REASON

pytestmark = [pytest.mark.slow, on_both]

HOME = "duinhof"
NEWEST = "SELECT content FROM audit ORDER BY seq DESC LIMIT 100"
OURS = {"Origin": "https://gateway.example", "Sec-Fetch-Site": "same-origin"}


class Record:
    """A patient of the hospital with two observations, and a consent by which the nursing home sees them."""

    def __init__(self, target: Target) -> None:
        self.target, self.id = target, str(uuid4())
        self.number = {"system": "https://attacks.example/number", "value": self.id}
        self.put({"resourceType": "Patient", "id": self.id, "identifier": [self.number], "name": [{"text": "x"}]})
        for name in ("one", "two"):
            self.observe(name)

    def put(self, resource: dict[str, Any], who: str = ATTACKER) -> Answer:
        answer = self.target.put(f"/fhir/{resource['resourceType']}/{resource['id']}", resource, who=who)
        assert answer.status in {200, 201}, answer.text
        return answer

    def observe(self, name: str, text: str = "x") -> None:
        coded = {"status": "final", "code": {"text": text}, "subject": {"reference": f"Patient/{self.id}"}}
        self.put({"resourceType": "Observation", "id": f"{self.id[:30]}-{name}", **coded})

    def permit(self, status: str = "active") -> None:
        self.put(consent(f"c-{self.id}", "permit", recipient(CARE), of=self.id, status=status))

    @property
    def ways(self) -> list[str]:
        """Return every way to what is known of the patient."""
        observation = f"/fhir/Observation/{self.id[:30]}-one"
        patient = f"/fhir/Patient/{self.id}"
        return [
            *(patient, f"{patient}/_history/1", f"{patient}/_history", f"{patient}/$everything", f"{patient}/$meta"),
            *(observation, f"{observation}/_history/1", f"{observation}/_history"),
        ]

    @property
    def searches(self) -> list[str]:
        return [
            f"/fhir/Patient?_id={self.id}",
            f"/fhir/Observation?patient={self.id}",
            f"/fhir/Observation?subject:Patient._id={self.id}",
            f"/fhir/Observation?patient={self.id}&_include=Observation:subject",
            f"/fhir/Patient?_id={self.id}&_revinclude=Observation:subject",
            f"/fhir/Patient?_has:Observation:subject:status=final&_id={self.id}",
            f"/fhir/Observation?patient={self.id}&_summary=count",
        ]

    def found(self, who: str) -> int:
        """Return how much is told to somebody, in all."""
        read = sum(self.target.get(path, who=who).status == 200 for path in self.ways)
        return read + sum(int(self.target.get(path, who=who).json().get("total", 1)) for path in self.searches)


@pytest.fixture
def record(target: Target) -> Record:
    return Record(target)


@pytest.mark.threat(120)
def test_without_a_consent_nothing_is_told(record: Record) -> None:
    assert record.found(HOME) == 0
    assert record.found(ATTACKER) > len(record.ways)


@pytest.mark.threat(120)
def test_a_withdrawal_closes_every_way_that_was_open(target: Target, record: Record) -> None:
    record.permit()
    assert record.found(HOME) == record.found(ATTACKER)
    first = target.get(f"/fhir/Observation?patient={record.id}&_count=1", who=HOME).json()
    (page,) = [link["url"].removeprefix(target.base) for link in first["link"] if link["relation"] == "next"]
    assert target.get(page, who=HOME).json()["entry"]
    tag = target.get(record.ways[0], who=HOME).headers["ETag"]

    record.permit("inactive")

    assert record.found(HOME) == 0
    assert target.get(page, who=HOME).json().get("entry", []) == []
    for path in record.ways:
        answer = target.get(path, who=HOME, If_None_Match=tag)
        assert answer.status == 404, path
        assert "ETag" not in answer.headers


@pytest.mark.threat(120)
def test_an_old_subscription_tells_nothing_more(target: Target, record: Record) -> None:
    other, way = Record(target), f"/{uuid4()}"
    record.permit()
    other.permit()
    asked = {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "x",
        "criteria": f"Observation?patient={record.id},{other.id}",
        "channel": {"type": "rest-hook", "endpoint": target.receiver.base + way, "payload": JSON},
    }
    path = f"/fhir/Subscription/{target.post('/fhir/Subscription', asked, who=HOME).json()['id']}"
    eventually(lambda: target.get(path, who=HOME).json()["status"] == "active")
    told, last = (f"{way}/Observation/{each.id[:30]}-one" for each in (record, other))
    record.observe("one", "before")
    target.receiver.wait_for(lambda r: any(b"before" in body for body in r.bodies(told)))

    record.permit("inactive")
    record.observe("one", "after")
    other.observe("one", "last")
    target.receiver.wait_for(lambda r: r.times[last] == 1)
    target.send("DELETE", path, who=HOME)

    assert not any(b"after" in body for body in target.receiver.bodies(told))


def logged_in(target: Target) -> dict[str, str]:
    """Return what a browser sends for somebody who has logged in."""
    if not target.session:
        code = totp.code(DOCTOR.secret, int(time.time()) // 30)
        form = urlencode({"name": DOCTOR.id, "password": DOCTOR.password, "code": code}).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Host": "gateway.example"}
        answer = target.send("POST", "/login?to=/login", form, OURS | kind, who=None)
        assert answer.status == 303, answer.text
        target.session = answer.headers["Set-Cookie"].partition(";")[0]
    return {"Cookie": target.session, "Host": "gateway.example", **OURS}


def break_glass(record: Record, reason: Any, headers: dict[str, str], who: str | None = None) -> Answer:
    said = [{"name": "identifier", "valueIdentifier": record.number}]
    said += [{"name": "reason", "valueCodeableConcept": reason}] if reason is not None else []
    sent = json.dumps({"resourceType": "Parameters", "parameter": said}).encode()
    return record.target.send("POST", "/fhir/Patient/$break-glass", sent, {"Content-Type": JSON} | headers, who=who)


@pytest.mark.threat(121)
def test_a_record_is_opened_by_a_person_with_a_reason_alone_and_that_is_told(target: Target, record: Record) -> None:
    person, way, patient = logged_in(target), f"/{uuid4()}", f"/fhir/Patient/{record.id}"
    asked = {
        "resourceType": "Subscription",
        "meta": {
            "profile": ["http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport-subscription"]
        },
        "status": "requested",
        "reason": "x",
        "criteria": "https://msb-gateway.example/fhir/SubscriptionTopic/break-glass",
        "channel": {"type": "rest-hook", "endpoint": target.receiver.base + way, "payload": JSON}
        | {"_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]}},
    }
    stored = target.post("/fhir/Subscription", asked)
    assert stored.status == 201, stored.text
    eventually(lambda: target.get(f"/fhir/Subscription/{stored.json()['id']}").json()["status"] == "active")

    for reason in (None, {}, {"text": "nieuwsgierig"}, {"coding": REASON["coding"]}, {**REASON, "text": " "}):
        check_refused(break_glass(record, reason, person), 400, "reason")
    check_refused(break_glass(record, REASON, {}, HOME), 403, "person-required")
    foreign = person | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert break_glass(record, REASON, foreign).status == 403
    assert target.send("GET", patient, headers=person, who=None).status == 404

    opened = break_glass(record, REASON, person)

    assert opened.status == 200, opened.text
    assert target.send("GET", patient, headers=person, who=None).status == 200
    assert target.send("GET", record.ways[5], headers=person, who=None).status == 404  # no part of the summary
    assert record.found(HOME) == 0
    assert any(b"ETREAT" in bytes(content) for (content,) in target.tables.rows(NEWEST))
    target.receiver.wait_for(lambda r: any(DOCTOR.id.encode() in body for body in r.bodies(way)))
    target.send("DELETE", f"/fhir/Subscription/{stored.json()['id']}")


@pytest.mark.threat(137)
def test_137_markup_in_a_name_or_an_address_is_text_on_a_page(target: Target) -> None:
    inside = target.send("GET", "/login", headers=logged_in(target), who=None)
    outside = target.get("/login?to=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", who=None, Host="gateway.example")

    assert "&lt;script&gt;" in inside.text
    for page in (inside, outside):
        assert page.status == 200
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"\son\w+=|javascript:", page.text)
