"""Searches at the root and in compartments, and searches by codes of sets, as a client sends them."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json
from tests.rest.test_fhir import issue_codes, put

FORM = "application/x-www-form-urlencoded"
BSN = "999900006"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@pytest.fixture
def kept(client: FlaskClient) -> FlaskClient:
    visit = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"system": ACT, "code": "ACUTE"}}
    for resource in (
        {"resourceType": "Patient", "id": "p1", "identifier": [{"value": "12"}]},
        {"resourceType": "Location", "id": "l1", "name": "3B"},
        visit | {"subject": {"reference": "Patient/p1"}},
    ):
        response = put(client, f"/{resource['resourceType']}/{resource['id']}", resource)
        assert response.status_code == 201, response.text
    return client


def names(bundle: Any) -> list[str]:
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == "match"]


def test_the_root_is_searched_by_get_and_by_post(kept: FlaskClient) -> None:
    for path in ("/fhir?_type=Patient,Location", "/fhir/?_type=Patient,Location"):
        assert names(kept.get(path).get_json()) == ["l1", "p1"]
    posted = kept.post("/fhir/_search", data="_type=Location&_id=l1", content_type=FORM)
    assert names(posted.get_json()) == ["l1"]
    assert posted.get_json()["link"][0]["url"].endswith("/fhir?_type=Location&_id=l1")
    assert kept.head("/fhir?_type=Patient").status_code == 200
    assert kept.get("/fhir?_type=Nonsense").status_code == 400


def test_a_next_link_of_the_root_is_followed(kept: FlaskClient) -> None:
    first = kept.get("/fhir?_type=Patient,Location&_count=1").get_json()
    following = next(each["url"] for each in first["link"] if each["relation"] == "next")

    assert names(first) == ["l1"]
    assert names(kept.get(following).get_json()) == ["p1"]


def test_compartments_are_searched(kept: FlaskClient) -> None:
    assert names(kept.get("/fhir/Patient/p1/Encounter?status=finished").get_json()) == ["e1"]
    assert names(kept.get("/fhir/Patient/p1/*").get_json()) == ["e1", "p1"]
    posted = kept.post("/fhir/Patient/p1/Encounter/_search", data="status=finished", content_type=FORM)
    assert names(posted.get_json()) == ["e1"]
    assert names(kept.post("/fhir/Patient/p1/_search", data="_type=Encounter", content_type=FORM).get_json()) == ["e1"]
    assert names(kept.get("/fhir/Patient/p2/Encounter").get_json()) == []
    assert kept.get("/fhir/Patient/p1/Account").status_code == 404
    refused = kept.get("/fhir/Location/l1/Encounter")
    assert (refused.status_code, issue_codes(refused)) == (404, ["not-found"])
    assert kept.get("/fhir/Patient/p1/Location").status_code == 400
    assert kept.delete("/fhir/Patient/p1/Encounter").status_code == 405


def test_they_stand_in_a_bundle_too(kept: FlaskClient) -> None:
    urls = ["?_type=Location", "Patient/p1/Encounter?status=finished", "Patient/p1/*", "Patient/p1/Slot", "?_type=x"]
    entries = [{"request": {"method": "GET", "url": url}} for url in urls]
    batch = json.encode({"resourceType": "Bundle", "type": "batch", "entry": entries})

    answers = kept.post("/fhir", data=batch, content_type="application/fhir+json").get_json()["entry"]

    assert [answer["response"]["status"][:3] for answer in answers] == ["200", "200", "200", "400", "400"]
    assert [names(answer["resource"]) for answer in answers[:3]] == [["l1"], ["e1"], ["e1", "p1"]]
    whole = json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})
    refused = kept.post("/fhir", data=whole, content_type="application/fhir+json")
    assert refused.status_code == 400
    assert [issue["expression"] for issue in refused.get_json()["issue"]] == [["Bundle.entry[3]"], ["Bundle.entry[4]"]]


def test_a_bsn_stands_in_no_url_of_the_root(kept: FlaskClient) -> None:
    assert kept.get(f"/fhir?_id={BSN}").status_code == 400
    assert kept.get(f"/fhir/Patient/p1/*?_id={BSN}").status_code == 400
    answer = kept.post("/fhir/_search", data=f"_id={BSN}", content_type=FORM)
    assert answer.status_code == 200
    assert BSN not in answer.text


def test_codes_are_searched_by_set_and_by_hierarchy(kept: FlaskClient) -> None:
    assert names(kept.get(f"/fhir/Encounter?class:below={ACT}|IMP").get_json()) == ["e1"]
    assert names(kept.get(f"/fhir/Encounter?class:below={ACT}|AMB").get_json()) == []
    assert names(kept.get("/fhir/Encounter?status:in=http://hl7.org/fhir/ValueSet/encounter-status").get_json()) == [
        "e1"
    ]
    refused = kept.get("/fhir/Encounter?status:in=http://nowhere.example/set&class:below=http://x|y")
    assert refused.status_code == 400
    assert issue_codes(refused) == ["bad-value", "bad-value"]
    assert "http://nowhere.example/set" in refused.text
    page = kept.get("/fhir/Encounter?status:in=http://hl7.org/fhir/ValueSet/encounter-status&_count=1").get_json()
    assert "status:in=http://hl7.org/fhir/ValueSet/encounter-status" in page["link"][0]["url"]


def test_the_condition_of_a_write_names_codes_and_no_set(kept: FlaskClient) -> None:
    visit = {"resourceType": "Encounter", "status": "finished", "class": {"code": "IMP"}}
    query = "status:in=http://hl7.org/fhir/ValueSet/encounter-status"

    refused = kept.post(
        "/fhir/Encounter", json=visit, headers={"If-None-Exist": query}, content_type="application/fhir+json"
    )

    assert refused.status_code == 400
    assert "not for the condition of a write" in refused.text


def test_the_statement_lists_compartments_and_composites(client: FlaskClient) -> None:
    rest = client.get("/fhir/metadata").get_json()["rest"][0]

    assert "http://hl7.org/fhir/CompartmentDefinition/patient" in rest["compartment"]
    assert {p["name"] for p in rest["searchParam"]} == {
        "_id",
        "_lastUpdated",
        "_profile",
        "_security",
        "_source",
        "_tag",
    }
    seen = next(r for r in rest["resource"] if r["type"] == "Observation")["searchParam"]
    assert {
        "name": "_text",
        "definition": "http://hl7.org/fhir/SearchParameter/DomainResource-text",
        "type": "string",
    } in seen
    assert {p["name"] for p in seen if p["type"] == "composite"} >= {"component-code-value-quantity", "code-value-date"}
