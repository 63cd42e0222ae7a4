"""Relations of matches, and counting how many a condition has: what plans are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.fhir.frozen import frozen
from gateway.store.search.match import Match
from gateway.store.search.order import Column
from gateway.store.search.scope import Scope
from gateway.store.search.sql import TRUE, Sql, every, joined, sql

if TYPE_CHECKING:
    from gateway.store.search.scope import Database


@frozen()
class Relation:
    """Where matches come from: rows `m` of `source` for which `where` holds, in the order of `columns` and key.

    `probes` are conditions on `m.key` that are looked up row by row. `walked`: an index gives the order, so a page
    reads no further than it needs. Otherwise all matches are read, sorted and counted.
    """

    source: Sql
    where: Sql
    columns: tuple[Column, ...] = ()
    walked: bool = True
    probes: tuple[Sql, ...] = ()

    @property
    def condition(self) -> Sql:
        """Return everything that a row must satisfy."""
        return every([self.where, *self.probes])

    def narrowed(self, *conditions: Sql) -> Relation:
        """Return the relation with more conditions on its rows."""
        return replace(self, where=every([self.where, *conditions]))

    def probed(self, *probes: Sql) -> Relation:
        """Return the relation with more probes."""
        return replace(self, probes=(*self.probes, *probes))


Rings = Callable[[float], Iterator[Relation]]


@frozen()
class Plan:
    """The relations to read one after the other, and the total where it is known beforehand.

    `counting` tells the total where it takes a statement of its own, which is asked when the page does not tell it.
    `rings` are the relations where they are found while they are read, from a squared distance on.
    """

    relations: tuple[Relation, ...] = ()
    total: int | None = None
    rings: Rings | None = None
    counting: Callable[[], int | None] | None = None

    def known_total(self) -> int | None:
        """Return the total, counted now where that is still to be done; None where there are many."""
        return self.counting() if self.counting else self.total


@frozen()
class Counted:
    """A condition with the number of its keys, which beyond the candidates of the scope is a lower bound."""

    match: Match
    count: int


def all_of(resource_type: str) -> Relation:
    """Return every resource of a type, in order of key."""
    return Relation(Sql("current m"), sql("m.type = {} and not m.deleted", resource_type))


def keys_of(match: Match, alias: str) -> Sql:
    """Return the keys of a match as a table, each key once."""
    assert match.keys is not None
    if match.ordered:
        return sql("({}) {alias}", match.keys, alias=alias)
    return sql("(select distinct k.key from ({}) k) {alias}", match.keys, alias=alias)


def probes_of(matches: Sequence[Match], but: Match | None = None) -> list[Sql]:
    """Return the probes of `m.key` by every match but one."""
    return [match.probe("m.key") for match in matches if match is not but]


def smallest_of(db: Database, matches: Sequence[Match], scope: Scope) -> Counted | None:
    """Return the most selective condition; one that is known to have few is not counted.

    None when none of them can be listed, or when the most selective has more than the candidates of the scope. What a
    caller may see is counted only where none of what is asked is selective.
    """
    for of_rules in (False, True):
        every_one = _counted(db, [match for match in matches if match.is_rule == of_rules], scope)
        found = min(every_one, key=lambda counted: counted.count, default=None)
        if found is not None and found.count <= scope.candidates:
            return found
    return None


def _counted(db: Database, matches: Sequence[Match], scope: Scope) -> list[Counted]:
    listed = [match for match in matches if match.keys is not None]
    few = [Counted(match, 0) for match in listed if match.few]
    if few or not listed:
        return few
    counts = [sql("({})", count_of(sql("({}) k", match.keys or TRUE), TRUE, scope)) for match in listed]
    (found,) = db.rows(*sql("select {}", joined(", ", counts)))
    return [Counted(match, count) for match, count in zip(listed, found, strict=True)]


def count_of(source: Sql, where: Sql, scope: Scope) -> Sql:
    """Return the select of the number of rows, which stops at one more than the candidates of the scope."""
    select = "select count(*) from (select 1 from {} where {} limit {limit}) n"
    return sql(select, source, where, limit=str(scope.candidates + 1))
