"""Partners over the FHIR API: anybody who may read organisations finds them, and nobody changes them there."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.partners import Connection, Partner
from gateway.access.policy import Caller
from gateway.services import Services
from gateway.transact.partners import add

URA = "http://fhir.nl/fhir/NamingSystem/ura"
MINE = {"resourceType": "Organization", "id": "partner-duinrand", "name": "Mine"}
DUINRAND = Partner(
    id="duinrand",
    name="Ziekenhuis Duinrand",
    kind="ziekenhuis",
    ura="00000002",
    endpoints=(Connection("hl7-fhir-rest", "https://duinrand.example/fhir"),),
)


@pytest.fixture(autouse=True)
def registered(services: Services) -> None:
    add([DUINRAND], Caller("operator", "jansen"), services)


def got(client: FlaskClient, path: str) -> Any:
    return client.get(path).json


def test_a_partner_is_found_by_its_number_with_its_endpoints(client: FlaskClient) -> None:
    found = got(client, f"/fhir/Organization?identifier={URA}|00000002&_include=Organization:endpoint")

    assert [entry["resource"]["id"] for entry in found["entry"]] == [
        "partner-duinrand",
        "partner-duinrand-hl7-fhir-rest",
    ]


def test_partners_are_found_by_their_kind(client: FlaskClient) -> None:
    system = "https://msb-gateway.example/fhir/CodeSystem/partner-kind"

    assert got(client, f"/fhir/Organization?type={system}|ziekenhuis&active=true")["total"] == 1
    assert got(client, f"/fhir/Organization?type={system}|rav")["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/fhir/Organization/partner-duinrand", MINE),
        ("PUT", "/fhir/Organization/partner-other", MINE | {"id": "partner-other"}),
        ("PUT", f"/fhir/Organization?identifier={URA}|00000002", {"resourceType": "Organization", "name": "Mine"}),
        ("DELETE", "/fhir/Endpoint/partner-duinrand-hl7-fhir-rest", None),
        ("DELETE", f"/fhir/Organization?identifier={URA}|00000002", None),
    ],
)
def test_nobody_changes_a_partner_there(client: FlaskClient, method: str, path: str, body: Any) -> None:
    answer = client.open(path, method=method, json=body, headers={"Content-Type": "application/fhir+json"})

    assert answer.status_code == 403
    assert got(client, "/fhir/Organization/partner-duinrand")["name"] == "Ziekenhuis Duinrand"
    assert client.get("/fhir/Endpoint/partner-duinrand-hl7-fhir-rest").status_code == 200


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_a_bundle_changes_none_either(client: FlaskClient, kind: str) -> None:
    put = {"resource": MINE, "request": {"method": "PUT", "url": "Organization/partner-duinrand"}}
    bundle = {"resourceType": "Bundle", "type": kind, "entry": [put]}

    answer = client.post("/fhir", json=bundle, headers={"Content-Type": "application/fhir+json"})
    told: Any = answer.json

    if kind == "transaction":
        assert answer.status_code == 403
    else:
        assert told["entry"][0]["response"]["status"].startswith("403")
    assert got(client, "/fhir/Organization/partner-duinrand")["name"] == "Ziekenhuis Duinrand"
