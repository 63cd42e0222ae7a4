"""Partners in the store: their newest versions, their history, and what each is known by, which is its alone.

Who writes takes the row of the whole set first, so partners change one after the other, and what is looked up of them
then stays so until the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from gateway.errors import Conflict, Issue
from gateway.store.records import PartnerVersion

if TYPE_CHECKING:
    from gateway.store.interface import Database

_VERSION = "select version from partner_set"
_NEXT = """
insert into partner_set (number, version) values (1, 1)
on conflict (number) do update set version = partner_set.version + 1"""
_COLUMNS = "id, version, changed_at, changed_by, change, content"
_NEWEST = f"""
select {_COLUMNS} from partner p
where version = (select max(version) from partner where id = p.id) order by id"""  # noqa: S608 - our own columns
_AS_OF = f"""
select {_COLUMNS} from partner p
where version = (select max(version) from partner where id = p.id and changed_at <= ?) order by id"""  # noqa: S608 - our own
_HISTORY = f"select {_COLUMNS} from partner where id = ? order by version desc"  # noqa: S608 - as above
_LAST = "select coalesce(max(version), 0) from partner where id = ?"
_STORE = f"insert into partner ({_COLUMNS}) values (?, ?, ?, ?, ?, ?)"  # noqa: S608 - as above
_HOLDER = "select partner from partner_name where kind = ? and name = ? and partner <> ?"
_FORGET = "delete from partner_name where partner = ?"
_NAME = "insert into partner_name (kind, name, partner) values (?, ?, ?)"
_NAMES = "select kind, name, partner from partner_name"
_NUMBERED = "select id, max(version), count(*) from partner group by id order by id"

KnownBy = Callable[[bytes], Collection[tuple[str, str]]]
"""What tells by what a partner, as it is encoded, is known and no other: (kind, name)."""

_OVERTAKEN = "this partner was changed by somebody else meanwhile; look at it again (`gateway partners show`)"
_THERE = "there is a partner of this id; --replace puts this in its place"


def version(db: Database) -> int:
    """Return the version of the whole set, 0 as long as there never was a partner."""
    found = db.rows(_VERSION)
    return int(found[0][0]) if found else 0


def newest(db: Database) -> list[PartnerVersion]:
    """Return the newest version of each partner."""
    return [PartnerVersion(*row) for row in db.rows(_NEWEST)]


def as_of(db: Database, at: int) -> list[PartnerVersion]:
    """Return each partner as it was at a moment, in microseconds; none that was not there yet."""
    return [PartnerVersion(*row) for row in db.rows(_AS_OF, (at,))]


def history(db: Database, id_: str) -> list[PartnerVersion]:
    """Return every version of a partner, the newest first; none of one that never was."""
    return [PartnerVersion(*row) for row in db.rows(_HISTORY, (id_,))]


def put(db: Database, changes: Sequence[PartnerVersion]) -> None:
    """Add versions of partners inside the transaction of `db`.

    Raises Conflict, with every reason, when one of them was changed meanwhile or is known by what is another's.
    """
    db.rows(_NEXT)  # and whoever comes next waits
    problems = [*_overtaken(db, changes), *_taken(db, changes)]
    if problems:
        raise Conflict(problems)
    for one in changes:
        db.rows(_FORGET, (one.id,))
    for one in changes:
        db.rows(_STORE, one[:6])
        for kind, name in one.names:
            db.rows(_NAME, (kind, name, one.id))


def differences(db: Database, known_by: KnownBy) -> Iterator[tuple[str, str]]:
    """Yield what does not agree about partners, with the id of each: versions, and what they are known by."""
    kept: dict[str, set[tuple[str, str]]] = {}
    for kind, name, partner in db.rows(_NAMES):
        kept.setdefault(partner, set()).add((kind, name))
    for id_, last, number in db.rows(_NUMBERED):
        if last != number:
            yield id_, "a version of it is missing"
    for one in newest(db):
        if kept.pop(one.id, set()) != set(known_by(one.content)):
            yield one.id, "it is not kept under what its newest version is known by"
    yield from ((id_, "something is kept as known by it, and it never was") for id_ in sorted(kept))


def _overtaken(db: Database, changes: Iterable[PartnerVersion]) -> Iterator[Issue]:
    for one in changes:
        ((last,),) = db.rows(_LAST, (one.id,))
        if last != one.version - 1:
            yield Issue("conflict", _THERE if one.version == 1 else _OVERTAKEN, expression=one.id)


def _taken(db: Database, changes: Iterable[PartnerVersion]) -> Iterator[Issue]:
    """Yield what is another partner's; that two of `changes` have it is for who made them to see."""
    for one in changes:
        for kind, name in one.names:
            for (holder,) in db.rows(_HOLDER, (kind, name, one.id)):
                yield Issue("conflict", f"its {kind} is that of the partner {holder}", expression=one.id)
