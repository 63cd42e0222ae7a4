"""What a store held before version 7 is in the histories after it: with its type, and made as nobody knows."""

from __future__ import annotations

from gateway.store import Store, history, migrate
from gateway.store.history import Span
from gateway.store.search.sql import TRUE
from tests.store.writing import put


def test_versions_of_an_older_store_are_in_the_history_of_their_type(store: Store) -> None:
    put(store)
    put(store, deleted=True)
    (step,) = (m for m in migrate.migrations(store.engine) if m.name == "0007_changes")
    with store.reading(snapshot=False) as db:
        execute = db.connection.execute  # type: ignore[attr-defined]  # both engines have one
        for old in ("drop index resource_by_time", "alter table resource drop column type"):
            execute(old)
        execute("alter table resource drop column method")
        for statement in step.sql.split(";")[:-1]:
            execute(statement)

    with store.reading() as db:
        found = history.of_types(db, {"Slot": TRUE}, Span(10)).found

    assert [(v.version, v.deleted, v.method, v.is_new) for v in found] == [(2, True, "", False), (1, False, "", True)]
