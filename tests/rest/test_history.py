"""The histories of a resource, of a type and of everything, as a client pages through them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway import query
from gateway.access.policy import Caller
from gateway.app import create_app
from gateway.fhir import json
from gateway.query import HistoryRequest
from gateway.services import Services
from gateway.store import history as stored_history

JSON = "application/fhir+json"
START = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def later(services: Services) -> FlaskClient:
    """Return a client of a gateway whose clock goes a minute further each time it is asked."""
    at = iter(START + timedelta(minutes=minute) for minute in range(10_000))
    return create_app(replace(services, clock=lambda: next(at))).test_client()


def bed(id_: str, name: str) -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "name": name, "mode": "instance"}


def put(client: FlaskClient, resource: dict[str, Any]) -> Any:
    path = f"/fhir/{resource['resourceType']}/{resource['id']}"
    return client.put(path, data=json.encode(resource), content_type=JSON).get_json()


def pages(client: FlaskClient, path: str) -> list[list[dict[str, Any]]]:
    """Return the entries of each page, following the next links."""
    found: list[list[dict[str, Any]]] = []
    url: str | None = path
    while url:
        bundle = client.get(url).get_json()
        assert bundle["type"] == "history", bundle
        found.append(bundle.get("entry", []))
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
        url = url and "/fhir" + url.partition("/fhir")[2]
    return found


def names(client: FlaskClient, path: str) -> list[str]:
    """Return what every entry of every page says: the method and the name."""
    return [
        f"{entry['request']['method']} {entry.get('resource', {}).get('name', '-')}"
        for page in pages(client, path)
        for entry in page
    ]


@pytest.fixture
def changed(later: FlaskClient) -> FlaskClient:
    """Return a client of a gateway in which two beds and an organisation changed, in that order."""
    put(later, bed("a", "a1"))
    put(later, bed("b", "b1"))
    put(later, {"resourceType": "Organization", "id": "o", "name": "o1"})
    put(later, bed("a", "a2"))
    later.delete("/fhir/Location/b")
    put(later, bed("b", "b3"))
    return later


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_every_page_of_each_history_is_newest_first_and_nothing_is_lost(changed: FlaskClient, count: int) -> None:
    asked = f"_history?_count={count}"

    assert names(changed, f"/fhir/Location/{asked}") == ["PUT b3", "DELETE -", "PUT a2", "PUT b1", "PUT a1"]
    assert names(changed, f"/fhir/{asked}") == ["PUT b3", "DELETE -", "PUT a2", "PUT o1", "PUT b1", "PUT a1"]
    assert names(changed, f"/fhir/Location/b/{asked}") == ["PUT b3", "DELETE -", "PUT b1"]
    assert all(len(page) <= count for page in pages(changed, f"/fhir/{asked}"))


def test_versions_of_one_moment_are_all_there(client: FlaskClient) -> None:
    for number in range(7):
        put(client, bed(f"l{number}", f"n{number}"))

    found = names(client, "/fhir/Location/_history?_count=2")

    assert sorted(found) == [f"PUT n{number}" for number in range(7)]


def test_what_comes_while_a_client_pages_does_not_shift_its_pages(changed: FlaskClient) -> None:
    first = changed.get("/fhir/Location/_history?_count=2").get_json()
    following = first["link"][1]["url"].partition("/fhir")[2]

    put(changed, bed("c", "c1"))

    assert [e["resource"]["name"] for e in changed.get(f"/fhir{following}").get_json()["entry"]] == ["a2", "b1"]


def test_how_a_version_was_made_is_told(later: FlaskClient) -> None:
    made = later.post("/fhir/Location", data=json.encode({"resourceType": "Location", "name": "x"}), content_type=JSON)
    id_ = made.get_json()["id"]
    put(later, bed(id_, "y"))
    later.delete(f"/fhir/Location/{id_}")
    put(later, bed(id_, "z"))

    for path in (f"/fhir/Location/{id_}/_history", "/fhir/Location/_history", "/fhir/_history"):
        (entries,) = pages(later, path)
        told = [(e["request"]["method"], e["request"]["url"], e["response"]["status"]) for e in reversed(entries)]
        here = f"Location/{id_}"
        assert told == [
            ("POST", "Location", "201"),
            ("PUT", here, "200"),
            ("DELETE", here, "204"),
            ("PUT", here, "201"),
        ]
        assert {e["fullUrl"].rpartition("/fhir/")[2] for e in entries} == {here}


def test_since_is_the_oldest_that_is_told(changed: FlaskClient) -> None:
    at = changed.get("/fhir/Location/a").get_json()["meta"]["lastUpdated"].replace("+", "%2B")

    assert names(changed, f"/fhir/Location/_history?_since={at}&_count=2") == ["PUT b3", "DELETE -", "PUT a2"]
    assert names(changed, "/fhir/_history?_since=2999-01-01") == []


def test_at_is_what_was_the_present_at_some_moment_of_it(changed: FlaskClient) -> None:
    versions = {e["resource"]["name"]: e["resource"] for e in pages(changed, "/fhir/_history")[0] if "resource" in e}
    a2 = versions["a2"]["meta"]["lastUpdated"].replace("+", "%2B")
    o1 = versions["o1"]["meta"]["lastUpdated"].replace("+", "%2B")

    assert names(changed, f"/fhir/_history?_at={a2}&_count=1") == ["PUT a2", "PUT o1", "PUT b1"]
    assert names(changed, f"/fhir/Location/_history?_at={o1}") == ["PUT b1", "PUT a1"]
    assert names(changed, f"/fhir/Location/a/_history?_at={o1}") == ["PUT a1"]
    assert len(names(changed, "/fhir/_history?_at=2026-01-05")) == 6
    assert names(changed, "/fhir/_history?_at=2025") == []
    assert names(changed, "/fhir/Location/_history?_at=2030") == ["PUT b3", "PUT a2"]


def test_a_page_looks_at_so_many_versions_and_the_next_goes_on(
    changed: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_history, "REACH", 2)

    assert names(changed, "/fhir/_history?_at=2026-01-05T10:02:30%2B01:00&_count=1") == names(
        changed, "/fhir/_history?_at=2026-01-05T10:02:30%2B01:00"
    )


def test_a_page_link_works_at_any_node_and_only_where_it_was_given(changed: FlaskClient, services: Services) -> None:
    bundle = changed.get("/fhir/Location/_history?_count=2").get_json()
    token = bundle["link"][1]["url"].partition("?")[2]

    other = create_app(services).test_client()
    assert len(other.get(f"/fhir/Location/_history?{token}").get_json()["entry"]) == 2
    for wrong in (
        f"Slot/_history?{token}",
        f"_history?{token}",
        f"Location/a/_history?{token}",
        f"Location?{token}",
        f"Location/_history?{token}&_count=9",
        f"Location/_history?{token}x",
        "Location/_history?_page=",
    ):
        assert other.get(f"/fhir/{wrong}").status_code == 400, wrong
    search = other.get("/fhir/Location?_count=1").get_json()["link"][1]["url"].partition("?")[2]
    assert other.get(f"/fhir/Location/_history?{search}").status_code == 400


@pytest.mark.parametrize("path", ["Location/a/_history", "Location/_history", "_history"])
@pytest.mark.parametrize(
    "wrong",
    [
        "_count=0",
        "_count=-1",
        "_count=1e9",
        "_since=yesterday",
        "_at=30-02-2026",
        "_sort=x",
        "_count=1&_count=2",
        "a=b",
    ],
)
def test_what_a_history_cannot_be_asked_is_refused(changed: FlaskClient, path: str, wrong: str) -> None:
    response = changed.get(f"/fhir/{path}?{wrong}")

    assert response.status_code == 400
    assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.usefixtures("changed")
def test_only_what_the_caller_may_read_is_told(services: Services) -> None:
    partner = Caller("00000001", "partner", types=frozenset({"Organization"}))

    bundle = json.decode(query.history(HistoryRequest(), partner, services, base="https://gateway.example/fhir"))

    assert [entry["resource"]["name"] for entry in bundle["entry"]] == ["o1"]


def test_histories_can_be_asked_by_the_entries_of_a_bundle(changed: FlaskClient) -> None:
    def ask(kind: str, *urls: str) -> Any:
        entries = [{"request": {"method": "GET", "url": url}} for url in urls]
        bundle = {"resourceType": "Bundle", "type": kind, "entry": entries}
        return changed.post("/fhir", data=json.encode(bundle), content_type=JSON)

    answer = ask("batch", "Location/_history?_count=1", "_history", "_history?x=y").get_json()["entry"]
    assert [entry["response"]["status"][:3] for entry in answer] == ["200", "200", "400"]
    assert [len(entry["resource"]["entry"]) for entry in answer[:2]] == [1, 6]
    assert ask("transaction", "_history", "Location/_history?_count=0").status_code == 400


def test_who_asks_a_history_stands_in_the_audit(changed: FlaskClient, services: Services) -> None:
    changed.get("/fhir/_history?_count=1")

    with services.store.reading() as db:
        rows = [json.decode(bytes(content)) for (content,) in db.rows("select content from audit order by seq")]
    assert [row["entities"] for row in rows if row["action"] == "history"] == [["Location/b/_history/3"]]


def test_the_self_link_of_a_history_tells_what_was_applied(changed: FlaskClient) -> None:
    (link,) = changed.get("/fhir/Location/_history?_count=5000").get_json()["link"]

    assert link["url"].endswith("_count=1000")
