"""Gives Locations their places: all over a country, equally dense everywhere."""

from __future__ import annotations

import random

from gateway.fhir.search.near import point
from gateway.store import Store
from gateway.store.index.cells import cells
from gateway.store.index_rows import Row, add

_SOUTH_WEST, _NORTH_EAST = (50.8, 3.4), (53.5, 7.2)
_AT_ONCE = 5000


def place(store: Store, count: int, before: int) -> None:
    """Index a position of `count` Locations, the first of which has the key after `before`."""
    chance = random.Random(7)
    for first in range(0, count, _AT_ONCE):
        rows: set[Row] = set()
        for key in range(before + first + 1, before + min(count, first + _AT_ONCE) + 1):
            at = point(chance.uniform(_SOUTH_WEST[0], _NORTH_EAST[0]), chance.uniform(_SOUTH_WEST[1], _NORTH_EAST[1]))
            rows.update(("Location", "near", cell, *at, key) for cell in cells(at))
        with store.changing(durable=False) as db:
            add(db, {"position": rows})
