"""What stands in the store of a gateway that is attacked, counted from outside of it, in either engine."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

# A refused message with its reasons; who asked what, and how often; that an assertion was used, though for nothing.
KEPT_OF_REFUSALS = re.compile("inbox|audit.*|rate_used|login_failed|assertion_used")
_SQLITE = "SELECT name FROM sqlite_schema WHERE type = 'table'"
_POSTGRESQL = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
_TOLD_SQLITE = "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
_TOLD_POSTGRESQL = "SELECT coalesce(pg_sequence_last_value(pg_get_serial_sequence('outbox', 'seq')::regclass), 0)"


@dataclass(frozen=True)
class Tables:
    """A store, as whoever looks at its tables sees it."""

    rows: Callable[[str], list[tuple[Any, ...]]]
    """Return the rows of a statement."""
    named: str
    told: str

    @classmethod
    @contextmanager
    def opened(cls, url: str) -> Iterator[Tables]:
        """Look at a store until the end."""
        if url.startswith("sqlite:///"):
            path = url.removeprefix("sqlite:///")
            with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as lite:
                yield cls(lambda sql: lite.execute(sql).fetchall(), _SQLITE, _TOLD_SQLITE)
        else:
            with psycopg.connect(url, autocommit=True) as server:
                yield cls(lambda sql: server.execute(sql.encode()).fetchall(), _POSTGRESQL, _TOLD_POSTGRESQL)

    def count(self, table: str) -> int:
        return int(self.rows(f'SELECT count(*) FROM "{table}"')[0][0])

    def counted(self) -> dict[str, int]:
        """Return how many rows each table holds; of the outbox, how many it ever held, since what is told leaves it."""
        names = [name for (name,) in self.rows(self.named) if not KEPT_OF_REFUSALS.fullmatch(name)]
        asked = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM \"{name}\"" for name in names)
        return dict(self.rows(asked)) | {"outbox": self.rows(self.told)[0][0]}
