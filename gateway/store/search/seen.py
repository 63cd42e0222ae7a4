"""Which resources that are known by name may be seen: the predicate of a search, asked of each by itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.store.records import Identity
from gateway.store.search.conditions import NOTHING_ASKED, sees
from gateway.store.search.sql import FALSE, TRUE, one_of, sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Database, Scope

_NAMED_IN = 500
_SEEN = "select c.type, c.id from current c where c.type = {} and {} and {}"


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
            for part in (ids[first : first + _NAMED_IN] for first in range(0, len(ids), _NAMED_IN)):
                found |= {Identity(*row) for row in db.rows(*sql(_SEEN, type_, one_of("c.id", part), condition))}
    return found
