"""The newest Observations of each kind, out of those that a search finds.

http://hl7.org/fhir/R4/observation-operation-lastn.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gateway.fhir import json
from gateway.store.search.apart import Found, whole
from gateway.store.search.plan import all_matches
from gateway.store.search.sql import one_of, sql

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest
    from gateway.store.search.scope import Database, Scope

_NAMED_IN = 500
_NEVER = -(2**62)
_MATCHES = """
with w as materialized (select m.key from {} where {} limit {limit})
select w.key, coalesce((select max(d.low) from index_date d where d.key = w.key and d.param = 'date'), {never}),
t.system, t.code
from w left join index_token t on t.key = w.key and t.param = 'code'"""
_BODIES = """
select c.key, c.type, c.id, r.version, r.body from current c cross join resource r
where {} and r.key = c.key and r.version = c.version"""

Kind = tuple[str, ...]


def newest(db: Database, request: SearchRequest, scope: Scope, most: int, limit: int) -> list[Found] | None:
    """Return the `most` newest of each kind, newest first, kinds too; None where more than `limit` match.

    Observations that share a coding are of one kind, and so are all that are linked so; without codings, the text of
    the code is the kind.
    """
    relation = all_matches(db, request, scope.knowing(db, request))
    asked = sql(_MATCHES, relation.source, relation.condition, limit=str(limit + 1), never=str(_NEVER))
    times: dict[int, int] = {}
    codings: dict[int, list[Kind]] = {}
    for key, at, system, code in db.rows(*asked):
        times[key] = at
        codings.setdefault(key, []).extend([(system, code)] if code is not None else [])
    if len(times) > limit:
        return None
    bodies = _read(db, [key for key, held in codings.items() if not held])
    for key, found in bodies.items():
        codings[key] = [(_text(found),)]
    kinds = sorted(_grouped(codings), key=lambda keys: _newest_first(keys, times))
    chosen = [key for keys in kinds for key in sorted(keys, key=lambda key: (-times[key], -key))[:most]]
    bodies |= _read(db, [key for key in chosen if key not in bodies])
    return [bodies[key] for key in chosen]


def _newest_first(keys: Sequence[int], times: dict[int, int]) -> tuple[int, int]:
    return min((-times[key], -key) for key in keys)


def _grouped(codings: dict[int, list[Kind]]) -> Iterable[list[int]]:
    """Return the keys in groups that are linked by codings."""
    stands_for: dict[Kind, Kind] = {}

    def first(kind: Kind) -> Kind:
        while (other := stands_for.setdefault(kind, kind)) != kind:
            stands_for[kind] = stands_for.setdefault(other, other)
            kind = other
        return kind

    for one, *others in codings.values():
        for other in others:
            stands_for[first(other)] = first(one)
    groups: dict[Kind, list[int]] = {}
    for key, kinds in codings.items():
        groups.setdefault(first(kinds[0]), []).append(key)
    return groups.values()


def _text(found: Found) -> str:
    code = json.decode(found.body).get("code") or {}
    return " ".join(str(code.get("text", "")).casefold().split())


def _read(db: Database, keys: Sequence[int]) -> dict[int, Found]:
    parts = [keys[first : first + _NAMED_IN] for first in range(0, len(keys), _NAMED_IN)]
    rows = (row for part in parts for row in db.rows(*sql(_BODIES, one_of("c.key", part))))
    return {row[0]: whole(db, row) for row in rows}
