"""By which definitions the index rows in a store were made, and whether a search can rely on them.

Each resource has the fingerprint of the definitions of its type beside it, so one look into an index tells whether some
were indexed by others. https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from gateway.store.index.definitions import definitions, fingerprint

if TYPE_CHECKING:
    from gateway.store.records import Version

_NOTE = "insert into index_definition values (?, ?, ?) on conflict do nothing"
_ENDS = "(select min(indexed_as) from current where type = ?), (select max(indexed_as) from current where type = ?)"
# The distinct fingerprints of a type, one step of the index for each.
_PRESENT = """
with recursive found(print) as (
    select (select min(indexed_as) from current where type = ?)
    union all
    select (select min(indexed_as) from current where type = ? and indexed_as > found.print)
    from found where found.print is not null
)
select f.print, d.definitions from found f left join index_definition d on d.fingerprint = f.print
where f.print is not null"""
_DECODER = msgspec.json.Decoder(dict[str, str])


class Database(Protocol):
    """As much of `gateway.store.interface.Database` as is needed here."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Return every row of the answer."""


class Noting:
    """Stores the definitions of what one process writes, before anybody can meet their fingerprint."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def note(self, db: Database, versions: Iterable[Version]) -> set[str]:
        """Store the definitions of the types that are written for the first time, and return those types."""
        news = {version.identity.type for version in versions} - self._known
        if news:
            note(db, sorted(news))
        return news

    def committed(self, types: set[str]) -> None:
        """Remember that the definitions of some types are there."""
        if types:
            self._known |= types


def note(db: Database, types: Iterable[str]) -> None:
    """Store what the fingerprints of some types stand for, where that is not stored yet."""
    for type_ in types:
        known = msgspec.json.encode(dict(definitions(type_)))
        db.rows(_NOTE, (fingerprint(type_), type_, known.decode()))


def outdated(db: Database, types: Iterable[str]) -> list[str]:
    """Return those of `types` of which some resource was indexed by other definitions than ours."""
    asked = list(types)
    if not asked:
        return []
    parameters = [value for type_ in asked for value in (type_, type_)]
    (found,) = db.rows(f"select {', '.join([_ENDS] * len(asked))}", parameters)
    present = (set(found[2 * number : 2 * number + 2]) - {None} for number in range(len(asked)))
    return [type_ for type_, prints in zip(asked, present, strict=True) if not prints <= {fingerprint(type_)}]


def incomplete(db: Database, resource_type: str) -> frozenset[str]:
    """Return the names whose rows not every resource of a type has as our definitions would make them."""
    ours, found = definitions(resource_type), set[str]()
    for print_, known in db.rows(_PRESENT, (resource_type, resource_type)):
        if print_ != fingerprint(resource_type):
            theirs = _DECODER.decode(known) if known else {}
            found.update(name for name, mark in ours.items() if theirs.get(name) != mark)
    return frozenset(found)
