from __future__ import annotations

import sqlite3
from contextlib import closing

import psycopg
import pytest

from gateway.store import Batch, Identity, Message, Store
from gateway.store.contents import bodies, figures
from tests.store.writing import SLOT, put


def run(url: str, sql: str) -> None:
    """Run a statement past the store, as someone who tampers would."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as sqlite, sqlite:
            sqlite.execute(sql)
    else:
        with psycopg.connect(url) as postgresql:
            postgresql.execute(sql.encode())


def test_figures_count_everything(store: Store) -> None:
    put(store)
    put(store, code="busy")
    put(store, Identity("Location", "a"))
    put(store, Identity("Location", "b"))
    put(store, Identity("Location", "b"), deleted=True)
    store.write(lambda _: (Batch(b"{}", message=Message("dev", "csv", b"", 5, "refused")), None))

    found = figures(store)

    assert found.engine == store.engine
    assert found.resources == {"Location": 1, "Slot": 1}
    assert (found.versions, found.outbox, found.audit) == (5, 5, 6)
    assert found.inbox == {"refused": 1}
    assert found.broken == []


def test_an_export_has_the_newest_version_of_what_is_not_deleted(store: Store) -> None:
    for n in range(501):  # more than a page
        put(store, Identity("Location", str(n)), code=str(n))
    put(store, SLOT, code="busy")
    put(store, Identity("Location", "7"), deleted=True)

    exported = list(bodies(store))

    assert len(exported) == 501
    assert exported[-1] == b'{"status":"busy"}'
    assert list(bodies(store, "Slot")) == [b'{"status":"busy"}']


@pytest.mark.parametrize("sql", ["update audit set content = hash", "delete from audit"])
def test_the_audit_cannot_be_changed_by_a_statement(store: Store, database_url: str, sql: str) -> None:
    put(store)

    with pytest.raises((sqlite3.DatabaseError, psycopg.DatabaseError), match="append-only"):
        run(database_url, sql)


@pytest.mark.parametrize(
    "tampering", ["update audit set content = hash where seq = 2", "delete from audit where seq = 2"]
)
def test_what_was_changed_with_force_shows(store: Store, database_url: str, tampering: str) -> None:
    for _ in range(4):
        store.audit(b'{"entities":[]}')
    one_lane = figures(store)
    assert one_lane.broken == []
    if store.engine == "sqlite":
        run(database_url, "drop trigger audit_keeps_rows")
        run(database_url, "drop trigger audit_keeps_content")
    else:
        run(database_url, "alter table audit disable trigger all")

    run(database_url, tampering)

    if store.engine == "postgresql":
        run(database_url, "alter table audit enable trigger all")
    broken = figures(store).broken
    assert [seq for _, seq in broken] == [3 if tampering.startswith("delete") else 2]
