"""The interface of both engines: read, search, and write in one commit.

A write is a function from what is found to what must be written. The engine may call it again,
when another writer was first; so it has no effects of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from gateway.store.records import Batch, Engine, Identity, Seen, Stored, Turns

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.sealed import Seals
    from gateway.store.search.scope import Scope

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that a writer waits for its turn, where nothing else is set."""


class Tables(Protocol):
    """Whole tables, out of a snapshot and into an empty store."""

    def columns(self) -> dict[str, list[str]]:
        """Return the columns of each table."""

    def pieces(self, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """Yield the rows of a statement, `size` at a time, in constant memory."""

    def load(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert rows."""

    def follow(self) -> None:
        """Let what counts on go on after the rows that were loaded."""


class Database(Protocol):
    """Runs a statement. Parameters are written `?` on both engines."""

    @property
    def engine(self) -> Engine:
        """Return the engine, where the SQL must differ."""

    @property
    def seals(self) -> Seals:
        """Return the keys of the store, by which what was read is opened."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer, none where the statement has none. What is sealed in it stays so."""


class WholeDatabase(Database, Protocol):
    """A Database as a store gives it."""

    def tables(self) -> Tables:
        """Return its tables as wholes."""


class Sight(Protocol):
    """What a writer sees inside its transaction."""

    def matches(
        self, conditions: Sequence[SearchRequest], scope: Scope, *, limit: int = 2, turns: Turns | None = None
    ) -> list[list[Identity]]:
        """Return for each condition the resources it matches, at most `limit`.

        Others wait who take what `turns` takes; without it, others with one of these conditions.
        """

    def seen(self, identities: Iterable[Identity], scope: Scope) -> set[Identity]:
        """Return which of some resources the caller of the scope may see; nobody waits for this look."""

    def current(
        self,
        identities: Collection[Identity],
        targets: Collection[Identity] = (),
        *,
        subjects: Collection[str] = (),
        once: str | None = None,
    ) -> Seen:
        """Return the newest version of each of `identities`, and which of `targets` exist and are not deleted.

        With them come rows of the ledger, and what was answered to the message that `once` names: all in one look.
        """


Decide = Callable[[Sight], tuple[Batch, T]]
Prepare = Callable[[], None]


def nothing() -> None:
    """Prepare nothing."""


class Store(Protocol):
    """Every version of every resource, and what is kept in the same commit."""

    @property
    def engine(self) -> Engine:
        """Return which database this is."""

    @property
    def seals(self) -> Seals:
        """Return the keys of the store."""

    def reading(self, *, snapshot: bool = True) -> AbstractContextManager[WholeDatabase]:
        """Return a Database; with `snapshot`, all its statements see one state."""

    def read(self, identity: Identity) -> Stored | None:
        """Return the newest version, which may be a deletion; None when there never was one."""

    def vread(self, identity: Identity, version: int, late: int = 0) -> Stored | None:
        """Return that version, or what came too late while it was the newest; None when there is none."""

    def write(self, decide: Decide[T], prepare: Prepare = nothing) -> T:
        """Commit the Batch that `decide` makes of what it sees, and return its other result.

        `prepare` is what `decide` needs and can be done without a look: it is called before the first look is answered,
        while the database looks where it is another process, and keeps nobody waiting. It may be called again.
        All of it is stored, or nothing is. An error of `decide` or `prepare` is passed on; Unavailable when the
        database cannot be reached or stays overtaken by other writers.
        """

    def changing(self, *, durable: bool = True) -> AbstractContextManager[WholeDatabase]:
        """Return a Database whose changes are committed at the end: of queues, which are no part of any Batch.

        Without `durable` a power cut may undo them. Unavailable when the database cannot be used.
        """

    def audit(self, content: bytes) -> None:
        """Add a row to the audit by itself, for what was read."""

    def close(self) -> None:
        """Let go of every connection."""
