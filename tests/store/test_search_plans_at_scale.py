"""No plan reads a table or an index whole where a table has a million rows: every shape there is, on both engines.

The databases hold a small sample, and statistics that say it is a million rows; of SQLite also without any, as it is
until somebody asks it for statistics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest

from gateway.store import Store, open_store
from gateway.store.index_rows import COLUMNS, Row, add
from tests.store.shapes import near_statements, statements
from tests.store.test_search_plans import whole_reads

MILLION, SAMPLE = 1_000_000, 3000
TYPES = ("Slot", "Patient", "Encounter", "Location", "Observation")
# What reads the result of another part of its own statement from end to end: a page, or the candidates.
OWN = ("Subquery Scan", "SCAN w", "SCAN (subquery", "SCAN SUBQUERY", "SCAN v")

# The walk along time, where matches are many: it stops when the page is full. What is false without a look. And all
# Slots there are, when they were counted and are few, or are to be in an order that no index has (docs/search.md).
BOUNDED = re.compile(
    r"from slot m where .* order by m\.start, m\.key limit \d+"
    r"|from slot m where false limit \d+"
    r"|^with w as materialized \(select m\.key, .* from slot m where (?:true|false|not \(|\(select)"
)


@pytest.fixture(scope="module")
def every_statement() -> Mapping[str, Sequence[Any]]:
    with closing(open_store("sqlite://")) as store, store.reading() as db:
        return statements(db)


def sample(store: Store) -> None:
    """Put some thousand rows into every table that a search reads."""
    with store.changing() as db:
        for table, columns in COLUMNS.items():
            add(db, {table: {_row(columns, number) for number in range(SAMPLE)}})
        for first in range(0, SAMPLE, 100):
            numbers = range(first, first + 100)
            db.rows(f"insert into current values {_values(numbers, 10)}", [v for n in numbers for v in _current(db, n)])
            db.rows(f"insert into resource values {_values(numbers, 7)}", [v for n in numbers for v in _version(db, n)])

        late = "insert into late (key, version, event_time, at, body) values (?, 1, ?, ?, ?)"
        for number in range(500):
            db.rows(late, (number, number, number, b"{}"))


def _values(numbers: Sequence[int], columns: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * len(numbers))


def _row(columns: Sequence[str], number: int) -> Row:
    of_type = {
        "type": TYPES[number % 5],
        "param": f"param{number % 35}",
        "key": number,
        "status": ["free", "busy"][number % 2],
    }
    texts = {"system": f"http://x/{number % 4}", "target_type": TYPES[number % 3], "exact": f"Value {number}"}
    other = {"code", "value", "target_id", "schedule"}
    return tuple(
        of_type.get(name)
        if name in of_type
        else texts.get(name, f"v{number}")
        if name in texts or name in other
        else _number(name, number)
        for name in columns
    )


def _number(column: str, number: int) -> float:
    return number * 1000 if column in {"low", "high", "start", "end_", "cell"} else number / SAMPLE


def _current(db: Any, number: int) -> tuple[Any, ...]:
    deleted = False if db.engine == "postgresql" else 0
    return number, TYPES[number % 5], f"id{number}", 1, number, deleted, b"", None, None, 1


def _version(db: Any, number: int) -> tuple[Any, ...]:
    deleted = False if db.engine == "postgresql" else 0
    return number, 1, number, deleted, b"{}", TYPES[number % 5], "PUT"


def scale_sqlite(store: Store) -> None:
    """Say that every table has a million rows, and every key that is not whole a thousandth of them."""
    with store.changing() as db:
        db.rows("analyze")
        for table, index, stat in db.rows("select tbl, idx, stat from sqlite_stat1"):
            rows, *each = stat.split()
            scaled = [str(MILLION), *(n if n == "1" else str(round(int(n) * MILLION / int(rows))) for n in each)]
            db.rows("update sqlite_stat1 set stat = ? where tbl = ? and idx is ?", (" ".join(scaled), table, index))


def scale_postgresql(store: Store) -> None:
    """Say the same to PostgreSQL, which estimates rows by the rows a page has and the pages there are."""
    with store.changing() as db:
        db.rows("analyze")
        db.rows(
            "update pg_class set reltuples = ?, relpages = greatest(relpages, 1) where relnamespace ="
            " 'public'::regnamespace and relkind in ('r', 'i') and reltuples > 0",
            (float(MILLION),),
        )


def whole(store: Store, found: Mapping[str, Sequence[Any]]) -> Iterator[tuple[str, str]]:
    """Yield each statement that reads something whole, with what EXPLAIN says of it."""
    explain = "explain query plan" if store.engine == "sqlite" else "explain"
    with store.reading(snapshot=False) as db:
        for sql, parameters in found.items():
            plan = [str(row[-1]) for row in db.rows(f"{explain} {sql}", parameters)]
            steps = [
                step
                for _, step in whole_reads([(sql, plan)])
                if not step.startswith(OWN) and not step.endswith("CONSTANT ROWS")
            ]
            yield from ((sql, step) for step in steps if not (BOUNDED.search(sql) and " m" in step))


def test_no_shape_reads_anything_whole_with_a_million_rows(
    store: Store, database_url: str, every_statement: Mapping[str, Sequence[Any]]
) -> None:
    with store.reading() as db:
        of_places = near_statements(db)
    sample(store)
    (scale_sqlite if store.engine == "sqlite" else scale_postgresql)(store)
    store.close()  # what it knows of the statistics is of before

    with closing(open_store(database_url)) as scaled:
        others = {sql: every_statement[sql] for sql in every_statement if "index_position" not in sql}
        found = list(whole(scaled, {**others, **of_places}))

    assert len(every_statement) > 1000
    assert len(of_places) > 100
    assert found == []


def test_no_shape_reads_anything_whole_without_statistics(
    store: Store, every_statement: Mapping[str, Sequence[Any]]
) -> None:
    if store.engine == "postgresql":
        pytest.skip("PostgreSQL makes statistics by itself")
    sample(store)

    assert list(whole(store, every_statement)) == []
