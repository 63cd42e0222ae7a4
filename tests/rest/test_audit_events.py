"""The audit over the API: it is read and searched, and no door writes, changes or deletes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.fhir.json import decode
from gateway.services import Services

EVENT = {
    "resourceType": "AuditEvent",
    "id": "0-1",
    "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
    "recorded": "2026-01-05T10:00:00+01:00",
    "agent": [{"requestor": True}],
    "source": {"observer": {"display": "x"}},
}
FHIR = {"Content-Type": "application/fhir+json"}


def rows(to: Services) -> list[dict[str, Any]]:
    with to.store.reading() as db:
        return [json.loads(bytes(content)) for (content,) in db.rows("select content from audit order by lane, seq")]


def place(client: FlaskClient) -> None:
    answer = client.put("/fhir/Location/l1", json={"resourceType": "Location", "id": "l1", "name": "IC"}, headers=FHIR)
    assert answer.status_code == 201


def bundle(kind: str, method: str, url: str, resource: dict[str, Any] | None = None) -> dict[str, Any]:
    entry = {"request": {"method": method, "url": url}} | ({"resource": resource} if resource else {})
    return {"resourceType": "Bundle", "type": kind, "entry": [entry]}


def test_it_is_read_and_searched(client: FlaskClient) -> None:
    place(client)
    found = client.get("/fhir/AuditEvent?entity=Location/l1").get_json()
    (entry,) = found["entry"]
    assert found["total"] == 1
    assert client.get(f"/fhir/AuditEvent/{entry['resource']['id']}").get_json() == entry["resource"]
    assert (
        client.post("/fhir/AuditEvent/_search", data={"entity": "Location/l1", "action": "C"}).get_json()["total"] == 1
    )
    in_batch = client.post("/fhir", json=bundle("batch", "GET", "AuditEvent?action=C"), headers=FHIR).get_json()
    assert in_batch["entry"][0]["resource"]["entry"][0]["resource"] == entry["resource"]


def test_what_is_done_with_a_patient_is_found_in_its_compartment(client: FlaskClient) -> None:
    client.put("/fhir/Patient/p1", json={"resourceType": "Patient", "id": "p1"}, headers=FHIR)
    client.get("/fhir/Patient/p1")

    found = client.get("/fhir/Patient/p1/AuditEvent").get_json()
    assert [entry["resource"]["action"] for entry in found["entry"]] == ["R", "C"]
    assert client.get("/fhir/Encounter/e1/AuditEvent").status_code == 400


def test_it_goes_from_page_to_page(client: FlaskClient) -> None:
    for number in range(3):
        client.get(f"/fhir/Location?_id={number}")
    page = client.get("/fhir/AuditEvent?subtype=search&_count=2").get_json()
    (url,) = [link["url"] for link in page["link"] if link["relation"] == "next"]
    rest = client.get(url.partition("/fhir")[2] and f"/fhir{url.partition('/fhir')[2]}").get_json()
    assert (len(page["entry"]), len(rest["entry"])) == (2, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "AuditEvent"),
        ("PUT", "AuditEvent/0-1"),
        ("PUT", "AuditEvent?_id=0-1"),
        ("PATCH", "AuditEvent/0-1"),
        ("DELETE", "AuditEvent/0-1"),
        ("DELETE", "AuditEvent?entity=Location/l1"),
        ("GET", "AuditEvent/0-1/_history"),
        ("GET", "AuditEvent/_history"),
        ("GET", "AuditEvent/0-1/_history/1"),
    ],
)
def test_it_is_not_written_changed_or_deleted(client: FlaskClient, services: Services, method: str, path: str) -> None:
    place(client)
    before = rows(services)
    answer = client.open(f"/fhir/{path}", method=method, json=EVENT, headers=FHIR)
    assert answer.status_code == 405
    assert "PUT" not in answer.headers["Allow"]
    assert rows(services) == before


@pytest.mark.parametrize("kind", ["transaction", "batch"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "AuditEvent"), ("PUT", "AuditEvent/0-1"), ("DELETE", "AuditEvent/0-1"), ("PATCH", "AuditEvent/0-1")],
)
def test_no_bundle_writes_it(client: FlaskClient, services: Services, kind: str, method: str, path: str) -> None:
    place(client)
    before = rows(services)
    resource = EVENT if method in {"POST", "PUT"} else None
    answer = client.post("/fhir", json=bundle(kind, method, path, resource), headers=FHIR)
    status = answer.status if kind == "transaction" else answer.get_json()["entry"][0]["response"]["status"]
    assert status[:3] in {"400", "405"}
    assert rows(services)[: len(before)] == before
    with services.store.reading() as db:
        assert db.rows("select count(*) from current where type = 'AuditEvent'") == [(0,)]


@pytest.mark.parametrize("kind", ["transaction", "collection", "single"])
def test_no_message_of_a_provider_writes_it(client: FlaskClient, services: Services, kind: str) -> None:
    sent = EVENT if kind == "single" else bundle(kind, "PUT", "AuditEvent/0-1", EVENT)
    answer = client.post("/ingest/dev", json=sent, headers=FHIR | {"Accept": "application/fhir+json"})
    assert answer.status_code >= 400
    with services.store.reading() as db:
        assert db.rows("select count(*) from current where type = 'AuditEvent'") == [(0,)]


def test_no_fhir_message_writes_it(client: FlaskClient, services: Services) -> None:
    header = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventCoding": {"system": "http://example.org/events", "code": "x"},
        "source": {"endpoint": "https://ehr.example"},
        "focus": [{"reference": "AuditEvent/0-1"}],
    }
    sent = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}, {"resource": EVENT}]}
    answer = client.post("/fhir/$process-message", json=sent, headers=FHIR)
    assert answer.status_code >= 400
    with services.store.reading() as db:
        assert db.rows("select count(*) from current where type = 'AuditEvent'") == [(0,)]


@pytest.mark.parametrize("path", ["Location/none", "Patient/none", "Location/none/_history/1"])
def test_who_asks_for_what_is_not_there_stands_in_it(client: FlaskClient, services: Services, path: str) -> None:
    assert client.get(f"/fhir/{path}").status_code == 404
    last = rows(services)[-1]
    assert (last["action"], last["entities"]) == ("refused", ["/".join(path.split("/")[:2])])
    assert last.get("patients") == (["none"] if path.startswith("Patient") else None)


def test_a_refused_entry_of_a_batch_stands_in_it(client: FlaskClient, services: Services) -> None:
    client.post("/fhir", json=bundle("batch", "GET", "Location/none"), headers=FHIR)
    assert rows(services)[-1]["entities"] == ["Location/none"]


def test_an_export_holds_nothing_of_it(client: FlaskClient) -> None:
    answer = client.get("/fhir/Patient/$export?_type=AuditEvent", headers={"Prefer": "respond-async"})
    assert answer.status_code == 400


def test_the_statement_says_how_it_is_searched(client: FlaskClient) -> None:
    statement = decode(client.get("/fhir/metadata").data)
    (told,) = [one for one in statement["rest"][0]["resource"] if one["type"] == "AuditEvent"]
    assert [one["code"] for one in told["interaction"]] == ["read", "search-type"]
    assert {one["name"] for one in told["searchParam"]} == {
        "date", "patient", "agent", "entity", "action", "outcome", "type", "subtype",
    }  # fmt: skip


def _no_line_can_be_written(to: Services) -> None:
    with to.store.changing() as db:
        if db.engine == "sqlite":
            db.rows("create trigger audit_full before insert on audit begin select raise(abort, 'full'); end")
        else:
            db.rows(
                "create or replace function audit_full() returns trigger language plpgsql as "
                "$$ begin raise exception 'full'; end $$"
            )
            db.rows("create trigger audit_full before insert on audit for each row execute function audit_full()")


@pytest.fixture
def full(services: Services) -> Iterator[FlaskClient]:
    """Return a client of a gateway that has a place and a patient, and whose audit takes no line any more."""
    client = create_app(services).test_client()
    place(client)
    client.put("/fhir/Patient/p1", json={"resourceType": "Patient", "id": "p1"}, headers=FHIR)
    _no_line_can_be_written(services)
    yield client
    with services.store.changing() as db:
        db.rows("drop trigger audit_full" if db.engine == "sqlite" else "drop trigger audit_full on audit")


@pytest.mark.parametrize(
    "path",
    [
        "Location/l1",
        "Location/l1/_history/1",
        "Location/l1/_history",
        "Location",
        "Location?_summary=count",
        "Patient/p1/$everything",
        "?_type=Location",
        "AuditEvent",
        "CodeSystem",
        "Provenance?target=Location/l1",
    ],
)
def test_without_its_line_nothing_is_answered(full: FlaskClient, path: str) -> None:
    answer = full.get(f"/fhir/{path}")
    assert answer.status_code >= 500
    assert answer.get_json()["resourceType"] == "OperationOutcome"
    assert b"IC" not in answer.data


def test_without_its_line_nothing_is_written(full: FlaskClient, services: Services) -> None:
    answer = full.put("/fhir/Location/l2", json={"resourceType": "Location", "id": "l2"}, headers=FHIR)
    assert answer.status_code >= 500
    with services.store.reading() as db:
        assert db.rows("select count(*) from current where type = 'Location'") == [(1,)]


def test_without_its_line_a_refusal_stays_one(full: FlaskClient) -> None:
    assert full.get("/fhir/Location/none").status_code == 404
