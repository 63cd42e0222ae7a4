"""The status of a Subscription, which is the gateway's: active when its endpoint answered, error when it does not.

It is a version like any other, in the same commit as what the queue goes by. A client that changed the Subscription in
the meantime is right: what was found out was of something else. https://hl7.org/fhir/R4/subscription.html
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Literal

from gateway.deliver.callers import gateway
from gateway.errors import Conflict, GatewayError, VersionConflict
from gateway.fhir.json import decode
from gateway.store import Identity
from gateway.transact import Put, transact
from gateway.transact.subscriptions import TYPE

if TYPE_CHECKING:
    from gateway.services import Services

_log = logging.getLogger("gateway.deliver")


def settle(
    name: str,
    status: Literal["requested", "active", "error", "off"],
    to: Services,
    *,
    due: int = 0,
    reason: str | None = None,
) -> bool:
    """Give the Subscription of the queue `name` a status; `due`: when there is something to do next, 0 for never.

    Return False when there is no such Subscription any more.
    """
    stored = to.store.read(Identity(TYPE, name.partition("/")[2]))
    if stored is None or stored.deleted:
        return False
    resource = decode(stored.body) | {"status": status}
    resource.pop("error", None)
    if reason is not None:
        resource["error"] = reason
    try:
        transact([Put(resource, if_match=stored.version_id, due=due)], gateway(), to)
    except (VersionConflict, Conflict):
        _log.info("subscription-changed: %s, while it was told; what its client asked holds", name)
    except GatewayError as error:
        _log.error("subscription-not-settled: %s: %s", name, error)
        raise
    else:
        _log.info("subscription-%s: %s", status, name)
    return True
