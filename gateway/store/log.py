"""The log of what happened: an event for each version, in the commit of that version, until it was looked at."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from gateway.errors import Conflict

if TYPE_CHECKING:
    from gateway.store.interface import Database

_OLDEST = """
select o.seq, o.key, o.version, o.event, o.at, c.type, c.id, o.trace
from (select * from outbox order by seq limit ?) o join current c on c.key = o.key order by o.seq"""
_IDS = 500  # in one statement


class Event(NamedTuple):
    """That a version was made: the number of the event, which resource and version, what happened, when, its trace."""

    seq: int
    key: int
    version: int
    event: Literal["create", "update", "delete"]
    at: int
    type: str
    id: str
    trace: str | None = None


class Overtaken(Conflict):
    """Another node took the events first."""


def oldest(db: Database, limit: int) -> list[Event]:
    """Return the oldest events, in their order: that of two commits of which one saw the other is theirs."""
    return [Event(*row) for row in db.rows(_OLDEST, (limit,))]


def take(db: Database, events: Sequence[Event]) -> int:
    """Take events from the log, and return how many. Raises Overtaken unless all of them are still there."""
    for first in range(0, len(events), _IDS):
        part = [event.seq for event in events[first : first + _IDS]]
        holes = ", ".join("?" * len(part))
        gone = db.rows(f"delete from outbox where seq in ({holes}) returning seq", part)  # noqa: S608 - holes
        if len(gone) != len(part):
            raise Overtaken("another node has taken these events")
    return len(events)
