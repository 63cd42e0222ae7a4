"""Transactions of ten resources: without storage against orjson, and stored against bare scripts."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import msgspec
import orjson

from bench.bundles import bundle
from bench.report import CORE, Pair, Row, against, show
from bench.servers import databases
from bench.store_floor import BarePostgresql, BareSqlite, NoStorage
from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.transact import operation, transact
from gateway.validation import Validator

if TYPE_CHECKING:
    from gateway.mapping.library import Library

_CALLER = development_caller()
_numbers = count(1)


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of the door in. `full` takes more rounds."""
    rounds = 61 if full else 21
    warm = _services(NoStorage())
    for _ in range(30):
        store_bundle(bundle(next(_numbers)), warm)
    gc.collect()
    gc.freeze()  # as the server does after its start
    gc.set_threshold(50_000, 20, 20)
    return [*_in_process(rounds), *_on_sqlite(rounds), *_on_postgresql(rounds)]


def store_bundle(data: bytes, to: Services) -> None:
    """Take a Bundle from its bytes to its outcomes."""
    entries = decode(data)["entry"]
    transact([operation(e["resource"], e["request"]["method"], e["request"]["url"]) for e in entries], _CALLER, to)


def _services(store: Any) -> Services:
    library = cast("Library", None)  # nothing is mapped here
    return Services(Settings(), cast(Store, store), Validator(), library, lambda: datetime.now(UTC), lambda: "new")


def _in_process(rounds: int) -> list[Row]:
    """Return the cost of a transaction against the decoder the bar names, and against the one we decode with."""
    data = bundle(0)
    bar = _transaction_against(orjson.loads, data, rounds)
    ours = _transaction_against(msgspec.json.decode, data, rounds)
    work = f"transaction of 10 in process without storage ({len(data):,} bytes)"
    told = "{0.ratio:.1f} x ({1:.0f} µs; decoding {2:.0f} µs)"
    return [
        Row(work, "≤ 12 x orjson.loads", told.format(bar, bar.work * 1e6, bar.floor * 1e6), met=bar.ratio <= 12),
        Row("the same against our own decoder, msgspec", "", told.format(ours, ours.work * 1e6, ours.floor * 1e6)),
    ]


def _transaction_against(loads: Callable[[bytes], Any], data: bytes, rounds: int) -> Pair:
    to = _services(NoStorage())
    made = [bundle(next(_numbers)) for _ in range(rounds * 20 + 1)]
    return against(lambda: store_bundle(made.pop(), to), lambda: loads(data), rounds=rounds * 20, clock=CORE)


def _on_sqlite(rounds: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = Path(folder) / "ours.sqlite", Path(folder) / "bare.sqlite"
        open_store(f"sqlite:///{bare}").close()
        with closing(open_store(f"sqlite:///{ours}", durability="full")) as store:
            yield _stored("SQLite FULL", _against(store, BareSqlite(bare), rounds))


def _on_postgresql(rounds: int) -> Iterator[Row]:
    with databases("ours", "bare") as (ours, bare):
        open_store(bare).close()
        with closing(open_store(ours, durability="full")) as store:
            yield _stored("PostgreSQL", _against(store, BarePostgresql(bare), rounds))


def _against(store: Store, bare: BareSqlite | BarePostgresql, rounds: int) -> Pair:
    """Store a new Bundle and write the rows of another one in turn; the rows are made outside the measurement."""
    to, memory = _services(store), NoStorage()
    times = []
    for _ in range(rounds * 5 + 5):
        store_bundle(bundle(next(_numbers)), _services(memory))
        ready: Any = bare.rows(memory.batch)
        data = bundle(next(_numbers))
        times.append((_seconds(partial(store_bundle, data, to)), _seconds(partial(bare.write, ready))))
    kept = times[5:]
    work, floor = (statistics.median(some) for some in zip(*kept, strict=True))
    return Pair(work, floor, statistics.median(w / f for w, f in kept))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _stored(engine: str, pair: Pair) -> Row:
    return Row(
        f"the same stored, {engine}",
        "≤ 1.5 x a bare script that writes the same rows",
        f"{pair.ratio:.2f} x ({pair.work * 1e6:,.0f} µs; bare {pair.floor * 1e6:,.0f} µs)",
        met=pair.ratio <= 1.5,
    )


def main() -> None:
    """Print the figures."""
    show(rows())


if __name__ == "__main__":
    main()
