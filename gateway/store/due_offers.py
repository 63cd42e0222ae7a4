"""Which Slots are free by a word that is stale: found by the index, so the cost is that of those that are due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.store.index.model import OFFERED

if TYPE_CHECKING:
    from gateway.store.interface import Database

_DUE = """
select c.id from index_date x join current c on c.key = x.key
where x.type = 'Slot' and x.param = ? and x.low <= ? order by x.low limit ?"""


def due_offers(db: Database, now: int, limit: int) -> list[str]:
    """Return the ids of Slots of which the word is stale at `now`, in microseconds, the first to become so first."""
    return [id_ for (id_,) in db.rows(_DUE, (OFFERED, now, limit))]
