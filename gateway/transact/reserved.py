"""What nobody writes by the door in: the audit, where FHIR shows partners, and figures that were frozen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.organisations import PREFIX, TYPES
from gateway.errors import Conflict, Forbidden
from gateway.transact.operations import Put

if TYPE_CHECKING:
    from gateway.transact.entries import Entry

REGISTRY_ONLY = "an id that begins with partner- is of the registry of partners, which the operator alone changes"

SNAPSHOT = "kpi-"
"""What the id of a MeasureReport begins with that is a snapshot of a figure: made once, by who must find none there."""
FROZEN = "an id that begins with kpi- is of a figure that was frozen: it is made once, and nobody changes or deletes it"

AUDIT = "AuditEvent"
NEVER_WRITTEN = "the audit is written by the gateway alone, of what is done: nobody adds to it, changes or deletes it"


def check(entries: Sequence[Entry]) -> None:
    """Raise Forbidden, with every such entry, for what is not written here, and Conflict for what was frozen."""
    audit = [entry.request("forbidden", NEVER_WRITTEN) for entry in entries if entry.type == AUDIT]
    ours = [
        entry
        for entry in entries
        if entry.type in TYPES
        and not entry.satisfied
        and entry.identity is not None
        and entry.identity.id.startswith(PREFIX)
    ]
    if ours or audit:
        raise Forbidden([*audit, *(entry.request("forbidden", REGISTRY_ONLY) for entry in ours)])
    if frozen := [entry for entry in entries if entry.type == "MeasureReport" and _is_frozen(entry)]:
        raise Conflict([entry.request("kpi-frozen", FROZEN) for entry in frozen])


def _is_frozen(entry: Entry) -> bool:
    if entry.identity is None or not entry.identity.id.startswith(SNAPSHOT):
        return False
    return not (isinstance(entry.op, Put) and entry.op.if_match == "")
