"""Searching Slots: p50 and p95 of the whole door (grammar, search, Bundle, audit row), on both engines.

At 10^4 and 10^5 Slots, with --full at 10^6 too. p50, p95 and ratio are medians of several rounds: other work on the
machine makes single ones jump.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

from bench.report import Row, percentile, show
from bench.slots import SCHEDULES_A_SERVICE, SLOTS_A_SCHEDULE, fill
from gateway import query
from gateway.access.policy import development_caller
from gateway.fhir.search import parse
from gateway.mapping.library import Library
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.validation import Validator

ROUNDS, CALLS = 7, 60
BASE = "https://gateway.example/fhir"
SHAPES = {
    "status and window, page of 20": "status=free&start=ge2026-02-01&start=lt2026-02-03&_count=20",
    "status, type and window, page of 20": (
        "status=free&service-type=http://example.org/bed|icu&start=ge2026-02-01&start=lt2026-02-03&_count=20"
    ),
    "BaRS question": (
        "status=free&start=ge2026-02-01T09:00:00Z&start=le2026-02-08T09:00:00Z"
        "&Schedule.actor:HealthcareService=service-{service}&_include=Slot:schedule&_count=20"
    ),
    "identifier": "identifier=http://example.org/slot|{slot}",
}


def ask(shape: str, slots: int, number: int, to: Services) -> float:
    """Return the seconds of one search, each number of another Slot or HealthcareService."""
    services = max(1, slots // SLOTS_A_SCHEDULE // SCHEDULES_A_SERVICE)
    pairs = parse_qsl(shape.format(slot=(number * 7919) % slots, service=(number * 31) % services))
    start = time.perf_counter()
    query.search(parse("Slot", pairs), development_caller(), to, base=BASE)
    return time.perf_counter() - start


@dataclass(frozen=True)
class Filled:
    """A store with so many Slots, and its services."""

    slots: int
    to: Services

    def round(self, shape: str, turn: int) -> tuple[float, float]:
        """Return p50 and p95, in milliseconds, of one round of searches."""
        taken = [ask(shape, self.slots, number + CALLS * turn, self.to) * 1000 for number in range(CALLS)]
        return percentile(taken, 0.5), percentile(taken, 0.95)


def services_on(store: Store, url: str) -> Services:
    moment = datetime(2026, 1, 5, tzinfo=UTC)
    return Services(Settings(database=url), store, Validator(), Library.load([]), lambda: moment, lambda: "1")


@contextmanager
def sqlite_urls(sizes: list[int]) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="msb-bench-") as folder:
        yield [f"sqlite:///{folder}/{slots}.sqlite" for slots in sizes]


@contextmanager
def postgresql_urls(sizes: list[int]) -> Iterator[list[str]]:
    from tests.databases import Postgresql  # noqa: PLC0415 - the test server, where it is installed

    with tempfile.TemporaryDirectory(prefix="msb-bench-", ignore_cleanup_errors=True) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            servers = [Postgresql(Path(folder), f"bench_{slots}") for slots in sizes]
        yield [server.url for server in servers]
        for server in servers:
            server.close()


ENGINES: dict[str, Callable[[list[int]], AbstractContextManager[list[str]]]] = {
    "sqlite": sqlite_urls,
    "postgresql": postgresql_urls,
}


def measure(engine: str, sizes: list[int]) -> Iterator[Row]:
    """Yield a row for each shape and size; the sizes take turns, so that a busy machine troubles all of them alike."""
    with ENGINES[engine](sizes) as urls:
        filled = [filled_store(url, slots) for url, slots in zip(urls, sizes, strict=True)]
        for name, shape in SHAPES.items():
            # The first round warms the caches and is left out.
            rounds = [[each.round(shape, turn) for each in filled] for turn in range(ROUNDS + 1)][1:]
            for at, slots in enumerate(sizes):
                p50 = statistics.median(taken[at][0] for taken in rounds)
                p95 = statistics.median(taken[at][1] for taken in rounds)
                ratio = statistics.median(taken[at][1] / taken[0][1] for taken in rounds)
                figures = f"p50 {p50:.2f} ms, p95 {p95:.2f} ms, {ratio:.2f} x the p95 of {sizes[0]:,}"
                yield Row(f"{engine}, {slots:,} slots: {name}", "<= 2 x", figures, ratio <= 2)
        for each in filled:
            each.to.store.close()


def filled_store(url: str, slots: int) -> Filled:
    started = time.perf_counter()
    store = open_store(url, durability="normal")
    fill(store, slots)
    print(f"# {store.engine}: {slots:,} slots in {time.perf_counter() - started:.0f} s", flush=True)
    return Filled(slots, services_on(store, url))


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines."""
    return [row for engine in ENGINES for row in measure(engine, sizes(full=full))]


def sizes(*, full: bool) -> list[int]:
    return [10_000, 100_000, 1_000_000] if full else [10_000, 100_000]


def main() -> None:
    """Print the figures of one engine or of both."""
    options = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    options.add_argument("--full", action="store_true", help="10^6 slots too")
    options.add_argument("--engine", choices=ENGINES, help="one engine only")
    chosen = options.parse_args()
    engines = [chosen.engine] if chosen.engine else list(ENGINES)
    show([row for engine in engines for row in measure(engine, sizes(full=chosen.full))])


if __name__ == "__main__":
    main()
