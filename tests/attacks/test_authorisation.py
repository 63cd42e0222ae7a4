"""Bad inputs 116 to 119: asking, in every way there is, for what is another's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from gateway.rest.metadata import lists_operation
from tests.attacks.estate import ATTACKER
from tests.attacks.records import TYPES, id_of, records
from tests.attacks.target import JSON, Answer, Target, check_refused, on_both
from tests.deliver.telling import eventually

pytestmark = pytest.mark.slow

OTHER, NOBODY = "gouwe", "nobody"  # who asks for what the attacker has; whose resources are not there at all
PASSING = {"Date", "X-Request-Id", "X-Correlation-Id", "AORTA-ID", "traceparent", "Content-Length"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def held(target: Target) -> Target:
    """Return a gateway in which both have a resource of every type, none of which a test changes."""
    for who in () if target.is_filled else (ATTACKER, OTHER):
        entries = [
            {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
            for each in records(who, target.receiver.base)
        ]
        answer = target.post("/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": entries}, who=who)
        assert answer.status == 200, answer.text
    target.is_filled = True
    return target


def asked_by_id(type_: str, id_: str) -> Iterator[tuple[str, str, dict[str, str], str]]:
    """Yield every request that names a resource by its id."""
    one = f"/fhir/{type_}/{id_}"
    for path in (one, f"{one}/_history/1", f"{one}/_history", f"{one}?_summary=true", f"{one}?_elements=id"):
        yield "GET", path, {}, ""
    for name, value in (("If-None-Match", 'W/"1"'), ("If-Modified-Since", "Mon, 05 Jan 2099 10:00:00 GMT")):
        yield "GET", one, {name: value}, ""
    yield "HEAD", one, {}, ""
    for operation in ("everything", "meta", "validate", "status", "events"):
        if lists_operation(type_, operation):
            yield "GET", f"{one}/${operation}", {}, ""
    for query in (f"_id={id_}", f"_id={id_}&_summary=count", f"_id={id_}&_include=*&_revinclude=*"):
        yield "GET", f"/fhir/{type_}?{query}", {}, ""
    yield "POST", f"/fhir/{type_}/_search", FORM, f"_id={id_}"
    if type_ == "Patient":
        yield "GET", f"/fhir/Provenance?target={type_}/{id_}", {}, ""
    yield "GET", f"/fhir?_type={type_},Patient&_id={id_}", {}, ""
    entry = {"request": {"method": "GET", "url": f"{type_}/{id_}"}}
    yield (
        "POST",
        "/fhir",
        {"Content-Type": JSON},
        json.dumps({"resourceType": "Bundle", "type": "batch", "entry": [entry]}),
    )


def shown(answer: Answer, whose: str) -> tuple[int, dict[str, str], str]:
    """Return what a client sees of an answer but for the id that was asked for, and for when it was answered."""
    headers = {name: value for name, value in answer.headers.items() if name not in PASSING}
    text = answer.text.replace(f"-of-{whose}", "-of-whom")
    said = json.loads(text) if text else {}
    for passing in ("id", "meta") if said.get("resourceType") == "Bundle" else ():
        said.pop(passing, None)
    return answer.status, headers, json.dumps(said)


@pytest.mark.threat(116, 117)
@pytest.mark.parametrize("type_", TYPES)
def test_what_is_anothers_is_told_as_what_is_not_there(held: Target, type_: str) -> None:
    hidden, absent = (list(asked_by_id(type_, id_of(type_, whose))) for whose in (ATTACKER, NOBODY))

    for (method, path, headers, body), other in zip(hidden, absent, strict=True):
        told = held.send(method, path, body.encode(), headers, who=OTHER)
        free = held.send(method, other[1], other[3].encode(), headers, who=OTHER)
        assert shown(told, ATTACKER) == shown(free, NOBODY), (method, path)
        assert "ETag" not in told.headers


@pytest.mark.threat(116)
def test_ones_own_is_told(held: Target) -> None:
    for type_ in TYPES:
        assert held.get(f"/fhir/{type_}/{id_of(type_, OTHER)}", who=OTHER).status == 200, type_
        assert held.get(f"/fhir/{type_}/{id_of(type_, ATTACKER)}", who=ATTACKER).status == 200, type_


def entries(answer: Answer) -> list[str]:
    assert answer.status == 200, answer.text
    found = [each["resource"] for each in answer.json().get("entry", []) if "resource" in each]
    return [f"{each['resourceType']}/{each.get('id')}" for each in found]


MINE, THEIRS = id_of("Patient", OTHER), id_of("Patient", ATTACKER)

ROUNDABOUT = [
    "Observation?_include=*",
    "Observation?_include=Observation:subject",
    "Observation?_include=*&_include:iterate=Patient:link",
    "Patient?_revinclude=Observation:subject",
    "Patient?_revinclude=Observation:subject&_include:iterate=Observation:subject",
    "Observation?subject:Patient.family=eigen",
    f"Observation?subject:Patient._id={THEIRS}",
    f"Observation?patient={THEIRS}",
    f"Observation?subject=Patient/{THEIRS}",
    "Patient?_has:Observation:subject:status=final",
    f"Patient?_has:Observation:subject:_id={id_of('Observation', ATTACKER)}",
    f"Task?patient={THEIRS}",
    "Patient?family=eigen",
    "Patient?family:contains=ige",
    "Patient?_id:not=x",
    f"Patient?_id={THEIRS},{MINE}",
    f"Patient?_security=https://msb-gateway.example/fhir/CodeSystem/owner|{ATTACKER}",
    "Patient?_sort=-_lastUpdated&_count=1",
    "Patient?_lastUpdated=gt2000-01-01",
    f"Patient/{MINE}/$everything",
    f"Patient/{MINE}/*",
    "?_type=Patient,Observation,Task",
    "Patient/_history",
    "_history",
    f"Observation/$lastn?patient={THEIRS}&code:missing=false",
]


@pytest.mark.threat(116, 118)
@on_both
@pytest.mark.parametrize("question", ROUNDABOUT)
def test_no_way_round_leads_to_it(held: Target, question: str) -> None:
    answer = held.get(f"/fhir/{question}", who=OTHER)

    if answer.status != 404:  # not served, for nobody
        found = entries(answer)
        assert not [name for name in found if name.endswith(f"-of-{ATTACKER}")], question
        assert answer.json().get("total", 0) <= len(TYPES)
        assert "next" not in [link["relation"] for link in answer.json().get("link", [])]


@pytest.mark.threat(118)
@on_both
@pytest.mark.parametrize("shape", ["_summary=count", "_total=accurate&_count=1", "_total=estimate", "_count=0"])
def test_what_is_not_seen_is_not_counted(held: Target, shape: str) -> None:
    for type_ in ("Patient", "Observation", "Task", "Location", "Slot", "ServiceRequest"):
        assert held.get(f"/fhir/{type_}?{shape}", who=OTHER).json().get("total", 1) == 1
        assert held.get(f"/fhir/{type_}?_id={id_of(type_, ATTACKER)}&{shape}", who=OTHER).json().get("total", 0) == 0
        assert held.get(f"/fhir/{type_}?_id:not={id_of(type_, OTHER)}&{shape}", who=OTHER).json().get("total", 0) == 0


@pytest.mark.threat(116, 118)
@on_both
def test_the_page_of_another_is_no_way_in(held: Target) -> None:
    for _ in range(2):
        held.post("/fhir/Patient", {"resourceType": "Patient"})
    (next_,) = [
        link["url"].removeprefix(held.base)
        for link in held.get("/fhir/Patient?_count=1").json()["link"]
        if link["relation"] == "next"
    ]

    assert held.get(next_).status == 200
    answer = held.get(next_, who=OTHER)
    if answer.status == 200:
        assert [name for name in entries(answer) if not name.endswith(f"-of-{OTHER}")] == []
    else:
        check_refused(answer, 400, "page")


@pytest.mark.threat(116)
@on_both
def test_an_export_holds_and_gives_out_what_may_be_seen(held: Target) -> None:
    mine, theirs = begun(held, OTHER), begun(held, ATTACKER)
    absent = f"{theirs.rpartition('/')[0]}/{uuid4()}"

    assert exported(held, OTHER, mine) == {f"{type_}/{id_of(type_, OTHER)}" for type_ in ("Patient", "Observation")}
    for method in ("GET", "DELETE"):
        told, free = (held.send(method, place, who=OTHER) for place in (theirs, absent))
        assert (told.status, shown(told, "")) == (404, shown(free, ""))
    for url in files(held, ATTACKER, theirs):
        assert held.get(url).status == 200
        told, free = (held.get(asked, who=OTHER) for asked in (url, url[:-4] + "AAAA"))
        assert (told.status, shown(told, "")) == (404, shown(free, ""))  # sealed for who asked for it


def begun(target: Target, who: str) -> str:
    """Begin an export; return where it tells how it is."""
    answer = target.get("/fhir/$export?_type=Patient,Observation", who=who, Accept=JSON, Prefer="respond-async")
    assert answer.status == 202, answer.text
    return answer.headers["Content-Location"].removeprefix(target.base)


def files(target: Target, who: str, place: str) -> list[str]:
    """Return the paths of the files of an export, once it is ready."""
    eventually(lambda: target.get(place, who=who).status == 200)
    return [file["url"].removeprefix(target.base) for file in target.get(place, who=who).json()["output"]]


def exported(target: Target, who: str, place: str) -> set[str]:
    lines = [line for url in files(target, who, place) for line in target.get(url, who=who).body.splitlines()]
    return {f"{each['resourceType']}/{each['id']}" for each in map(json.loads, lines)}


@pytest.mark.threat(116)
def test_a_subscriber_is_told_of_what_it_sees_alone(held: Target) -> None:
    way, hook = f"/{uuid4()}", {"type": "rest-hook", "payload": JSON}
    asked = {"resourceType": "Subscription", "status": "requested", "reason": "x", "criteria": "Location"}
    stored = held.post(
        "/fhir/Subscription", asked | {"channel": hook | {"endpoint": held.receiver.base + way}}, who=OTHER
    )
    path = f"/fhir/Subscription/{stored.json()['id']}"
    eventually(lambda: held.get(path, who=OTHER).json()["status"] == "active")

    for who in (ATTACKER, OTHER):
        id_ = f"told-{uuid4()}-of-{who}"[:64]
        assert held.put(f"/fhir/Location/{id_}", {"resourceType": "Location", "id": id_}, who=who).status == 201
    held.receiver.wait_for(lambda r: any(r.times[f"{way}/Location/{id_}"] for id_ in [id_]))
    held.send("DELETE", path, who=OTHER)

    told = [request.path for request in held.receiver.requests if request.path.startswith(f"{way}/")]
    assert told == [f"{way}/Location/{id_}"]


@pytest.mark.threat(116)
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_what_is_anothers_is_not_changed(held: Target, method: str) -> None:
    id_ = id_of("Patient", ATTACKER)
    before = held.get(f"/fhir/Patient/{id_}").body
    sent = {"PUT": {"resourceType": "Patient", "id": id_}, "PATCH": [{"op": "remove", "path": "/name"}]}.get(method)
    kind = {"PUT": JSON, "PATCH": "application/json-patch+json"}.get(method, "")
    body = json.dumps(sent).encode() if sent else b""

    answer = held.send(method, f"/fhir/Patient/{id_}", body, {"Content-Type": kind} if kind else {}, who=OTHER)

    if method == "DELETE":  # as of what is not there: https://hl7.org/fhir/R4/http.html#delete
        assert answer.status == held.send(method, f"/fhir/Patient/{uuid4()}", who=OTHER).status
    else:
        check_refused(answer, answer.status, "")
        assert answer.status in {403, 404}
    assert held.get(f"/fhir/Patient/{id_}").body == before


@pytest.mark.threat(119)
@on_both
def test_nobody_writes_what_the_log_says(held: Target) -> None:
    held.get(f"/fhir/Patient/{id_of('Patient', ATTACKER)}")
    event = {
        "resourceType": "AuditEvent",
        "type": {"code": "rest"},
        "recorded": "2026-01-05T10:00:00Z",
        "agent": [{"requestor": True}],
        "source": {"observer": {"display": "x"}},
    }
    before = held.rows(), held.tables.count("audit")
    written: list[Answer] = []
    for id_ in ("1", "x"):
        path = f"/fhir/AuditEvent/{id_}"
        written.append(held.put(path, event | {"id": id_}))
        written.append(held.send("DELETE", path))
        written.append(held.send("PATCH", path, b"[]", {"Content-Type": "application/json-patch+json"}))
    written.append(held.post("/fhir/AuditEvent", event))
    written.append(held.send("DELETE", "/fhir/AuditEvent?date=2026"))
    for method, url in (("POST", "AuditEvent"), ("DELETE", "AuditEvent/1"), ("PUT", "AuditEvent/1")):
        entry: dict[str, Any] = {"request": {"method": method, "url": url}}
        entry |= {} if method == "DELETE" else {"resource": event | {"id": "1"}}
        written.append(held.post("/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}))

    for answer in written:
        assert answer.status in {400, 403, 404, 405}, answer.text
    assert held.rows() == before[0]
    assert held.tables.count("audit") >= before[1]


@pytest.mark.threat(119)
@on_both
def test_nobody_says_who_may_see_what_another_keeps(held: Target) -> None:
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{id_of('Patient', ATTACKER)}"},
        "policyRule": {"text": "x"},
        "provision": {"type": "permit"},
    }
    before = held.rows()

    refused = held.post("/fhir/Consent", consent, who=OTHER)
    entry = {"resource": consent, "request": {"method": "POST", "url": "Consent"}}
    within = held.post("/fhir", {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}, who=OTHER)

    check_refused(refused, 403, "consent-not-yours")
    check_refused(within, 403, "consent-not-yours")
    assert held.rows() == before
    assert held.get(f"/fhir/Patient/{id_of('Patient', ATTACKER)}", who=OTHER).status == 404
