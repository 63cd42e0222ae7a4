"""The floor of the HTTP benchmark: a bare Flask app that decodes the Bundle and writes the same rows, and nothing else.

No validation, no authorisation, no references, no search rows made: the rows of one Bundle are taken over
from a store that the gateway filled, with new keys. The same lock, the same flush, the same server.
"""

import fcntl
import os
import sqlite3
import sys
from pathlib import Path

import msgspec
from flask import Flask, Response, request

from gateway.cli.serve import HttpServer, listening
from gateway.settings import Settings

TABLES = ("current", "resource", "index_token", "index_string", "index_date", "index_reference", "index_uri", "slot",
          "outbox", "audit")  # fmt: skip


def create_app(sample: Path, database: Path) -> Flask:
    """Return the app; `sample` is a store that holds one Bundle, `database` an empty one of the same shape."""
    app = Flask("floor", static_folder=None)
    floor = Floor(sample, database)

    @app.post("/fhir")
    def transaction() -> Response:
        bundle = msgspec.json.decode(request.get_data(cache=False))
        bodies = [msgspec.json.encode(entry["resource"]) for entry in bundle["entry"]]
        floor.write([entry["resource"]["id"] for entry in bundle["entry"]], bodies)
        answer = {
            "resourceType": "Bundle",
            "type": "transaction-response",
            "entry": [{"response": {"status": "201"}}] * 10,
        }
        return Response(msgspec.json.encode(answer), content_type="application/fhir+json")

    return app


class Floor:
    """Writes the rows of a sample again and again under new keys."""

    def __init__(self, sample: Path, database: Path) -> None:
        self._database = database
        self._connection: sqlite3.Connection | None = None
        with sqlite3.connect(sample) as rows:
            self._rows = {table: rows.execute(f"select * from {table}").fetchall() for table in TABLES}
            columns = {t: [c[1] for c in rows.execute(f"pragma table_info({t})")] for t in TABLES}
        self._keys = {table: names.index("key") for table, names in columns.items() if "key" in names}
        self._inserts = {t: f"insert into {t} values ({', '.join('?' * len(names))})" for t, names in columns.items()}

    def write(self, ids: list[str], bodies: list[bytes]) -> None:
        """Write one Bundle in one commit, and return when it is on disk."""
        db = self._connection or self._connect()
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            db.execute("begin immediate")
            first = db.execute("select coalesce(max(key), 0) from current").fetchone()[0]
            for table in TABLES:
                db.executemany(self._inserts[table], self._renewed(table, first, ids, bodies))
            db.execute("commit")
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)
        os.fdatasync(self._log)

    def _connect(self) -> sqlite3.Connection:
        self._connection = db = sqlite3.connect(self._database, isolation_level=None)
        db.executescript("pragma journal_mode = wal; pragma synchronous = normal; pragma wal_autocheckpoint = 10000;")
        db.executescript("pragma cache_size = -16000; begin immediate; commit")
        self._lock = os.open(f"{self._database}-lock", os.O_RDWR | os.O_CREAT)
        self._log = os.open(f"{self._database}-wal", os.O_RDWR)
        return db

    def _renewed(self, table: str, first: int, ids: list[str], bodies: list[bytes]) -> list[tuple[object, ...]]:
        rows = self._rows[table]
        if table == "current":
            return [(first + n + 1, row[1], ids[n], *row[3:]) for n, row in enumerate(rows)]
        if table == "resource":
            return [(first + n + 1, *row[1:4], bodies[n], *row[5:]) for n, row in enumerate(rows)]
        if table == "outbox":
            return [(None, first + n + 1, *row[2:]) for n, row in enumerate(rows)]
        if table == "audit":
            return [(0, first + 1, *row[2:]) for row in rows]
        at = self._keys[table]
        return [(*row[:at], first + row[at], *row[at + 1 :]) for row in rows]


def main() -> None:
    """Serve the floor as the gateway is served: SAMPLE DATABASE PORT."""
    sample, database, port = sys.argv[1:]
    app = create_app(Path(sample), Path(database))
    HttpServer(app, Settings(log_level="error"), listening("127.0.0.1", int(port))).run()


if __name__ == "__main__":
    main()
