"""Many clients delete what matches at the same moment: it is deleted once, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from gateway.access.policy import development_caller
from gateway.store import Identity, Store
from gateway.transact import ConditionalDelete, Operation, Put, transact
from tests.races.clients import PROCESSES, THREADS, compete, services
from tests.store.writing import versions

CLIENTS = PROCESSES * THREADS
QUERY = "identifier=http://example.org/bed|0"


def deleting(_: int) -> Sequence[Operation]:
    return [ConditionalDelete("Location", QUERY)]


def test_of_48_who_delete_what_matches_one_does(store: Store, database_url: str) -> None:
    identifier = [{"system": "http://example.org/bed", "value": "0"}]
    bed = {"resourceType": "Location", "id": "a", "mode": "instance", "identifier": identifier}
    transact([Put(bed)], development_caller(), services(store))

    results = compete(database_url, deleting)

    assert [result.error for result in results] == [None] * CLIENTS
    done = Counter(status for result in results for status, _, _ in result.outcomes)
    assert done == {"deleted": 1, "unchanged": CLIENTS - 1}
    assert [v.deleted for v in versions(store, Identity("Location", "a"))] == [True, False]
