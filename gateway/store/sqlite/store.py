"""The Store on SQLite."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from gateway.store import migrate, reads
from gateway.store.indexing import Noting
from gateway.store.interface import PATIENCE, Decide, Prepare, T, nothing
from gateway.store.records import Durability, Engine, Identity, Stored
from gateway.store.sealed import NO_SEALS, Seals, sealed
from gateway.store.sqlite.connection import Available, Loan, Pool, Snapshot, SqliteDatabase, Transaction, connect
from gateway.store.sqlite.flush import Flush
from gateway.store.sqlite.lock import WriteLock
from gateway.store.sqlite.write import SqliteSight, write, write_audit

_OPENING_SECONDS = 30.0


class _Process:
    """What belongs to one process and must not be carried into a fork of it."""

    def __init__(self, path: Path, patience: float, seals: Seals) -> None:
        self.pool = Pool(path, patience, seals)
        self.lock = WriteLock(path.with_name(path.name + "-lock"), patience)
        self.flush = Flush(path)
        self.noting = Noting()

    def close(self) -> None:
        self.flush.close()
        self.lock.close()
        self.pool.close()


class SqliteStore:
    """A store in the file at `path`; opened by `gateway.store.open_store`. Writers wait `patience` seconds at most."""

    engine: Engine = "sqlite"

    def __init__(
        self, path: Path, *, durability: Durability = "full", patience: float = PATIENCE, seals: Seals = NO_SEALS
    ) -> None:
        self._path = path
        self.seals = seals
        self._patience = patience
        self._full = durability == "full"
        # By process id: a fork leaves those of its parent alone, for closing them would harm the parent.
        self._processes: dict[int, _Process] = {}

    def reading(self, *, snapshot: bool = True) -> Loan:
        """Return the loan of a Database; with `snapshot`, all its statements see one state."""
        pool = self._here().pool
        return Snapshot(pool) if snapshot else pool.database()

    def read(self, identity: Identity) -> Stored | None:
        """Return the newest version, which may be a deletion; None when there never was one."""
        with self._here().pool.database() as db:
            return reads.read(db, identity)

    def vread(self, identity: Identity, version: int, late: int = 0) -> Stored | None:
        """Return that version, or what came too late while it was the newest; None when there is none."""
        with self._here().pool.database() as db:
            return reads.vread(db, identity, version, late)

    def write(self, decide: Decide[T], prepare: Prepare = nothing) -> T:
        """Commit the Batch that `decide` makes of what it sees, and return its other result."""
        prepare()  # before anybody has to wait for us
        here = self._here()
        with here.pool.database() as db:
            with here.lock:
                with Transaction(db.connection):
                    batch, result = decide(SqliteSight(db))
                    batch = sealed(batch, self.seals)
                    noted = here.noting.note(db, batch.versions)
                    write(db, batch)
                here.noting.committed(noted)
                number = here.flush.committed()
            if self._full:
                here.flush.wait(number)
        return result

    def audit(self, content: bytes) -> None:
        """Add a row to the audit by itself, for what was read; nobody waits until it is on disk."""
        here = self._here()
        with here.pool.database() as db, here.lock:
            write_audit(db.connection, content)
            here.flush.committed()

    @contextmanager
    def changing(self, *, durable: bool = True) -> Iterator[SqliteDatabase]:
        """Return a Database whose changes are committed at the end."""
        here = self._here()
        with here.pool.database() as db:
            with here.lock:
                with Transaction(db.connection):
                    yield db
                number = here.flush.committed()
            if durable and self._full:
                here.flush.wait(number)

    def close(self) -> None:
        """Let go of every connection."""
        here = self._processes.pop(os.getpid(), None)
        if here is not None:
            here.close()

    def _here(self) -> _Process:
        pid = os.getpid()
        here = self._processes.get(pid)
        if here is None:
            mine = _Process(self._path, self._patience, self.seals)
            here = self._processes.setdefault(pid, mine)
            if here is not mine:  # another thread was first
                mine.close()
        return here


def open_file(
    path: Path, *, durability: Durability, renew: bool, patience: float = PATIENCE, seals: Seals = NO_SEALS
) -> SqliteStore:
    """Return the store at `path`, made if it is not there, brought up to date if `renew`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = WriteLock(path.with_name(path.name + "-lock"), None)  # another node may be renewing it, which takes a while
    with lock, Available(), closing(connect(path, _OPENING_SECONDS)) as connection:
        _prepare(connection, renew=renew)
    lock.close()
    return SqliteStore(path, durability=durability, patience=patience, seals=seals)


def open_memory(seals: Seals = NO_SEALS) -> SqliteStore:
    """Return an empty store that nothing else can open and that goes when it is closed or forgotten.

    It is a file where files are kept in memory, if there is such a place: the same code, the same behaviour.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the folder made in it is private
    folder = Path(tempfile.mkdtemp(prefix="msb-gateway-", dir=memory if os.access(memory, os.W_OK) else None))
    store = open_file(folder / "store.sqlite", durability="normal", renew=True, seals=seals)
    weakref.finalize(store, _remove, folder, os.getpid())
    return store


def _remove(folder: Path, pid: int) -> None:
    if os.getpid() == pid:  # a fork of us has no say in it
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(connection: sqlite3.Connection, *, renew: bool) -> None:
    connection.execute(migrate.CREATE_TABLE)
    applied = max((version for (version,) in connection.execute(migrate.APPLIED)), default=0)
    if renew or applied == 0:
        connection.execute("pragma synchronous = full")
        for step in migrate.pending("sqlite", applied):
            _run(connection, step)
            applied = step.version
    migrate.check("sqlite", applied)


def _run(connection: sqlite3.Connection, step: migrate.Migration) -> None:
    noted = f"insert into schema_version values ({step.version}, '{step.name}');"  # noqa: S608 - our own file's name
    try:
        connection.executescript(f"begin immediate;\n{step.sql}\n{noted}\ncommit;")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise
