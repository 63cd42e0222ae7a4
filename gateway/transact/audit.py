"""The audit row of a transaction: who, when, on whose behalf, and what became of which resource.

It names resources and the patients they are about, and never holds their content. https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gateway.access.policy import Caller
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode
from gateway.store import Current, Identity, Message, audited
from gateway.store.records import PartnerVersion
from gateway.transact.operations import Outcome, Received

if TYPE_CHECKING:
    from gateway.services import Services


def repeat_row(caller: Caller, to: Services, received: Received, row: int) -> bytes:
    """Return the encoded row of a message that came again and was answered from the first: row `row` of the inbox."""
    return _of_message("repeat", caller, to, received, [row])


def misnamed_row(caller: Caller, to: Services, received: Received) -> bytes:
    """Return the encoded row of what was refused, for something else is known under its name."""
    return _of_message("refuse", caller, to, received, [])


def answer_row(caller: Caller, to: Services, received: Received) -> bytes:
    """Return the encoded row of an answer that is sent again, elsewhere."""
    return _of_message("answer", caller, to, received, [])


def _of_message(action: str, caller: Caller, to: Services, received: Received, rows: list[int]) -> bytes:
    return encode(
        {
            "action": action,
            "at": format_instant(to.clock()),
            **caller.noted(),
            "node": to.settings.node,
            "provider": received.provider,
            "format": received.format,
            "inbox": rows,
        }
    )


def partners_row(
    caller: Caller, at: str, outcomes: Sequence[Outcome], versions: Sequence[PartnerVersion], *, node: str = ""
) -> bytes:
    """Return the encoded row of a change of partners: which change of which, and what FHIR shows of it."""
    row: dict[str, Any] = {
        "action": "partners",
        "at": at,
        **caller.noted(),
        "node": node,
        "entities": _entities(outcomes),
        "partners": [f"{one.change} {one.id} version {one.version}" for one in versions],
    }
    return encode(row)


def audit_row(
    caller: Caller,
    at: str,
    outcomes: Sequence[Outcome],
    message: Message | None,
    *,
    node: str = "",
    about: Mapping[str, Sequence[str]] | None = None,
) -> bytes:
    """Return the encoded row."""
    row: dict[str, Any] = {
        "action": "refuse" if message and message.state == "refused" else "transact",
        "at": at,
        **caller.noted(),
        "purpose": caller.purpose_for((about or {}).get("patients", ())),
        "node": node,
        **(about or {}),
        "entities": _entities(outcomes),
    }
    if message is not None:
        row |= {"provider": message.provider, "format": message.format}
    return encode(row)


def about(outcomes: Sequence[Outcome], before: Mapping[Identity, Current]) -> dict[str, list[str]]:
    """Return the members that say which patients what was written is about, now or before, and whose it is."""
    bodies = [one.body for one in outcomes if one.body]
    if any(current.body for current in before.values()):
        currents = [before.get(Identity(one.type, one.id)) for one in outcomes]
        bodies += [current.body for current in currents if current is not None]
    return audited.said((one.id for one in outcomes if one.type == "Patient"), b"".join(bodies))


def _entities(outcomes: Sequence[Outcome]) -> list[str]:
    return [f"{o.status} {o.type}/{o.id}/_history/{o.version}" for o in outcomes]
