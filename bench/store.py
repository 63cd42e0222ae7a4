"""Transactions of ten resources: without storage against orjson, and stored against bare scripts."""

from __future__ import annotations

import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import cache, partial
from itertools import count
from pathlib import Path
from typing import Any, cast

import msgspec
import orjson

from bench.bundles import bundle
from bench.report import CORE, Pair, Row, against, show
from bench.servers import databases
from bench.store_floor import BarePostgresql, BareSqlite, NoStorage
from gateway.access.policy import development_caller
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import decode
from gateway.mapping.declared import Stay
from gateway.mapping.library import Library
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.transact import Operation, Received, operation, receive, transact
from gateway.transact.order import MEASURED_AT
from gateway.validation import Validator

_CALLER = development_caller()
_MESSAGE = "the same as a message about a bed, with its inbox row, links, order and ledger"
Work = Callable[[bytes, Services], object]
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
    transact([_asked(entry) for entry in entries], _CALLER, to)


def receive_message(data: bytes, to: Services) -> None:
    """Take the resources of a Bundle as those of a message that says that somebody is in the bed of it now."""
    entries = decode(data)["entry"]
    bed, slot = entries[2]["resource"], entries[5]["resource"]
    name, at = bed["identifier"][0]["value"], to.clock()
    for resource in (bed, slot):
        resource["identifier"] = bed["identifier"]
        resource["extension"] = [{"url": MEASURED_AT, "valueDateTime": format_instant(at)}]
    bed["operationalStatus"] = {"system": "http://terminology.hl7.org/CodeSystem/v2-0116", "code": "O"}
    slot["status"] = "busy"
    stay = Stay("admit", name, name, name)
    received = Received("dev", "hl7v2", data[:800], at, name, at, "a01", once=name, digest=b"digest", stay=stay)
    receive([_asked(entry) for entry in entries], _CALLER, to, received)


def _asked(entry: dict[str, Any]) -> Operation:
    return operation(entry["resource"], entry["request"]["method"], entry["request"]["url"])


@cache
def _library() -> Library:
    return Library.load([])


def _services(store: Any) -> Services:
    return Services(Settings(), cast(Store, store), Validator(), _library(), lambda: datetime.now(UTC), lambda: "new")


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
            floor = BareSqlite(bare)
            yield _stored("the same stored, SQLite FULL", _against(store_bundle, store, floor, rounds))
            yield _stored(f"{_MESSAGE}, SQLite FULL", _against(receive_message, store, floor, rounds))


def _on_postgresql(rounds: int) -> Iterator[Row]:
    with databases("ours", "bare") as (ours, bare):
        open_store(bare).close()
        with closing(open_store(ours, durability="full")) as store:
            floor = BarePostgresql(bare)
            yield _stored("the same stored, PostgreSQL", _against(store_bundle, store, floor, rounds))
            yield _stored(f"{_MESSAGE}, PostgreSQL", _against(receive_message, store, floor, rounds))


def _against(work: Work, store: Store, bare: BareSqlite | BarePostgresql, rounds: int) -> Pair:
    """Store a new Bundle and write the rows of another one; the rows are made outside the measurement.

    The two take turns in being first: whoever is second may find the disk busy with the one before.
    """
    to, memory = _services(store), NoStorage()
    in_memory = _services(memory)
    times = []
    for turn in range(rounds * 5 + 15):
        work(bundle(next(_numbers)), in_memory)
        ready: Any = bare.rows(memory.batch)
        both: list[Callable[[], object]] = [partial(work, bundle(next(_numbers)), to), partial(bare.write, ready)]
        taken = [_seconds(each) for each in both[:: 1 if turn % 2 else -1]]
        times.append(taken[:: 1 if turn % 2 else -1])
    ours, floor = (statistics.median(some) for some in zip(*times[15:], strict=True))
    return Pair(ours, floor, statistics.median(w / f for w, f in times[15:]))


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _stored(work: str, pair: Pair) -> Row:
    return Row(
        work,
        "≤ 1.5 x a bare script that writes the same rows",
        f"{pair.ratio:.2f} x ({pair.work * 1e6:,.0f} µs; bare {pair.floor * 1e6:,.0f} µs)",
        met=pair.ratio <= 1.5,
    )


def main() -> None:
    """Print the figures."""
    show(rows())


if __name__ == "__main__":
    main()
