"""What waits to be told outward: queues, each with its own order, and what stands in them.

One worker at a time has the lease of a queue; whoever comes late with what it did finds that another has it. What was
told is one number a queue, so what is told in order needs one row to be written.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from gateway.store.sealed import DELIVERY, QUEUE, opened, opened_text

if TYPE_CHECKING:
    from gateway.store.interface import Database

Status = Literal["requested", "active", "error", "off"]

_QUEUE = "select * from queue where name = ?"
_QUEUES = "select * from queue order by name"
_OF_KIND = "select * from queue where kind = ? order by name"
_LEASE = """
update queue set holder = ?, leased_until = ? where name = ? and due <= ? and leased_until <= ? returning *"""
_STILL = "update queue set leased_until = ? where name = ? and holder = ? returning last"
_TOLD = """
update queue set told = ?, attempts = 0, failing_since = null, reason = null,
    due = case when last > ? then ? else ? end, leased_until = ?
where name = ? and holder = ? returning last"""
_FAILED = """
update queue set attempts = attempts + 1, failing_since = coalesce(failing_since, ?), reason = ?, due = ?,
    leased_until = 0, holder = null
where name = ? and holder = ? returning last"""
_STOP = """
update queue set status = 'error', reason = ?, due = null, leased_until = 0, holder = null
where name = ? and holder = ?"""
_REST = "update queue set due = null, leased_until = 0, holder = null where name = ? and holder = ?"
_RELEASE = "update queue set leased_until = 0, holder = null where name = ? and holder = ?"
_AFTER = "select * from delivery where queue = ? and number > ? order by number limit ?"
_DIED = "update delivery set dead_at = ?, reason = ? where queue = ? and number = ?"
_EMPTIED = "update delivery set body = null where queue = ? and number = ? and dead_at is null and body is not null"
_DEAD = "select * from delivery where queue = ? and dead_at is not null order by number"
_HASTEN = """
update queue set attempts = 0, failing_since = null, due = ?,
    status = case when kind = 'feed' and status = 'error' then 'active' else status end
where name = ? and last > told and (status = 'active' or kind = 'feed' and status = 'error')"""
_BACKLOG = """
select q.kind, sum(case when q.status = 'off' then 0 else q.last - q.told end),
    sum(case when q.failing_since is not null or q.status = 'error' then 1 else 0 end),
    min(case when q.status = 'off' then null else d.at end)
from queue q left join delivery d on d.queue = q.name and d.number = q.told + 1 group by q.kind order by q.kind"""
_DEAD_BY_KIND = """
select q.kind, count(*) from delivery d join queue q on q.name = d.queue where d.dead_at is not null group by q.kind"""
_FORGET = """
delete from delivery where (queue, number) in (
    select d.queue, d.number from delivery d join queue q on q.name = d.queue
    where d.at < ? and d.dead_at is null and (d.number <= q.told or q.status = 'off') limit ?
) returning number"""
_DROP = """
delete from delivery where (queue, number) in (
    select d.queue, d.number from delivery d join queue q on q.name = d.queue
    where q.status = 'error' and d.at < ? and d.dead_at is null and d.number > q.told and d.number < q.last limit ?
) returning number"""
_AT_ONCE = 500
_NEXT = "update queue set last = last + 1, due = ?, attempts = 0 where name = ? returning last"


class Queue(NamedTuple):
    """A queue: what it is for, how far it is, and how it goes. Times are microseconds since 1970-01-01 UTC."""

    name: str
    kind: str
    origin: str
    status: Status
    about: str
    last: int
    told: int
    due: int | None
    attempts: int
    failing_since: int | None
    reason: str | None
    leased_until: int
    holder: str | None
    secret: bytes | None = None
    sealed_with: str | None = None


class Delivery(NamedTuple):
    """What stands in a queue: a version of a resource by its key, or bytes for an endpoint."""

    queue: str
    number: int
    at: int
    about: str
    key: int | None
    version: int | None
    event: str | None
    endpoint: str | None
    content_type: str | None
    body: bytes | None
    once: str | None
    dead_at: int | None
    reason: str | None
    trace: str | None = None


def queue(db: Database, name: str) -> Queue | None:
    """Return a queue, None when there is none of that name."""
    return next((_queue(db, row) for row in db.rows(_QUEUE, (name,))), None)


def queues(db: Database, kind: str | None = None) -> list[Queue]:
    """Return every queue, of one kind if it is named."""
    return [_queue(db, row) for row in (db.rows(_QUEUES) if kind is None else db.rows(_OF_KIND, (kind,)))]


def due(db: Database, now: int, busy: Collection[str] = (), limit: int = 20) -> list[tuple[str, str]]:
    """Return name and origin of queues that have something to do and that nobody does, longest due first.

    Those of the origins in `busy` are left out.
    """
    holes = f" and origin not in ({', '.join('?' * len(busy))})" if busy else ""
    sql = f"select name, origin from queue where due <= ? and leased_until <= ?{holes} order by due limit ?"  # noqa: S608 - holes
    return [(name, origin) for name, origin in db.rows(sql, (now, now, *busy, limit))]


def lease(db: Database, name: str, now: int, until: int, holder: str) -> Queue | None:
    """Take the lease of a queue and return it; None when another was first, or there is nothing to do any more."""
    return next((_queue(db, row) for row in db.rows(_LEASE, (holder, until, name, now, now))), None)


def renew(db: Database, name: str, until: int, holder: str) -> bool:
    """Keep the lease of a queue; False when another has it meanwhile."""
    return bool(db.rows(_STILL, (until, name, holder)))


def note_told(db: Database, name: str, holder: str, number: int, now: int, until: int, idle: int | None = None) -> bool:
    """Note that everything up to `number` was told, and keep the lease; `idle`: when it is due if nothing waits.

    Return False when another has the lease.
    """
    return bool(db.rows(_TOLD, (number, number, now, idle, until, name, holder)))


def note_failure(db: Database, name: str, holder: str, now: int, again: int | None, reason: str) -> bool:
    """Note that it went wrong and when to try again, and let go of the lease; False when another has it."""
    return bool(db.rows(_FAILED, (now, reason, again, name, holder)))


def release(db: Database, name: str, holder: str) -> None:
    """Let go of the lease of a queue."""
    db.rows(_RELEASE, (name, holder))


def rest(db: Database, name: str, holder: str) -> None:
    """Let go of the lease of a queue in which there is nothing to do until something changes."""
    db.rows(_REST, (name, holder))


def stop(db: Database, name: str, holder: str, reason: str) -> None:
    """Tell nothing more until somebody says so, for this reason."""
    db.rows(_STOP, (reason, name, holder))


def following(db: Database, name: str, after: int, limit: int) -> list[Delivery]:
    """Return what stands in a queue after a number, in order."""
    return [_delivery(db, row) for row in db.rows(_AFTER, (name, after, limit))]


def bury(db: Database, name: str, number: int, now: int, reason: str) -> None:
    """Note of one delivery that it was given up: it stays until it is looked at."""
    db.rows(_DIED, (now, reason, name, number))


def empty(db: Database, name: str, number: int) -> None:
    """Forget the bytes of what was told."""
    db.rows(_EMPTIED, (name, number))


def dead(db: Database, name: str) -> list[Delivery]:
    """Return what was given up of a queue, in order."""
    return [_delivery(db, row) for row in db.rows(_DEAD, (name,))]


def revive(db: Database, delivery: Delivery, now: int) -> int:
    """Put what was given up at the end of its queue, due now, and return its new number."""
    db.rows("delete from delivery where queue = ? and number = ?", (delivery.queue, delivery.number))
    ((number,),) = db.rows(_NEXT, (now, delivery.queue))
    body = delivery.body and db.seals.seal(delivery.body, DELIVERY, delivery.queue, number)
    again = delivery._replace(number=number, at=now, dead_at=None, reason=None, body=body)
    db.rows(f"insert into delivery values ({', '.join('?' * len(again))})", again)  # noqa: S608 - holes
    return int(number)


class Backlog(NamedTuple):
    """What waits to be told of one kind of queue, how many fail, and since when the oldest waits (None: none does)."""

    waiting: int
    failing: int
    given_up: int
    oldest: int | None


def backlog(db: Database) -> dict[str, Backlog]:
    """Return what waits by kind of queue; a kind of which there is no queue is absent."""
    dead = {kind: int(number) for kind, number in db.rows(_DEAD_BY_KIND)}
    rows = db.rows(_BACKLOG)
    return {kind: Backlog(int(waits), int(fails), dead.get(kind, 0), oldest) for kind, waits, fails, oldest in rows}


def forget(db: Database, before: int) -> int:
    """Delete what was told, or is wanted no more, and is older; return how many. What was given up stays."""
    return len(db.rows(_FORGET, (before, _AT_ONCE)))


def drop(db: Database, before: int) -> int:
    """Delete what waits for who is in error, and is older; return how many.

    The newest stays whatever its age: by its number, who goes on sees how many are gone.
    """
    return len(db.rows(_DROP, (before, _AT_ONCE)))


def dropped(db: Database, queue: Queue) -> int:
    """Return how many of those that come next in a queue are there no more."""
    first = next((one.number for one in following(db, queue.name, queue.told, 1)), queue.last + 1)
    return first - queue.told - 1


def hasten(db: Database, name: str, now: int) -> None:
    """Have a queue looked at now, if something waits in it."""
    db.rows(_HASTEN, (now, name))


def _delivery(db: Database, row: tuple[Any, ...]) -> Delivery:
    found = Delivery(*row)
    return found._replace(body=opened(db, found.body, DELIVERY, found.queue, found.number)) if found.body else found


def _queue(db: Database, row: tuple[Any, ...]) -> Queue:
    found = Queue(*row)
    return found._replace(about=opened_text(db, found.about, QUEUE, found.name))
