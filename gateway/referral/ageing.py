"""Notes of places that are free by a word that is stale that nobody knows: a version of its own, the word is kept.

No reader depends on that: what leaves is told as it is at that moment (`gateway.query.stale`), and no search finds what
is stale as free. But who asks for changes is told of one, and the history tells when. It is done by whoever calls
`note_due`, some at a time, so that a region of which every feed stops at once keeps no writer waiting.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import Conflict, GatewayError, InvalidResource, ResourceGone, ResourceNotFound, Unavailable
from gateway.store.due_offers import due_offers
from gateway.store.records import microseconds
from gateway.transact import Patch, transact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gateway.fhir.types import Resource
    from gateway.services import Services

_log = logging.getLogger("gateway.referral")

_SLOT = "Slot"
AT_A_TIME = 50
"""Places of one commit: others write between two of them."""
_NOTES = Caller("msb-gateway", "ages", types=frozenset({_SLOT}))


def note_due(to: Services) -> int:
    """Note what is due, at most AT_A_TIME places, and return how many were found. Raises Unavailable, of the store.

    Of several that note it at the same time one does, and the others change nothing.
    """
    with to.store.reading(snapshot=False) as db:
        due = due_offers(db, microseconds(to.clock()), AT_A_TIME)
    if due:
        _note(due, to)
    return len(due)


def note(id_: str, to: Services) -> bool:
    """Note it of one place that is told as stale, and return whether that is stored now."""
    try:
        _note([id_], to)
    except (Conflict, Unavailable):
        _log.info("not-noted: a place that is stale is told as that, and is noted when its turn comes")
        return False
    return True


def _note(ids: Sequence[str], to: Services) -> None:
    """Note it of these together; where that fails, of each by itself: one does not keep the others waiting."""
    try:
        transact([Patch(_SLOT, id_, _as_it_is, ages=True) for id_ in ids], _NOTES, to)
    except (InvalidResource, ResourceGone, ResourceNotFound) as error:
        if len(ids) == 1:
            _tell(ids[0], error)
            return
        for id_ in ids:
            _note([id_], to)


def _tell(id_: str, error: GatewayError) -> None:
    if isinstance(error, InvalidResource):
        _log.error("not-noted: %s/%s: %s", _SLOT, id_, error)


def _as_it_is(slot: Resource) -> Resource:
    """Return a Slot unchanged: what follows from its age is laid when it is written."""
    return slot
