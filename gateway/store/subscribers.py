"""Subscribers in the commit of their Subscription: each has a queue, and where and how to tell it stands with that.

What is told stays numbered as it was when a Subscription changes, goes off and comes back; so nothing is skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gateway.store.records import Subscriber
from gateway.store.sealed import QUEUE, sealed_text

if TYPE_CHECKING:
    from gateway.store.interface import Database

KIND, FEED = "subscription", "feed"
MOST_IN_ERROR = 100_000
"""Events that are kept for one who is in error: more of them would fill the disk for who may never come back."""

# A secret that is masked in what came is kept where it was, as long as that is the same origin.
_PUT = """
insert into queue (name, kind, origin, status, about, due, secret, sealed_with)
values (?, 'subscription', ?, ?, ?, ?, ?, ?)
on conflict (name) do update set
    secret = case when not ? then excluded.secret
        when queue.origin = excluded.origin then queue.secret end,
    sealed_with = case when not ? then excluded.sealed_with
        when queue.origin = excluded.origin then queue.sealed_with end,
    origin = excluded.origin, status = excluded.status, about = excluded.about, due = excluded.due,
    attempts = 0, failing_since = null, reason = null, holder = null"""
_FEED = """
insert into queue (name, kind, origin, status, about) values (?, 'feed', ?, 'active', ?)
on conflict (name) do update set origin = excluded.origin, about = excluded.about,
    status = case when queue.status = 'off' then 'active' else queue.status end"""
_SETTLE = """
update queue set status = ?, due = case when ? = 'active' and last > told then ? else ? end, reason = ?,
    attempts = 0, failing_since = null, leased_until = 0, holder = null,
    secret = case when ? = 'off' then null else secret end
where name = ?"""
_EVENTS = """
insert into delivery (queue, number, at, about, key, version, event, trace) values (?, ?, ?, ?, ?, ?, ?, ?)"""
_NUMBERS = """
update queue set last = last + ?,
    due = case when status <> 'active' then due when attempts = 0 then ? else coalesce(due, ?) end
where name = ? and status <> 'off' returning last, status, told"""
_DROP = "delete from delivery where queue = ? and number > ? and number <= ? and dead_at is null"


def put(db: Database, subscribers: Iterable[Subscriber]) -> None:
    """Add or change the queue of each subscriber, inside the transaction of `db`."""
    for one in sorted(subscribers, key=lambda one: one.name):  # everyone locks in the same order
        if one.is_ours:
            db.rows(_SETTLE, (one.status, one.status, one.at, one.due, one.reason, one.status, one.name))
        else:
            masked = bool(one.is_masked)
            about = sealed_text(db, one.about, QUEUE, one.name)
            values = (one.name, one.origin, one.status, about, one.due, one.secret, one.sealed_with, masked, masked)
            db.rows(_PUT, values)


def feed(db: Database, name: str, origin: str, about: str) -> None:
    """Have a queue for an onward feed, or let the one that is there go by what is said now."""
    db.rows(_FEED, (name, origin, sealed_text(db, about, QUEUE, name)))


def end_feeds(db: Database, but: Sequence[str]) -> None:
    """Tell nothing more to feeds that are there no longer."""
    holes = f" and name not in ({', '.join('?' * len(but))})" if but else ""
    db.rows(f"update queue set status = 'off', due = null where kind = 'feed'{holes}", but)  # noqa: S608 - holes


def reseal(db: Database, name: str, sealed_with: str | None, secret: bytes, before: bytes) -> None:
    """Keep the headers of a subscriber as they are now sealed, if they are still those that were sealed before."""
    db.rows(
        "update queue set sealed_with = ?, secret = ? where name = ? and secret = ?",
        (sealed_with, secret, name, before),
    )


def tell(db: Database, name: str, events: Sequence[tuple[int, str, int, int, str, str | None]], now: int) -> None:
    """Add events (at, identity, key, version, what happened, trace) to a queue, numbered on; nothing where it ended.

    Where it is in error only so many are kept, the newest.
    """
    found = db.rows(_NUMBERS, (len(events), now, now, name)) if events else []
    for last, status, told in found:
        first = int(last) - len(events) + 1
        for number, event in enumerate(events, first):
            db.rows(_EVENTS, (name, number, *event))
        if status == "error":
            db.rows(_DROP, (name, told, int(last) - MOST_IN_ERROR))
