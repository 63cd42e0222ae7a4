"""Which resources that are known by name may be seen: the predicate of a search, asked of each by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.store.records import Identity
from gateway.store.search.conditions import NOTHING_ASKED, sees
from gateway.store.search.sql import FALSE, TRUE, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Database, Scope

_NAMED_IN = 500
_SEEN = "select c.type, c.id from current c where c.type = {} and {} and {}"
_ANY = "max(case when {} then 1 else 0 end)"
_OF_ANY = "select {} from current c where c.type = {} and {}"


def seen(db: Database, identities: Iterable[Identity], scope: Scope) -> set[Identity]:
    """Return which of some resources the caller may see; where a rule says what, none that is not there any more.

    Of a scope with reduced forms, also what is told in one.

    What is not there and what may not be seen cost the same statement, and are told apart by nobody.
    """
    scope, by_type = scope.of(db), dict[str, list[str]]()
    for type_, id_ in identities:
        by_type.setdefault(type_, []).append(id_)
    found = set[Identity]()
    for type_, ids in by_type.items():
        condition = sees(type_, "c.key", scope, asked=NOTHING_ASKED)
        if condition == TRUE:
            found |= {Identity(type_, id_) for id_ in ids}
        elif condition != FALSE:
            for part in _parts(ids):
                found |= {Identity(*row) for row in db.rows(*sql(_SEEN, type_, one_of("c.id", part), condition))}
    return found


def seen_by(db: Database, resource_type: str, ids: Sequence[str], scopes: Sequence[Scope]) -> list[bool]:
    """Return for each scope whether it lets any of some resources of a type be seen: all are asked at once."""
    conditions = [sees(resource_type, "c.key", scope.of(db), asked=NOTHING_ASKED) for scope in scopes]
    found = [condition == TRUE for condition in conditions]
    if all(found):
        return found
    asked = joined(", ", [sql(_ANY, condition) for condition in conditions])
    for part in _parts(ids):
        (row,) = db.rows(*sql(_OF_ANY, asked, resource_type, one_of("c.id", part)))
        found = [before or bool(now) for before, now in zip(found, row, strict=True)]
    return found


def _parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[first : first + _NAMED_IN] for first in range(0, len(ids), _NAMED_IN))
