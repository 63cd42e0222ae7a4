"""Attempts to log in that failed, on whichever node: each makes the next one wait longer.

Moments are seconds. An attempt counts as failed when it begins, and is forgotten when it succeeds; so of many at once
no more are looked at than of one after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.interface import Database

FREE = 3
"""So many attempts in a row need not wait."""
LONGEST = 900
"""So many seconds does one wait at most."""

_DAY = 86_400
_FORGET = "delete from login_failed where until < ?"
_COUNT = f"""
insert into login_failed (name, failures, until) values (?, 1, ?)
on conflict (name) do update set failures = login_failed.failures + 1, until = excluded.until + case
    when login_failed.failures + 1 < {FREE} then 0
    when login_failed.failures + 1 > {FREE + 8} then {LONGEST}
    else 2 << cast(login_failed.failures + 1 - {FREE} as integer) end
where login_failed.until <= excluded.until
returning failures"""  # noqa: S608 - our own numbers
_UNTIL = "select until from login_failed where name = ?"
_FORGIVE = "delete from login_failed where name = ?"


def attempt(db: Database, name: str, now: int) -> int:
    """Count an attempt and return 0, or return in how many seconds the next one is looked at, and count nothing.

    The waits are 2, 4, 8 … seconds. The statement locks the row and looks again, so each counts by itself.
    """
    db.rows(_FORGET, (now - _DAY,))
    if db.rows(_COUNT, (name, now)):
        return 0
    found = db.rows(_UNTIL, (name,))
    return max(1, int(found[0][0]) - now) if found else 1


def forgive(db: Database, name: str) -> None:
    """Forget the attempts that failed."""
    db.rows(_FORGIVE, (name,))
