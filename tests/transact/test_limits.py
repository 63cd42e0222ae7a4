from __future__ import annotations

import random
import string
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import InvalidResource
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import Put, transact


def words(length: int) -> str:
    """Return a text that cannot be compressed."""
    return "".join(random.Random(length).choices(string.ascii_letters + "éß€", k=length))


@pytest.mark.parametrize(
    "elements",
    [
        {"name": words(9000)},
        {"address": {"text": words(9000)}},
        {"identifier": [{"system": "https://a.example/" + words(4000), "value": words(4000)}]},
        {"managingOrganization": {"reference": "https://elsewhere.example/" + words(5000)}},
        {"alias": [words(900) + str(n) for n in range(20)]},
    ],
)
def test_a_text_of_any_length_is_stored_and_goes_again(services: Services, elements: dict[str, Any]) -> None:
    location = {"resourceType": "Location", "id": "a"}

    statuses = [
        transact([Put(resource)], development_caller(), services)[0].status
        for resource in (location | elements, location | elements, location)
    ]

    assert statuses == ["created", "unchanged", "updated"]
    with services.store.reading() as db:
        assert [db.rows(f"select count(*) from index_{table}") for table in ("token", "string", "reference")] == [
            [(0,)]
        ] * 3


def test_a_long_text_is_found_by_its_beginning(services: Services) -> None:
    transact([Put({"resourceType": "Location", "id": "a", "name": "é" * 5000})], development_caller(), services)

    with services.store.reading() as db:
        ((value, exact),) = db.rows("select value, exact from index_string where param = 'name'")
    assert (value, exact) == ("e" * 600, "é" * 300)


def test_half_a_surrogate_pair_is_refused(services: Services) -> None:
    with pytest.raises(InvalidResource):
        transact([Put({"resourceType": "Location", "id": "a", "name": "\ud800"})], development_caller(), services)


def test_a_transaction_of_thousands_is_one_transaction(services: Services) -> None:
    ops = [Put({"resourceType": "Location", "id": f"l{n}", "name": str(n)}) for n in range(3000)]

    outcomes = transact(ops, development_caller(), services)

    assert {outcome.status for outcome in outcomes} == {"created"}
    assert services.store.read(Identity("Location", "l2999")) is not None
