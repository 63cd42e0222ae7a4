from __future__ import annotations

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.access.policy import development_caller
from gateway.errors import Unavailable
from gateway.store import Batch, Version, open_store
from gateway.store.postgresql.store import PostgresqlStore
from gateway.transact import ConditionalPut, Put, Received, transact
from tests.databases import Postgresql
from tests.races.clients import services
from tests.store.writing import SLOT, count, put, versions


@pytest.fixture
def store(postgresql: Postgresql) -> Any:
    opened = open_store(postgresql.emptied())
    yield opened
    opened.close()


def round_trips(store: PostgresqlStore, trace: Path, ops: list[Any], received: Received | None) -> int:
    """Return how often the client waited for the server during one transaction, by libpq's own trace.

    Each time the server has answered all that was asked, it says that it is ready.
    """
    to = services(store)
    for _ in range(7):  # until the statements are prepared
        transact(ops, development_caller(), to, received=received)
        ops = [Put(op.resource | {"name": op.resource["name"] + "x"}) if isinstance(op, Put) else op for op in ops]
    with trace.open("w") as out:
        with store._here().writing.connection() as connection:
            connection.pgconn.trace(out.fileno())
        transact(ops, development_caller(), to, received=received)
        with store._here().writing.connection() as connection:
            connection.pgconn.untrace()
    return trace.read_text().count("ReadyForQuery")


def location(n: int) -> dict[str, Any]:
    return {"resourceType": "Location", "id": f"l{n}", "name": str(n), "partOf": {"reference": "Location/l0"}}


def test_a_transaction_takes_two_round_trips(store: PostgresqlStore, tmp_path: Path) -> None:
    received = Received("dev", "hl7v2", b"MSH|", services(store).clock())

    assert round_trips(store, tmp_path / "trace", [Put(location(n)) for n in range(10)], received) == 2


def test_a_reference_elsewhere_takes_no_round_trip_more(store: PostgresqlStore, tmp_path: Path) -> None:
    resource = location(1) | {"managingOrganization": {"reference": "Organization/elsewhere"}}

    assert round_trips(store, tmp_path / "trace", [Put(resource)], None) == 2


def test_a_writer_that_is_overtaken_writes_after_the_other(store: PostgresqlStore) -> None:
    put(store)
    attempts: list[int] = []

    def decide(sight: Any) -> Any:
        current = sight.current([SLOT])[0][SLOT]
        attempts.append(current.version)
        if len(attempts) == 1:
            put(store, code="busy")
        version = Version(current.key, SLOT, current.version + 1, 9000, False, b"", b"{}", {}, {})
        return Batch(b"{}", [version]), version.version

    assert store.write(decide) == 3
    assert attempts == [1, 2]
    assert [v.version for v in versions(store)] == [3, 2, 1]
    assert count(store, "audit") == 3


def test_a_fork_has_connections_of_its_own(store: PostgresqlStore) -> None:
    put(store)
    child = os.fork()
    if child == 0:
        os._exit(0 if [put(store) for _ in range(5)] else 1)
    mine = [put(store, SLOT._replace(id="b")) for _ in range(5)]

    _, status = os.waitpid(child, 0)

    assert (os.waitstatus_to_exitcode(status), mine) == (0, [1, 2, 3, 4, 5])
    assert count(store, "resource") == 11


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        open_store("postgresql://nobody@/nothing?host=/nowhere")


def test_a_connection_that_was_cut_is_replaced(store: PostgresqlStore, postgresql: Postgresql) -> None:
    put(store)
    with psycopg.connect(postgresql.url, autocommit=True) as admin:
        admin.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where datname = current_database() and pid not in (pg_backend_pid(), %s)",
            (postgresql.backend,),
        )

    assert put(store) == 2


def test_a_mistake_in_our_sql_is_not_called_unavailable(store: PostgresqlStore) -> None:
    with pytest.raises(psycopg.ProgrammingError), store.reading() as db:
        db.rows("select nothing from nowhere")


def test_question_marks_are_parameters_and_percent_signs_are_not(store: PostgresqlStore) -> None:
    with store.reading(snapshot=False) as db:
        assert db.rows("select ? || '%', 'a' like ?", ("x", "%a")) == [("x%", True)]


def test_a_condition_takes_few_round_trips(store: PostgresqlStore, tmp_path: Path) -> None:
    resource = {"resourceType": "Location", "identifier": [{"system": "https://a.example", "value": "b"}]}
    ops = [ConditionalPut(resource, "identifier=https://a.example|b")]

    assert round_trips(store, tmp_path / "trace", ops, None) <= 8  # one asks whether the index is complete


def test_a_writer_that_waits_too_long_is_told_to_come_back_and_nothing_is_stored(postgresql: Postgresql) -> None:
    store = open_store(postgresql.emptied(), patience=0.2)
    with psycopg.connect(postgresql.url) as other:
        other.execute("lock table current in exclusive mode")
        with pytest.raises(Unavailable, match="LockNotAvailable; try again in 10 seconds"):
            put(store)

    assert store.read(SLOT) is None
    put(store)
    assert count(store, "current") == 1
    store.close()


def test_a_writer_for_whom_no_connection_is_left_is_told_to_come_back(postgresql: Postgresql) -> None:
    store: Any = open_store(postgresql.emptied(), patience=0.2)
    writing = store._here().writing
    with ExitStack() as taken:
        for _ in range(writing.max_size):
            taken.enter_context(writing.connection())
        with pytest.raises(Unavailable, match="try again in 10 seconds"):
            put(store)

    put(store)
    assert count(store, "current") == 1
    store.close()


@pytest.mark.parametrize("code", ["40001", "40P01"])
def test_what_the_server_breaks_off_is_decided_and_written_anew(store: PostgresqlStore, code: str) -> None:
    """https://www.postgresql.org/docs/current/mvcc-serialization-failure-handling.html"""
    attempts: list[bool] = []

    def decide(sight: Any) -> Any:
        batch = first_version(sight)
        attempts.append(True)
        if len(attempts) < 6:
            break_off(sight, code)
        return batch, len(attempts)

    assert store.write(decide) == 6
    assert [v.version for v in versions(store)] == [1]
    assert count(store, "audit") == 1


def test_what_the_server_always_breaks_off_is_to_be_sent_later_and_leaves_nothing(store: PostgresqlStore) -> None:
    def decide(sight: Any) -> Any:
        break_off(sight, "40001")

    with pytest.raises(Unavailable, match="others keep changing"):
        store.write(decide)

    assert (count(store, "audit"), count(store, "resource")) == (0, 0)
    assert put(store) == 1


def test_writers_neither_isolate_nor_hurry_as_the_database_would_by_itself(postgresql: Postgresql) -> None:
    defaults = {"default_transaction_isolation": "serializable", "synchronous_commit": "off"}
    with psycopg.connect(postgresql.url, autocommit=True) as admin:
        for name, value in defaults.items():
            admin.execute(f"alter database {admin.info.dbname} set {name} = {value}")
    try:
        with closing(open_store(postgresql.emptied())) as store, store.changing() as db:
            shown = db.rows("select current_setting('transaction_isolation'), current_setting('synchronous_commit')")
            assert shown == [("read committed", "on")]
        with closing(open_store(postgresql.url, durability="normal")) as store, store.changing() as db:
            assert db.rows("select current_setting('synchronous_commit')") == [("off",)]
    finally:
        with psycopg.connect(postgresql.url, autocommit=True) as admin:
            for name in defaults:
                admin.execute(f"alter database {admin.info.dbname} reset {name}")


def first_version(sight: Any) -> Batch:
    current = sight.current([SLOT])[0][SLOT]
    return Batch(b"{}", [Version(current.key, SLOT, current.version + 1, 9000, False, b"", b"{}", {}, {})])


def break_off(sight: Any, code: str) -> None:
    """Have the server itself say that it cannot carry out this transaction now."""
    sight._link.connection.execute(f"do $$ begin raise exception using errcode = '{code}'; end $$")
