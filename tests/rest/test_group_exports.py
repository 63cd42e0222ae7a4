"""Export of a group: its members' compartments as they were at one moment, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.app import create_app
from gateway.errors import Forbidden
from gateway.query import exports, groups
from gateway.services import Services
from tests.exports import ASYNC, Clock, lines, manifest, named, path, put

EXPORT = "/fhir/Group/g/$export"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def client(services: Services, clock: Clock) -> FlaskClient:
    client = create_app(replace(services, clock=clock)).test_client()
    for id_ in ("anna", "bert", "cees"):
        put(client, "Patient", id_, active=True)
    return client


def group(client: FlaskClient, id_: str, *entities: str, **elements: Any) -> None:
    members = [{"entity": {"reference": entity}} for entity in entities]
    put(client, "Group", id_, **{"type": "person", "actual": True, "member": members} | elements)


def flag(client: FlaskClient, id_: str, patient: str) -> None:
    put(client, "Flag", id_, status="active", code={"text": "x"}, subject={"reference": f"Patient/{patient}"})


def test_the_compartments_of_the_members_are_exported(client: FlaskClient, clock: Clock) -> None:
    group(client, "g", "Patient/anna", "Patient/bert")
    flag(client, "of-anna", "anna")
    flag(client, "of-cees", "cees")
    put(client, "Location", "l", status="active")

    found = manifest(client, clock, at=EXPORT)

    assert sorted(named(lines(client, found))) == ["Flag/of-anna", "Group/g", "Patient/anna", "Patient/bert"]
    assert found["error"] == []


def test_who_is_a_member_no_more_is_not_exported(client: FlaskClient, clock: Clock) -> None:
    members = [
        {"entity": {"reference": "Patient/anna"}, "inactive": True},
        {"entity": {"reference": "Patient/bert"}, "period": {"end": "2025-12-31"}},
        {"entity": {"reference": "Patient/cees"}, "period": {"start": "2026-01-05", "end": "2026-01-05"}},
    ]
    group(client, "g", member=members)

    assert named(lines(client, manifest(client, clock, "?_type=Patient", EXPORT))) == ["Patient/cees"]


def test_the_members_of_a_group_in_it_are_members(client: FlaskClient, clock: Clock) -> None:
    group(client, "g", "Patient/anna")
    group(client, "inner", "Patient/bert", "Group/g")
    group(client, "g", "Patient/anna", "Group/inner")  # in each other

    found = manifest(client, clock, "?_type=Patient", EXPORT)

    assert named(lines(client, found)) == ["Patient/anna", "Patient/bert"]


def test_a_member_that_is_no_patient_here_is_told(client: FlaskClient, clock: Clock) -> None:
    group(client, "g", "https://elsewhere.example/fhir/Patient/1", "Patient/anna")

    found = manifest(client, clock, "?_type=Patient", EXPORT)

    assert named(lines(client, found)) == ["Patient/anna"]
    (file,) = found["error"]
    assert file["type"] == "OperationOutcome"
    (outcome,) = lines(client, found, "error")
    (issue,) = outcome["issue"]
    assert (issue["severity"], issue["expression"]) == ("warning", ["Group.member[0].entity"])


def test_it_is_of_one_moment_whatever_moves_afterwards(client: FlaskClient, clock: Clock) -> None:
    group(client, "g", "Patient/anna")
    for id_, patient in (("stays", "anna"), ("leaves", "anna"), ("deleted", "anna"), ("comes", "bert")):
        flag(client, id_, patient)
    clock.advance(seconds=1)
    begun = client.get(f"{EXPORT}?_type=Flag", headers=ASYNC)
    clock.advance(seconds=1)
    flag(client, "leaves", "bert")
    flag(client, "comes", "anna")
    flag(client, "new", "anna")
    client.delete("/fhir/Flag/deleted")
    group(client, "g", "Patient/bert")
    clock.advance(seconds=20)

    found = client.get(path(begun.headers["Content-Location"])).get_json()

    assert sorted(named(lines(client, found))) == ["Flag/deleted", "Flag/leaves", "Flag/stays"]


def test_since_tells_what_changed_and_whose_was_deleted(client: FlaskClient, clock: Clock) -> None:
    group(client, "g", "Patient/anna")
    for id_, patient in (("same", "anna"), ("deleted", "anna"), ("others", "bert")):
        flag(client, id_, patient)
    before = manifest(client, clock, "?_type=Flag", EXPORT)
    flag(client, "new", "anna")
    for id_ in ("deleted", "others"):
        client.delete(f"/fhir/Flag/{id_}")
    clock.advance(seconds=1)

    since = before["transactionTime"].replace("+", "%2B")
    found = manifest(client, clock, f"?_type=Flag&_since={since}", EXPORT)

    assert named(lines(client, found)) == ["Flag/new"]
    (bundle,) = lines(client, found, "deleted")
    assert [entry["request"]["url"] for entry in bundle["entry"]] == ["Flag/deleted"]


def test_many_resources_are_many_files(client: FlaskClient, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "RESOURCES", 3)
    group(client, "g", "Patient/anna")
    for number in range(7):
        flag(client, f"f{number}", "anna")
        flag(client, f"other{number}", "bert")

    found = manifest(client, clock, "?_type=Flag", EXPORT)

    assert len(found["output"]) == 3
    assert sorted(named(lines(client, found))) == [f"Flag/f{number}" for number in range(7)]


def test_what_was_indexed_by_other_definitions_is_not_missed(
    client: FlaskClient, clock: Clock, services: Services
) -> None:
    group(client, "g", "Patient/anna")
    flag(client, "f", "anna")
    flag(client, "other", "bert")
    with services.store.changing() as db:
        db.rows("update current set indexed_as = 7 where type = 'Flag'")
        db.rows("delete from index_reference where type = 'Flag'")

    assert named(lines(client, manifest(client, clock, "?_type=Flag", EXPORT))) == ["Flag/f"]


def test_a_group_without_members_is_an_export_of_nothing(client: FlaskClient, clock: Clock) -> None:
    put(client, "Group", "g", type="person", actual=True)

    assert manifest(client, clock, at=EXPORT)["output"] == []


@pytest.mark.parametrize(
    ("elements", "status"), [({"type": "device"}, 422), ({"actual": False, "member": []}, 422), (None, 404)]
)
def test_what_is_no_group_of_persons_is_not_exported(
    client: FlaskClient, elements: dict[str, Any] | None, status: int
) -> None:
    if elements is not None:
        put(client, "Group", "g", **{"type": "person", "actual": True} | {k: v for k, v in elements.items() if v != []})

    assert client.get(EXPORT, headers=ASYNC).status_code == status


def test_who_may_not_read_groups_does_not_learn_who_is_in_one(client: FlaskClient, services: Services) -> None:
    group(client, "g", "Patient/anna")

    with pytest.raises(Forbidden):
        groups.members("g", Caller("06999901", "x", types=frozenset({"Patient"})), services)


def test_it_is_asked_by_post_and_listed(client: FlaskClient) -> None:
    group(client, "g", "Patient/anna")
    statement = client.get("/fhir/metadata").get_json()
    (listed,) = [one for one in statement["rest"][0]["resource"] if one["type"] == "Group"]

    assert client.post(EXPORT, headers=ASYNC).status_code == 202
    assert listed["operation"][-1]["definition"].endswith("group-export")
