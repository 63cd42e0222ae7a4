"""A person who has logged in opens a record in an emergency, over HTTP; no machine does."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.test import TestResponse

from gateway.access.policy import development_caller
from gateway.services import Services
from gateway.transact import Put, transact
from gateway.transact.partners import add
from tests.authentication.asking import audited
from tests.authentication.people import OURS, Browser
from tests.emergency_world import NUMBER, REASON
from tests.openid import OpenId
from tests.policy_world import observation, patient
from tests.trust import EVERYTHING, partner

HOSPITAL = partner("ziekenhuis", ura="00000012", scopes=EVERYTHING)
POST = partner("post", kind="hap", ura="00000013", scopes=EVERYTHING)


@pytest.fixture
def emergency(browser: Browser, with_people: Services, provider: OpenId) -> Browser:
    """Return the browser of a triage nurse, who has logged in; a hospital has a patient with an observation."""
    add([HOSPITAL, POST], development_caller(), with_people)
    with_people.registry.partners()
    caller = with_people.registry.granted(HOSPITAL.caller(), with_people.clock())
    for resource in (patient(identifier=[NUMBER]), observation("o")):
        transact([Put(resource)], caller, with_people)
    provider.claims |= {"organization": "00000013", "roles": ["referrer"]}
    browser.log_in()
    return browser


def asked(**more: Any) -> dict[str, Any]:
    said = {"identifier": {"valueIdentifier": NUMBER}, "reason": {"valueCodeableConcept": REASON}, **more}
    return {"resourceType": "Parameters", "parameter": [{"name": name, **value} for name, value in said.items()]}


def opened(browser: Browser, **more: Any) -> TestResponse:
    return browser.post("/fhir/Patient/$break-glass", json=asked(**more))


def named(answer: TestResponse) -> dict[str, Any]:
    return {one["name"]: next(value for key, value in one.items() if key != "name") for one in answer.json["parameter"]}  # type: ignore[index]


def test_a_record_is_opened_confirmed_and_closed(emergency: Browser, with_people: Services) -> None:
    assert emergency.get("/fhir/Patient/p").status_code == 404

    first = opened(emergency)
    assert (first.status_code, set(named(first))) == (200, {"until", "content", "patient"})
    assert named(first)["patient"] == {"reference": "Patient/p"}
    assert emergency.get("/fhir/Patient/p").status_code == 200
    assert emergency.get("/fhir/Observation/o").status_code == 404

    assert "content" not in named(opened(emergency, confirm={"valueBoolean": True}))
    assert emergency.get("/fhir/Observation/o").status_code == 200
    rows = [(row["action"], row["purpose"], row["person"]) for row in audited(with_people)[-2:]]
    assert rows == [("break-glass", "ETREAT", "jansen"), ("read", "ETREAT", "jansen")]

    closing = asked()
    closing["parameter"].pop()
    assert emergency.post("/fhir/Patient/$end-break-glass", json=closing).status_code == 200
    assert emergency.get("/fhir/Patient/p").status_code == 404


def test_in_a_batch_it_is_the_same(emergency: Browser) -> None:
    request = {"method": "POST", "url": "Patient/$break-glass"}
    entries = [{"request": request, "resource": asked()}]
    answer = emergency.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": entries})

    assert answer.json is not None
    assert answer.json["entry"][0]["response"]["status"].startswith("200")
    assert emergency.get("/fhir/Patient/p").status_code == 200


def test_who_tries_one_number_after_the_other_is_stopped(emergency: Browser) -> None:
    answers = [opened(emergency).status_code for _ in range(8)]

    assert answers == [200] * 6 + [429] * 2


@pytest.mark.parametrize(
    "path", ["/fhir/Patient/$break-glass", "/fhir/Observation/$break-glass", "/fhir/Patient/p/$break-glass"]
)
def test_it_is_asked_of_patients_by_post(emergency: Browser, path: str) -> None:
    if path != "/fhir/Patient/$break-glass":
        assert emergency.post(path, json=asked()).status_code == 404
    assert emergency.get(path).status_code in {404, 405}
    assert emergency.get("/fhir/Patient/p").status_code == 404


def test_it_needs_a_reason(emergency: Browser) -> None:
    bare = asked()
    bare["parameter"].pop()

    assert emergency.post("/fhir/Patient/$break-glass", json=bare).status_code == 400
    assert emergency.get("/fhir/Patient/p").status_code == 404


def test_a_page_of_another_site_opens_nothing(emergency: Browser) -> None:
    headers = OURS | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}

    assert emergency.post("/fhir/Patient/$break-glass", json=asked(), headers=headers).status_code in {401, 403}
    assert emergency.get("/fhir/Patient/p").status_code == 404
