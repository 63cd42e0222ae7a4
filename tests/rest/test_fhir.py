"""The interactions on one resource type, as a client sees them."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.fhir import json

BED = {"resourceType": "Location", "status": "active", "name": "3B 312 1", "mode": "instance"}
JSON = "application/fhir+json"


def post(client: FlaskClient, path: str, resource: Any, **headers: str) -> TestResponse:
    return client.post(f"/fhir{path}", data=json.encode(resource), headers=named(headers), content_type=JSON)


def put(client: FlaskClient, path: str, resource: Any, **headers: str) -> TestResponse:
    return client.put(f"/fhir{path}", data=json.encode(resource), headers=named(headers), content_type=JSON)


def named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def issue_codes(response: TestResponse) -> list[str]:
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    return [issue["details"]["coding"][0]["code"] for issue in outcome["issue"]]


def test_create_answers_201_with_where_it_stands_and_what_was_stored(client: FlaskClient) -> None:
    response = post(client, "/Location", BED)

    created = response.get_json()
    assert response.status_code == 201
    assert response.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert response.headers["Location"].endswith(f"/fhir/Location/{created['id']}/_history/1")
    assert response.headers["ETag"] == 'W/"1"'
    assert "Last-Modified" in response.headers
    assert created["meta"]["versionId"] == "1"
    assert created["name"] == "3B 312 1"


def test_create_does_not_take_id_and_version_from_the_client(client: FlaskClient) -> None:
    chosen = BED | {"id": "mine", "meta": {"versionId": "77", "lastUpdated": "1999-01-01T00:00:00Z"}}

    created = post(client, "/Location", chosen).get_json()

    assert created["id"] != "mine"
    assert created["meta"]["versionId"] == "1"
    assert not created["meta"]["lastUpdated"].startswith("1999")
    assert client.get("/fhir/Location/mine").status_code == 404


def test_read_gives_back_what_was_put(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1", "position": {"longitude": 4.30, "latitude": 52.0}})

    response = client.get("/fhir/Location/bed-1")

    assert response.status_code == 200
    assert response.headers["ETag"] == 'W/"1"'
    assert response.get_json()["name"] == "3B 312 1"


def test_a_decimal_keeps_its_precision(client: FlaskClient) -> None:
    body = b'{"resourceType":"Location","id":"exact","position":{"longitude":4.10,"latitude":52.000}}'

    client.put("/fhir/Location/exact", data=body, content_type=JSON)

    assert b'"longitude":4.10,"latitude":52.000' in client.get("/fhir/Location/exact").data


def test_head_is_read_without_the_body(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    response = client.head("/fhir/Location/bed-1")

    assert response.status_code == 200
    assert response.headers["ETag"] == 'W/"1"'
    assert response.data == b""


def test_what_never_was_is_404_and_what_was_deleted_is_410(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    deleted = client.delete("/fhir/Location/bed-1")

    assert deleted.status_code == 204
    assert deleted.data == b""
    assert client.get("/fhir/Location/bed-1").status_code == 410
    assert issue_codes(client.get("/fhir/Location/bed-1")) == ["deleted"]
    assert client.get("/fhir/Location/bed-2").status_code == 404
    assert issue_codes(client.get("/fhir/Location/bed-2")) == ["not-found"]


def test_every_version_can_be_read_and_history_lists_them_newest_first(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    put(client, "/Location/bed-1", BED | {"id": "bed-1", "status": "suspended"})
    client.delete("/fhir/Location/bed-1")

    history = client.get("/fhir/Location/bed-1/_history").get_json()

    assert client.get("/fhir/Location/bed-1/_history/1").get_json()["status"] == "active"
    assert client.get("/fhir/Location/bed-1/_history/2").get_json()["status"] == "suspended"
    assert client.get("/fhir/Location/bed-1/_history/3").status_code == 410
    assert client.get("/fhir/Location/bed-1/_history/4").status_code == 404
    assert client.get("/fhir/Location/bed-1/_history/0").status_code == 404
    assert client.get("/fhir/Location/bed-1/_history/x").status_code == 404
    assert history["type"] == "history"
    assert [entry["request"]["method"] for entry in history["entry"]] == ["DELETE", "PUT", "PUT"]
    assert [entry["response"]["etag"] for entry in history["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']


def test_history_takes_count_and_since_and_nothing_else(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    put(client, "/Location/bed-1", BED | {"id": "bed-1", "status": "suspended"})

    assert len(client.get("/fhir/Location/bed-1/_history?_count=1").get_json()["entry"]) == 1
    assert "entry" not in client.get("/fhir/Location/bed-1/_history?_since=2999-01-01").get_json()
    for wrong in ("_count=-1", "_count=0", "_count=abc", "_count=1000000000000", "_since=yesterday", "status=active"):
        assert client.get(f"/fhir/Location/bed-1/_history?{wrong}").status_code == 400, wrong


def test_update_makes_the_next_version_and_put_to_a_new_id_makes_the_first(client: FlaskClient) -> None:
    first = put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    second = put(client, "/Location/bed-1", BED | {"id": "bed-1", "status": "suspended"})

    assert (first.status_code, first.headers["ETag"]) == (201, 'W/"1"')
    assert (second.status_code, second.headers["ETag"]) == (200, 'W/"2"')


def test_the_same_again_makes_no_version(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    again = put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    assert (again.status_code, again.headers["ETag"]) == (200, 'W/"1"')
    assert len(client.get("/fhir/Location/bed-1/_history").get_json()["entry"]) == 1


def test_update_with_a_stale_version_is_refused(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    put(client, "/Location/bed-1", BED | {"id": "bed-1", "status": "suspended"})

    stale = put(client, "/Location/bed-1", BED | {"id": "bed-1", "name": "x"}, If_Match='W/"1"')
    right = put(client, "/Location/bed-1", BED | {"id": "bed-1", "name": "x"}, If_Match='W/"2"')

    assert stale.status_code == 412
    assert issue_codes(stale) == ["version-conflict"]
    assert right.status_code == 200


def test_delete_with_a_stale_version_is_refused(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    assert client.delete("/fhir/Location/bed-1", headers={"If-Match": 'W/"7"'}).status_code == 412
    assert client.delete("/fhir/Location/bed-1", headers={"If-Match": 'W/"1"'}).status_code == 204


def test_a_deleted_resource_comes_back_by_put_under_its_next_version(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})
    client.delete("/fhir/Location/bed-1")

    back = put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    assert (back.status_code, back.headers["ETag"]) == (201, 'W/"3"')


@pytest.mark.parametrize(
    "resource",
    [BED | {"id": "another"}, BED, {"resourceType": "Slot", "id": "bed-1"}, {"id": "bed-1"}, [], None, 5, "bed"],
)
def test_put_of_something_else_than_the_url_names_is_refused(client: FlaskClient, resource: Any) -> None:
    response = put(client, "/Location/bed-1", resource)

    assert response.status_code == 400
    assert client.get("/fhir/Location/bed-1").status_code == 404


def test_an_invalid_resource_is_refused_with_every_finding(client: FlaskClient) -> None:
    wrong = BED | {"status": "aktief", "mode": 7, "nmae": "x"}

    response = post(client, "/Location", wrong)

    outcome = response.get_json()
    assert response.status_code == 422
    assert {e for issue in outcome["issue"] for e in issue["expression"]} >= {"Location.status", "Location.mode"}
    assert "aktief" not in response.text


def test_what_the_caller_has_already_is_not_sent_again(client: FlaskClient) -> None:
    first = put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    by_tag = client.get("/fhir/Location/bed-1", headers={"If-None-Match": 'W/"1"'})
    by_time = client.get("/fhir/Location/bed-1", headers={"If-Modified-Since": first.headers["Last-Modified"]})
    other = client.get("/fhir/Location/bed-1", headers={"If-None-Match": 'W/"2"'})
    long_ago = client.get("/fhir/Location/bed-1", headers={"If-Modified-Since": "Mon, 05 Jan 1970 10:00:00 GMT"})

    assert (by_tag.status_code, by_tag.data, by_tag.headers["ETag"]) == (304, b"", 'W/"1"')
    assert (by_time.status_code, by_time.data) == (304, b"")
    assert other.status_code == 200
    assert long_ago.status_code == 200


KEY = "identifier=https://duinrand.example/plek|1"
IDENTIFIED = BED | {"identifier": [{"system": "https://duinrand.example/plek", "value": "1"}]}


def test_conditional_create_makes_one_resource_however_often_it_is_asked(client: FlaskClient) -> None:
    first = post(client, "/Location", IDENTIFIED, If_None_Exist=KEY)
    second = post(client, "/Location", IDENTIFIED, If_None_Exist=KEY)

    assert (first.status_code, second.status_code) == (201, 200)
    assert second.headers["Location"] == first.headers["Location"]
    assert client.get("/fhir/Location").get_json()["total"] == 1


def test_a_condition_that_matches_several_is_refused(client: FlaskClient) -> None:
    post(client, "/Location", IDENTIFIED)
    post(client, "/Location", IDENTIFIED)

    created = post(client, "/Location", IDENTIFIED, If_None_Exist=KEY)
    updated = put(client, f"/Location?{KEY}", IDENTIFIED)

    assert (created.status_code, updated.status_code) == (412, 412)
    assert issue_codes(created) == issue_codes(updated) == ["multiple-matches"]


def test_conditional_update_creates_and_then_updates_the_one(client: FlaskClient) -> None:
    created = put(client, f"/Location?{KEY}", IDENTIFIED)
    updated = put(client, f"/Location?{KEY}", IDENTIFIED | {"status": "inactive"})

    assert (created.status_code, updated.status_code) == (201, 200)
    assert updated.get_json()["id"] == created.get_json()["id"]
    assert updated.headers["ETag"] == 'W/"2"'


def test_a_condition_without_a_criterion_is_refused(client: FlaskClient) -> None:
    assert put(client, "/Location", IDENTIFIED).status_code == 400
    assert post(client, "/Location", IDENTIFIED, If_None_Exist="").status_code == 400
    assert post(client, "/Location", IDENTIFIED, If_None_Exist="nmae=x").status_code == 400


def test_prefer_says_how_much_comes_back(client: FlaskClient) -> None:
    minimal = post(client, "/Location", BED, Prefer="return=minimal")
    outcome = post(client, "/Location", BED, Prefer="return=OperationOutcome")

    assert (minimal.status_code, minimal.data) == (201, b"")
    assert "Location" in minimal.headers
    assert outcome.status_code == 201
    assert outcome.get_json()["resourceType"] == "OperationOutcome"
    assert post(client, "/Location", BED, Prefer="return=everything").status_code == 400


def test_pretty_is_for_people(client: FlaskClient) -> None:
    put(client, "/Location/bed-1", BED | {"id": "bed-1"})

    assert b'\n  "name"' in client.get("/fhir/Location/bed-1?_pretty=true").data
    assert b"\n" not in client.get("/fhir/Location/bed-1").data
