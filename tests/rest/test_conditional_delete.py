"""Deleting what matches, HEAD, and what Prefer makes come back. https://hl7.org/fhir/R4/http.html#3.1.0.7.1"""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json

JSON = "application/fhir+json"
SYSTEM = "http://example.org/bed"


def bed(id_: str, number: str) -> dict[str, Any]:
    identifier = [{"system": SYSTEM, "value": number}]
    return {"resourceType": "Location", "id": id_, "name": "bed", "mode": "instance", "identifier": identifier}


@pytest.fixture
def there(client: FlaskClient) -> FlaskClient:
    """Return a client of a gateway that has two beds."""
    for id_, number in (("a", "1"), ("b", "2")):
        client.put(f"/fhir/Location/{id_}", data=json.encode(bed(id_, number)), content_type=JSON)
    return client


def sent(client: FlaskClient, kind: str, *entries: Any) -> Any:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return client.post("/fhir", data=json.encode(bundle), content_type=JSON)


def delete(url: str, **more: Any) -> dict[str, Any]:
    return {"request": {"method": "DELETE", "url": url, **more}}


def test_the_one_that_matches_is_deleted(there: FlaskClient) -> None:
    response = there.delete(f"/fhir/Location?identifier={SYSTEM}|1")

    assert (response.status_code, response.data) == (204, b"")
    assert there.get("/fhir/Location/a").status_code == 410
    assert there.get("/fhir/Location/b").status_code == 200
    newest = there.get("/fhir/Location/a/_history").get_json()["entry"][0]
    assert newest["request"] == {"method": "DELETE", "url": "Location/a"}


def test_what_matches_nothing_deletes_nothing(there: FlaskClient) -> None:
    for _ in range(2):
        assert there.delete(f"/fhir/Location?identifier={SYSTEM}|9").status_code == 204
    assert there.get("/fhir/Location").get_json()["total"] == 2
    assert len(there.get("/fhir/_history").get_json()["entry"]) == 2


def test_several_that_match_are_left_alone(there: FlaskClient) -> None:
    response = there.delete("/fhir/Location?name=bed")

    assert response.status_code == 412
    assert response.get_json()["issue"][0]["code"] == "multiple-matches"
    assert there.get("/fhir/Location").get_json()["total"] == 2


@pytest.mark.parametrize("query", ["", "?", "?_count=1", "?_sort=name", "?nonsense=1", "?identifier=", "?_page=x"])
def test_what_is_no_condition_deletes_nothing(there: FlaskClient, query: str) -> None:
    there.delete("/fhir/Location/b")

    assert there.delete(f"/fhir/Location{query}").status_code == 400
    assert there.get("/fhir/Location/a").status_code == 200


def test_if_match_is_the_version_that_is_deleted(there: FlaskClient) -> None:
    path = f"/fhir/Location?identifier={SYSTEM}|1"

    assert there.delete(path, headers={"If-Match": 'W/"2"'}).status_code == 412
    assert there.delete(f"/fhir/Location?identifier={SYSTEM}|9", headers={"If-Match": 'W/"1"'}).status_code == 412
    assert there.delete(path, headers={"If-Match": 'W/"1"'}).status_code == 204


def test_a_type_that_is_kept_is_not_deleted(there: FlaskClient) -> None:
    assert there.delete("/fhir/Provenance?target=Location/a").status_code == 405


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_an_entry_of_a_bundle_deletes_what_matches(there: FlaskClient, kind: str) -> None:
    answer = sent(there, kind, delete(f"Location?identifier={SYSTEM}|1"), delete(f"Location?identifier={SYSTEM}|9"))

    assert [entry["response"]["status"][:3] for entry in answer.get_json()["entry"]] == ["204", "204"]
    assert there.get("/fhir/Location/a").status_code == 410


def test_a_condition_of_the_same_transaction_does_not_find_what_is_deleted(there: FlaskClient) -> None:
    create = {
        "resource": {"resourceType": "Location", "name": "bed", "mode": "instance"},
        "request": {"method": "POST", "url": "Location", "ifNoneExist": "_id=a"},
    }

    answer = sent(there, "transaction", delete(f"Location?identifier={SYSTEM}|1"), create).get_json()

    assert [entry["response"]["status"][:3] for entry in answer["entry"]] == ["204", "201"]
    assert there.get("/fhir/Location/a").status_code == 410


def test_an_entry_that_matches_several_undoes_its_transaction(there: FlaskClient) -> None:
    several = sent(there, "transaction", delete("Slot/none"), delete("Location?name=bed"))

    assert (several.status_code, several.get_json()["issue"][0]["expression"]) == (412, ["Bundle.entry[1].request"])
    assert there.get("/fhir/Location").get_json()["total"] == 2


def test_head_is_get_without_a_body(there: FlaskClient) -> None:
    paths = (
        "Location/a",
        "Location?name=bed",
        "Location/a/_history",
        "Location/_history",
        "_history",
        "metadata",
        "Location/x",
    )
    for path in paths:
        got, asked = there.get(f"/fhir/{path}"), there.head(f"/fhir/{path}")
        assert (asked.status_code, asked.data) == (got.status_code, b"")
        for header in ("ETag", "Last-Modified", "Content-Type", "Content-Length"):
            assert asked.headers.get(header) == got.headers.get(header), (path, header)
    assert there.head("/fhir/Location/a", headers={"If-None-Match": 'W/"1"'}).status_code == 304


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_head_in_a_bundle_is_get_without_a_resource(there: FlaskClient, kind: str) -> None:
    entries = [{"request": {"method": "HEAD", "url": url}} for url in ("Location/a", "Location?name=bed")]

    answer = sent(there, kind, *entries).get_json()["entry"]

    assert [entry["response"]["status"] for entry in answer] == ["200 OK", "200 OK"]
    assert answer[0]["response"]["etag"] == 'W/"1"'
    assert not any("resource" in entry for entry in answer)


def test_an_outcome_comes_back_of_every_write_that_asks_for_it(there: FlaskClient) -> None:
    asked = {"headers": {"Prefer": "return=OperationOutcome"}}
    patch = b'[{"op":"replace","path":"/name","value":"other"}]'
    answers = [
        there.post(
            "/fhir/Location", data=json.encode({"resourceType": "Location", "name": "x"}), content_type=JSON, **asked
        ),
        there.put("/fhir/Location/a", data=json.encode(bed("a", "3")), content_type=JSON, **asked),
        there.patch("/fhir/Location/a", data=patch, content_type="application/json-patch+json", **asked),
        there.delete(f"/fhir/Location?identifier={SYSTEM}|3", **asked),
        there.delete("/fhir/Location/b", **asked),
    ]

    assert [answer.status_code for answer in answers] == [201, 200, 200, 200, 200]
    for answer, done in zip(answers, ("created", "updated", "updated", "deleted", "deleted"), strict=True):
        outcome = answer.get_json()
        assert (outcome["resourceType"], outcome["issue"][0]["diagnostics"]) == ("OperationOutcome", done)
