"""How the answer to a message stands on the wire: XML, a store that is away, the example of the documentation."""

from __future__ import annotations

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.fhir import xml
from gateway.services import Services
from gateway.store import open_store
from gateway.store.contents import figures
from tests.messaging.made import answer, errors, found, referral, send

API = Path(__file__).parents[2] / "docs" / "api.md"
XML = "application/fhir+xml"


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()


def test_a_message_in_xml_is_the_same_message(client: FlaskClient) -> None:
    in_json = send(client, referral("m1"))

    in_xml = client.post("/fhir/$process-message", data=xml.write(referral("m1")), content_type=XML)

    assert (in_xml.status_code, in_xml.headers["Idempotent-Replayed"]) == (200, "true")
    assert in_xml.headers["Content-Type"].startswith(XML)
    assert xml.read(in_xml.data) == in_json.get_json()


def test_a_refusal_of_xml_names_the_entry(client: FlaskClient) -> None:
    sent = referral("m1")
    del sent["entry"][1]["resource"]["status"]

    response = client.post("/fhir/$process-message", data=xml.write(sent), content_type=XML)

    assert response.status_code == 422
    outcome = xml.read(response.data)["entry"][1]["resource"]
    assert outcome["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]


def test_a_store_that_is_away_is_a_transient_error_and_the_message_can_come_again(
    services: Services, tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path}/other", patience=0.1)
    client = create_app(replace(services, store=store)).test_client()
    other = sqlite3.connect(tmp_path / "other", isolation_level=None)
    other.execute("begin immediate")

    away = send(client, referral("m1"))
    other.execute("rollback")
    other.close()
    back = send(client, referral("m1"))

    assert (away.status_code, away.headers["Retry-After"]) == (503, "10")
    assert (answer(away)["code"], answer(away)["identifier"]) == ("transient-error", "m1")
    assert (back.status_code, "Idempotent-Replayed" in back.headers) == (200, False)
    assert figures(store).inbox == {"accepted": 1}
    store.close()


def test_a_dutch_caller_reads_dutch(client: FlaskClient) -> None:
    sent = referral("m1")
    sent["entry"][0]["resource"]["eventCoding"]["code"] = "x"

    response = send(client, sent, **{"Accept-Language": "nl"})

    (issue,) = response.get_json()["entry"][1]["resource"]["issue"]
    assert issue["details"]["coding"][0]["display"] == "Berichten van deze gebeurtenis worden hier niet gelezen"


@pytest.mark.parametrize("content_type", ["text/plain", "application/hl7-v2+er7", ""])
def test_what_is_no_fhir_is_not_read(client: FlaskClient, content_type: str) -> None:
    response = client.post("/fhir/$process-message", data=b"MSH|^~\\&|", content_type=content_type)

    assert response.status_code == 415


def test_only_post_is_served(client: FlaskClient) -> None:
    response = client.get("/fhir/$process-message")

    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize(("kind", "status", "stored"), [("batch", 200, 1), ("transaction", 400, 0)])
def test_a_batch_may_hold_a_message_and_a_transaction_may_not(
    client: FlaskClient, kind: str, status: int, stored: int
) -> None:
    request = {"method": "POST", "url": "$process-message"}
    sent = {"resourceType": "Bundle", "type": kind, "entry": [{"request": request, "resource": referral("m1")}]}

    response = client.post("/fhir", data=json.dumps(sent), content_type="application/fhir+json")

    assert response.status_code == status
    assert len(found(client, "ServiceRequest")) == stored
    if stored:
        (entry,) = response.get_json()["entry"]
        assert (entry["response"]["status"], entry["resource"]["type"]) == ("200 OK", "message")


def test_openapi_says_what_is_posted_and_what_comes_back(client: FlaskClient) -> None:
    told = client.get("/openapi.json").get_json()["paths"]["/fhir/$process-message"]["post"]

    assert told["requestBody"]["content"]["application/fhir+json"] == {
        "schema": {"$ref": "#/components/schemas/Bundle"}
    }
    assert {one["name"]: one["schema"] for one in told["parameters"] if "name" in one} == {
        "async": {"type": "boolean"},
        "response-url": {"type": "string"},
    }
    assert set(told["responses"]) == {"200", "202", "4XX", "503"}


def test_the_example_of_the_documentation_is_taken(client: FlaskClient) -> None:
    (example,) = re.findall(
        r"```json\n(\{\"resourceType\": \"Bundle\", \"type\": \"message\".*?)```", API.read_text(), re.DOTALL
    )
    sent = json.loads(example)
    sent["timestamp"] = "2026-01-05T09:00:00+01:00"

    response = send(client, sent)

    assert (response.status_code, errors(response)) == (200, [])
    assert [one["identifier"][0]["value"] for one in found(client, "ServiceRequest")] == ["7"]
