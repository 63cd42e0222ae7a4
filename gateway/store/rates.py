"""How far partners have used up their rates, counted in the database by all nodes: PostgreSQL alone.

Kept is one moment a partner, until which what was given out has used its rate up (GCRA), by the clock of the database.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from gateway.store.interface import Database

_MINUTE = 60_000_000
_PATIENCE = "set local statement_timeout = 250"  # ms: who counts holds up a request
_NOW = "(extract(epoch from statement_timestamp()) * 1000000)::bigint"
_ROOM = f"greatest(0, ({_NOW} + {_MINUTE} - greatest(r.until, {_NOW})) / ?)"
_TAKE = f"""
insert into rate_used as r (name, until, granted) values (?, {_NOW} + ?::bigint * ?, ?)
on conflict (name) do update set
    until = greatest(r.until, {_NOW}) + ? * least(?, {_ROOM}),
    granted = least(?, {_ROOM})
returning granted, until - {_NOW}
"""  # noqa: S608 - made of constants alone


class Share(NamedTuple):
    """How many requests were given out; for none, after how many seconds there is room for one."""

    granted: int
    wait: float


def take(db: Database, name: str, rate: int, most: int) -> Share:
    """Give out up to `most` requests of who may send `rate` of them in a minute."""
    each = _MINUTE // rate
    db.rows(_PATIENCE)
    ((granted, ahead),) = db.rows(_TAKE, (name, each, most, most, each, most, each, most, each))
    return Share(granted, max(0, ahead + each - _MINUTE) / 1_000_000)
