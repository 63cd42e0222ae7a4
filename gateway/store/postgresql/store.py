"""The Store on PostgreSQL."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import psycopg
from psycopg import Connection
from psycopg.errors import DeadlockDetected, DivisionByZero, SerializationFailure, UniqueViolation
from psycopg.pq import ConnStatus

from gateway.errors import Unavailable
from gateway.store import migrate, reads
from gateway.store.indexing import Noting
from gateway.store.interface import PATIENCE, Decide, Prepare, T, nothing
from gateway.store.postgresql.connection import Pools, PostgresqlDatabase, available, connect
from gateway.store.postgresql.link import Link
from gateway.store.postgresql.statements import AUDIT_ALONE
from gateway.store.postgresql.write import NeedsLocks, PostgresqlSight, write
from gateway.store.records import Durability, Engine, Identity, Stored
from gateway.store.sealed import NO_SEALS, Seals, sealed

_MOST_ATTEMPTS = 20
# The unique keys that tell a writer that another was first; any other violation is a mistake of ours.
_KEYS = frozenset({"resource_pkey", "current_pkey", "current_type_id_key", "inbox_once", "ledger_pkey"})
_LOCK_OF_MIGRATIONS = 7_301_842_900  # any number that no other program on this database uses


class CutError(psycopg.OperationalError):
    """The connection was cut before anything was written: the same can be done again on another one."""


class PostgresqlStore:
    """A store in the database at `url`; opened by `gateway.store.open_store`."""

    engine: Engine = "postgresql"

    def __init__(
        self, url: str, *, durability: Durability = "full", patience: float = PATIENCE, seals: Seals = NO_SEALS
    ) -> None:
        self._url = url
        self.seals = seals
        self._patience = patience
        self._durability = durability
        # By process id: a fork can neither use nor close the connections of its parent.
        self._pools: dict[int, Pools] = {}

    @contextmanager
    def reading(self, *, snapshot: bool = True) -> Iterator[PostgresqlDatabase]:
        """Return a Database; with `snapshot`, all its statements see one state."""
        with available(), ExitStack() as lent:
            yield PostgresqlDatabase(self._begun(lent) if snapshot else self._lent(lent), self.seals)

    def _lent(self, lent: ExitStack) -> Connection[tuple[Any, ...]]:
        return lent.enter_context(self._here().reading.connection())

    def _begun(self, lent: ExitStack) -> Connection[tuple[Any, ...]]:
        """Return a connection inside a transaction: on another one when that is cut before it began."""
        connection = self._lent(lent)
        try:
            lent.enter_context(connection.transaction())
        except psycopg.OperationalError:
            if connection.pgconn.status != ConnStatus.BAD:
                raise
            lent.close()
            connection = self._lent(lent)
            lent.enter_context(connection.transaction())
        return connection

    def read(self, identity: Identity) -> Stored | None:
        """Return the newest version, which may be a deletion; None when there never was one."""
        with self.reading(snapshot=False) as db:
            return reads.read(db, identity)

    def vread(self, identity: Identity, version: int, late: int = 0) -> Stored | None:
        """Return that version, or what came too late while it was the newest; None when there is none."""
        with self.reading(snapshot=False) as db:
            return reads.vread(db, identity, version, late)

    def write(self, decide: Decide[T], prepare: Prepare = nothing) -> T:
        """Commit the Batch that `decide` makes of what it sees, and return its other result.

        The first attempt takes no locks; who is overtaken tries again with locks, and so waits for its turn. When the
        connection turns out to be cut before anything was written, it begins anew on another one, once.
        """
        with available():
            try:
                return self._write(decide, prepare)
            except CutError:
                return self._write(decide, prepare)

    def _write(self, decide: Decide[T], prepare: Prepare) -> T:
        locks, here = False, self._here()
        with here.writing.link() as link:
            for _ in range(_MOST_ATTEMPTS):
                try:
                    return self._attempt(link, decide, prepare, here.noting, locks=locks)
                except UniqueViolation as error:
                    if error.diag.constraint_name not in _KEYS:
                        raise
                except (NeedsLocks, SerializationFailure, DeadlockDetected, DivisionByZero):
                    pass
                locks = True
        raise Unavailable.later("others keep changing what this transaction changes")

    def _attempt(self, link: Link, decide: Decide[T], prepare: Prepare, noting: Noting, *, locks: bool) -> T:
        db = PostgresqlDatabase(link.connection, self.seals)
        sight, is_written = PostgresqlSight(link, db, locks=locks, prepare=prepare), False
        try:
            with (
                link.transaction() if locks else nullcontext()
            ):  # without locks it is one statement, a transaction itself
                batch, result = decide(sight)
                batch = sealed(batch, self.seals)
                noted = noting.note(db, batch.versions)
                is_written = True  # or perhaps it is: from here on nobody knows
                write(link, db, batch)
        except psycopg.OperationalError as error:
            if is_written or not link.is_cut:
                raise
            raise CutError(*error.args) from error
        noting.committed(noted)
        return result

    @contextmanager
    def changing(self, *, durable: bool = True) -> Iterator[PostgresqlDatabase]:
        """Return a Database whose changes are committed at the end."""
        with available(), self._here().writing.link() as link, link.transaction():
            if not durable:
                link.connection.execute("set local synchronous_commit = off")
            yield PostgresqlDatabase(link.connection, self.seals)

    def audit(self, content: bytes) -> None:
        """Add a row to the audit by itself, for what was read; nobody waits until it is on disk."""
        with available(), self._here().writing.link() as link:
            link.send(AUDIT_ALONE, {"audit": content})
            link.answer()

    def close(self) -> None:
        """Let go of every connection."""
        here = self._pools.pop(os.getpid(), None)
        if here is not None:
            here.close()

    def _here(self) -> Pools:
        pid = os.getpid()
        here = self._pools.get(pid)
        if here is None:
            mine = Pools(self._url, durability=self._durability, patience=self._patience)
            here = self._pools.setdefault(pid, mine)
            if here is not mine:  # another thread was first
                mine.close()
        return here


def open_database(
    url: str, *, durability: Durability, renew: bool, patience: float = PATIENCE, seals: Seals = NO_SEALS
) -> PostgresqlStore:
    """Return the store at `url`: an empty database is made into one, an older one is renewed if `renew`."""
    with available(), connect(url) as connection:
        connection.execute("select pg_advisory_xact_lock(%s)", (_LOCK_OF_MIGRATIONS,))
        _prepare(connection, renew=renew)
    return PostgresqlStore(url, durability=durability, patience=patience, seals=seals)


def _prepare(connection: Connection[tuple[Any, ...]], *, renew: bool) -> None:
    connection.execute(migrate.CREATE_TABLE)
    applied = max((version for (version,) in connection.execute(migrate.APPLIED)), default=0)
    if renew or applied == 0:
        for step in migrate.pending("postgresql", applied):
            connection.execute(step.sql.encode())
            connection.execute("insert into schema_version values (%s, %s)", (step.version, step.name))
            applied = step.version
    migrate.check("postgresql", applied)
