"""What the shapes of search cost: p50 and p95 of the whole door (grammar, search, Bundle, audit row), on both engines.

At 10^4 and 10^5 resources; with --full at 10^4 and 10^6, on SQLite and on PostgreSQL, which takes a quarter of an hour.
The resources are not posted but written into the tables in bulk, with the index rows that the gateway would make
(`bench.slots`, `bench.region`): a million of them in a minute or two.

Each of a hundred different searches is asked in several rounds, the sizes taking turns; its time is the median of them.
It is what the gateway and the database need of a core, for other programs may be at work on the machine; the pages of
the database are in memory. So p95 tells the costly searches from the cheap ones.
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

from bench import region
from bench.report import CORE, Clock, Row, percentile, show
from bench.slots import SCHEDULES_A_SERVICE, SLOTS_A_SCHEDULE, fill
from gateway import query
from gateway.access.policy import development_caller
from gateway.fhir.search import PAGE, parse
from gateway.fhir.search.near import squared_chord
from gateway.mapping.library import Library
from gateway.query.links import secret
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.store.search import Position, link, seal
from gateway.validation import Validator

ROUNDS, SEARCHES = 7, 100
BASE = "https://gateway.example/fhir"
_MOST_MS = 20
_SERVERS = "select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"
OF_SLOTS = {
    "status and window, page of 20": "Slot?status=free&start=ge2026-02-01&start=lt2026-02-03&_count=20",
    "status, type and window, page of 20": (
        "Slot?status=free&service-type=http://example.org/bed|icu&start=ge2026-02-01&start=lt2026-02-03&_count=20"
    ),
    "BaRS question": (
        "Slot?status=free&start=ge2026-02-01T09:00:00Z&start=le2026-02-08T09:00:00Z"
        "&Schedule.actor:HealthcareService=service-{service}&_include=Slot:schedule&_count=20"
    ),
    "identifier": "Slot?identifier=http://example.org/slot|{slot}",
    "near, free in a window, page of 20": (
        "Slot?status=free&start=ge2026-02-01&start=lt2026-02-03"
        "&schedule.actor:Location.near=52.{day:02}|5.{day:02}|100|km&_count=20"
    ),
}
IN_A_REGION = {
    "identifier": "Patient?identifier=http://example.org/patient|{patient}",
    "chain": "Encounter?patient.identifier=http://example.org/patient|{patient}",
    "_has": "Patient?_has:Encounter:patient:identifier=http://example.org/visit|{visit}",
    "date range, page of 20": "Encounter?date=ge2026-02-{day:02}&date=lt2026-03-01&status=finished&_count=20",
    "near, page of 20": "Location?near=52.{day:02}|5.{day:02}|25|km&_count=20",
    "near, page of 20, a hundred kilometres out": "Location?near=52.{day:02}|5.{day:02}|250|km&_count=20",
    "include": (
        "Encounter?identifier=http://example.org/visit|{visit}&_include=Encounter:patient&_include=Encounter:location"
    ),
    "in order of date, page of 20 with include": "Encounter?_sort=date&_count=20&_include=Encounter:patient",
    "in order of date, page 1,000 with include": "Encounter?_sort=date&_count=20&_include=Encounter:patient",
}
# Where the page begins, as a page link says it: the sort value of the match before.
FROM = {
    "near, page of 20, a hundred kilometres out": lambda _: squared_chord(100_000),
    "in order of date, page 1,000 with include": region.middle,
}
SHAPES = {"slots": OF_SLOTS, "resources": IN_A_REGION}
FILLS = {"slots": fill, "resources": region.fill}


def asked(shape: str, size: int, number: int) -> tuple[str, list[tuple[str, str]]]:
    """Return type and parameters of one search, each number of another resource."""
    services = max(1, size // SLOTS_A_SCHEDULE // SCHEDULES_A_SERVICE)
    resource_type, _, text = shape.partition("?")
    numbers = {"slot": (number * 7919) % size, "service": (number * 31) % services, "day": number % 27 + 1}
    numbers |= {"patient": (number * 7919) % (size * 4 // 10), "visit": (number * 7919) % (size // 2)}
    return resource_type, parse_qsl(text.strip().format(**numbers))


@dataclass(frozen=True)
class Filled:
    """A store with so many resources, and its services."""

    size: int
    to: Services

    def round(self, name: str, shape: str) -> list[float]:
        """Return the milliseconds of each search of a shape."""
        clock = core_time(self.to.store)
        return [self.ask(name, shape, number, clock) * 1000 for number in range(SEARCHES)]

    def ask(self, name: str, shape: str, number: int, clock: Clock) -> float:
        """Return the seconds of one search; of a page further on, by its link."""
        resource_type, pairs = asked(shape, self.size, number)
        caller = development_caller()
        if name in FROM:
            with self.to.store.reading(snapshot=False) as db:
                key = secret(db, caller)
            position = Position((FROM[name](self.size),), 0)
            pairs = [(PAGE, seal(link(resource_type, tuple(parse(resource_type, pairs).applied), position), key))]
        start = clock()
        query.search(parse(resource_type, pairs), caller, self.to, base=BASE)
        return clock() - start


def core_time(store: Store) -> Clock:
    """Return a clock that goes while gateway or database have a core; where nobody tells, one that always goes."""
    if store.engine == "sqlite":
        return CORE
    with store.reading(snapshot=False) as db:
        servers = db.rows(_SERVERS)
    told = [Path(f"/proc/{pid}/schedstat") for (pid,) in servers]
    if not all(path.exists() for path in told):
        return time.perf_counter
    return lambda: CORE() + sum(int(path.read_text().split()[0]) for path in told) / 1e9


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


def measure(engine: str, sizes: list[int], what: str) -> Iterator[Row]:
    """Yield a row for each shape and size; the sizes take turns, so that a busy machine troubles all of them alike."""
    with ENGINES[engine](sizes) as urls:
        filled = [filled_store(url, size, what) for url, size in zip(urls, sizes, strict=True)]
        for name, shape in SHAPES[what].items():
            # The first round opens connections and warms caches.
            rounds = [[each.round(name, shape) for each in filled] for _ in range(ROUNDS + 1)][1:]
            times = [_medians([taken[at] for taken in rounds]) for at in range(len(sizes))]
            for size, taken in zip(sizes, times, strict=True):
                yield _row(f"{engine}, {size:,} {what}: {name}", taken, times[0], sizes[0])
        for each in filled:
            each.to.store.close()


def _medians(rounds: list[list[float]]) -> list[float]:
    """Return the median time of each search."""
    return [statistics.median(taken) for taken in zip(*rounds, strict=True)]


def _row(work: str, taken: list[float], fewest: list[float], size: int) -> Row:
    p50, p95 = percentile(taken, 0.5), percentile(taken, 0.95)
    ratio = p95 / percentile(fewest, 0.95)
    figures = f"p50 {p50:.2f} ms, p95 {p95:.2f} ms, {ratio:.2f} x the p95 of {size:,}"
    return Row(work, f"p95 < {_MOST_MS} ms, <= 2 x", figures, p95 < _MOST_MS and ratio <= 2)


def filled_store(url: str, size: int, what: str) -> Filled:
    started = time.perf_counter()
    store = open_store(url, durability="normal")
    FILLS[what](store, size)
    print(f"# {store.engine}: {size:,} {what} in {time.perf_counter() - started:.0f} s", flush=True)
    return Filled(size, services_on(store, url))


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines."""
    return [row for engine in ENGINES for what in SHAPES for row in measure(engine, sizes(full=full), what)]


def sizes(*, full: bool) -> list[int]:
    return [10_000, 1_000_000] if full else [10_000, 100_000]


def main() -> None:
    """Print the figures of one engine or of both."""
    options = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    options.add_argument("--full", action="store_true", help="10^6 resources instead of 10^5")
    options.add_argument("--engine", choices=ENGINES, help="one engine only")
    options.add_argument("--of", choices=SHAPES, help="only slots, or only the region")
    chosen = options.parse_args()
    engines = [chosen.engine] if chosen.engine else list(ENGINES)
    whats = [chosen.of] if chosen.of else list(SHAPES)
    size = sizes(full=chosen.full)
    show([row for engine in engines for what in whats for row in measure(engine, size, what)])


if __name__ == "__main__":
    main()
