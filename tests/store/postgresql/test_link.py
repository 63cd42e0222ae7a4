from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from gateway.errors import Unavailable
from gateway.store.postgresql.connection import Pool
from gateway.store.postgresql.link import Link, numbered
from tests.databases import Postgresql


@pytest.fixture
def link(postgresql: Postgresql) -> Iterator[Link]:
    with psycopg.connect(postgresql.url, autocommit=True) as connection:
        yield Link(connection)


def asked(link: Link, sql: str, **values: str | int | bytes | list[bytes] | None) -> list[tuple[object, ...]]:
    link.send(sql, values)
    return link.answer()


def test_a_parameter_has_one_number_however_often_it_stands() -> None:
    statement = numbered("select %(b)b::bytea, %(a)s, %(b)b::bytea, 7 %% 4")

    assert statement.text == b"select $1::bytea, $2, $1::bytea, 7 % 4"
    assert statement.names == ("b", "a")


@pytest.mark.parametrize("parts", [[], [b""], [b"\0\xff'\"{},", b"b"]])
def test_what_is_sent_comes_back(link: Link, parts: list[bytes]) -> None:
    sql = "select %(parts)b::bytea[], %(bytes)b::bytea, %(text)s::text, %(number)s::bigint, %(none)s::text"
    sent: dict[str, Any] = {"parts": parts, "bytes": b"\0a", "text": "é'\\", "number": -3, "none": None}

    assert asked(link, sql, **sent) == [(parts, b"\0a", "é'\\", -3, None)]


def test_a_statement_is_prepared_once(link: Link) -> None:
    for number in range(5):
        assert asked(link, "select %(n)s::int", n=number) == [(number,)]

    assert asked(link, "select count(*) from pg_prepared_statements") == [(2,)]


def test_after_an_error_the_link_goes_on(link: Link) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.DivisionByZero):
            asked(link, "select 1 / %(n)s::int", n=0)

    assert asked(link, "select 1 / %(n)s::int", n=1) == [(1,)]


def test_a_statement_that_cannot_be_prepared_is_not_kept(link: Link) -> None:
    for _ in range(2):
        with pytest.raises(psycopg.errors.UndefinedTable):
            asked(link, "select * from nowhere")

    assert asked(link, "select 1") == [(1,)]


def add(link: Link, n: int, by: int) -> None:
    asked(link, "insert into t values (%(n)s)", n=n)
    asked(link, "select 1 / %(by)s::int", by=by)


def both(link: Link) -> None:
    with link.transaction():
        add(link, 1, 1)
    add(link, 2, 0)


def test_a_transaction_that_fails_leaves_nothing_and_forgets_no_statement(link: Link) -> None:
    asked(link, "create temporary table t (n int)")
    with pytest.raises(psycopg.errors.DivisionByZero), link.transaction():
        add(link, 1, 0)
    with link.transaction():
        add(link, 2, 1)

    assert asked(link, "select n from t") == [(2,)]


def test_a_transaction_inside_one_is_part_of_it(link: Link) -> None:
    asked(link, "create temporary table t (n int)")
    with pytest.raises(psycopg.errors.DivisionByZero), link.transaction():
        both(link)

    assert asked(link, "select n from t") == []


def pool(postgresql: Postgresql, patience: float = 10) -> Pool:
    return Pool(lambda: psycopg.connect(postgresql.url, autocommit=True), patience)


def test_the_connection_that_was_used_last_is_lent_first(postgresql: Postgresql) -> None:
    connections = pool(postgresql)
    with connections.link() as first, connections.link() as second:
        pass
    with connections.link() as again:
        assert again is first
        with connections.link() as other:
            assert other is second
    connections.close()


def test_a_connection_that_is_in_the_middle_of_something_is_not_lent_again(postgresql: Postgresql) -> None:
    connections = pool(postgresql)
    with connections.link() as left:
        left.connection.execute("begin")
    with connections.link() as link:
        assert link is not left
    assert left.connection.closed
    connections.close()
    assert link.connection.closed


def test_who_finds_all_connections_in_use_waits_no_longer_than_is_allowed(postgresql: Postgresql) -> None:
    connections, all_lent, go_on = pool(postgresql, 0.05), threading.Barrier(7), threading.Event()

    def hold() -> None:
        with connections.link():
            all_lent.wait()
            go_on.wait()

    with ThreadPoolExecutor(6) as threads:
        for _ in range(6):
            threads.submit(hold)
        all_lent.wait()
        with pytest.raises(Unavailable), connections.link():
            pass
        go_on.set()
    with connections.link():
        pass
    connections.close()
