"""What must be exact when many write at once, on both databases, with clients in several processes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.store import Identity, Store
from gateway.store.contents import figures
from gateway.transact import ConditionalCreate, ConditionalPut, Delete, Operation, Put, transact
from tests.races.clients import PROCESSES, THREADS, compete, services
from tests.store import writing

CLIENTS = PROCESSES * THREADS
SYSTEM = "https://duinrand.example/afdeling"
pytestmark = pytest.mark.slow


def location(id_: str | None = None, name: str = "IC") -> dict[str, Any]:
    identifier = [{"system": SYSTEM, "value": "IC"}]
    return {"resourceType": "Location", **({"id": id_} if id_ else {}), "identifier": identifier, "name": name}


def create_once(_: int) -> Sequence[Operation]:
    return [ConditionalCreate(location(), f"identifier={SYSTEM}|IC")]


def put_by_condition(n: int) -> Sequence[Operation]:
    return [ConditionalPut(location(name=str(n)), f"identifier={SYSTEM}|IC")]


def put_version_2(n: int) -> Sequence[Operation]:
    return [Put(location("a", str(n)), if_match="1")]


def put(n: int) -> Sequence[Operation]:
    return [Put(location("a", str(n)))]


def put_both(n: int) -> Sequence[Operation]:
    both = [Put(location("a", str(n))), Put(location("b", str(n)))]
    return both if n % 2 else both[::-1]


def delete_or_put(n: int) -> Sequence[Operation]:
    return [Delete("Location", "a")] if n % 2 else put(n)


def prepare_pair(n: int) -> Sequence[Operation]:
    """Store an Organization without its code, and a Location of it."""
    of = {"managingOrganization": {"reference": f"Organization/o{n}"}}
    return [Put({"resourceType": "Organization", "id": f"o{n}", "name": "o"}), Put(location(f"known{n}") | of)]


def make_if_the_other_did_not(n: int) -> Sequence[Operation]:
    """Of two, one makes a Location if no Organization has a code; the other gives it, and asks for that Location."""
    pair = n // 2
    of = {"resourceType": "Organization", "id": f"o{pair}"}
    if n % 2:
        new = location(name=f"new{pair}") | {"managingOrganization": {"reference": f"Organization/o{pair}"}}
        return [ConditionalCreate(new, f"organization.identifier={SYSTEM}|{pair}")]
    coded = of | {"identifier": [{"system": SYSTEM, "value": str(pair)}]}
    other = {"resourceType": "Organization", "name": f"second{pair}"}
    return [Put(coded), ConditionalCreate(other, f"_has:Location:organization:name:exact=new{pair}")]


def names(store: Store, id_: str) -> list[str]:
    return [decode(v.body)["name"] if v.body else "" for v in writing.versions(store, Identity("Location", id_))]


def versions(store: Store, id_: str) -> list[int]:
    return [v.version for v in writing.versions(store, Identity("Location", id_))]


def test_48_conditional_creates_make_one_resource(store: Store, database_url: str) -> None:
    results = compete(database_url, create_once)

    assert [r.error for r in results] == [None] * CLIENTS
    assert Counter(r.outcomes[0][0] for r in results) == {"created": 1, "unchanged": CLIENTS - 1}
    assert len({r.outcomes[0][1] for r in results}) == 1
    assert figures(store).resources == {"Location": 1}


def test_48_conditional_updates_are_48_versions_of_one_resource(store: Store, database_url: str) -> None:
    results = compete(database_url, put_by_condition)

    assert [r.error for r in results] == [None] * CLIENTS
    assert figures(store).resources == {"Location": 1}
    assert sorted(r.outcomes[0][2] for r in results) == list(range(1, CLIENTS + 1))


def test_of_48_updates_of_one_version_one_wins(store: Store, database_url: str) -> None:
    transact([Put(location("a"))], development_caller(), services(store))

    results = compete(database_url, put_version_2)

    assert Counter(r.error for r in results) == {None: 1, "VersionConflict": CLIENTS - 1}
    assert versions(store, "a") == [2, 1]


def test_versions_have_no_gaps_and_nobody_is_lost(store: Store, database_url: str) -> None:
    results = compete(database_url, put)

    assert [r.error for r in results] == [None] * CLIENTS
    assert versions(store, "a") == list(range(CLIENTS, 0, -1))
    assert sorted(names(store, "a")) == sorted(str(n) for n in range(CLIENTS))
    found = figures(store)
    assert (found.outbox, found.audit, found.broken) == (CLIENTS, CLIENTS, [])


def test_times_go_up_with_the_versions(store: Store, database_url: str) -> None:
    compete(database_url, put)

    times = [v.last_updated for v in writing.versions(store, Identity("Location", "a"))]
    assert times == sorted(set(times), reverse=True)


def test_transactions_that_cross_are_whole_and_do_not_lock_each_other_out(store: Store, database_url: str) -> None:
    results = compete(database_url, put_both)

    assert [r.error for r in results] == [None] * CLIENTS
    assert names(store, "a") == names(store, "b")
    assert versions(store, "a") == versions(store, "b") == list(range(CLIENTS, 0, -1))


def test_the_index_is_that_of_the_newest_version(store: Store, database_url: str) -> None:
    compete(database_url, delete_or_put)

    newest = store.read(Identity("Location", "a"))
    assert newest is not None
    with store.reading() as db:
        indexed = [value for (value,) in db.rows("select exact from index_string where param = 'name'")]
        ((rows,),) = db.rows("select count(*) from index_token where param = 'identifier'")
    assert indexed == ([] if newest.deleted else [decode(newest.body)["name"]])
    assert rows == (0 if newest.deleted else 1)


def test_conditions_that_meet_through_another_type_do_not_pass_each_other(store: Store, database_url: str) -> None:
    here = services(store)
    for n in range(CLIENTS // 2):
        transact(prepare_pair(n), development_caller(), here)

    results = compete(database_url, make_if_the_other_did_not)

    assert [result.error for result in results] == [None] * CLIENTS
    numbers = [n for process in range(PROCESSES) for n in range(process, CLIENTS, PROCESSES)]
    told = zip(numbers, results, strict=True)
    made = Counter(n // 2 for n, result in told if result.outcomes[-1][0] == "created")
    assert [pair for pair, both in made.items() if both > 1] == []
