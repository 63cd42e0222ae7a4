"""What a transaction with conditions takes for itself: whoever could make the same resource takes some of it too."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.search import parse_query
from gateway.store.records import Turns
from gateway.transact.entries import check, typed
from gateway.transact.operations import ConditionalCreate, ConditionalDelete, Create, Write
from gateway.transact.turns import turns


def taken(*ops: Write) -> Turns:
    entries = typed(ops)
    check(entries, development_caller())
    return turns(entries, [])


def bed(*identifiers: str) -> dict[str, Any]:
    return {"resourceType": "Location", "identifier": [{"system": "urn:x", "value": one} for one in identifiers]}


def making(condition: str, *identifiers: str) -> Turns:
    return taken(ConditionalCreate(bed(*identifiers), condition))


def wait(one: Turns, other: Turns) -> bool:
    """Return whether these two wait for each other."""
    mine, theirs = {*one.alone, *one.beside}, {*other.alone, *other.beside}
    return bool(theirs & {*one.alone} or mine & {*other.alone})


@pytest.mark.parametrize(
    "other",
    [
        making("identifier=urn:x|1", "1"),
        making("identifier=1", "1"),
        making("name=bed&identifier=urn:x|1"),
        making("identifier=urn:x|3,urn:x|1"),
        making("identifier=urn:x|2", "2", "1"),
        making("name=bed", "2"),
        making("identifier:not=urn:x|2", "2"),
        making("identifier=urn:x|", "2"),
        taken(ConditionalDelete("Location", "name=bed")),
        taken(ConditionalCreate(bed("2"), "identifier=2"), Create(bed("1"))),
    ],
)
def test_who_could_make_the_same_waits(other: Turns) -> None:
    mine = making("identifier=urn:x|1", "1")

    assert wait(mine, other)
    assert wait(other, mine)


@pytest.mark.parametrize(
    "other",
    [
        making("identifier=urn:x|2", "2"),
        taken(ConditionalDelete("Location", "identifier=urn:x|2")),
        taken(ConditionalCreate({"resourceType": "Patient", "identifier": [{"value": "1"}]}, "identifier=1")),
        taken(ConditionalCreate({"resourceType": "Patient"}, "name=x")),
    ],
)
def test_who_could_not_does_not_wait(other: Turns) -> None:
    assert not wait(making("identifier=urn:x|1", "1"), other)


def test_who_asks_for_many_takes_the_type() -> None:
    many = [ConditionalCreate(bed(str(n)), f"identifier={n}") for n in range(500)]

    assert taken(*many) == Turns({"Location"}, set())
    assert wait(taken(*many), making("identifier=700", "700"))


@pytest.mark.parametrize(
    ("condition", "others"),
    [
        ("organization.identifier=1", {"Organization"}),
        ("identifier=1&organization.partof.name=x", {"Organization"}),
        ("_has:Location:partof:name=x", set()),
        ("_has:HealthcareService:location:organization.name=x", {"HealthcareService", "Organization"}),
        ("_has:Schedule:actor:_has:Slot:schedule:status=free", {"Schedule", "Slot"}),
        ("name=x", set()),
    ],
)
def test_who_asks_through_other_types_takes_those_too(condition: str, others: set[str]) -> None:
    assert {one for one in making(condition, "1").alone if "|" not in one} - {"Location"} == others


def test_who_takes_whole_types_still_shares_the_others_that_it_writes() -> None:
    many = [ConditionalCreate(bed(str(n)), f"identifier={n}") for n in range(500)]
    through = taken(ConditionalCreate(bed(), "_has:Schedule:actor:_id=x"))

    assert wait(taken(*many, Create({"resourceType": "Schedule"})), taken(ConditionalDelete("Schedule", "active=true")))
    assert wait(taken(*many, Create({"resourceType": "Schedule"})), through)


def test_a_reference_by_what_is_no_identifier_makes_nobody_wait() -> None:
    assert not wait(turns([], [parse_query("Location", "name=bed")]), making("identifier=1", "1"))
