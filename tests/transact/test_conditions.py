from __future__ import annotations

from typing import Any

import pytest

from gateway.access.policy import Caller, development_caller
from gateway.errors import BadRequest, Conflict, Forbidden, InvalidResource, MultipleMatches, VersionConflict
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalCreate, ConditionalPut, Create, Delete, Outcome, Put, transact

CALLER = development_caller()
SYSTEM = "https://duinrand.example/afdeling"
URN = "urn:uuid:5f2f6b1e-1111-4a64-9a8a-000000000001"


def location(code: str = "IC", id_: str | None = None, **elements: Any) -> dict[str, Any]:
    identifier = [{"system": SYSTEM, "value": code}]
    return {
        "resourceType": "Location",
        **({"id": id_} if id_ else {}),
        "identifier": identifier,
        "status": "active",
        **elements,
    }


def by(code: str = "IC") -> str:
    return f"identifier={SYSTEM}|{code}"


def do(to: Services, *ops: Any) -> list[Outcome]:
    return transact(ops, CALLER, to)


def one(to: Services, op: Any) -> Outcome:
    (outcome,) = do(to, op)
    return outcome


def part_of(to: Services, id_: str) -> str:
    found = to.store.read(Identity("Location", id_))
    assert found is not None
    reference: str = decode(found.body)["partOf"]["reference"]
    return reference


def test_a_conditional_create_creates_once(services: Services) -> None:
    first = one(services, ConditionalCreate(location(), by()))
    second = one(services, ConditionalCreate(location(name="other"), by()))

    assert (first.status, second.status) == ("created", "unchanged")
    assert (second.id, second.version, second.body) == (first.id, 1, first.body)


@pytest.mark.parametrize("search", [by(), f"Location?{by()}", parse_query("Location", by())])
def test_the_condition_may_be_written_in_several_ways(services: Services, search: Any) -> None:
    do(services, Put(location(id_="a")))

    assert one(services, ConditionalCreate(location(), search)).id == "a"


def test_a_conditional_put_creates_then_updates_then_leaves(services: Services) -> None:
    outcomes = [
        one(services, ConditionalPut(resource, by()))
        for resource in (location(), location(name="IC"), location(name="IC"))
    ]

    assert [(o.status, o.version) for o in outcomes] == [("created", 1), ("updated", 2), ("unchanged", 2)]
    assert len({o.id for o in outcomes}) == 1


def test_a_conditional_put_without_a_match_takes_the_id_it_is_given(services: Services) -> None:
    assert one(services, ConditionalPut(location(id_="mine"), by())).id == "mine"
    assert one(services, ConditionalPut(location(id_="mine", name="IC"), by())).version == 2


def test_another_id_than_the_match_is_refused(services: Services) -> None:
    do(services, Put(location(id_="a")))

    with pytest.raises(BadRequest):
        one(services, ConditionalPut(location(id_="b"), by()))


def test_an_id_that_is_taken_is_refused(services: Services) -> None:
    do(services, Put(location("SEH", id_="a")))

    with pytest.raises(Conflict):
        one(services, ConditionalPut(location(id_="a"), by()))


def test_many_matches_are_refused_and_all_named(services: Services) -> None:
    do(services, Create(location()), Create(location()))

    with pytest.raises(MultipleMatches) as caught:
        do(
            services,
            ConditionalPut(location(), by()),
            Put(location(id_="x")),
            ConditionalCreate(location("SEH"), by("IC") + "&status=active"),
        )

    assert [issue.expression for issue in caught.value.issues] == [
        "Bundle.entry[0].request",
        "Bundle.entry[2].request",
    ]
    assert services.store.read(Identity("Location", "x")) is None


@pytest.mark.parametrize("search", ["", "_count=5", "_sort=_id"])
def test_a_condition_that_matches_everything_is_refused(services: Services, search: str) -> None:
    with pytest.raises(BadRequest):
        one(services, ConditionalPut(location(), search))


def test_a_condition_that_cannot_be_read_is_refused(services: Services) -> None:
    with pytest.raises(BadRequest):
        one(services, ConditionalCreate(location(), "identifer=x"))


def test_one_condition_twice_is_refused(services: Services) -> None:
    with pytest.raises(BadRequest):
        do(services, ConditionalCreate(location(), by()), ConditionalPut(location(), by()))


def test_two_conditions_that_find_one_resource_to_write_are_refused(services: Services) -> None:
    do(services, Put(location(id_="a")))

    with pytest.raises(BadRequest):
        do(services, ConditionalPut(location(), by()), ConditionalPut(location(), by() + "&status=active"))
    with pytest.raises(BadRequest):
        do(services, ConditionalPut(location(), by()), Put(location(id_="a", name="x")))


def test_if_match_goes_with_a_conditional_put(services: Services) -> None:
    do(services, Put(location(id_="a")))

    with pytest.raises(VersionConflict):
        one(services, ConditionalPut(location(name="x"), by(), if_match="2"))
    assert one(services, ConditionalPut(location(name="x"), by(), if_match="1")).version == 2


def test_what_is_deleted_matches_nothing(services: Services) -> None:
    do(services, Put(location(id_="a")), Put(location("SEH", id_="b")))
    do(services, Delete("Location", "a"))

    assert one(services, ConditionalCreate(location(), by())).status == "created"
    outcomes = do(services, Delete("Location", "b"), ConditionalCreate(location("SEH"), by("SEH")))
    assert [o.status for o in outcomes] == ["deleted", "created"]


def test_a_full_url_leads_to_what_the_condition_found(services: Services) -> None:
    do(services, Put(location(id_="found")))

    do(
        services,
        ConditionalCreate(location(), by(), full_url=URN),
        Put(location("BED", id_="bed", partOf={"reference": URN})),
    )

    assert part_of(services, "bed") == "Location/found"
    with services.store.reading() as db:
        assert db.rows("select target_id from index_reference where param = 'partof'") == [("found",)]


def test_a_conditional_reference_becomes_what_it_finds(services: Services) -> None:
    do(services, Put(location(id_="found")))

    do(services, Put(location("BED", id_="bed", partOf={"reference": f"Location?{by()}"})))

    assert part_of(services, "bed") == "Location/found"


def test_a_conditional_reference_to_nothing_or_many_is_refused(services: Services) -> None:
    to_many = Put(location("BED", id_="bed", partOf={"reference": f"Location?{by()}"}))
    do(services, Create(location()), Create(location()))

    with pytest.raises(MultipleMatches):
        one(services, to_many)
    with pytest.raises(InvalidResource) as caught:
        do(services, to_many, Put(location("BED", id_="bed2", partOf={"reference": f"Location?{by('nowhere')}"})))

    assert sorted(issue.expression or "" for issue in caught.value.issues) == [
        "Bundle.entry[0].resource.partOf.reference",
        "Bundle.entry[1].resource.partOf.reference",
    ]


def test_who_may_not_read_may_not_ask_by_condition(services: Services) -> None:
    caller = Caller("00000001", "x", types=frozenset({"Slot"}))
    slot = {
        "resourceType": "Slot",
        "schedule": {"reference": f"Schedule?{by()}"},
        "status": "free",
        "start": "2026-01-05T10:00:00Z",
        "end": "2026-01-05T11:00:00Z",
    }

    with pytest.raises(Forbidden):
        transact([Create(slot)], caller, services)


def test_a_condition_that_cannot_be_read_is_told_with_its_place(services: Services) -> None:
    with pytest.raises(BadRequest) as refused:
        do(services, Create(location()), ConditionalCreate(location(), "frobnicate=1"))

    assert refused.value.issues[0].expression == "Bundle.entry[1].request"
