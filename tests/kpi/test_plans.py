"""What is read for the figures of a day is found by indexes: no table of versions is walked as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.kpi import computing
from gateway.kpi.definitions import definitions
from gateway.kpi.spans import window
from gateway.services import Services
from gateway.store import Store
from tests.kpi.worlds import World, request, service, site, task

D = "2024-04-12 "
_WHOLE = re.compile(r"SCAN (r|c|v|l|resource|current|late|index_\w+|audit_event)\b")


class Explaining:
    """A Database that keeps how SQLite would find what each statement asks."""

    def __init__(self, database: Any, plans: dict[str, list[str]]) -> None:
        self._database, self._plans = database, plans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if sql not in self._plans:
            plan = self._database.rows(f"explain query plan {sql}", parameters)
            self._plans[sql] = [str(step[3]) for step in plan]
        found: list[tuple[Any, ...]] = self._database.rows(sql, parameters)
        return found


class Explained:
    """A Store of which each look is explained."""

    def __init__(self, store: Store) -> None:
        self._store, self.plans = store, dict[str, list[str]]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @contextmanager
    def reading(self, *, snapshot: bool = True) -> Iterator[Explaining]:
        with self._store.reading(snapshot=snapshot) as db:
            yield Explaining(db, self.plans)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/store.sqlite"


def test_nothing_is_walked_as_a_whole(services: Services) -> None:
    world = World(services)
    world.put(D + "08:00", site("a"), service("s", "ic", at="a", measured=D + "08:00", counts={"available": 1}))
    world.put(D + "09:00", request("r", D + "09:00"), task("r"))
    explained: Any = Explained(services.store)
    to = replace(services, store=explained, clock=lambda: world.now)

    computing.results(definitions().values(), window(date(2024, 4, 12), date(2024, 4, 13)), to)

    assert len(explained.plans) > 10
    assert {sql: plan for sql, plan in explained.plans.items() if any(map(_WHOLE.search, plan))} == {}


def test_of_nothing_no_figure_is_made(services: Services) -> None:
    world = World(services)
    world.put("2024-04-13 00:00")

    day = window(date(2024, 4, 12), date(2024, 4, 13))
    found = {one.definition.id: one for one in computing.results(definitions().values(), day, world.to)}

    assert {one.badge for number, one in found.items() if number not in {"K-11"}} == {"insufficient"}
    assert {figure.value for one in found.values() for figure in one.whole.figures} <= {None, 0}
