"""What a page of what is near costs does not grow with the places there are: counted in the steps of SQLite itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from urllib.parse import parse_qsl

import pytest

from bench import places, slots
from gateway.fhir.search import parse
from gateway.fhir.search.near import squared_chord
from gateway.store import Store, open_store, search
from gateway.store.search import Position, Scope
from gateway.store.search.offered import AS_SAID

SCOPE = Scope("https://gateway.example/fhir", candidates=100, now=AS_SAID)


def locations(store: Store, count: int) -> None:
    location = slots.Kind("Location", "location", count, 0)
    slots.execute(store, slots.resources(slots.DIALECTS["sqlite"], location, slots.LOCATION))
    places.place(store, count, 0)


# What is asked -> how a store is filled, with how many, with how many more, and how many times as much that may cost.
CASES = {
    "Location?near=52.2|5.2|250|km&_count=20": (locations, 1000, 20_000, 2),
    "Slot?status=free&schedule.actor:Location.near=52.2|5.2|250|km&_count=20": (slots.fill, 10_000, 100_000, 1.2),
}


@pytest.fixture(params=CASES)
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[str, Store, Store]]:
    """Yield what is asked, a store with some places, and one with many times as many."""
    fill, few, many, _ = CASES[request.param]
    with closing(open_store("sqlite://")) as small, closing(open_store("sqlite://")) as large:
        fill(small, few)
        fill(large, many)
        yield request.param, small, large


def steps(store: Store, query: str, position: Position | None) -> int:
    """Return how many instructions of its machine SQLite takes for a page."""
    resource_type, _, text = query.partition("?")
    taken = 0

    def step() -> None:
        nonlocal taken
        taken += 1

    with store.reading() as db:
        db.connection.set_progress_handler(step, 1)  # type: ignore[attr-defined]
        found = search.read(db, parse(resource_type, parse_qsl(text)), SCOPE, position)
        db.connection.set_progress_handler(None, 1)  # type: ignore[attr-defined]
    assert len(found.matches) == 20
    return taken


@pytest.mark.parametrize("meters", [0, 50_000])
def test_a_page_costs_the_same_wherever_many_times_as_many_places_are(
    stores: tuple[str, Store, Store], meters: float
) -> None:
    query, small, large = stores
    position = Position((squared_chord(meters),), 0) if meters else None
    few, many = (steps(store, query, position) for store in (small, large))

    assert many < CASES[query][-1] * few
