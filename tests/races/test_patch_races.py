"""Many clients patch one resource at the same moment: no change is lost, on both databases."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.store import Identity, Store
from gateway.transact import ConditionalPatch, Operation, Patch, Put, transact
from gateway.transact.json_patch import read
from tests.races.clients import PROCESSES, THREADS, compete, services
from tests.store.writing import versions

CLIENTS = PROCESSES * THREADS
IDENTIFIER = {"system": "http://example.org/bed", "value": "0"}
BED: dict[str, Any] = {
    "resourceType": "Location",
    "id": "a",
    "mode": "instance",
    "identifier": [IDENTIFIER],
    "alias": ["0"],
}
QUERY = "identifier=http://example.org/bed|0"


def adding(n: int) -> Sequence[Operation]:
    """Add an alias: half of the clients by id, half by what finds the bed."""
    change = read([{"op": "add", "path": "/alias/-", "value": f"client {n}"}])
    return [Patch("Location", "a", change) if n % 2 else ConditionalPatch("Location", QUERY, change)]


def incrementing(_: int) -> Sequence[Operation]:
    def change(resource: dict[str, Any]) -> dict[str, Any]:
        return resource | {"alias": [str(int(resource["alias"][0]) + 1)]}

    return [Patch("Location", "a", change)]


def stored(store: Store) -> Any:
    found = store.read(Identity("Location", "a"))
    assert found is not None
    return decode(found.body)


def test_what_48_clients_add_is_all_there(store: Store, database_url: str) -> None:
    transact([Put(dict(BED))], development_caller(), services(store))

    results = compete(database_url, adding)

    assert CLIENTS >= 48
    assert [result.error for result in results] == [None] * CLIENTS
    assert sorted(stored(store)["alias"]) == sorted(["0", *(f"client {n}" for n in range(CLIENTS))])
    assert [v.version for v in versions(store, Identity("Location", "a"))] == list(range(CLIENTS + 1, 0, -1))


def test_a_number_that_48_clients_increment_counts_them_all(store: Store, database_url: str) -> None:
    transact([Put(dict(BED))], development_caller(), services(store))

    results = compete(database_url, incrementing)

    assert [result.error for result in results] == [None] * CLIENTS
    assert stored(store)["alias"] == [str(CLIENTS)]
