"""One row is asked whether it has one of many values by a single text, however many they are."""

from __future__ import annotations

import pytest

from gateway.access.partners import Partner, Partners
from gateway.access.policy import visible
from gateway.granting import Granting
from gateway.store import Store
from gateway.store.search import Scope, sees
from gateway.store.search.sql import listed, sql
from tests.conftest import NOW

MANY = [f"{n:08}" for n in range(200)]
BETWEEN = "\x1f"


def is_listed(store: Store, value: str, values: list[str]) -> bool:
    with store.reading(snapshot=False) as db:
        asked = sql("select 1 from (select {} as code) x where {}", value, listed("x.code", values, db.engine))
        return bool(db.rows(*asked))


@pytest.mark.parametrize("values", [MANY[:3], MANY, [*MANY, f"a{BETWEEN}b"]], ids=["few", "many", "with-a-separator"])
def test_what_is_listed_is_found_and_nothing_else(store: Store, values: list[str]) -> None:
    assert all(is_listed(store, value, values) for value in (values[0], values[1], values[-1]))
    parts = ("", "0000000", "00000000 ", "00000999", values[1][:-1], f"{values[0]}{BETWEEN}{values[1]}", BETWEEN)
    assert [part for part in parts if is_listed(store, part, values)] == []


def near(count: int) -> int:
    """Return how many parameters it takes to ask whether a partner among some others sees a place."""
    partners = [Partner(id=f"p{n}", name="P", kind="vvt", ura=f"{n:08}", networks=("one",)) for n in range(count)]
    caller = Granting().granted(partners[0].caller(), Partners(partners), NOW)
    return len(sees("Location", "c.key", Scope(visible=visible(caller))).parameters)


def test_who_shares_a_network_with_many_asks_no_more_than_who_shares_it_with_some() -> None:
    assert near(400) == near(40)
