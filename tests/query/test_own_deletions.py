"""What a partner deleted is gone for it, with its versions; for everybody else it is as what never was there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec import structs

from gateway import query
from gateway.access.partners import Partner
from gateway.access.policy import development_caller
from gateway.errors import GatewayError, ResourceGone, ResourceNotFound
from gateway.fhir.json import decode
from gateway.query import HistoryRequest
from gateway.query.everything import Everything, everything
from gateway.query.groups import members
from gateway.services import Services
from gateway.store import Database
from gateway.store.postgresql.connection import PostgresqlDatabase
from gateway.store.sqlite.connection import SqliteDatabase
from gateway.transact import Delete, Patch, Put, partners
from tests.policy_world import BASE, HOME, HOSPITAL, asking, does, patient, peopled

Asking = Callable[[Partner, str, Services], Any]
ASKING: dict[str, Asking] = {
    "read": lambda who, id_, to: query.read("Patient", id_, asking(who, to), to),
    "vread": lambda who, id_, to: query.vread("Patient", id_, "1", asking(who, to), to),
    "vread of the deletion": lambda who, id_, to: query.vread("Patient", id_, "3", asking(who, to), to),
    "history": lambda who, id_, to: query.history(HistoryRequest("Patient", id_), asking(who, to), to, base=BASE),
    "everything": lambda who, id_, to: everything(Everything("Patient", id_), asking(who, to), to, base=BASE),
    "patch": lambda who, id_, to: does(who, Patch("Patient", id_, lambda found: found), to),
}
GONE = ("read", "vread of the deletion", "everything", "patch")


@pytest.fixture
def deleted(services: Services) -> Services:
    """Return a world in which the hospital had a patient in two versions, and deleted it."""
    to = peopled(services)
    for op in (Put(patient()), Put(patient(gender="female")), Delete("Patient", "p")):
        does(HOSPITAL, op, to)
    return to


@pytest.mark.parametrize("way", GONE)
def test_what_one_deleted_oneself_is_gone(way: str, deleted: Services) -> None:
    with pytest.raises(ResourceGone):
        ASKING[way](HOSPITAL, "p", deleted)


def test_its_versions_are_read_by_its_owner(deleted: Services) -> None:
    assert decode(ASKING["vread"](HOSPITAL, "p", deleted).body)["name"] == [{"family": "Jansen"}]

    entries = decode(ASKING["history"](HOSPITAL, "p", deleted))["entry"]

    assert [entry["request"]["method"] for entry in entries] == ["DELETE", "PUT", "PUT"]
    assert ["resource" in entry for entry in entries] == [False, True, True]


@pytest.mark.parametrize("way", ASKING)
def test_for_others_it_is_as_what_never_was_there(way: str, deleted: Services) -> None:
    told = [refusal(ASKING[way], id_, deleted) for id_ in ("p", "never")]

    assert told[0] == told[1]
    assert told[0][0] is ResourceNotFound


def refusal(ask: Asking, id_: str, to: Services) -> tuple[type[GatewayError], str]:
    with pytest.raises(GatewayError) as told:
        ask(HOME, id_, to)
    return type(told.value), str(told.value)


def test_it_takes_as_many_looks_as_what_never_was_there(deleted: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    for engine in (SqliteDatabase, PostgresqlDatabase):
        monkeypatch.setattr(engine, "rows", counting(engine.rows, looks))
    taken = []
    for id_ in ("p", "never"):
        for way in ("read", "vread", "history", "everything", "patch"):
            looks.clear()
            refusal(ASKING[way], id_, deleted)
            taken.append((way, [sql for sql in looks if "audit" not in sql]))

    assert taken[:5] == taken[5:]


def counting(rows: Callable[..., Any], looks: list[str]) -> Callable[..., Any]:
    def counted(db: Database, sql: str, parameters: Sequence[Any] = ()) -> Any:
        looks.append(sql)
        return rows(db, sql, parameters)

    return counted


def test_of_what_one_sees_by_a_search_alone_nobody_knows_whether_it_was_that(deleted: Services) -> None:
    narrow = structs.replace(HOSPITAL, sees=("Patient?gender=female",))
    partners.add([narrow], development_caller(), deleted, replace=True)

    for way in ASKING.values():
        with pytest.raises(ResourceNotFound):
            way(narrow, "p", deleted)


def test_a_group_that_was_deleted_is_gone_for_who_had_it(deleted: Services) -> None:
    does(HOSPITAL, Put({"resourceType": "Group", "id": "g", "type": "person", "actual": True}), deleted)
    does(HOSPITAL, Delete("Group", "g"), deleted)

    with pytest.raises(ResourceGone):
        members("g", asking(HOSPITAL, deleted), deleted)
    with pytest.raises(ResourceNotFound):
        members("g", asking(HOME, deleted), deleted)
