"""Two gateways that differ in one thing: one holds the data of two organisations, the other that of one alone.

Their clocks and ids go alike, so that whatever the one organisation asks of both is answered alike to the byte, or
depends on what the other organisation has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID, uuid5

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.fhir.json import decode, encode
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.store.sqlite.connection import SqliteDatabase
from gateway.store.sqlite.statements import NEXT_KEY
from gateway.transact.partners import add
from gateway.validation import Validator
from tests.authentication.asking import shown
from tests.conftest import library
from tests.trust import World, partner

BASE = "https://gateway.example/fhir"
ONE, OTHER = "duinrand", "gouwe"
URA = {ONE: "00000001", OTHER: "00000003"}
_NAMES = UUID("6f0f5ad1-6a0e-4a0c-8e0c-5d2f3a9f0a11")
_SEALED = re.compile(rb"(_page=|AuditEvent/|\"id\": ?\"|<id value=\")(?:[0-9a-f]{32}|(?<=_page=)[A-Za-z0-9_.~%-]+)")
"""Page tokens and the ids of AuditEvents are sealed with a key that each store makes for itself."""


@dataclass
class Ids:
    """Ids that count, for each organisation by itself: what one makes is not seen in the ids of another."""

    whose: str = ""
    _made: dict[str, int] = field(default_factory=dict)

    def __call__(self) -> str:
        self._made[self.whose] = number = self._made.get(self.whose, 0) + 1
        return str(uuid5(_NAMES, f"{self.whose} {number}"))


@dataclass
class Clock:
    """A clock that goes on by a tick for each request, in both gateways."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __call__(self) -> datetime:
        return self.now

    def tick(self) -> None:
        self.now += timedelta(milliseconds=1)


class Asked(NamedTuple):
    """A request; `next` asks what the last answer pointed at that pointed anywhere: a next page, or an export."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: Any = None
    next: bool = False

    def __str__(self) -> str:
        said = f"{self.method} {self.path}?{self.query} {dict(self.headers)}"
        return f"{said} {encode(self.body).decode()}" if self.body is not None else said


class Answer(NamedTuple):
    """What a client can see of a request; also, by the clock, how many statements it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statements: int


@dataclass
class Statements:
    """How many statements SQLite was sent, but for the one that reserves a key where a writer finds nothing yet."""

    number: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count them."""
        rows = SqliteDatabase.rows

        def counting(db: SqliteDatabase, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
            self.number += sql != NEXT_KEY
            return rows(db, sql, parameters)

        with patch.object(SqliteDatabase, "rows", counting):
            yield


@dataclass
class Gateway:
    """One of the two, in this process, asked as the proxy before it asks."""

    client: FlaskClient
    certificates: Mapping[str, dict[str, str]]
    ids: Ids
    statements: Statements
    following: str = ""

    def ask(self, whose: str, asked: Asked) -> Answer:
        self.ids.whose = whose
        path, query = asked.path, asked.query
        if asked.next and self.following:
            path, _, query = self.following.removeprefix("https://gateway.example").partition("?")
        headers = {"Content-Type": "application/fhir+json", **dict(asked.headers), **self.certificates[whose]}
        body = None if asked.body is None else encode(asked.body)
        self.statements.number = 0
        told = self.client.open(path, method=asked.method, query_string=query, headers=headers, data=body)
        statements = self.statements.number
        if whose == ONE:
            self._follow(told)
        said = _SEALED.sub(rb"\1", told.data)
        return Answer(told.status_code, tuple(sorted(told.headers.items())), said, statements)

    def _follow(self, told: TestResponse) -> None:
        self.following = told.headers.get("Content-Location", self.following)
        if b'"next"' in told.data and (told.content_type or "").startswith("application/fhir+json"):
            links = decode(told.data).get("link", [])
            self.following = next((link["url"] for link in links if link["relation"] == "next"), self.following)


@dataclass
class Twins:
    """Both: `both` holds what both organisations say, `alone` what one of them says."""

    both: Gateway
    alone: Gateway
    clock: Clock

    def ask(self, asked: Asked) -> tuple[Answer, Answer]:
        """Ask both the same, as one organisation, at the same moment."""
        self.clock.tick()
        return self.both.ask(ONE, asked), self.alone.ask(ONE, asked)

    def say(self, whose: str, asked: Asked) -> Answer:
        """Have an organisation say something: the one in both, the other in the one that holds its data."""
        self.clock.tick()
        if whose == ONE:
            self.alone.ask(ONE, asked)
        return self.both.ask(whose, asked)


@contextmanager
def twins(folder: Path, database: str) -> Iterator[Twins]:
    """Yield both, empty: the one with the data of both in `database`, the other in memory."""
    world = World.made(folder)
    for name in (ONE, OTHER):
        world.client(name)
    clock, statements = Clock(), Statements()
    with ExitStack() as opened:
        opened.enter_context(statements.counted())
        both = opened.enter_context(_gateway(world, database, clock, statements))
        alone = opened.enter_context(_gateway(world, f"sqlite:///{folder}/alone.sqlite", clock, statements))
        yield Twins(both, alone, clock)


@contextmanager
def _gateway(world: World, database: str, clock: Clock, statements: Statements) -> Iterator[Gateway]:
    store, ids = open_store(database, durability="normal"), Ids("")
    settings = Settings.from_env(
        {
            "GATEWAY_DATABASE": database,
            "GATEWAY_BASE_URL": BASE,
            "GATEWAY_TLS_CLIENT_CA": str(world.folder / "ca.pem"),
            "GATEWAY_PROXIES": "127.0.0.1",
            "GATEWAY_REFERENCES": "lenient",
        }
    )
    to = Services(settings, store, Validator(), library(), clock, ids)
    registered = [
        partner(name, world.pairs[name], ura=ura, rate=1_000_000, providers=(name,)) for name, ura in URA.items()
    ]
    add(registered, development_caller(), to)
    yield Gateway(create_app(to).test_client(), {name: shown(world, name) for name in URA}, ids, statements)
    store.close()
