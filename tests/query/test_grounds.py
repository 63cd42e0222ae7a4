"""On what ground somebody was told something: the policy that was in force, its rules, and the patient's consent."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from gateway import query
from gateway.access.partners import Partner
from gateway.access.policy import development_caller
from gateway.fhir.search import parse_query
from gateway.query import HistoryRequest
from gateway.query.auditlog.told import told
from gateway.query.everything import Everything, everything
from gateway.services import Services
from gateway.store import Database, audited
from gateway.store.audited import Row
from gateway.store.postgresql.connection import PostgresqlDatabase
from gateway.store.sqlite.connection import SqliteDatabase
from gateway.transact import Delete, Put
from tests.consents import consent, recipient
from tests.policy_world import (
    BASE,
    HOME,
    HOSPITAL,
    OTHER_HOME,
    asking,
    does,
    observation,
    organisation,
    patient,
    peopled,
    request,
    task,
)

ASKED = {"read", "vread", "history", "search", "everything"}
POLICY = "dutch-acute-care|1"
Ask = Callable[[Partner, Services], Any]
WAYS: dict[str, Ask] = {
    "read": lambda who, to: query.read("Observation", "o", asking(who, to), to),
    "vread": lambda who, to: query.vread("Observation", "o", "1", asking(who, to), to),
    "history": lambda who, to: query.history(HistoryRequest("Observation", "o"), asking(who, to), to, base=BASE),
    "history of a type": lambda who, to: query.history(HistoryRequest("Observation"), asking(who, to), to, base=BASE),
    "search": lambda who, to: query.search(parse_query("Observation", "code=8867-4"), asking(who, to), to, base=BASE),
}


@pytest.fixture
def known(services: Services) -> Services:
    """Return a world in which the hospital has a patient, an observation, a request and a place."""
    to = peopled(services)
    for resource in (patient(), observation("o"), request(), {"resourceType": "Location", "id": "l"}):
        does(HOSPITAL, Put(resource), to)
    return to


def last(to: Services) -> Row:
    """Return the row of what was asked; all others are of what was written."""
    with to.store.reading() as db:
        rows = [audited.read(bytes(content)) for (content,) in db.rows("select content from audit")]
    (found,) = [row for row in rows if row and row.action in ASKED]
    return found


@pytest.mark.parametrize("way", WAYS)
def test_of_ones_own_it_is_that(known: Services, way: str) -> None:
    WAYS[way](HOSPITAL, known)

    assert (last(known).policy, last(known).rules, last(known).basis) == (POLICY, ("own-data",), ())


@pytest.mark.parametrize("way", WAYS)
def test_of_a_referral_it_is_the_rule_about_that(known: Services, way: str) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), known)
    WAYS[way](HOME, known)

    assert (last(known).rules, last(known).basis) == (("what-the-requester-has-of-the-patient",), ())


@pytest.mark.parametrize("way", WAYS)
def test_of_what_the_patient_permits_it_is_that_consent(known: Services, way: str) -> None:
    does(HOSPITAL, Put(consent("c", "permit", recipient(OTHER_HOME.ura))), known)
    WAYS[way](OTHER_HOME, known)

    assert (last(known).rules, last(known).basis) == (("what-a-patient-permits",), ("consent",))


def test_of_a_whole_record_it_is_each_of_them(known: Services) -> None:
    does(HOSPITAL, Put(task(organisation(HOME), "accepted")), known)
    does(HOSPITAL, Put(consent("c", "permit", recipient(HOME.ura), types=("Observation",))), known)

    everything(Everything("Patient", "p"), asking(HOME, known), known, base=BASE)

    assert {"patient-of-a-request", "what-the-requester-has-of-the-patient", "what-a-patient-permits"} <= {
        *last(known).rules
    }


def test_of_places_it_is_whose_they_are(known: Services) -> None:
    query.read("Location", "l", asking(HOME, known), known)

    assert last(known).rules == ("capacity-is-shared",)


def test_a_deletion_claims_no_ground_of_its_own(known: Services) -> None:
    does(HOSPITAL, Delete("Observation", "o"), known)
    WAYS["history"](HOSPITAL, known)

    assert last(known).rules == ("own-data",)


def test_where_no_policy_holds_none_is_named(known: Services) -> None:
    query.read("Observation", "o", development_caller(), known)

    assert (last(known).policy, last(known).rules) == ("", ())


def test_a_write_names_the_policy(known: Services) -> None:
    with known.store.reading() as db:
        rows = [audited.read(bytes(content)) for (content,) in db.rows("select content from audit")]

    assert {row.policy for row in rows if row and row.action == "transact" and row.partner} == {POLICY}


def test_an_audit_event_tells_it(known: Services) -> None:
    does(HOSPITAL, Put(consent("c", "permit", recipient(OTHER_HOME.ura))), known)
    WAYS["read"](OTHER_HOME, known)

    event = told(last(known), "x", BASE)

    uri = f"https://msb-gateway.example/fhir/policy/{POLICY}"
    assert event["agent"][0]["policy"] == [uri, f"{uri}#what-a-patient-permits"]
    assert "basis: consent" in [entity.get("name") for entity in event["entity"]]


def test_what_is_seen_because_of_whose_it_is_costs_no_look(known: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    for engine in (SqliteDatabase, PostgresqlDatabase):
        monkeypatch.setattr(engine, "rows", _counting(engine.rows, looks))
    taken = []
    for caller in (asking(HOSPITAL, known), development_caller()):
        looks.clear()
        query.read("Observation", "o", caller, known)
        taken.append([sql for sql in looks if "audit" not in sql])

    assert taken[0] == taken[1]


def _counting(rows: Callable[..., Any], looks: list[str]) -> Callable[..., Any]:
    def counted(db: Database, sql: str, parameters: Sequence[Any] = ()) -> Any:
        looks.append(sql)
        return rows(db, sql, parameters)

    return counted
