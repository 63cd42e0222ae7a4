"""The audit as FHIR: what is done stands in it with the facts of NEN 7513, and each is told what it may know."""

from __future__ import annotations

import json
from base64 import b64decode
from dataclasses import replace
from typing import Any

import pytest

from gateway import query
from gateway.access.correlation import Correlation
from gateway.access.policy import Caller, development_caller, unlimited
from gateway.errors import BadRequest, Forbidden, ResourceNotFound
from gateway.fhir.search import parse as parse_search
from gateway.query import auditlog, refusals
from gateway.query.auditlog.names import Names
from gateway.services import Services
from gateway.store.auditing.index import Name
from gateway.transact import Create, Delete, Operation, Put, transact

BASE = "https://gateway.example/fhir"
ALL = frozenset({"system/*.cruds"})
DUINRAND = unlimited(
    Caller(
        "06999901", "Ziekenhuis Duinrand", partner="duinrand", ura="06999901", scopes=ALL, role="ziekenhuis",
        known_by="certificate abc", address="10.20.0.7",
        correlation=Correlation("request-1", "correlation-1"),
    )
)  # fmt: skip
GOUWE = unlimited(Caller("41999902", "Zorggroep Gouwe", partner="gouwe", scopes=ALL))
OFFICER = replace(
    unlimited(Caller("00000001", "Toezicht", partner="officer", scopes=frozenset({"system/AuditEvent.rs"}))),
    types=frozenset({"AuditEvent"}),
)


EVENT = {
    "resourceType": "AuditEvent",
    "type": {"code": "rest"},
    "recorded": "2026-01-05T10:00:00+01:00",
    "agent": [{"requestor": True}],
    "source": {"observer": {"display": "x"}},
}


def patient(id_: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id_, "active": True}


def observation(id_: str, about: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": id_,
        "status": "final",
        "code": {"text": "pols"},
        "subject": {"reference": f"Patient/{about}"},
    }


def told(to: Services, caller: Caller = OFFICER, **parameters: str) -> list[dict[str, Any]]:
    """Return the AuditEvents that a search finds, oldest first."""
    asked = auditlog.parse([(name.replace("__", ":"), value) for name, value in parameters.items()], BASE)
    found = json.loads(auditlog.search(asked, caller, to, base=BASE))
    return [entry["resource"] for entry in reversed(found.get("entry", []))]


def last(to: Services, **parameters: str) -> dict[str, Any]:
    return told(to, OFFICER, **parameters)[-1]


def entities(event: dict[str, Any], type_: str | None = None) -> list[str]:
    return [
        entity["what"]["reference"]
        for entity in event.get("entity", ())
        if "reference" in entity.get("what", {}) and type_ in {None, entity["type"]["code"]}
    ]


@pytest.fixture
def kept(services: Services) -> Services:
    """Return a gateway with a patient of one partner, an Observation about it, and a place of another partner."""
    transact([Put(patient("p1")), Put(observation("o1", "p1"))], DUINRAND, services)
    transact([Put({"resourceType": "Location", "id": "l1", "name": "IC"})], GOUWE, services)
    return services


def test_a_read_is_told_with_the_facts_of_nen_7513(kept: Services) -> None:
    query.read("Observation", "o1", DUINRAND, kept)
    event = last(kept, subtype="http://hl7.org/fhir/restful-interaction|read")

    assert (event["type"]["code"], event["action"], event["outcome"]) == ("rest", "R", "0")
    asked, gateway = event["agent"]
    assert asked["who"]["reference"] == "Organization/partner-duinrand"
    assert asked["who"]["identifier"] == {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "06999901"}
    assert (asked["who"]["display"], asked["altId"], asked["requestor"]) == (
        "Ziekenhuis Duinrand",
        "certificate abc",
        True,
    )
    assert asked["role"][0]["coding"][0]["code"] == "ziekenhuis"
    assert asked["network"] == {"address": "10.20.0.7", "type": "2"}
    assert gateway["requestor"] is False
    assert event["source"]["site"]
    assert event["purposeOfEvent"][0]["coding"][0]["code"] == "TREAT"
    assert entities(event, "1") == ["Patient/p1"]
    assert entities(event, "2") == ["Observation/o1/_history/1"]
    request = event["entity"][-1]
    assert request["what"]["identifier"]["value"] == "request-1"
    assert {"type": "X-Correlation-Id", "valueString": "correlation-1"} in request["detail"]


@pytest.mark.parametrize("action", ["read", "vread", "history", "search", "create", "update", "delete", "refused"])
def test_every_event_is_valid_fhir(kept: Services, action: str) -> None:
    query.vread("Observation", "o1", "1", DUINRAND, kept)
    query.read("Observation", "o1", DUINRAND, kept)
    query.history(query.HistoryRequest("Observation", "o1"), DUINRAND, kept, base=BASE)
    query.search(parse_search("Observation", [("subject", "Patient/p1")]), DUINRAND, kept, base=BASE)
    transact([Create(observation("x", "p1"))], DUINRAND, kept)
    transact([Put(observation("o1", "p2"))], DUINRAND, kept)
    transact([Delete("Observation", "o1")], DUINRAND, kept)
    refusals.note(Forbidden("no"), GOUWE, kept, "Patient", "p1")

    event = last(kept, subtype=action)
    assert kept.validator.issues(event) == []


def test_who_changes_whom_something_is_about_is_told_of_both(kept: Services) -> None:
    transact([Put(observation("o1", "p2"))], DUINRAND, kept)
    assert entities(last(kept, action="U"), "1") == ["Patient/p2", "Patient/p1"]

    transact([Delete("Observation", "o1")], DUINRAND, kept)
    assert entities(last(kept, action="D"), "1") == ["Patient/p2"]


def test_a_search_is_told_by_its_parameters_and_never_their_values(kept: Services) -> None:
    asked = [("identifier", "http://fhir.nl/fhir/NamingSystem/bsn|999900006"), ("birthdate", "1970-01-01")]
    query.search(parse_search("Patient", asked), DUINRAND, kept, base=BASE)

    event = last(kept, subtype="search")
    queries = [b64decode(entity["query"]).decode() for entity in event["entity"] if "query" in entity]
    assert queries == ["identifier&birthdate"]
    assert "999900006" not in json.dumps(event)


def test_who_looked_for_a_patient_is_known_though_nothing_was_found(kept: Services) -> None:
    for asked in ([("patient", "p7")], [("subject", "Patient/p7")], [("subject:Patient", "p7")]):
        query.search(parse_search("Condition", asked), GOUWE, kept, base=BASE)

    assert len(told(kept, patient="p7", action="E")) == 3


def test_it_is_searched_by_what_is_stated(kept: Services) -> None:
    query.read("Observation", "o1", DUINRAND, kept)
    query.read("Location", "l1", GOUWE, kept)

    def found(**parameters: str) -> list[str]:
        return [event["action"] for event in told(kept, OFFICER, **parameters)]

    assert found(agent="Organization/partner-gouwe") == ["C", "R"]
    assert found(agent__identifier="41999902", action="R") == ["R"]
    assert found(agent__identifier="http://fhir.nl/fhir/NamingSystem/ura|41999902", action="R") == ["R"]
    assert found(agent__identifier="urn:other|41999902") == []
    assert found(agent="Practitioner/gouwe") == []
    assert found(entity="Location/l1", action="R") == ["R"]
    assert found(entity=f"{BASE}/Location/l1", action="R") == ["R"]
    assert found(entity="https://other.example/fhir/Location/l1") == []
    assert len(found(patient="Patient/p1")) == 2
    assert found(patient="Location/p1") == []
    assert found(type="http://terminology.hl7.org/CodeSystem/audit-event-type|rest", action="R") == ["R", "R"]
    assert found(type="urn:other|rest") == []
    assert found(outcome="4") == []
    assert found(date="2026-01-05", action="R,D") == ["R", "R"]
    assert found(date="lt2026-01-05", action="R") == []
    assert found(date="ge2026-01-05T09:00:00Z", action="R") == ["R", "R"]


@pytest.mark.parametrize(
    "parameters",
    [
        [("nonsense", "x")],
        [("subtype:not", "read")],
        [("patient:missing", "true")],
        [("date", "yesterday")],
        [("date", "ne2026")],
        [("entity", "nonsense")],
        [("patient", "p\x001")],
        [("entity", "#1")],
        [("agent", "gouwe")],
        [("action", "")],
        [("_count", "0")],
        [("_sort", "date")],
        [("_include", "AuditEvent:agent")],
        [("_summary", "count")],
        [("patient", "p1")] * 21,
        [("patient", ",".join(["p1"] * 51))],
    ],
)
def test_what_is_not_known_is_refused(parameters: list[tuple[str, str]]) -> None:
    with pytest.raises(BadRequest):
        auditlog.parse(parameters, BASE)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(BadRequest) as refused:
        auditlog.parse([("nonsense", "x"), ("date", "y")], BASE)
    assert len(refused.value.issues) == 2


def test_pages_hold_everything_once_whatever_is_done_meanwhile(kept: Services) -> None:
    for _ in range(7):
        query.read("Observation", "o1", DUINRAND, kept)
    seen, asked = [], auditlog.parse([("entity", "Observation/o1"), ("_count", "3")], BASE)
    while True:
        page = json.loads(auditlog.search(asked, OFFICER, kept, base=BASE))
        seen += [entry["resource"]["id"] for entry in page["entry"]]
        following = [link["url"] for link in page["link"] if link["relation"] == "next"]
        if not following:
            break
        query.read("Observation", "o1", DUINRAND, kept)
        asked = auditlog.parse([("_page", following[0].partition("_page=")[2].partition("&")[0])], BASE)
    assert len(seen) == len(set(seen)) == 8


def test_a_page_link_is_of_who_asked(kept: Services) -> None:
    for _ in range(3):
        query.read("Observation", "o1", DUINRAND, kept)
    page = json.loads(auditlog.search(auditlog.parse([("_count", "1")], BASE), DUINRAND, kept, base=BASE))
    (url,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
    with pytest.raises(BadRequest):
        auditlog.search(
            auditlog.parse([("_page", url.partition("_page=")[2].partition("&")[0])], BASE), GOUWE, kept, base=BASE
        )


def test_reading_the_audit_stands_in_it(kept: Services) -> None:
    event = last(kept)
    auditlog.read("AuditEvent", event["id"], OFFICER, kept)

    reading, searching = last(kept, subtype="audit-read"), told(kept, subtype="audit-search")[0]
    assert (reading["type"]["code"], reading["action"]) == ("110101", "R")
    assert entities(reading) == [f"AuditEvent/{event['id']}"]
    assert f"AuditEvent/{event['id']}" in entities(searching)


def test_an_event_is_read_as_it_is_found(kept: Services) -> None:
    event = last(kept)
    assert json.loads(auditlog.read("AuditEvent", event["id"], OFFICER, kept).body) == event
    changed = f"{int(event['id'], 16) ^ 1:032x}"
    with kept.store.reading() as db:
        past = Names.of(db).id(Name(0, 999))
    for absent in (past, changed, event["id"][:-2], "0-1", "x"):
        with pytest.raises(ResourceNotFound):
            auditlog.read("AuditEvent", absent, OFFICER, kept)


def test_an_id_tells_nothing_of_how_many_there_are(kept: Services) -> None:
    for _ in range(20):
        query.read("Location", "l1", GOUWE, kept)

    ids = [event["id"] for event in told(kept, OFFICER)]

    assert len({len(id_) for id_ in ids}) == 1
    assert len(set(ids)) == len(ids) > 20
    assert ids not in (sorted(ids), sorted(ids, reverse=True))


def test_an_organisation_is_told_what_it_did_and_what_was_done_to_its_own(kept: Services) -> None:
    """Of an access by another it is told who and when, and what of its own: nothing of others' resources."""
    transact([Put(observation("o2", "p2"))], GOUWE, kept)
    query.search(parse_search("Observation", [("code:text", "pols")]), GOUWE, kept, base=BASE)
    query.read("Location", "l1", GOUWE, kept)

    (event,) = told(kept, DUINRAND, agent="Organization/partner-gouwe")
    assert entities(event) == ["Patient/p1", "Observation/o1"]
    assert event["agent"][0]["who"]["display"] == "Zorggroep Gouwe"
    assert all("query" not in entity for entity in event["entity"])
    whole = last(kept, agent="Organization/partner-gouwe", subtype="search")
    assert set(entities(whole)) == {"Patient/p1", "Patient/p2", "Observation/o1", "Observation/o2"}
    assert json.loads(auditlog.read("AuditEvent", whole["id"], DUINRAND, kept).body) == event
    assert all("duinrand" in json.dumps(one["agent"]) for one in told(kept, DUINRAND) if one != event)


def test_nothing_is_told_of_what_an_organisation_has_no_part_in(kept: Services) -> None:
    query.read("Location", "l1", GOUWE, kept)
    event = last(kept, entity="Location/l1", action="R")

    assert told(kept, DUINRAND, entity="Location/l1") == []
    with pytest.raises(ResourceNotFound):
        auditlog.read("AuditEvent", event["id"], DUINRAND, kept)


def test_who_may_not_read_it_does_not(kept: Services) -> None:
    stranger = replace(DUINRAND, scopes=frozenset({"system/Observation.rs"}))
    with pytest.raises(Forbidden):
        told(kept, stranger)
    with pytest.raises(Forbidden):
        auditlog.read("AuditEvent", "0-1", stranger, kept)
    assert told(kept, development_caller())


@pytest.mark.parametrize("operation", [Create(EVENT), Put(EVENT | {"id": "0-1"}), Delete("AuditEvent", "0-1")])
def test_the_door_in_takes_none(kept: Services, operation: Operation) -> None:
    """Whichever protocol it came by, and whatever a caller may."""
    with pytest.raises(Forbidden):
        transact([operation], development_caller(), kept)


@pytest.mark.parametrize("url", ["Binary/b1", "{base}/Binary/b1"])
def test_who_reads_a_document_looks_at_its_patient(kept: Services, url: str) -> None:
    """A Binary does not say whose it is: the DocumentReference that leads to it does."""
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": {"url": url.format(base=kept.settings.base_url)}}],
    }
    binary = {"resourceType": "Binary", "id": "b1", "contentType": "text/plain", "data": "eA=="}
    transact([Put(binary), Create(document)], DUINRAND, kept)
    query.read("Binary", "b1", DUINRAND, kept)
    query.vread("Binary", "b1", "1", DUINRAND, kept)

    found = told(kept, OFFICER, entity="Binary/b1", action="R")
    assert [entities(event, "1") for event in found] == [["Patient/p1"]] * 2
