"""Bulk export: everything of one moment, the same each time it is fetched, for who began it and until it ends."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.query import exports
from gateway.services import Services
from tests.exports import ASYNC, JSON, Clock, lines, manifest, named, path, put


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(services: Services, clock: Clock) -> FlaskClient:
    return create_app(replace(services, clock=clock)).test_client()


def test_everything_there_is_is_exported_by_type(client: FlaskClient, clock: Clock) -> None:
    put(client, "Location", "a", status="active")
    put(client, "Location", "b", status="active")
    put(client, "Patient", "p", active=True)
    client.delete("/fhir/Location/b")
    clock.advance(seconds=1)

    found = manifest(client, clock)

    assert named(lines(client, found)) == ["Location/a", "Patient/p"]
    assert {file["type"] for file in found["output"]} == {"Location", "Patient"}
    assert found["transactionTime"] == "2026-01-05T09:00:01.000+00:00"
    assert found["request"].endswith("/fhir/$export")
    assert found["requiresAccessToken"] is False  # nobody is authenticated here
    assert found["error"] == found["deleted"] == []


def test_an_export_is_of_the_moment_it_was_begun_whatever_happens_then(client: FlaskClient, clock: Clock) -> None:
    for id_ in ("changed", "deleted"):
        put(client, "Location", id_, status="active")
    clock.advance(seconds=1)
    begun = client.get("/fhir/$export?_type=Location", headers=ASYNC)
    clock.advance(seconds=1)
    put(client, "Location", "changed", status="suspended")
    put(client, "Location", "new", status="active")
    client.delete("/fhir/Location/deleted")
    clock.advance(seconds=20)

    found = client.get(path(begun.headers["Content-Location"])).get_json()
    first = lines(client, found)
    put(client, "Location", "changed", status="inactive")

    assert sorted(named(first)) == ["Location/changed", "Location/deleted"]
    assert {one["status"] for one in first} == {"active"}
    assert lines(client, found) == first


def test_it_is_ready_when_nobody_can_commit_what_is_dated_before_it(client: FlaskClient, clock: Clock) -> None:
    begun = client.get("/fhir/$export", headers=ASYNC)
    asked = path(begun.headers["Content-Location"])

    waiting = client.get(asked)
    clock.advance(seconds=int(waiting.headers["Retry-After"]))

    assert waiting.status_code == 202
    assert client.get(asked).status_code == 200
    assert client.get(asked).headers["Expires"] == "Tue, 06 Jan 2026 09:00:00 GMT"


def test_since_tells_what_changed_and_what_was_deleted(client: FlaskClient, clock: Clock) -> None:
    for id_ in ("same", "changed", "deleted"):
        put(client, "Location", id_, status="active")
    before = manifest(client, clock, "?_type=Location")
    put(client, "Location", "changed", status="suspended")
    put(client, "Location", "new", status="active")
    client.delete("/fhir/Location/deleted")
    clock.advance(seconds=1)

    found = manifest(client, clock, f"?_type=Location&_since={before['transactionTime'].replace('+', '%2B')}")

    assert sorted(named(lines(client, found))) == ["Location/changed", "Location/new"]
    (bundle,) = lines(client, found, "deleted")
    assert bundle["type"] == "transaction"
    assert [entry["request"] for entry in bundle["entry"]] == [{"method": "DELETE", "url": "Location/deleted"}]


def test_many_resources_are_many_files_and_each_of_them_stands_in_one(
    client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "RESOURCES", 3)
    for number in range(10):
        put(client, "Location", f"l{number}", status="active")

    found = manifest(client, clock, "?_type=Location")

    assert len(found["output"]) == 4
    assert sorted(named(lines(client, found))) == sorted(f"Location/l{number}" for number in range(10))


def test_an_export_of_patients_is_of_their_compartments(client: FlaskClient, clock: Clock) -> None:
    put(client, "Patient", "p", active=True)
    put(client, "Flag", "f", status="active", code={"text": "x"}, subject={"reference": "Patient/p"})
    put(client, "Location", "l", status="active")

    found = manifest(client, clock, at="/fhir/Patient/$export")

    assert sorted(named(lines(client, found))) == ["Flag/f", "Patient/p"]


def test_it_is_asked_by_parameters_in_the_body_too(client: FlaskClient, clock: Clock) -> None:
    put(client, "Location", "l", status="active")
    body = {"resourceType": "Parameters", "parameter": [{"name": "_type", "valueString": "Location"}]}

    begun = client.post("/fhir/$export", json=body, content_type=JSON, headers=ASYNC)
    clock.advance(seconds=20)

    found = client.get(path(begun.headers["Content-Location"])).get_json()
    assert named(lines(client, found)) == ["Location/l"]


@pytest.mark.parametrize(
    ("query", "headers", "said"),
    [
        ("", {}, "respond-async"),
        ("?_typeFilter=Slot%3Fstatus%3Dfree", ASYNC, "_typeFilter"),
        ("?_type=Slot,Nonsense", ASYNC, "Nonsense"),
        ("?_since=yesterday", ASYNC, "_since"),
        ("?_outputFormat=text/csv", ASYNC, "_outputFormat"),
        ("?_type=ValueSet", ASYNC, "ValueSet"),
    ],
)
def test_what_an_export_does_not_take_is_refused_by_name(
    client: FlaskClient, query: str, headers: dict[str, str], said: str
) -> None:
    refused = client.get(f"/fhir/$export{query}", headers=headers)

    assert refused.status_code == 400
    assert said in refused.get_json()["issue"][0]["diagnostics"]


def test_all_that_is_wrong_is_told_at_once(client: FlaskClient) -> None:
    refused = client.get("/fhir/$export?_type=Nope&foo=1&_since=ever&_outputFormat=csv")

    told = " ".join(issue["diagnostics"] for issue in refused.get_json()["issue"])
    assert all(word in told for word in ("Nope", "foo", "_since is", "_outputFormat is", "respond-async"))


def test_what_is_in_no_compartment_is_not_exported_with_patients(client: FlaskClient) -> None:
    refused = client.get("/fhir/Patient/$export?_type=Patient,Location", headers=ASYNC)

    assert refused.status_code == 400
    (issue,) = refused.get_json()["issue"]
    assert issue["diagnostics"].startswith("_type: 'Location' is not exported here; exported are Allergy")


def test_an_export_that_has_ended_is_no_more(client: FlaskClient, clock: Clock) -> None:
    put(client, "Location", "l", status="active")
    begun = client.get("/fhir/$export", headers=ASYNC)
    asked = path(begun.headers["Content-Location"])
    clock.advance(seconds=20)
    file = path(client.get(asked).get_json()["output"][0]["url"])

    assert client.get(file).status_code == 200
    ended = client.delete(asked)
    assert (ended.status_code, ended.content_type) == (202, "application/fhir+json; charset=utf-8")
    assert ended.get_json()["issue"][0]["severity"] == "information"
    assert [client.get(file).status_code, client.get(asked).status_code, client.delete(asked).status_code] == [404] * 3


def test_links_end_after_a_day(client: FlaskClient, clock: Clock) -> None:
    put(client, "Location", "l", status="active")
    found = manifest(client, clock)
    clock.advance(hours=24)

    assert client.get(path(found["output"][0]["url"])).status_code == 404


@pytest.mark.parametrize("forged", ["x", "AAAA" * 20, "../metadata"])
def test_a_link_that_is_none_of_ours_is_refused(client: FlaskClient, forged: str) -> None:
    told = client.get(f"/fhir/$export-file/{forged}")

    assert told.status_code == 404
    assert b"page" not in told.data


def test_a_forged_link_is_told_as_one_of_an_export_that_has_ended(client: FlaskClient, clock: Clock) -> None:
    put(client, "Location", "l", status="active")
    link = path(manifest(client, clock)["output"][0]["url"])
    clock.advance(hours=24)
    ended, forged = client.get(link), client.get("/fhir/$export-file/AAAA")

    assert (forged.status_code, forged.data) == (ended.status_code, ended.data)
    assert ended.get_json()["issue"][0]["diagnostics"].startswith("there is no such export, or it has ended")


def test_the_link_of_a_page_is_no_link_of_a_file(client: FlaskClient) -> None:
    for number in range(3):
        put(client, "Location", f"l{number}", status="active")
    links: TestResponse = client.get("/fhir/Location?_count=1")
    following = next(link["url"] for link in links.get_json()["link"] if link["relation"] == "next")

    assert client.get(f"/fhir/$export-file/{following.partition('_page=')[2]}").status_code == 404


def test_who_exported_what_stands_in_the_audit(client: FlaskClient, clock: Clock, services: Services) -> None:
    put(client, "Location", "l", status="active")
    lines(client, manifest(client, clock, "?_type=Location"))

    with services.store.reading() as database:
        rows = [json.loads(bytes(content)) for (content,) in database.rows("select content from audit order by seq")]
    told = [(row["action"], row["entities"]) for row in rows if row["action"].startswith("export")]
    assert told == [("export", ["Location"]), ("export-file", ["Location: 1"])]
