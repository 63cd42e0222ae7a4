"""Parcels in the commit of what they are about: each takes the next number of the queue of its endpoint."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.store.records import Parcel
from gateway.store.sealed import DELIVERY

if TYPE_CHECKING:
    from gateway.store.interface import Database

KIND = "endpoint"

_OPEN = """
insert into queue (name, kind, origin, status) values (?, 'endpoint', ?, 'active') on conflict (name) do nothing"""
_HOLD = "update queue set kind = kind where name = ?"  # others that add to it wait until this commit
_BEFORE = """
select d.number, d.number > q.told and d.dead_at is null from delivery d join queue q on q.name = d.queue
where d.queue = ? and d.once = ?"""
_AGAIN = "delete from delivery where queue = ? and number = ?"
_NUMBER = """
update queue set last = last + 1, due = case when attempts = 0 then ? else coalesce(due, ?) end where name = ?
returning last"""
_ADD = """
insert into delivery (queue, number, at, endpoint, content_type, body, once, trace) values (?, ?, ?, ?, ?, ?, ?, ?)"""


def put(db: Database, parcels: Iterable[Parcel], trace: str | None = None) -> None:
    """Add each parcel to its queue, inside the transaction of `db`; one that waits there already is passed over.

    One that was sent, or given up, is sent again: whoever asks for it again did not get it.

    `trace` is that of the request that has them sent.
    """
    for parcel in sorted(parcels, key=lambda parcel: parcel.endpoint):  # everyone locks in the same order
        name = parcel.endpoint
        db.rows(_OPEN, (name, origin(name)))
        db.rows(_HOLD, (name,))
        if parcel.once is not None and _waits(db, name, parcel.once):
            continue
        ((number,),) = db.rows(_NUMBER, (parcel.at, parcel.at, name))
        body = db.seals.seal(parcel.body, DELIVERY, name, number)
        db.rows(_ADD, (name, number, parcel.at, name, parcel.content_type, body, parcel.once, trace))


def _waits(db: Database, name: str, once: str) -> bool:
    """Return whether it still waits in its queue; what was sent, or given up, makes room for a repetition."""
    for number, is_waiting in db.rows(_BEFORE, (name, once)):
        if is_waiting:
            return True
        db.rows(_AGAIN, (name, number))
    return False


def origin(url: str) -> str:
    """Return scheme, host and port of a URL as it is written: what is sent there at once is limited.

    >>> origin("https://ehr.example:8443/fhir/$process-message")
    'https://ehr.example:8443'
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()
