"""From the log of what happened to the queues of who asked for it.

Every commit adds its events to the log and nothing more: who wants to know is found out here, so that writing costs the
same however many there are. Of several nodes that try, one has the events; the others see that they are gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.store import log

if TYPE_CHECKING:
    from gateway.services import Services

_AT_A_TIME = 500


def announce(to: Services) -> int:
    """Take the oldest events from the log, and return how many: 0 when there is none, or another node was first."""
    with to.store.reading(snapshot=False) as db:
        events = log.oldest(db, _AT_A_TIME)
    if not events:
        return 0
    with to.store.changing() as db:
        return log.take(db, events)
