"""Which Slots are held longer than they may: found by the index, so the cost is that of those that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.store.interface import Database

_DUE = """
select c.id from index_date x join current c on c.key = x.key
where x.type = 'Slot' and x.param = 'hold-until' and x.low <= ? order by x.low limit ?"""


def due_holds(db: Database, now: int, limit: int) -> list[str]:
    """Return the ids of Slots whose hold ends at `now`, in microseconds, or before it, the first to end first."""
    return [id_ for (id_,) in db.rows(_DUE, (now, limit))]
