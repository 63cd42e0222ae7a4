"""Bundles that are kept as one resource: what is in them stays as it was sent. https://hl7.org/fhir/R4/bundle.html"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json, xml

JSON, XML = "application/fhir+json", "application/fhir+xml"
UUID, OTHER = "urn:uuid:61ebe359-bfdc-4613-8bf2-c5e300945f0a", "urn:uuid:88f151c0-a954-468a-88bd-5ae15c08e059"
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'
PATIENT = {"resourceType": "Patient", "id": "p", "meta": {"versionId": "7", "tag": [{"code": "t"}]}, "active": True}
OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "code": {"text": "x"},
    "subject": {"reference": UUID},
    "performer": [{"reference": "Practitioner/elsewhere"}, {"reference": "https://example.org/fhir/Practitioner/1"}],
    "valueQuantity": {"value": 1.50, "unit": "mg"},
}
COMPOSITION: dict[str, Any] = {
    "resourceType": "Composition",
    "status": "final",
    "type": {"text": "letter"},
    "date": "2026-01-05",
    "author": [{"reference": UUID}],
    "title": "t",
    "subject": {"reference": UUID},
    "section": [{"title": "s", "text": {"status": "generated", "div": DIV}, "entry": [{"reference": OTHER}]}],
}
HEADER: dict[str, Any] = {
    "resourceType": "MessageHeader",
    "eventUri": "https://example.org/event",
    "source": {"endpoint": "https://example.org/source"},
    "focus": [{"reference": UUID}],
}
ENTRIES = [{"fullUrl": UUID, "resource": PATIENT}, {"fullUrl": OTHER, "resource": OBSERVATION}]
FIRST = "urn:uuid:0f0f6c2e-4d7c-4d0e-9d3f-2b1f6a0a0a01"
BUNDLES: dict[str, dict[str, Any]] = {
    "collection": {"type": "collection", "entry": ENTRIES},
    "document": {
        "type": "document",
        "identifier": {"system": "https://example.org/ids", "value": "1"},
        "timestamp": "2026-01-05T10:00:00+01:00",
        "entry": [{"fullUrl": FIRST, "resource": COMPOSITION}, *ENTRIES],
    },
    "message": {
        "type": "message",
        "timestamp": "2026-01-05T10:00:00+01:00",
        "entry": [{"fullUrl": FIRST, "resource": HEADER}, *ENTRIES],
    },
}


def whole(kind: str) -> dict[str, Any]:
    return {"resourceType": "Bundle", **BUNDLES[kind]}


def content(resource: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = json.decode(json.encode(resource))
    return {name: value for name, value in decoded.items() if name not in {"id", "meta"}}


def stored(client: FlaskClient, kind: str) -> str:
    answer = client.post("/fhir/Bundle", data=json.encode(whole(kind)), content_type=JSON)
    assert answer.status_code == 201, answer.data
    assert content(json.decode(answer.data)) == content(whole(kind))
    return str(answer.get_json()["id"])


@pytest.mark.parametrize("kind", BUNDLES)
def test_it_is_read_back_with_everything_in_it(client: FlaskClient, kind: str) -> None:
    id_ = stored(client, kind)
    read = client.get(f"/fhir/Bundle/{id_}")
    assert content(json.decode(read.data)) == content(whole(kind))
    assert b'"value":1.5' in read.data
    in_xml = client.get(f"/fhir/Bundle/{id_}", headers={"Accept": XML})
    assert content(xml.read(in_xml.data)) == content(whole(kind))
    assert content(json.decode(client.get(f"/fhir/Bundle/{id_}/_history/1").data)) == content(whole(kind))


@pytest.mark.parametrize("kind", BUNDLES)
def test_what_is_in_it_is_not_stored_by_itself(client: FlaskClient, kind: str) -> None:
    stored(client, kind)
    assert client.get("/fhir/Patient/p").status_code == 404
    assert client.get("/fhir/Observation?_summary=count").get_json()["total"] == 0
    assert client.get(f"/fhir/Bundle?type={kind}").get_json()["total"] == 1


@pytest.mark.parametrize("kind", BUNDLES)
def test_in_a_transaction_only_its_own_references_are_resolved(client: FlaskClient, kind: str) -> None:
    entries = [
        {"fullUrl": UUID, "resource": PATIENT, "request": {"method": "POST", "url": "Patient"}},
        {"resource": whole(kind), "request": {"method": "POST", "url": "Bundle"}},
    ]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = client.post("/fhir", data=json.encode(sent), content_type=JSON)
    assert answer.status_code == 200, answer.data
    found = client.get(f"/fhir/Bundle?type={kind}").get_json()["entry"][0]["resource"]
    assert content(found) == content(whole(kind))


@pytest.mark.parametrize("kind", BUNDLES)
def test_what_is_wrong_in_it_is_told_with_its_place(client: FlaskClient, kind: str) -> None:
    sent = whole(kind)
    last = len(sent["entry"]) - 1
    sent = sent | {"entry": [*sent["entry"][:-1], {"fullUrl": OTHER, "resource": OBSERVATION | {"status": "klaar"}}]}
    answer = client.post("/fhir/Bundle", data=json.encode(sent), content_type=JSON)
    assert answer.status_code == 422
    assert [f"Bundle.entry[{last}].resource.status"] in [i.get("expression") for i in answer.get_json()["issue"]]


def test_a_document_without_what_makes_it_one_is_refused(client: FlaskClient) -> None:
    for broken in (
        {"identifier": None},
        {"timestamp": None},
        {"entry": BUNDLES["document"]["entry"][1:]},
    ):
        sent = {name: value for name, value in (whole("document") | broken).items() if value is not None}
        assert client.post("/fhir/Bundle", data=json.encode(sent), content_type=JSON).status_code == 422


@pytest.mark.slow
def test_a_transaction_may_have_20000_entries(client: FlaskClient) -> None:
    entry = {"request": {"method": "POST", "url": "Organization"}}
    entries = [entry | {"resource": {"resourceType": "Organization", "name": f"o{n}"}} for n in range(20_000)]
    sent = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = client.post("/fhir", data=json.encode(sent), content_type=JSON)
    assert answer.status_code == 200
    assert len(answer.get_json()["entry"]) == 20_000
    assert client.get("/fhir/Organization?_summary=count").get_json()["total"] == 20_000
    sent["entry"].append(entries[0])  # type: ignore[attr-defined]
    refused = client.post("/fhir", data=json.encode(sent), content_type=JSON)
    assert (refused.status_code, refused.get_json()["issue"][0]["expression"]) == (413, ["Bundle.entry"])
