"""SQLite compiles a statement once, whatever it is asked with: a rule is longer to compile than to ask."""

from __future__ import annotations

import sqlite3
from urllib.parse import parse_qsl

import pytest

from gateway.access.partners import Partners
from gateway.access.policy import visible
from gateway.fhir.search import parse
from gateway.granting import Granting
from gateway.store import Identity, Store, open_store, search
from gateway.store.search import Scope, seen
from tests.conftest import NOW
from tests.policy_world import EVERYBODY, HOME

ASKED = [("Patient", ""), ("Patient", "family:contains=jansen"), ("Observation", "patient=Patient/p"), ("Task", "")]


def compiled_again(store: Store) -> list[str]:
    """Return what SQLite compiled more than once, by its own account of the statements of a connection."""
    with store.reading(snapshot=False) as db:
        try:
            return [sql for (sql,) in db.rows("select sql from sqlite_stmt where reprep > 0")]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell of its statements")


def test_nothing_that_is_asked_under_the_policy_is_compiled_each_time_it_is_asked() -> None:
    store = open_store("sqlite://")
    caller = Granting().granted(HOME.caller(), Partners(EVERYBODY), NOW)
    for type_, query in ASKED:
        request = parse(type_, parse_qsl(query))
        for n in range(3):
            with store.reading(snapshot=False) as db:
                search.read(db, request, Scope(visible=visible(caller, "s")))
                seen(db, [Identity(type_, f"p{n}")], Scope(visible=visible(caller)))

    assert compiled_again(store) == []
    store.close()
