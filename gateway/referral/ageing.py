"""Notes of places that are free by a word that is stale that nobody knows: a version of its own, the word is kept.

No reader depends on that: what leaves is told as it is at that moment (`gateway.query.stale`), and no search finds what
is stale as free. But who asks for changes is told of one, and the history tells when. It is done by whoever calls
`note_due`, some at a time, so that a region of which every feed stops at once keeps no writer waiting.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from gateway.access.policy import Caller
from gateway.errors import Conflict, InvalidResource, ResourceGone, ResourceNotFound, Unavailable
from gateway.store import Store
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
_REFUSED: WeakKeyDictionary[Store, set[str]] = WeakKeyDictionary()
"""Places of which it could not be stored: they are not asked for again."""
_NOTES = Caller("msb-gateway", "ages", types=frozenset({_SLOT}))


def note_due(to: Services) -> int:
    """Note what is due, at most AT_A_TIME places, and return how many were noted. Raises Unavailable, of the store.

    Of several that note it at the same time one does, and the others change nothing. What cannot be stored is told once
    and left: it is offered to nobody, and keeps no other waiting.
    """
    refused = _REFUSED.setdefault(to.store, set())
    with to.store.reading(snapshot=False) as db:
        due = due_offers(db, microseconds(to.clock()), AT_A_TIME + len(refused))
    wanted = [id_ for id_ in due if id_ not in refused][:AT_A_TIME]
    return _noted(wanted, to) if wanted else 0


def note(id_: str, to: Services) -> bool:
    """Note it of one place that is told as stale, and return whether that is stored now."""
    try:
        return _noted([id_], to) == 1
    except (Conflict, Unavailable):
        _log.info("not-noted: a place that is stale is told as that, and is noted when its turn comes")
        return False


def _noted(ids: Sequence[str], to: Services) -> int:
    """Note it of these together; where that fails, of each by itself: one does not keep the others waiting."""
    try:
        transact([Patch(_SLOT, id_, _as_it_is, ages=True) for id_ in ids], _NOTES, to)
    except (InvalidResource, ResourceGone, ResourceNotFound) as error:
        if len(ids) > 1:
            return sum(_noted([id_], to) for id_ in ids)
        if isinstance(error, InvalidResource):
            _REFUSED.setdefault(to.store, set()).add(ids[0])
            _log.error("not-noted: %s/%s: %s", _SLOT, ids[0], error)
        return 0
    return len(ids)


def _as_it_is(slot: Resource) -> Resource:
    """Return a Slot unchanged: what follows from its age is laid when it is written."""
    return slot
