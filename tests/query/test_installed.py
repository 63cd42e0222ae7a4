"""The definitions that are installed, read and searched over the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.app import create_app
from gateway.fhir import tables
from gateway.query import installed
from gateway.rest import guard
from gateway.services import Services
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library

OURS = "https://msb-gateway.example/fhir/"
JSON = "application/fhir+json"


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(replace(services, validator=Validator(library()))).test_client()


def ask(client: FlaskClient, path: str, **query: Any) -> tuple[int, Any]:
    answer = client.get(f"/fhir/{path}", query_string=query or None)
    return answer.status_code, answer.get_json()


def ids(bundle: Any) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def canonicals(node: Any) -> set[str]:
    if isinstance(node, dict):
        return set().union(*(canonicals(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(canonicals(value) for value in node))
    return {node} if isinstance(node, str) and node.startswith(OURS) else set()


def test_every_canonical_of_ours_in_the_capability_statement_is_found(client: FlaskClient) -> None:
    found = canonicals(ask(client, "metadata")[1])
    assert len(found) > 15
    for url in found:
        kind, id_ = url.removeprefix(OURS).split("/")
        if kind == "SubscriptionTopic":  # which R4 has as Basic
            assert ask(client, f"Basic/{id_}")[1]["extension"][0]["valueUri"] == url
            continue
        _, bundle = ask(client, kind, url=url)
        assert [entry["resource"]["url"] for entry in bundle["entry"]] == [url]
        assert bundle["entry"][0]["fullUrl"].endswith(f"/fhir/{kind}/{id_}")
        assert ask(client, f"{kind}/{id_}")[1]["url"] == url


def test_a_definition_is_read_without_a_version(client: FlaskClient) -> None:
    answer = client.get("/fhir/CodeSystem/gateway-issue")
    assert (answer.status_code, answer.get_json()["resourceType"]) == (200, "CodeSystem")
    assert "ETag" not in answer.headers
    assert client.head("/fhir/CodeSystem/gateway-issue").status_code == 200
    xml = client.get("/fhir/ValueSet/bed-state", headers={"Accept": "application/fhir+xml"})
    assert xml.data.startswith(b"<ValueSet") or b"<ValueSet" in xml.data[:200]


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("name:contains=bedstate", "bed-state"),
        ("_id=bed-state", "bed-state"),
        (f"url:below={OURS}ValueSet&name=BedState", "bed-state"),
        ("status=active&_id=bed-state,bed-status", "bed-state"),
        ("title:missing=false&_id=bed-state", "bed-state"),
        ("status:not=draft&_id=bed-state", "bed-state"),
    ],
)
def test_definitions_are_found(client: FlaskClient, query: str, first: str) -> None:
    status, bundle = ask(client, f"ValueSet?{query}")
    assert (status, ids(bundle)[:1]) == (200, [first])


def test_what_is_not_installed_is_not_found(client: FlaskClient) -> None:
    assert ask(client, "ValueSet", url="https://example.org/none")[1]["total"] == 0
    assert ask(client, "ValueSet/none")[0] == 404
    assert ask(client, "NamingSystem", name="DevPatient")[0] == 200


SLOT_STATUS = "http://hl7.org/fhir/slotstatus"
SLOT_STATUSES = "http://hl7.org/fhir/ValueSet/slotstatus"


def outcomes(bundle: Any) -> list[Any]:
    return [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "outcome"]


@pytest.mark.parametrize(
    ("kind", "url", "query"),
    [
        ("CodeSystem", SLOT_STATUS, f"url={SLOT_STATUS}"),
        ("CodeSystem", SLOT_STATUS, "_id=slotstatus"),
        ("CodeSystem", SLOT_STATUS, "name:exact=SlotStatus&version=4.0.1&status=draft"),
        ("CodeSystem", SLOT_STATUS, "url:below=http://hl7.org/fhir&name=slotstatus"),
        ("ValueSet", SLOT_STATUSES, f"url={SLOT_STATUSES}"),
        ("ValueSet", SLOT_STATUSES, "_id=slotstatus&name=SlotStatus"),
    ],
)
def test_what_r4_defines_is_found_and_read_as_far_as_it_is_here(
    client: FlaskClient, kind: str, url: str, query: str
) -> None:
    _, bundle = ask(client, f"{kind}?{query}")
    (entry,) = bundle["entry"]

    assert entry["resource"]["url"] == url
    assert (bundle["total"], outcomes(bundle)) == (1, [])
    assert ask(client, f"{kind}/{entry['resource']['id']}")[1] == entry["resource"]
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"  # its texts are not here


def test_every_code_system_and_value_set_of_the_tables_is_found(client: FlaskClient) -> None:
    for kind, known in (("CodeSystem", tables.code_systems()), ("ValueSet", tables.codes())):
        found, url = set[str](), f"/fhir/{kind}?_count=1000"
        while url:
            bundle = client.get(url).get_json()
            found |= {entry["resource"]["url"] for entry in bundle["entry"]}
            links = {link["relation"]: link["url"] for link in bundle["link"]}
            url = "/fhir" + links["next"].partition("/fhir")[2] if "next" in links else ""
        assert set(known) <= found


def test_what_is_expanded_by_url_is_found_and_expanded_by_id(client: FlaskClient) -> None:
    by_url = ask(client, "ValueSet/$expand", url=SLOT_STATUSES)[1]
    by_id = ask(client, "ValueSet/slotstatus/$expand")[1]

    assert by_id["expansion"]["contains"] == by_url["expansion"]["contains"]


def test_an_installed_definition_goes_before_that_of_the_tables(services: Services) -> None:
    profiles = library()
    own = {"resourceType": "CodeSystem", "id": "own", "url": SLOT_STATUS, "version": "9", "status": "active"}
    profiles.definitions.add_resource(own)
    to = replace(services, validator=Validator(profiles))

    there = [one.id for one in installed.catalogue(to).all("CodeSystem") if one.value("url") == SLOT_STATUS]
    assert there == ["own"]


def test_where_nothing_is_found_the_answer_says_what_could_be(client: FlaskClient) -> None:
    bundle = ask(client, "StructureDefinition", url="http://hl7.org/fhir/StructureDefinition/Patient")[1]

    assert bundle["total"] == 0
    (outcome,) = outcomes(bundle)
    assert "only what is installed here" in outcome["issue"][0]["diagnostics"]


def test_pages_go_on_where_the_last_one_ended(client: FlaskClient) -> None:
    seen: list[str] = []
    url = "/fhir/StructureDefinition?_count=7"
    while url:
        bundle = client.get(url).get_json()
        seen += ids(bundle)
        links = {link["relation"]: link["url"] for link in bundle["link"]}
        url = links.get("next", "").partition("/fhir")[2]
        url = f"/fhir{url}" if url else ""
    assert len(seen) == len(set(seen)) == ask(client, "StructureDefinition", _summary="count")[1]["total"]


@pytest.mark.parametrize(
    "query", ["nam=x", "name:above=x", "_count=many", "title:missing=x", "name=", "_page=xyz", "status=actief"]
)
def test_a_search_that_is_not_understood_is_refused(client: FlaskClient, query: str) -> None:
    assert ask(client, f"ValueSet?{query}")[0] == 400


def test_nobody_writes_a_definition(client: FlaskClient) -> None:
    sent = {"resourceType": "ValueSet", "id": "bed-state", "status": "active"}
    assert client.put("/fhir/ValueSet/bed-state", json=sent, content_type=JSON).status_code == 405
    assert client.post("/fhir/ValueSet", json=sent, content_type=JSON).status_code == 405
    refused = client.delete("/fhir/ValueSet/bed-state")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_a_caller_that_may_not_read_them_does_not(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    caller = Caller(organisation="06999901", name="Duinrand", types=frozenset({"Slot"}))
    monkeypatch.setattr(guard, "authenticated", lambda *_: caller)
    assert ask(client, "ValueSet/bed-state")[0] == ask(client, "ValueSet")[0] == 403


def test_concept_maps_are_read_as_they_are_used(client: FlaskClient) -> None:
    assert ask(client, "ConceptMap", url=f"{OURS}ConceptMap/bed-status")[1]["total"] == 1
    assert ask(client, "ConceptMap/bed-status")[1]["group"]


def test_two_definitions_of_one_id_both_have_an_address(services: Services) -> None:
    profiles = library()
    for version in ("1", "2"):
        one = {"resourceType": "ValueSet", "id": "same", "url": f"https://example.org/{version}", "version": version}
        profiles.definitions.add_resource(one)
    to = replace(services, validator=Validator(profiles))
    there = [one.id for one in installed.catalogue(to).all("ValueSet") if "example.org" in one.value("url")]
    assert len(set(there)) == 2
    assert "same" in there
