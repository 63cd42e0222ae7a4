"""Which of some versions a search finds, each as it says it: the search engine itself decides, on a store beside.

So a subscriber is told what it would have found, and a writer may write what it could find, whatever kind of parameter
is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from gateway.fhir.json import decode
from gateway.store import Batch, Identity, Version, open_store
from gateway.store.index_tables import indexed
from gateway.store.sealed import NO_SEALS
from gateway.store.search import Scope
from gateway.store.search.offered import AS_SAID

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store import Sight, Store

_TABLES = """
select name from sqlite_master where type = 'table' and (
    name in ('slot', 'current', 'resource', 'outbox') or name like 'index!_%' escape '!' and name <> 'index_definition'
)"""
_ROUNDS = 200  # then a new store: what is written stays in its history
_MOST = 10_000


class Subject(NamedTuple):
    """A version to be looked at."""

    identity: Identity
    at: int
    body: bytes


class Beside:
    """A store in memory that holds what is looked at, one version of a resource at a time; opened when it is asked."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._store: Store | None = None
        self._rounds = 0
        self._held: tuple[Subject, ...] = ()
        self._lock = Lock()

    def found(self, request: SearchRequest, subjects: Sequence[Subject]) -> set[Identity]:
        """Return which of these versions, of different resources, match. What was held last may be held still."""
        from gateway.store.matching import matches  # noqa: PLC0415 - only who has subscribers searches

        with self._holding(subjects).reading() as db:
            return set(matches(db, request, Scope(base=self._base, now=AS_SAID), limit=_MOST))

    def found_anew(self, request: SearchRequest, subjects: Sequence[Subject]) -> set[Identity]:
        """Return the same, of what is no version yet: whatever was held before is not it. Any thread asks."""
        with self._lock:
            self.forget()
            return self.found(request, subjects)

    def forget(self) -> None:
        """Forget what was held last: what comes next is something else."""
        self._held = ()

    def _holding(self, subjects: Sequence[Subject]) -> Store:
        held = tuple(subjects)
        if self._store is not None and held == self._held:
            return self._store
        if self._store is None or self._rounds >= _ROUNDS:
            self.close()
            self._store, self._rounds = open_store("sqlite://"), 0
        self._rounds += 1
        self._held = held
        _fill(self._store, subjects, self._base)
        return self._store

    def close(self) -> None:
        """Let go of the store."""
        if self._store is not None:
            self._store.close()
            self._store = None


def _fill(store: Store, subjects: Sequence[Subject], base: str) -> None:
    with store.changing(durable=False) as db:
        for (name,) in db.rows(_TABLES):
            db.rows(f"delete from {name}")  # noqa: S608 - a table of ours

    def decide(sight: Sight) -> tuple[Batch, None]:
        found = sight.current([subject.identity for subject in subjects]).currents
        return Batch(b"{}", [_version(found[one.identity].key, one, base) for one in subjects]), None

    store.write(decide)


def _version(key: int, subject: Subject, base: str) -> Version:
    tables, packed, _ = indexed(decode(subject.body), base, NO_SEALS)
    return Version(key, subject.identity, 1, subject.at, False, packed, subject.body, tables, {})  # noqa: FBT003
