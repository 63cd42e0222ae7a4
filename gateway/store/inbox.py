"""The inbox as its operator sees it: which messages came, what became of them, and the content of one.

A refused message that was sent again and taken is `replaced` by the row of that message: as a replay noted it, or as
the digests of the two show. The rows that tell of single rows of a table are replaced by a replay alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gateway.fhir.json import decode
from gateway.store.records import Answered, microseconds, moment

if TYPE_CHECKING:
    from gateway.store.interface import Database, Store

API = "fhir-api"
"""The format of what clients of the FHIR API sent; its provider is the organisation of the client."""
MESSAGE = "fhir-message"
"""The format of FHIR messages; their provider is the organisation that sent them."""

Fate = Literal["accepted", "refused", "replaced", "requeued"]

_TAKEN_AS = """coalesce(replaced_by, case
    when state = 'refused' and (format <> 'csv' or length(content) > 0 or purged_at is not null) then (
        select min(later.id) from inbox later
        where later.provider = i.provider and later.control_id = i.control_id and later.format = i.format
            and later.digest = i.digest and later.state = 'accepted'
            and (later.received_at > i.received_at or later.id > i.id and i.format <> 'csv')) end)"""
_COLUMNS = f"""id, provider, format, state, mapping, received_at, event_time, attempts, tried_at, requeued, was_refused,
    {_TAKEN_AS}, sealed_with, purged_at, issues, of_array"""
_FATES = {
    "accepted": "state = 'accepted' and requeued = 0",
    "refused": f"state = 'refused' and requeued = 0 and {_TAKEN_AS} is null",
    "replaced": f"state = 'refused' and requeued = 0 and {_TAKEN_AS} is not null",
    "requeued": "requeued = 1",
}
_FAILED = f"select id from inbox i where state = 'refused' and replaced_by is null and {_TAKEN_AS} is null"  # noqa: S608
_REQUEUED = "select id from inbox where requeued = 1"
_CONTENT = "select content from inbox where id = ?"
_HOLDER = """
select h.id from inbox i join inbox h
    on h.provider = i.provider and h.control_id = i.control_id and h.received_at = i.received_at
where i.id = ? and length(h.content) > 0 order by h.id limit 1"""
_PARTS = """
select h.id from inbox i join inbox h
    on h.provider = i.provider and h.control_id = i.control_id and h.received_at = i.received_at
where i.id = ? and h.id <> i.id and h.state = 'refused' and h.replaced_by is null and length(h.content) = 0"""
_MADE = """
select c.type, c.id, l.version from inbox_resource l join current c on c.key = l.key
where l.inbox = ? order by c.type, c.id, l.version"""
_CONTENTS = """
select id, provider, received_at, sealed_with, content from inbox
where id > ? and length(content) > 0 order by id limit ?"""
_UNSEALED = "length(content) > 0 and (sealed_with is null or sealed_with <> ?)"
_PURGEABLE = """
select id, received_at < ? and length(content) > 0 from inbox where id > ? order by id limit ?"""
_HEARD = "select max(received_at) from inbox where provider = ?"
_ONCE = "select id from inbox where once = ?"
_ANSWERED = "select digest, answer, id from inbox where once = ?"


@dataclass(frozen=True, slots=True)
class Entered:
    """A row of the inbox without its content. `issues` are as they were told, without values.

    `accepted` holds whatever the operator wants of it since, which is `state`; `was_refused`: it is taken now, and was
    refused before.
    """

    id: int
    provider: str
    format: str
    state: Fate
    mapping: str | None
    received_at: datetime
    event_time: datetime | None
    attempts: int
    tried_at: datetime | None
    replaced_by: int | None
    sealed_with: str | None
    purged_at: datetime | None
    issues: Sequence[dict[str, Any]]
    accepted: bool
    was_refused: bool
    of_array: bool

    @property
    def codes(self) -> list[str]:
        """Return the code of each finding, once."""
        return sorted({str(issue["code"]) for issue in self.issues})


def last_heard(store: Store, providers: Sequence[str]) -> dict[str, datetime]:
    """Return when the last message of each provider came in, taken or not; one that never sent is not in it."""
    with store.reading(snapshot=False) as database:
        found = {provider: database.rows(_HEARD, [provider])[0][0] for provider in providers}
    return {provider: moment(at) for provider, at in found.items() if at is not None}


def entered(
    store: Store,
    *,
    provider: str | None = None,
    state: Fate | None = None,
    since: datetime | None = None,
    control_id: str | None = None,
    limit: int = 50,
) -> list[Entered]:
    """Return the newest rows, newest first, that are of this provider, state and name, and received since then."""
    terms: list[str] = ["id > 0"]
    parameters: list[str | int] = []
    if provider is not None:
        terms, parameters = [*terms, "provider = ?"], [provider]
    if state is not None:
        terms.append(_FATES[state])
    if since is not None:
        terms, parameters = [*terms, "received_at >= ?"], [*parameters, microseconds(since)]
    if control_id is not None:
        terms, parameters = [*terms, "control_id = ?"], [*parameters, control_id]
    sql = f"select {_COLUMNS} from inbox i where {' and '.join(terms)} order by id desc limit ?"  # noqa: S608 - our words
    with store.reading(snapshot=False) as db:
        return [_entered(row) for row in db.rows(sql, (*parameters, limit))]


def one(store: Store, id_: int) -> Entered | None:
    """Return one row, None when there is none."""
    with store.reading(snapshot=False) as db:
        rows = db.rows(f"select {_COLUMNS} from inbox i where id = ?", (id_,))  # noqa: S608 - our words
    return _entered(rows[0]) if rows else None


def content(store: Store, id_: int) -> bytes:
    """Return the content of a row as it is stored: sealed, if it is; empty, if it is not there any more."""
    with store.reading(snapshot=False) as db:
        ((found,),) = db.rows(_CONTENT, (id_,))
    return bytes(found)


def made(store: Store, id_: int) -> list[tuple[str, str, int]]:
    """Return the versions of resources that a message made or confirmed, as (type, id, version)."""
    with store.reading() as db:
        return [(type_, name, version) for type_, name, version in db.rows(_MADE, (id_,))]


def holder(store: Store, id_: int) -> int:
    """Return the row that holds the content of a message: another one, for some rows of a table."""
    with store.reading(snapshot=False) as db:
        return _first(db, _HOLDER, (id_,)) or id_


def parts(store: Store, id_: int) -> list[int]:
    """Return the rows that tell of refused rows of the table whose content stands in row `id_`."""
    with store.reading(snapshot=False) as db:
        return [int(found) for (found,) in db.rows(_PARTS, (id_,))]


def failed(store: Store, provider: str | None = None) -> list[int]:
    """Return what a replay of everything that failed takes, oldest first: refused or requeued."""
    own, parameters = (" and provider = ?", (provider,)) if provider is not None else ("", ())
    with store.reading() as db:
        found = [*db.rows(_FAILED + own, parameters), *db.rows(_REQUEUED + own, parameters)]
    return sorted({int(id_) for (id_,) in found})


class Kept(NamedTuple):
    """A content as it is stored, and what is needed to open it; `received_at` in microseconds."""

    id: int
    provider: str
    received_at: int
    sealed_with: str | None
    content: bytes


def contents_from(store: Store, after: int, limit: int) -> list[Kept]:
    """Return the contents of some rows, from the one after `after`; those that are not there any more are left out."""
    with store.reading(snapshot=False) as db:
        return [Kept(*row)._replace(content=bytes(row[4])) for row in db.rows(_CONTENTS, (after, limit))]


def unsealed(store: Store, name: str, limit: int) -> list[Entered]:
    """Return some rows whose content is not sealed with the key of this name."""
    sql = f"select {_COLUMNS} from inbox i where {_UNSEALED} order by id limit ?"  # noqa: S608 - our words
    with store.reading(snapshot=False) as db:
        return [_entered(row) for row in db.rows(sql, (name, limit))]


def purgeable(store: Store, before: datetime, after: int, limit: int) -> list[tuple[int, bool]]:
    """Return rows after row `after`, in order, each with whether it has content that came before a moment."""
    with store.reading(snapshot=False) as db:
        rows = db.rows(_PURGEABLE, (microseconds(before), after, limit))
    return [(int(id_), bool(old)) for id_, old in rows]


def taken_as(store: Store, once: str | None) -> int | None:
    """Return the row of the message that was taken under this name, None when none was."""
    if once is None:
        return None
    with store.reading(snapshot=False) as db:
        return _first(db, _ONCE, (once,))


def answered(store: Store, once: str) -> Answered | None:
    """Return what was answered to the message that was taken under this name, None when none was."""
    with store.reading(snapshot=False) as db:
        return next(
            (Answered(bytes(digest), bytes(answer), id_) for digest, answer, id_ in db.rows(_ANSWERED, (once,))), None
        )


def _first(db: Database, sql: str, parameters: Sequence[Any]) -> int | None:
    return next((int(found) for (found,) in db.rows(sql, parameters)), None)


def _entered(row: tuple[Any, ...]) -> Entered:
    (
        id_, provider, format_, state, mapping, received_at, event_time, attempts, tried_at, requeued, was_refused,
        replaced_by, sealed_with, purged_at, issues, of_array,
    ) = row  # fmt: skip
    fate: Fate = "requeued" if requeued else "replaced" if replaced_by and state == "refused" else state
    return Entered(
        id_, provider, format_, fate, mapping, moment(received_at), _moment(event_time), attempts, _moment(tried_at),
        replaced_by, sealed_with, _moment(purged_at), decode(issues), state == "accepted",
        state == "accepted" and bool(was_refused), bool(of_array),
    )  # fmt: skip


def _moment(at: int | None) -> datetime | None:
    return None if at is None else moment(at)
