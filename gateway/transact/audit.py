"""The audit row of a transaction: who, when, on whose behalf, and what became of which resource.

It names resources and never holds their content. https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.access.policy import Caller
from gateway.fhir.json import encode
from gateway.store import Message
from gateway.transact.operations import Outcome


def audit_row(caller: Caller, at: str, outcomes: Sequence[Outcome], message: Message | None) -> bytes:
    """Return the encoded row."""
    row: dict[str, Any] = {
        "action": "refuse" if message and message.state == "refused" else "transact",
        "at": at,
        "organisation": caller.organisation,
        "caller": caller.name,
        "development": caller.development,
        "purpose": caller.purpose,
        "entities": [f"{o.status} {o.type}/{o.id}/_history/{o.version}" for o in outcomes],
    }
    if message is not None:
        row |= {"provider": message.provider, "format": message.format}
    return encode(row)
