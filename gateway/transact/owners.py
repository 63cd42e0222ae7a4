"""Whose what is made becomes: the partner's on whose behalf it is done, or whose message it was.

https://msb-gateway.example/fhir/CodeSystem/owner
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services
    from gateway.transact.operations import Received


def owner(caller: Caller, received: Received | None, to: Services) -> str | None:
    """Return the code of the owner; None where no partner does it. Raises Unavailable.

    What the operator takes in as a provider, out of a folder or once more, is of the partner that sends as it: where
    two do, nobody can tell whose it is.
    """
    if caller.partner is not None:
        return caller.organisation
    if caller.development or received is None:
        return None
    senders = to.registry.partners().by_provider(received.provider)
    return senders[0].code if len(senders) == 1 else None
