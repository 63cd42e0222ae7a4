"""What a transaction looks up before it writes, on stores of 10^4 and 10^6 rows in each table: it may not grow.

One look asks for the newest versions, the targets of references, rows of the ledger and the answer given before.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from bench.report import Row, percentile, show
from bench.search import ENGINES
from bench.slots import DIALECTS, Dialect
from gateway.store import Batch, Identity, Sight, Store, open_store
from gateway.store.records import Seen

_ROUNDS, _CALLS = 7, 40
_TABLES = (
    "current (key, type, id, version, last_updated, deleted, indexed)"
    " select i + 1, 'Patient', 'p' || i, 1, i, {false}, {nothing}",
    "resource (key, version, last_updated, deleted, body) select i + 1, 1, i, {false}, {nothing}",
    "late (key, version, event_time, at, body) select i + 1, 1, i, i, {nothing}",
    "ledger (subject, revision, content) select 'bed/' || i, 1, {nothing}",
    "inbox (provider, format, received_at, state, issues, content, once, digest, answer)"
    " select 'dev', 'hl7v2', i, 'accepted', '[]', {nothing}, 'once-' || i, {nothing}, {nothing}",
    "inbox_resource (key, version, inbox) select i + 1, 1, i + 1",
    "outbox (key, version, event, at) select i + 1, 1, 'create', i",
)


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines. `full` takes 10^6 rows, else 10^5."""
    return [row for engine in ENGINES for row in _measured(engine, [10_000, 1_000_000 if full else 100_000])]


def fill(store: Store, count: int) -> None:
    """Put so many rows into each table of an empty store that a transaction looks into or adds to."""
    dialect = DIALECTS[store.engine]
    with store.reading(snapshot=False) as db:
        for statement in (*_statements(dialect, count), dialect.settle):
            db.connection.execute(statement)  # type: ignore[attr-defined]  # both engines have one


def _statements(dialect: Dialect, count: int) -> Iterator[str]:
    nothing = dialect.bytes.format("''")
    for table in _TABLES:
        yield f"insert into {table.format(false=dialect.false, nothing=nothing)} from {dialect.numbers.format(count)}"


def _measured(engine: str, sizes: list[int]) -> Iterator[Row]:
    """Yield a row for each size; the sizes take turns, so that a busy machine troubles all of them alike."""
    with ENGINES[engine](sizes) as urls:
        stores = [open_store(url, durability="normal") for url in urls]
        for store, size in zip(stores, sizes, strict=True):
            fill(store, size)
        rounds = [
            [_round(store, size, turn) for store, size in zip(stores, sizes, strict=True)]
            for turn in range(_ROUNDS + 1)
        ][1:]
        for at, size in enumerate(sizes):
            p50, p95 = (statistics.median(taken[at][which] for taken in rounds) * 1e6 for which in (0, 1))
            ratio = statistics.median(taken[at][0] / taken[0][0] for taken in rounds)
            figures = f"p50 {p50:,.0f} µs, p95 {p95:,.0f} µs, {ratio:.2f} x the p50 of {sizes[0]:,}"
            yield Row(f"{engine}, {size:,} rows a table: the look of a transaction", "≤ 2 x", figures, ratio <= 2)
        for store in stores:
            store.close()


def _round(store: Store, size: int, turn: int) -> tuple[float, float]:
    taken = [_look(store, (turn * _CALLS + number) * 7919 % size) for number in range(_CALLS)]
    return percentile(taken, 0.5), percentile(taken, 0.95)


def _look(store: Store, number: int) -> float:
    known, new = Identity("Patient", f"p{number}"), Identity("Patient", f"new{number}")
    seen: list[Seen] = []

    def decide(sight: Sight) -> tuple[Batch, float]:
        start = time.perf_counter()
        look = sight.current([known, new], [known], subjects=[f"bed/{number}", "bed/none"], once=f"once-{number}")
        seen.append(look)
        return Batch(b"{}"), time.perf_counter() - start

    taken = store.write(decide)
    assert seen[0].currents[known].version
    assert seen[0].ledger[f"bed/{number}"].revision
    assert seen[0].answered
    return taken


def main() -> None:
    """Print the figures."""
    show(rows())


if __name__ == "__main__":
    main()
