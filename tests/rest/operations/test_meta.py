"""`$meta`, `$meta-add`, `$meta-delete`: labels are read, added and taken away, each time as a version."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json

Call = Callable[..., tuple[int, Any]]
A, B = {"system": "https://example.org/tags", "code": "a"}, {"system": "https://example.org/tags", "code": "b"}
BED = {"resourceType": "Location", "id": "a", "name": "bed", "meta": {"tag": [A]}}
PROFILE = "https://example.org/StructureDefinition/none"


def sent(**meta: Any) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": meta}]}


def returned(made: Any) -> dict[str, Any]:
    assert made["resourceType"] == "Parameters", made
    (one,) = made["parameter"]
    assert one["name"] == "return"
    meta: dict[str, Any] = one["valueMeta"]
    return meta


@pytest.fixture
def there(put: Callable[..., None]) -> None:
    put(BED)


@pytest.mark.usefixtures("there")
def test_the_meta_of_a_resource_is_told(call: Call) -> None:
    meta = returned(call("Location/a/$meta")[1])
    assert (meta["versionId"], meta["tag"]) == ("1", [A])
    assert returned(call("Location/a/$meta", {"resourceType": "Parameters"})[1]) == meta
    assert call("Location/none/$meta")[0] == 404


@pytest.mark.usefixtures("there")
def test_nothing_needs_to_be_sent_by_post(client: FlaskClient, call: Call) -> None:
    assert returned(client.post("/fhir/Location/a/$meta").get_json())["tag"] == [A]
    assert client.post("/fhir/Location/a/$meta", data=b"x").status_code == 415
    entry = {"request": {"method": "POST", "url": "Location/a/$meta"}}
    _, answer = call("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert returned(answer["entry"][0]["resource"])["tag"] == [A]


@pytest.mark.usefixtures("there")
def test_labels_in_use_are_told_of_a_type_and_of_everything(call: Call, put: Callable[..., None]) -> None:
    put({"resourceType": "Organization", "id": "o", "name": "o", "meta": {"tag": [B], "profile": [PROFILE]}})
    assert returned(call("Location/$meta")[1]) == {"tag": [A]}
    assert returned(call("$meta")[1]) == {"tag": [A, B], "profile": [PROFILE]}
    assert returned(call("Slot/$meta")[1]) == {}


@pytest.mark.usefixtures("there")
def test_labels_are_added_as_a_version(call: Call, client: FlaskClient) -> None:
    status, made = call("Location/a/$meta-add", sent(tag=[A, B], security=[B]))
    assert status == 200
    meta = returned(made)
    assert (meta["versionId"], meta["tag"], meta["security"]) == ("2", [A, B], [B])
    again = client.post(
        "/fhir/Location/a/$meta-add", data=json.encode(sent(tag=[B])), content_type="application/fhir+json"
    )
    assert (again.headers["ETag"], returned(again.get_json())["versionId"]) == ('W/"2"', "2")
    first = client.get("/fhir/Location/a/_history/1").get_json()
    assert first["meta"]["tag"] == [A]
    assert client.get("/fhir/Location?_tag=https://example.org/tags|b").get_json()["total"] == 1


@pytest.mark.usefixtures("there")
def test_labels_are_taken_away(call: Call) -> None:
    meta = returned(call("Location/a/$meta-delete", sent(tag=[A | {"display": "anything"}, B]))[1])
    assert meta["versionId"] == "2"
    assert "tag" not in meta
    assert returned(call("Location/a/$meta-delete", sent(tag=[A]))[1])["versionId"] == "2"


@pytest.mark.usefixtures("there")
def test_a_label_that_is_none_is_refused(call: Call) -> None:
    wrong: dict[str, Any]
    for wrong in ({"tag": "x"}, {"tag": []}, {"tag": [3]}, {"source": "urn:x"}, {}):
        assert call("Location/a/$meta-add", sent(**wrong))[0] == 400
    assert call("Location/a/$meta-add", {"resourceType": "Parameters"})[0] == 400
    status, outcome = call("Location/a/$meta-add", sent(tag=[{"kode": "x"}]))
    assert (status, outcome["issue"][0]["expression"]) == (422, ["Location.meta.tag[1]"])
    assert call("Location/none/$meta-add", sent(tag=[A]))[0] == 404


@pytest.mark.usefixtures("there")
def test_if_match_holds(client: FlaskClient) -> None:
    body, kind = json.encode(sent(tag=[B])), "application/fhir+json"
    for version, status in (("7", 412), ("1", 200)):
        headers = {"If-Match": f'W/"{version}"'}
        answer = client.post("/fhir/Location/a/$meta-add", data=body, content_type=kind, headers=headers)
        assert answer.status_code == status


def test_what_is_said_stays_said(call: Call, client: FlaskClient) -> None:
    assert call("Provenance/x/$meta-add", sent(tag=[A]))[0] == 404
    assert client.get("/fhir/Location/a/$meta-add").status_code == 405
    listed = {r["type"]: r for r in client.get("/fhir/metadata").get_json()["rest"][0]["resource"]}
    assert {"meta", "validate"} == {o["name"] for o in listed["Provenance"]["operation"]}


@pytest.mark.usefixtures("there")
def test_a_caller_labels_what_it_may_write(call: Call, as_caller: Callable[..., None]) -> None:
    as_caller("Slot")
    assert call("Location/a/$meta-add", sent(tag=[B]))[0] == 403
    assert call("Location/a/$meta")[0] == call("Location/$meta")[0] == 403
    assert returned(call("$meta")[1]) == {}


@pytest.mark.usefixtures("there")
def test_it_stands_in_a_batch(call: Call) -> None:
    entries = [
        {"request": {"method": "POST", "url": "Location/a/$meta-add"}, "resource": sent(tag=[B])},
        {"request": {"method": "GET", "url": "Location/a/$meta"}},
    ]
    _, answer = call("", {"resourceType": "Bundle", "type": "batch", "entry": entries})
    assert [returned(entry["resource"])["tag"] for entry in answer["entry"]] == [[A, B], [A, B]]
