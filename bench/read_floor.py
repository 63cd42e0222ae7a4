"""The floor of reading: a bare Flask app on the same database, which looks up what is asked and sends it, and no more.

No authorisation, no audit, no conditions of HTTP, no search grammar. Served as the gateway is.
"""

import sqlite3
import sys
import threading
from collections.abc import Callable, Sequence

import psycopg
from flask import Flask, Response, request

from gateway.cli.serve import HttpServer, listening
from gateway.settings import Settings

_READ = """
select r.body from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.id = ? and not c.deleted"""
_FIND = """
select r.body from index_token i
join current c on c.key = i.key join resource r on r.key = c.key and r.version = c.version
where i.type = ? and i.param = 'identifier' and i.system = ? and i.code = ? and not c.deleted order by i.key limit 50"""
_JSON = "application/fhir+json"


def create_app(database: str) -> Flask:
    """Return the app, on the store of this URL."""
    app = Flask("floor", static_folder=None)
    here = threading.local()

    def rows(sql: str, values: tuple[str, ...]) -> list[bytes]:
        if not hasattr(here, "find"):
            here.find = _postgresql(database) if database.startswith("postgresql:") else _sqlite(database)
        return [body for (body,) in here.find(sql, values)]

    @app.get("/fhir/<type_>/<id_>")
    def read(type_: str, id_: str) -> Response:
        (body,) = rows(_READ, (type_, id_))
        return Response(body, content_type=_JSON)

    @app.get("/fhir/<type_>")
    def search(type_: str) -> Response:
        system, _, code = request.args["identifier"].partition("|")
        entries = b",".join(b'{"resource":%b}' % body for body in rows(_FIND, (type_, system, code)))
        body = b'{"resourceType":"Bundle","type":"searchset","entry":[%b]}' % entries
        return Response(body, content_type=_JSON)

    return app


def _sqlite(url: str) -> Callable[[str, Sequence[str]], list[tuple[bytes]]]:
    db = sqlite3.connect(url.removeprefix("sqlite:///"))
    return lambda sql, values: db.execute(sql, values).fetchall()


def _postgresql(url: str) -> Callable[[str, Sequence[str]], list[tuple[bytes]]]:
    db = psycopg.connect(url, autocommit=True)  # it prepares by itself what is asked again
    return lambda sql, values: db.execute(sql.replace("?", "%s").encode(), values, binary=True).fetchall()


def main() -> None:
    """Serve the floor as the gateway is served: DATABASE PORT."""
    database, port = sys.argv[1:]
    app = create_app(database)
    HttpServer(app, Settings(log_level="error"), listening("127.0.0.1", int(port))).run()


if __name__ == "__main__":
    main()
