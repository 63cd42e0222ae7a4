"""How subscriptions are: of those that the caller may see, each a queue of what is to be told.

https://hl7.org/fhir/uv/subscriptions-backport/STU1.1/OperationDefinition-backport-subscription-status.html
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, may_read
from gateway.errors import Forbidden, ResourceNotFound
from gateway.query.audit import note
from gateway.query.present import seen_of
from gateway.store import Identity, queues, subscribers
from gateway.store.queues import Queue

if TYPE_CHECKING:
    from gateway.services import Services

TYPE = "Subscription"


def one(id_: str, caller: Caller, to: Services) -> Queue:
    """Return the queue of a subscription. Raises Forbidden, ResourceNotFound, Unavailable."""
    found = _seen({id_}, caller, to)
    if not found:
        raise ResourceNotFound(f"there is no such {TYPE}")
    return found[0]


def several(ids: Collection[str], caller: Caller, to: Services) -> list[Queue]:
    """Return the queues of some subscriptions, or of all; those the caller may not see are not there.

    Raises Forbidden, Unavailable.
    """
    return _seen(ids, caller, to)


def _seen(ids: Collection[str], caller: Caller, to: Services) -> list[Queue]:
    if not may_read(caller, TYPE):
        raise Forbidden(f"this caller may not read {TYPE}")
    names = {f"{TYPE}/{id_}" for id_ in ids}
    with to.store.reading(snapshot=False) as db:
        known = [queue for queue in queues.queues(db, subscribers.KIND) if not names or queue.name in names]
    seen = seen_of(TYPE, [_identity(queue) for queue in known], caller, to)
    found = [queue for queue in known if _identity(queue) in seen]
    note(to, caller, "read", [queue.name for queue in found])
    return found


def _identity(queue: Queue) -> Identity:
    return Identity(TYPE, queue.name.partition("/")[2])
