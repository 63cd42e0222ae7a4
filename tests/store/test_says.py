"""What Consents say of who may see is part of every statement: on both engines, at the moment it is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.access.policy import Predicate, development_caller
from gateway.fhir.consents import ANY, RESOURCE_TYPES, URA
from gateway.fhir.json import encode
from gateway.fhir.parameters import search_parameters
from gateway.fhir.search import AllOf, Chain, Condition, Has, Not, Says, parse
from gateway.services import Services
from gateway.store import Identity
from gateway.store.index.definitions import SAYS, definitions
from gateway.store.records import microseconds
from gateway.store.search import Scope, seen
from gateway.store.search import read as searched
from gateway.transact import Delete, Put, transact
from tests.conftest import NOW
from tests.consents import consent as made
from tests.consents import recipient

ONE, OTHER = f"{URA}|00000001", f"{URA}|00000002"
AT = microseconds(NOW)
PATIENTS = ("1", "2", "3")


def consented(*actors: str, contents: tuple[str, ...] = (ANY,)) -> Condition:
    """Return what must hold of a Patient: somebody permits it, and nobody denies it."""
    patient = search_parameters("Consent")["patient"]
    permits, denies = (Says(denies, (ANY, *actors), contents) for denies in (False, True))
    return AllOf((Has("Consent", patient, permits), Not(Has("Consent", patient, denies))))


def rules(*actors: str) -> dict[str, Condition]:
    of = search_parameters("Observation")["patient"]
    contents = (ANY, f"{RESOURCE_TYPES}|Observation")
    return {
        "Patient": consented(*actors),
        "Observation": Chain(of, (("Patient", consented(*actors, contents=contents)),)),
    }


def consent(id_: str, patient: str, type_: str, *uras: str, **more: Any) -> dict[str, Any]:
    return made(id_, type_, *map(recipient, uras), of=patient, **more)


@pytest.fixture
def known(services: Services) -> Services:
    """Return a store with three patients, each with an Observation."""
    for id_ in PATIENTS:
        observation = {
            "resourceType": "Observation",
            "id": f"o{id_}",
            "status": "final",
            "code": {"text": "hartslag"},
            "subject": {"reference": f"Patient/{id_}"},
        }
        put(services, {"resourceType": "Patient", "id": id_}, observation)
    return services


def put(to: Services, *resources: dict[str, Any]) -> None:
    transact([Put(each) for each in resources], development_caller(), to)


def told(to: Services, *actors: str, at: int = AT) -> list[str]:
    """Return what is seen of the patients and Observations: of each by itself, and by a search."""
    scope = Scope(visible=Predicate(conditions=rules(*actors), at=at))
    found = []
    with to.store.reading() as db:
        for type_, ids in (("Patient", PATIENTS), ("Observation", [f"o{id_}" for id_ in PATIENTS])):
            by_search = {row.id for row in searched(db, parse(type_, []), scope).matches}
            assert {one.id for one in seen(db, [Identity(type_, id_) for id_ in ids], scope)} == by_search
            found += sorted(by_search)
    return found


def test_nothing_is_seen_without_a_permit(known: Services) -> None:
    put(known, consent("c", "2", "permit", "00000002"))

    assert told(known, ONE) == []
    assert told(known, OTHER) == ["2", "o2"]


def test_a_denial_wins_over_every_permit(known: Services) -> None:
    put(known, *(consent(f"c{id_}", id_, "permit", "00000001") for id_ in PATIENTS))
    put(known, consent("d1", "1", "deny", "00000001"), consent("d2", "2", "deny"))

    assert told(known, ONE) == ["3", "o3"]


@pytest.mark.parametrize("status", ["inactive", "rejected", "entered-in-error", "draft"])
def test_what_is_withdrawn_is_closed_at_once(known: Services, status: str) -> None:
    put(known, consent("c", "1", "permit", "00000001"))
    assert told(known, ONE) == ["1", "o1"]

    put(known, consent("c", "1", "permit", "00000001", status=status))
    assert told(known, ONE) == []


def test_what_is_deleted_permits_and_denies_nothing(known: Services) -> None:
    put(known, consent("c", "1", "permit", "00000001"), consent("d", "1", "deny", "00000001"))
    transact([Delete("Consent", "d")], development_caller(), known)
    assert told(known, ONE) == ["1", "o1"]

    transact([Delete("Consent", "c")], development_caller(), known)
    assert told(known, ONE) == []


def test_it_is_asked_at_the_moment_of_the_search(known: Services) -> None:
    period = {"start": "2026-01-04", "end": "2026-01-06"}
    put(known, consent("c", "1", "permit", "00000001", provision={"period": period}))
    put(known, consent("c2", "2", "permit", "00000001"))
    put(known, consent("d2", "2", "deny", "00000001", provision={"period": period}))
    two_days = microseconds(NOW + timedelta(days=2))

    assert told(known, ONE) == ["1", "o1"]
    assert told(known, ONE, at=two_days) == ["2", "o2"]


def test_all_others_are_denied(known: Services) -> None:
    but_one = {"provision": [consent("", "", "permit", "00000001")["provision"]]}
    put(known, *(consent(f"p{id_}", id_, "permit", "00000001", "00000002") for id_ in PATIENTS))
    put(known, consent("c", "1", "deny", provision=but_one))

    assert told(known, OTHER) == ["2", "3", "o2", "o3"]
    assert told(known, ONE) == ["1", "2", "3", "o1", "o2", "o3"]


def test_one_kind_of_content(known: Services) -> None:
    of = {"class": [{"system": RESOURCE_TYPES, "code": "Observation"}]}
    put(known, consent("c", "1", "permit", "00000001", provision=of), consent("c2", "2", "permit", "00000001"))
    put(known, consent("d2", "2", "deny", provision=of))

    assert told(known, ONE) == ["2", "o1"]


def test_a_consent_that_was_indexed_by_others_denies(known: Services) -> None:
    put(known, consent("c", "1", "permit", "00000001"), consent("c2", "2", "permit", "00000001"))
    with known.store.changing() as db:
        db.rows("update current set indexed_as = 1 where type = 'Consent' and id = 'c'")

    assert told(known, ONE) == ["2", "o2"]


@pytest.mark.parametrize(("name", "sees"), [("purpose", ["1", "o1"]), (SAYS, []), ("patient", []), ("_security", [])])
def test_what_else_was_indexed_otherwise_does_not_matter(known: Services, name: str, sees: list[str]) -> None:
    put(known, consent("c", "1", "permit", "00000001"))
    others = encode(dict(definitions("Consent")) | {name: "otherwise"}).decode()
    with known.store.changing() as db:
        db.rows("insert into index_definition values (7, 'Consent', ?)", (others,))
        db.rows("update current set indexed_as = 7 where type = 'Consent' and id = 'c'")

    assert told(known, ONE) == sees


def test_a_rule_of_the_present_is_not_compiled_without_a_moment(known: Services) -> None:
    with pytest.raises(AssertionError, match="at a moment"):
        told(replace(known), ONE, at=0)
