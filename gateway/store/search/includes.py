"""Reads what belongs to the matches of a page: `_include` and `_revinclude`, one statement for all of them.

https://hl7.org/fhir/R4/search.html#revinclude
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.fhir.search.reduced import tells_of
from gateway.fhir.search.served import targets
from gateway.fhir.types import resource_types
from gateway.store.search.apart import Found, found
from gateway.store.search.conditions import NOTHING_ASKED, sees, sees_one_of
from gateway.store.search.scope import Scope
from gateway.store.search.sql import TRUE, Sql, every, joined, one_of, sql

if TYPE_CHECKING:
    from gateway.fhir.parameters import SearchParameter
    from gateway.fhir.search import Include
    from gateway.store.search.scope import Database

MAX_INCLUDES = 1000
# Scalar subqueries: each row is looked up by itself, and no plan can read a table to join it.
_FOUND = """
with k as (select distinct key from ({}) u where key is not null limit {limit})
select k.key, (select c.type from current c where c.key = k.key), (select c.id from current c where c.key = k.key),
(select c.version from current c where c.key = k.key),
(select r.body from current c join resource r on r.key = c.key and r.version = c.version where c.key = k.key)
from k order by k.key"""
_ROUNDS = 5  # of :iterate; a chain of organisations or places is not longer


def read_includes(
    db: Database, includes: Sequence[Include], matches: Sequence[Found], scope: Scope
) -> tuple[list[Found], bool]:
    """Return what is included, each once and no match again, and whether all of it is there.

    The first round goes from the matches; each further one goes from what the round before found, by `:iterate` only.
    What the caller may not see takes no place in the limit.
    """
    if not includes:
        return [], True
    seen, found, newest = {match.key for match in matches}, list[Found](), matches
    asked: Sequence[Include] = includes
    for _ in range(_ROUNDS):
        newest = [row for row in _round(db, asked, newest, scope) if row.key not in seen]
        found += newest
        seen |= {row.key for row in newest}
        asked = [include for include in includes if include.iterate]
        if not newest or not asked or len(found) > MAX_INCLUDES:
            break
    return found[:MAX_INCLUDES], len(found) <= MAX_INCLUDES


def _round(db: Database, includes: Iterable[Include], origins: Sequence[Found], scope: Scope) -> list[Found]:
    selects = [select for include in includes for select in _selects(include, origins, scope)]
    if not selects:
        return []
    statement = sql(_FOUND, joined(" union all ", selects), limit=str(MAX_INCLUDES + 1))
    return found(db, db.rows(*statement), scope)


def _selects(include: Include, origins: Sequence[Found], scope: Scope) -> Iterator[Sql]:
    if not include.parameters:
        return
    if include.reverse:
        yield from _pointing_here(include, origins, scope)
        return
    of_source = [row for row in origins if row.type == include.source]
    if keys := [row.key for row in of_source if not row.reduced]:
        named = [include.target] if include.target else {t for each in include.parameters for t in targets(each)}
        yield _pointed_at(keys, include.parameters, sorted(named), scope, narrowed=bool(include.target))
    part = scope.reduced(include.source)
    if part is not None and (keys := [row.key for row in of_source if row.reduced]):
        for parameter in include.parameters:  # a reference that is not told is not followed either
            told = [t for t in resource_types() if include.target in {"", t} and tells_of(part.form, parameter, t)]
            if told:
                yield _pointed_at(keys, [parameter], sorted(told), scope, narrowed=True)


def _pointed_at(
    keys: Sequence[int], parameters: Sequence[SearchParameter], types: Sequence[str], scope: Scope, *, narrowed: bool
) -> Sql:
    """Return the keys of what some resources point at; a scalar subquery, so that each is looked up by itself.

    `narrowed`: `types` are fewer than a parameter may point at.
    """
    return sql(
        "select (select c.key from current c"
        " where c.type = r.target_type and c.id = r.target_id and not c.deleted and {}) as key"
        " from index_reference r where {} and {} and {}",
        sees_one_of(types, "c.type", "c.key", scope, NOTHING_ASKED),
        one_of("r.key", keys),
        one_of("r.param", [parameter.code for parameter in parameters]),
        one_of("r.target_type", types) if narrowed else TRUE,
    )


def _pointing_here(include: Include, origins: Sequence[Found], scope: Scope) -> Iterator[Sql]:
    """Yield selects of the keys of what points at the origins."""
    by_type: dict[str, list[str]] = {}
    for row in origins:
        if include.target in {"", row.type}:
            by_type.setdefault(row.type, []).append(row.id)
    part = scope.reduced(include.source)
    for target, ids in by_type.items():
        told = [each for each in include.parameters if part is not None and tells_of(part.form, each, target)]
        others = [each for each in include.parameters if each not in told]
        for parameters, asked in ((told, NOTHING_ASKED), (others, None)):
            if parameters:
                yield sql(
                    "select r.key from index_reference r where r.type = {} and {} and r.target_type = {} and {}",
                    include.source,
                    one_of("r.param", [parameter.code for parameter in parameters]),
                    target,
                    every([one_of("r.target_id", ids), sees(include.source, "r.key", scope, asked=asked)]),
                )
