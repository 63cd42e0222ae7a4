from __future__ import annotations

import json
from typing import Any

import pytest

from gateway import query
from gateway.access.policy import Caller, development_caller
from gateway.errors import Forbidden, ResourceGone, ResourceNotFound
from gateway.query import HistoryRequest
from gateway.services import Services
from gateway.transact import Delete, Put, transact

BASE = "https://gateway.example/fhir"
CALLER = development_caller()
STRANGER = Caller("00000001", "partner", types=frozenset({"Slot"}))


def told(id_: str, to: Services, caller: Caller = CALLER, **asked: Any) -> Any:
    return json.loads(query.history(HistoryRequest("Location", id_, **asked), caller, to, base=BASE))


def location(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "l1", "status": "active", **elements}


@pytest.fixture
def changed(services: Services) -> Services:
    """Return services whose store holds three versions of a Location, the last a deletion."""
    transact([Put(location(name="one"))], CALLER, services)
    transact([Put(location(name="two"))], CALLER, services)
    transact([Delete("Location", "l1")], CALLER, services)
    return services


def test_a_read_is_the_newest_version(services: Services) -> None:
    transact([Put(location(name="one"))], CALLER, services)
    transact([Put(location(name="two"))], CALLER, services)

    found = query.read("Location", "l1", CALLER, services)

    assert (found.version, json.loads(found.body)["name"]) == (2, "two")


def test_a_version_can_be_read_after_the_next(changed: Services) -> None:
    assert json.loads(query.vread("Location", "l1", "1", CALLER, changed).body)["name"] == "one"
    with pytest.raises(ResourceGone):
        query.vread("Location", "l1", "3", CALLER, changed)


@pytest.mark.parametrize("version", ["0", "4", "-1", "x", "٣", "9" * 30, ""])
def test_a_version_that_never_was_is_not_found(changed: Services, version: str) -> None:
    with pytest.raises(ResourceNotFound):
        query.vread("Location", "l1", version, CALLER, changed)


def test_what_was_deleted_is_gone_and_what_never_was_is_not_found(changed: Services) -> None:
    with pytest.raises(ResourceGone):
        query.read("Location", "l1", CALLER, changed)
    with pytest.raises(ResourceNotFound):
        query.read("Location", "l2", CALLER, changed)
    with pytest.raises(ResourceNotFound):
        told("l2", changed)


def test_a_history_tells_every_version_newest_first(changed: Services) -> None:
    bundle = told("l1", changed)

    assert (bundle["type"], bundle["total"]) == ("history", 3)
    assert [entry["request"]["method"] for entry in bundle["entry"]] == ["DELETE", "PUT", "PUT"]
    assert [entry["response"]["etag"] for entry in bundle["entry"]] == ['W/"3"', 'W/"2"', 'W/"1"']
    assert [entry.get("resource", {}).get("name") for entry in bundle["entry"]] == [None, "two", "one"]
    assert {entry["fullUrl"] for entry in bundle["entry"]} == {f"{BASE}/Location/l1"}


def test_a_part_of_a_history_does_not_claim_to_be_all(changed: Services) -> None:
    bundle = told("l1", changed, count=2)

    assert (len(bundle["entry"]), "total" in bundle) == (2, False)


def test_who_may_not_read_a_type_cannot_tell_whether_there_is_something(changed: Services) -> None:
    for id_ in ("l1", "l2"):
        with pytest.raises(Forbidden):
            query.read("Location", id_, STRANGER, changed)
        with pytest.raises(Forbidden):
            query.vread("Location", id_, "1", STRANGER, changed)
        with pytest.raises(Forbidden):
            told(id_, changed, STRANGER)


def test_every_read_is_audited(changed: Services) -> None:
    query.vread("Location", "l1", "2", CALLER, changed)
    told("l1", changed, count=1)

    with changed.store.reading() as db:
        rows = [json.loads(bytes(content)) for (content,) in db.rows("select content from audit")]
    assert sorted((row["action"], row["entities"]) for row in rows if row["action"] != "transact") == [
        ("history", ["Location/l1/_history/3"]),
        ("vread", ["Location/l1/_history/2"]),
    ]
