"""By which definitions the index rows in a store were made, and whether a search can rely on them.

Each resource has the fingerprint of the definitions of its type beside it, so one look into an index tells whether some
were indexed by others. The key by which numbers are hidden in the rows is part of it: what another key hid is found all
the same, and is made anew like what was made by other definitions. https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from gateway.store.index.definitions import definitions, fingerprint
from gateway.store.sealed import NO_SEALS, Seals, generation
from gateway.store.sealed import note as note_keys

if TYPE_CHECKING:
    from gateway.store.records import Version
    from gateway.store.sealed import Database

_NOTE = "insert into index_definition values (?, ?, ?) on conflict do nothing"
ENDS = (
    "(select min(indexed_as) from current where type = ?)",
    "(select max(indexed_as) from current where type = ?)",
)
"""The lowest and the highest fingerprint of a type: one of them is another one where any is."""
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
Made = tuple[str, int]
"""A type of resource, and the generation of the key by which numbers are hidden in its rows."""
_DECODER = msgspec.json.Decoder(dict[str, str])


class News(NamedTuple):
    """What one commit noted."""

    types: set[Made]
    keys: Mapping[str, str]


class Noting:
    """Stores by which definitions and keys one process writes, before anybody can meet what it wrote."""

    def __init__(self) -> None:
        self._known: frozenset[Made] = frozenset()
        self._keys: Mapping[str, str] = NO_SEALS.names

    def note(self, db: Database, versions: Iterable[Version]) -> News:
        """Store the definitions of the types that are written for the first time, and the keys; return them."""
        news = {(version.identity.type, version.generation) for version in versions} - self._known
        if news:
            note(db, sorted(news))
        keys = db.seals.names
        if keys is not self._keys:
            note_keys(db)
        return News(news, keys)

    def committed(self, news: News) -> None:
        """Remember that the definitions of some types, and some keys, are noted."""
        if news.types:
            self._known |= news.types
        self._keys = news.keys


def print_of(resource_type: str, made_by: int) -> int:
    """Return what stands beside a resource whose index rows were made now, its numbers hidden by a key."""
    return fingerprint(resource_type) ^ made_by


def present_print(resource_type: str, seals: Seals) -> int:
    """Return what stands beside a resource whose index rows are as they are made now."""
    return print_of(resource_type, generation(seals))


def note(db: Database, types: Iterable[Made]) -> None:
    """Store what the fingerprints of some types stand for, where that is not stored yet."""
    for type_, made_by in types:
        known = msgspec.json.encode(dict(definitions(type_)))
        db.rows(_NOTE, (print_of(type_, made_by), type_, known.decode()))


def outdated(db: Database, types: Collection[str]) -> list[str]:
    """Return those of `types` of which some resource was indexed by other definitions than ours."""
    if not types:
        return []
    (found,) = db.rows(_ends(len(types)), [value for type_ in types for value in (type_, type_)])
    ends = zip(types, found[::2], found[1::2], strict=True)
    return [type_ for type_, low, high in ends if not is_present(db, type_, low, high)]


def is_present(db: Database, resource_type: str, low: int | None, high: int | None) -> bool:
    """Return whether all resources of a type, between whose fingerprints there is no other, were indexed as now."""
    return low == high and (low is None or low == present_print(resource_type, db.seals))


@cache
def _ends(number: int) -> str:
    """Return the statement of the lowest and the highest fingerprint of so many types."""
    return f"select {', '.join(ENDS * number)}"


def incomplete(db: Database, resource_type: str) -> frozenset[str]:
    """Return the names whose rows not every resource of a type has as our definitions would make them."""
    ours, found = definitions(resource_type), set[str]()
    for print_, known in db.rows(_PRESENT, (resource_type, resource_type)):
        if print_ != present_print(resource_type, db.seals):
            theirs = _DECODER.decode(known) if known else {}
            found.update(name for name, mark in ours.items() if theirs.get(name) != mark)
    return frozenset(found)
