"""A search for a code that nothing can have: 400 with what is known, or leniently nothing, and why."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

JSON = "application/fhir+json"
LENIENT = {"Prefer": "handling=lenient"}


@pytest.fixture
def filled(client: FlaskClient) -> FlaskClient:
    for number in range(3):
        place = {"resourceType": "Location", "id": f"l{number}", "status": "active"}
        assert client.put(f"/fhir/Location/l{number}", json=place, content_type=JSON).status_code == 201
    return client


def told(bundle: Any) -> list[str]:
    outcomes = [e["resource"] for e in bundle.get("entry", []) if e["search"]["mode"] == "outcome"]
    return [issue["diagnostics"] for outcome in outcomes for issue in outcome["issue"]]


@pytest.mark.parametrize("path", ["Location?status=actief", "?_type=Location,Slot&status=actief"])
def test_it_is_refused_with_the_codes_that_are_known(filled: FlaskClient, path: str) -> None:
    refused = filled.get(f"/fhir{'' if path.startswith('?') else '/'}{path}")

    assert refused.status_code == 400
    assert "active, inactive, suspended" in refused.get_json()["issue"][0]["diagnostics"]


def test_leniently_nothing_is_found_and_that_is_explained(filled: FlaskClient) -> None:
    bundle = filled.get("/fhir/Location?status=actief", headers=LENIENT).get_json()

    assert bundle["total"] == 0
    assert "status=actief" in bundle["link"][0]["url"]
    assert "active, inactive, suspended" in told(bundle)[0]


@pytest.mark.parametrize("path", ["Location?", "?_type=Location&"])
def test_leniently_the_pages_go_on(filled: FlaskClient, path: str) -> None:
    at = f"/fhir{'' if path.startswith('?') else '/'}{path}status:not=actief&_count=2"
    first = filled.get(at, headers=LENIENT).get_json()
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    second = filled.get("/" + following.split("/", 3)[3]).get_json()

    found = [e["resource"] for bundle in (first, second) for e in bundle["entry"] if e["search"]["mode"] == "match"]
    assert sorted(one["id"] for one in found) == ["l0", "l1", "l2"]


def test_a_condition_of_a_write_is_refused_too(filled: FlaskClient) -> None:
    place = {"resourceType": "Location", "status": "active"}

    refused = filled.post("/fhir/Location", json=place, content_type=JSON, headers={"If-None-Exist": "status=actief"})

    assert refused.status_code == 400
