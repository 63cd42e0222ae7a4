"""Searches several types: one after the other, or merged where an order is asked.

A page begins after a position, which names the type of the last match beside its sort values and key; nothing is kept
between pages. In an order that is asked, every type gives a page, and the first of all these is the page.
https://hl7.org/fhir/R4/http.html#search
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from gateway.store.search.apart import Found
from gateway.store.search.complete import check_complete
from gateway.store.search.includes import read_includes
from gateway.store.search.order import Position
from gateway.store.search.pages import Results, count_matches, read_page

if TYPE_CHECKING:
    from gateway.fhir.search import SearchRequest, SeveralRequest, SortKey
    from gateway.store.search.scope import Database, Scope

_BEFORE_ALL, _AFTER_ALL = -1, 2**62  # keys
_Read = tuple[list[Found], Position | None]


class _Row(NamedTuple):
    found: Found
    turn: int  # of the type
    position: Position


def read_several(db: Database, request: SeveralRequest, scope: Scope, position: Position | None) -> Results:
    """Return the page after `position`. The total is known when one page holds everything, or when it was asked for.

    Raises Unavailable where an index that it needs is not complete.
    """
    scope = scope.settled(db, mixed=_is_mixed(db, request))
    if request.first.only_count:
        return Results([], [], _total(db, request, scope), None)
    read = _merged if request.first.sort else _in_turn
    matches, following = read(db, request.requests, scope, position)
    total = len(matches) if position is None and following is None else None
    if total is None and request.first.total in {"accurate", "estimate"}:
        total = _total(db, request, scope)
    includes, complete = read_includes(db, request.includes, matches, scope)
    known = None if request.first.total == "none" else total
    return Results(matches, includes, known, following, complete)


def _is_mixed(db: Database, request: SeveralRequest) -> bool:
    """Return what `check_complete` says of all types together; each of them is looked at."""
    found = [check_complete(db, each) for each in request.requests]
    return any(found)


def _total(db: Database, request: SeveralRequest, scope: Scope) -> int:
    return sum(count_matches(db, each, scope) for each in request.requests)


def _turn(requests: Sequence[SearchRequest], position: Position) -> int:
    """Return the number of the type that a position is in; 0 for one that is not searched any more."""
    types = [each.resource_type for each in requests]
    return types.index(position.values[0]) if position.values[0] in types else 0


def _in_turn(db: Database, requests: Sequence[SearchRequest], scope: Scope, position: Position | None) -> _Read:
    """Return a page of one type after the other, and where the next one begins."""
    begin, at = (_turn(requests, position), _own(position)) if position else (0, None)
    left, matches = requests[0].count, list[Found]()
    for turn in range(begin, len(requests)):
        page = read_page(db, replace(requests[turn], count=left), scope, at if turn == begin else None)
        matches += page.matches
        left -= len(page.matches)
        if page.next is not None:
            return matches, _named(requests[turn], page.next)
        if left == 0:
            return matches, _beginning(db, requests[turn + 1 :], scope)
    return matches, None


def _own(position: Position) -> Position | None:
    """Return a position as one of its own type; None at the beginning of that."""
    return None if position.key == _BEFORE_ALL else Position(position.values[1:], position.key)


def _named(request: SearchRequest, position: Position) -> Position:
    return Position((request.resource_type, *position.values), position.key)


def _beginning(db: Database, requests: Sequence[SearchRequest], scope: Scope) -> Position | None:
    """Return the beginning of the first type that has a match; None where none has."""
    having = (each for each in requests if read_page(db, replace(each, count=1), scope, None).matches)
    first = next(having, None)
    return None if first is None else _named(first, Position((), _BEFORE_ALL))


def _merged(db: Database, requests: Sequence[SearchRequest], scope: Scope, position: Position | None) -> _Read:
    """Return a page in the order that is asked, and where the next one begins."""
    rows, more = list[_Row](), False
    for turn, each in enumerate(requests):
        page = read_page(db, each, scope, _resumed(requests, position, turn) if position else None)
        rows += [_Row(found, turn, at) for found, at in zip(page.matches, page.positions, strict=True)]
        more |= page.next is not None
    shown = _ordered(rows, requests[0].sort)[: requests[0].count]
    if not shown or (not more and len(rows) == len(shown)):
        return [row.found for row in shown], None
    last = shown[-1]
    return [row.found for row in shown], _named(requests[last.turn], last.position)


def _resumed(requests: Sequence[SearchRequest], position: Position, turn: int) -> Position:
    """Return where a type goes on: of equal matches, those of the types before come first."""
    last = _turn(requests, position)
    key = position.key if turn == last else _AFTER_ALL if turn < last else _BEFORE_ALL
    return Position(position.values[1:], key)


def _ordered(rows: list[_Row], keys: Sequence[SortKey]) -> list[_Row]:
    """Return the rows in order, those without a value last; they come by type and key."""
    for number, key in reversed(list(enumerate(keys))):
        having = [(row.position.values[number], row) for row in rows if row.position.values[number] is not None]
        having.sort(key=itemgetter(0), reverse=key.descending)
        rows = [*(row for _, row in having), *(row for row in rows if row.position.values[number] is None)]
    return rows
