"""The audit row of a transaction: who, when, on whose behalf, and what became of which resource.

It names resources and never holds their content. https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.access.policy import Caller
from gateway.fhir.json import encode
from gateway.store import Message
from gateway.store.records import PartnerVersion
from gateway.transact.operations import Outcome, Received


def repeat_row(caller: Caller, at: str, received: Received, row: int) -> bytes:
    """Return the encoded row of a message that came again and was answered from the first: row `row` of the inbox."""
    return _of_message("repeat", caller, at, received, [row])


def misnamed_row(caller: Caller, at: str, received: Received) -> bytes:
    """Return the encoded row of what was refused, for something else is known under its name."""
    return _of_message("refuse", caller, at, received, [])


def answer_row(caller: Caller, at: str, received: Received) -> bytes:
    """Return the encoded row of an answer that is sent again, elsewhere."""
    return _of_message("answer", caller, at, received, [])


def _of_message(action: str, caller: Caller, at: str, received: Received, rows: list[int]) -> bytes:
    return encode(
        {
            "action": action,
            "at": at,
            **caller.noted(),
            "provider": received.provider,
            "format": received.format,
            "inbox": rows,
        }
    )


def partners_row(caller: Caller, at: str, outcomes: Sequence[Outcome], versions: Sequence[PartnerVersion]) -> bytes:
    """Return the encoded row of a change of partners: which change of which, and what FHIR shows of it."""
    row: dict[str, Any] = {
        "action": "partners",
        "at": at,
        **caller.noted(),
        "entities": _entities(outcomes),
        "partners": [f"{one.change} {one.id} version {one.version}" for one in versions],
    }
    return encode(row)


def audit_row(caller: Caller, at: str, outcomes: Sequence[Outcome], message: Message | None) -> bytes:
    """Return the encoded row."""
    row: dict[str, Any] = {
        "action": "refuse" if message and message.state == "refused" else "transact",
        "at": at,
        **caller.noted(),
        "entities": _entities(outcomes),
    }
    if message is not None:
        row |= {"provider": message.provider, "format": message.format}
    return encode(row)


def _entities(outcomes: Sequence[Outcome]) -> list[str]:
    return [f"{o.status} {o.type}/{o.id}/_history/{o.version}" for o in outcomes]
