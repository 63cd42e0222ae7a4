"""One Bundle with a name from many clients at once: one effect, and one answer for all of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from gateway.store import Store
from gateway.store.contents import figures
from tests.races.bundles import CLIENTS, post

pytestmark = pytest.mark.slow


def bundle(kind: str, *names: str) -> dict[str, Any]:
    """Return a Bundle that makes Locations of these names, under the one name all Bundles here have."""
    entries = [
        {"resource": {"resourceType": "Location", "name": name}, "request": {"method": "POST", "url": "Location"}}
        for name in names
    ]
    return {"resourceType": "Bundle", "type": kind, "identifier": {"system": "urn:x", "value": "1"}, "entry": entries}


def the_transaction(_: int) -> dict[str, Any]:
    return bundle("transaction", "IC", "3B")


def the_batch(_: int) -> dict[str, Any]:
    return bundle("batch", "IC", "3B")


def one_of_two(n: int) -> dict[str, Any]:
    return bundle("batch" if n % 4 < 2 else "transaction", "IC" if n % 2 else "3B")


@pytest.mark.parametrize("work", [the_transaction, the_batch])
def test_48_clients_with_one_bundle_have_one_effect_and_one_answer(store: Store, database_url: str, work: Any) -> None:
    told = post(database_url, work)

    assert {one.status for one in told} == {200}
    assert len({one.body for one in told}) == 1
    assert Counter(one.repeated for one in told) == {False: 1, True: CLIENTS - 1}
    found = figures(store)
    assert (found.resources, found.versions, found.outbox, found.broken) == ({"Location": 2}, 2, 2, [])
    with store.reading() as db:
        rows = [bytes(content) for (content,) in db.rows("select content from audit")]
    assert sum(b'"action":"repeat"' in row for row in rows) >= CLIENTS - 1


def test_of_48_clients_with_four_bundles_of_one_name_one_bundle_is_carried_out(store: Store, database_url: str) -> None:
    told = post(database_url, one_of_two)

    answers = Counter((one.status, one.repeated) for one in told)
    assert answers == {(200, False): 1, (200, True): CLIENTS // 4 - 1, (409, False): CLIENTS * 3 // 4}
    assert len({one.body for one in told if one.status == 200}) == 1
    assert figures(store).resources == {"Location": 1}
