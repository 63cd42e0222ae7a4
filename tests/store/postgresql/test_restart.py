"""A server of PostgreSQL that is restarted costs nobody an answer: connections that rested are found to be gone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from gateway.errors import Unavailable
from gateway.store import Identity, open_store
from gateway.store.postgresql.store import PostgresqlStore
from tests.databases import own_server
from tests.store.writing import put


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """A server of this module's own."""
    with own_server() as started:
        yield started


@pytest.fixture
def store(server: Any) -> Iterator[PostgresqlStore]:
    opened = open_store(server.get_uri())
    assert isinstance(opened, PostgresqlStore)
    yield opened
    opened.close()


def warm(store: PostgresqlStore, number: int = 3) -> None:
    """Have several connections of each kind rest in the pools."""
    here = store._here()
    for pool in (here.reading, here.writing):
        lent = [pool.link() for _ in range(number)]
        for one in lent:
            one.__enter__()
        for one in lent:
            one.__exit__(None, None, None)
        assert len(pool._idle) == number


def restart(server: Any) -> None:
    server.stop()
    server.start()


def test_after_a_restart_the_first_of_everyone_is_answered(server: Any, store: PostgresqlStore) -> None:
    before = put(store)
    warm(store)

    restart(server)

    assert put(store) == before + 1
    with store.reading() as db, store.reading(snapshot=False) as other:
        assert db.rows("select 1") == other.rows("select 1") == [(1,)]
    store.audit(b"{}")
    with store.changing() as db:
        assert db.rows("select 1") == [(1,)]
    assert put(store) == before + 2


def test_while_it_is_away_everyone_is_told_to_come_back(server: Any, store: PostgresqlStore) -> None:
    before = put(store)
    warm(store)
    server.stop()
    try:
        for attempt in (lambda: put(store), lambda: store.read(Identity("Slot", "1"))):
            with pytest.raises(Unavailable):
                attempt()
    finally:
        server.start()

    assert put(store) == before + 1


def test_a_connection_that_is_cut_before_anything_was_written_costs_nobody_an_answer(
    server: Any, store: PostgresqlStore
) -> None:
    """The server cuts it after it was lent: what the pool cannot see beforehand."""
    before = put(store)
    warm(store)
    here = store._here()
    seen: list[int] = []
    real = here.writing._taken

    def taken() -> Any:
        link = real()
        if not seen:
            with psycopg.connect(server.get_uri(), autocommit=True) as admin:
                pid = link.connection.info.backend_pid
                assert admin.execute("select pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)
        seen.append(link.connection.info.backend_pid)
        return link

    here.writing._taken = taken  # type: ignore[method-assign] # the moment between lending and the first statement
    assert put(store) == before + 1
    assert len(set(seen)) == 2


def test_connections_that_are_cut_are_all_let_go(store: PostgresqlStore, server: Any) -> None:
    warm(store)
    here = store._here()

    restart(server)
    with pytest.raises(psycopg.OperationalError), here.writing.link() as link:  # noqa: PT012 - it is cut while lent
        restart(server)
        link.connection.execute("select 1")

    assert here.writing._idle == []


def test_a_notice_that_came_while_it_rested_costs_no_connection(store: PostgresqlStore, server: Any) -> None:
    put(store)
    with store._here().writing.link() as link:
        before = link.connection.info.backend_pid
        link.connection.execute("listen told")
    with psycopg.connect(server.get_uri(), autocommit=True) as admin:
        admin.execute("notify told")
        admin.execute("select pg_reload_conf()")

    with store._here().writing.link() as link:
        assert link.connection.info.backend_pid == before
