"""Transactions, all or nothing; batches, each entry on its own."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.fhir import json
from gateway.fhir.bundle import MAX_ENTRIES
from tests.shared import SHARED, needs_shared

JSON = "application/fhir+json"
BED = {"resourceType": "Location", "status": "active"}


def entry(method: str, url: str, resource: Any = None, full_url: str | None = None, **request: str) -> dict[str, Any]:
    sent: dict[str, Any] = {"request": {"method": method, "url": url} | request}
    if full_url:
        sent["fullUrl"] = full_url
    return sent | {"resource": resource} if resource is not None else sent


def send(client: FlaskClient, kind: str, *entries: Any, **headers: str) -> TestResponse:
    bundle = {"resourceType": "Bundle", "type": kind, "entry": list(entries)}
    return client.post("/fhir", data=json.encode(bundle), content_type=JSON, headers=headers)


def statuses(response: TestResponse) -> list[str]:
    return [entry["response"]["status"] for entry in response.get_json()["entry"]]


def total(client: FlaskClient, query: str) -> int:
    return int(client.get(f"/fhir/{query}").get_json()["total"])


def test_a_transaction_stores_all_and_answers_in_the_order_of_the_entries(client: FlaskClient) -> None:
    client.put("/fhir/Location/gone", data=json.encode(BED | {"id": "gone"}), content_type=JSON)

    response = send(
        client,
        "transaction",
        entry("GET", "Location/new"),
        entry("PUT", "Location/new", BED | {"id": "new"}),
        entry("POST", "Location", BED),
        entry("DELETE", "Location/gone"),
        entry("GET", "Location?_id=new"),
    )

    entries = response.get_json()["entry"]
    assert response.status_code == 200
    assert response.get_json()["type"] == "transaction-response"
    assert statuses(response) == ["200 OK", "201 Created", "201 Created", "204 No Content", "200 OK"]
    assert entries[0]["resource"]["id"] == "new"
    assert entries[1]["response"]["etag"] == 'W/"1"'
    assert entries[1]["response"]["location"] == "Location/new/_history/1"
    assert "lastModified" in entries[1]["response"]
    assert "resource" not in entries[1]
    assert entries[4]["resource"]["total"] == 1


def test_entries_refer_to_each_other_also_in_a_circle(client: FlaskClient) -> None:
    ward = "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001"
    bed = "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000002"

    response = send(
        client,
        "transaction",
        entry("POST", "Location", BED | {"partOf": {"reference": bed}}, ward),
        entry("POST", "Location", BED | {"partOf": {"reference": ward}}, bed),
        Prefer="return=representation",
    )

    first, second = (e["resource"] for e in response.get_json()["entry"])
    assert first["partOf"]["reference"] == f"Location/{second['id']}"
    assert second["partOf"]["reference"] == f"Location/{first['id']}"


def test_a_transaction_that_fails_leaves_nothing_and_names_the_entry(client: FlaskClient) -> None:
    response = send(
        client,
        "transaction",
        entry("GET", "Location/other"),
        entry("PUT", "Location/good", BED | {"id": "good"}),
        entry("PUT", "Location/bad", BED | {"id": "bad", "status": "aktief"}),
        entry("PUT", "Location/worse", BED | {"id": "worse", "mode": "?"}),
    )

    named = [issue["expression"][0] for issue in response.get_json()["issue"]]
    assert response.status_code == 422
    assert named == ["Bundle.entry[2].resource.status", "Bundle.entry[3].resource.mode"]
    assert client.get("/fhir/Location/good").status_code == 404


def test_one_entry_alone_is_named_too(client: FlaskClient) -> None:
    response = send(client, "transaction", entry("POST", "Location", BED | {"status": "aktief"}))

    assert response.get_json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.status"]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"resource": BED}, 400),
        ("entry", 400),
        (None, 400),
        ({"request": {"method": "POST"}, "resource": BED}, 400),
        ({"request": {"method": 5, "url": []}, "resource": BED}, 400),
        (entry("PUT", "https://evil.example/fhir/Location/1", BED | {"id": "1"}), 400),
        (entry("PUT", "../Location/1", BED | {"id": "1"}), 404),
        (entry("PUT", "Location/../1", BED | {"id": "1"}), 404),
        (entry("TRACE", "Location/1"), 400),
        (entry("PATCH", "Location/1", BED), 400),
        (entry("POST", "Locaton", {"resourceType": "Locaton"}), 404),
        (entry("POST", "", {"resourceType": "Bundle", "type": "transaction"}), 400),
        (entry("GET", "metadata"), 400),
        (entry("PUT", "Location/1", BED | {"id": "1"}, ifNoneMatch="*"), 400),
        (entry("PUT", "Location/1", BED | {"id": "2"}), 400),
        (entry("PUT", "Location/1"), 400),
        (entry("PUT", "Location/1", {"resourceType": "Slot", "id": "1"}), 400),
        (entry("PUT", "Location/1", BED | {"id": "1"}, ifMatch='W/"7"'), 412),
        (entry("GET", "Location?nmae=x"), 400),
    ],
)
def test_a_transaction_with_a_wrong_entry_is_refused_whole(client: FlaskClient, wrong: Any, status: int) -> None:
    response = send(client, "transaction", entry("PUT", "Location/good", BED | {"id": "good"}), wrong)

    assert response.status_code == status
    assert response.get_json()["issue"][0]["expression"][0].startswith("Bundle.entry[1]")
    assert client.get("/fhir/Location/good").status_code == 404


def test_the_same_resource_twice_and_the_same_full_url_twice_are_refused(client: FlaskClient) -> None:
    twice = entry("PUT", "Location/bed-1", BED | {"id": "bed-1"})
    named = entry("POST", "Location", BED, "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001")

    assert send(client, "transaction", twice, twice).status_code == 400
    assert send(client, "transaction", named, named).status_code == 400


def test_a_dangling_reference_inside_the_bundle_is_refused(client: FlaskClient) -> None:
    dangling = BED | {"partOf": {"reference": "urn:uuid:5f2f6b1e-1111-4a64-9a8a-00000000dead"}}

    response = send(client, "transaction", entry("POST", "Location", dangling))

    assert response.status_code in {400, 422}
    assert response.get_json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.partOf.reference"]


def test_a_batch_keeps_the_good_entries_and_says_what_is_wrong_with_the_others(client: FlaskClient) -> None:
    response = send(
        client,
        "batch",
        entry("PUT", "Location/good", BED | {"id": "good"}),
        entry("PUT", "Location/bad", BED | {"id": "bad", "status": "aktief"}),
        entry("GET", "Location/none"),
        {"resource": BED},
        entry("GET", "Location/good"),
        entry("POST", "", {"resourceType": "Bundle", "type": "batch"}),
    )

    answers = response.get_json()["entry"]
    assert response.status_code == 200
    assert response.get_json()["type"] == "batch-response"
    assert [s[:3] for s in statuses(response)] == ["201", "422", "404", "400", "200", "405"]
    assert answers[1]["response"]["outcome"]["issue"][0]["expression"] == ["Bundle.entry[1].resource.status"]
    assert answers[4]["resource"]["id"] == "good"
    assert client.get("/fhir/Location/good").status_code == 200


def test_conditions_stand_in_the_entry(client: FlaskClient) -> None:
    key = "identifier=https://duinrand.example/plek|1"
    bed = BED | {"identifier": [{"system": "https://duinrand.example/plek", "value": "1"}]}

    first = send(client, "transaction", entry("POST", "Location", bed, ifNoneExist=key))
    second = send(client, "transaction", entry("POST", "Location", bed, ifNoneExist=key))
    third = send(client, "transaction", entry("PUT", f"Location?{key}", bed | {"status": "inactive"}))
    where = first.get_json()["entry"][0]["response"]["location"].split("/")[1]
    known = send(client, "batch", entry("GET", f"Location/{where}", ifNoneMatch='W/"2"'))

    assert [statuses(r)[0][:3] for r in (first, second, third, known)] == ["201", "200", "200", "304"]
    assert total(client, "Location") == 1


def test_absolute_urls_of_this_server_are_its_own(client: FlaskClient) -> None:
    response = send(client, "batch", entry("GET", "http://127.0.0.1:8080/fhir/Location?_count=1"))

    assert statuses(response) == ["200 OK"]


@pytest.mark.parametrize("kind", ["collection", "message", "document", "searchset", None, 5])
def test_another_kind_of_bundle_is_refused_at_the_base(client: FlaskClient, kind: Any) -> None:
    bundle = json.encode({"resourceType": "Bundle", "type": kind})

    assert client.post("/fhir", data=bundle, content_type=JSON).status_code == 400
    assert client.post("/fhir", data=json.encode(BED), content_type=JSON).status_code == 400


def test_more_entries_than_the_limit_are_refused_before_they_are_read(client: FlaskClient) -> None:
    bundle = json.encode({"resourceType": "Bundle", "type": "batch", "entry": [{}] * (MAX_ENTRIES + 1)})

    assert client.post("/fhir", data=bundle, content_type=JSON).status_code == 413


@needs_shared
def test_the_referral_of_the_acute_care_guide_is_stored_and_found(client: FlaskClient) -> None:
    assert SHARED
    bundle = (SHARED / "data/nl/az-ig/Bundle-transaction.json").read_bytes()

    response = client.post("/fhir", data=bundle, content_type=JSON)
    referral = client.get("/fhir/ServiceRequest?_include=ServiceRequest:subject&_include=ServiceRequest:requester")

    found = [e["resource"]["resourceType"] for e in referral.get_json()["entry"]]
    assert statuses(response) == ["201 Created"] * 8
    assert sorted(found) == ["Patient", "PractitionerRole", "ServiceRequest"]


@needs_shared
def test_a_capacity_bundle_sent_again_changes_nothing(client: FlaskClient) -> None:
    assert SHARED
    bundle = (SHARED / "data/feeds/F16_fhir_capaciteit_bundle.json").read_bytes()

    first = client.post("/fhir", data=bundle, content_type=JSON)
    second = client.post("/fhir", data=bundle, content_type=JSON)

    assert statuses(first) == ["201 Created", "201 Created"]
    assert statuses(second) == ["200 OK", "200 OK"]
    assert [e["response"]["etag"] for e in second.get_json()["entry"]] == ['W/"1"', 'W/"1"']


def test_what_is_wrong_with_any_request_of_a_transaction_is_told_at_once(client: FlaskClient) -> None:
    """And never as 405, which would say that nothing may be posted to the base."""
    response = send(
        client,
        "transaction",
        entry("TRACE", "Location/1"),
        entry("PUT", "Location/2", BED | {"id": "3"}),
        entry("GET", "Location/1/$meta"),
        {"resource": BED},
    )

    assert response.status_code == 400
    assert "Allow" not in response.headers
    places = {issue["expression"][0] for issue in response.get_json()["issue"]}
    assert {place[:15] for place in places} == {f"Bundle.entry[{n}]" for n in range(4)}


INVALID = {"resourceType": "Location", "status": "gone", "colour": "red"}
TIMELESS = {"resourceType": "Slot", "status": "free", "schedule": {"display": "x"}, "end": "2026-01-05T11:00:00+01:00"}


def told(response: TestResponse) -> dict[str, int]:
    """Return how many findings there are on each entry."""
    places = [issue["expression"][0] for issue in response.get_json()["issue"]]
    return {place: places.count(place) for place in sorted(places)}


@pytest.mark.parametrize(
    "wrong",
    [
        entry("TRACE", "Location/1"),
        entry("PUT", "Location/2", BED | {"id": "3"}),
        entry("GET", "Location?nonsense=1"),
        entry("POST", "Location", BED, ifNoneExist="nonsense=1"),
        entry("POST", "Location", BED, ifMatch='W/"1"'),
        entry("PUT", "Location/2", BED | {"id": "2"}, ifMatch="1,2"),
        {"resource": BED},
    ],
)
def test_wrong_requests_and_invalid_resources_are_told_together(client: FlaskClient, wrong: Any) -> None:
    response = send(client, "transaction", entry("POST", "Location", INVALID), wrong, entry("POST", "Slot", TIMELESS))

    assert response.status_code in {400, 422}
    found = told(response)
    assert any(place.startswith("Bundle.entry[1]") for place in found)
    assert found["Bundle.entry[0].resource.status"] == found["Bundle.entry[0].resource"] == 1  # of which none is known
    assert found["Bundle.entry[2].resource.start"] == 1
    assert total(client, "Location?_summary=count") == 0


def test_an_entry_with_a_wrong_request_is_told_of_its_resource_too(client: FlaskClient) -> None:
    found = told(send(client, "transaction", entry("TRACE", "Location/1", INVALID)))

    assert found == {"Bundle.entry[0]": 1, "Bundle.entry[0].resource": 1, "Bundle.entry[0].resource.status": 1}


def test_every_condition_that_cannot_be_read_is_told(client: FlaskClient) -> None:
    conditions = ["nonsense=1", "status=gone", "status=active"]
    response = send(client, "transaction", *(entry("POST", "Location", BED, ifNoneExist=one) for one in conditions))

    assert set(told(response)) == {"Bundle.entry[0].request", "Bundle.entry[1].request"}
