"""What nobody writes by the door in: the audit, and where FHIR shows partners, which the registry of them keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gateway.access.organisations import PREFIX, TYPES
from gateway.errors import Forbidden

if TYPE_CHECKING:
    from gateway.transact.entries import Entry

REGISTRY_ONLY = "an id that begins with partner- is of the registry of partners, which the operator alone changes"

AUDIT = "AuditEvent"
NEVER_WRITTEN = "the audit is written by the gateway alone, of what is done: nobody adds to it, changes or deletes it"


def check(entries: Sequence[Entry]) -> None:
    """Raise Forbidden, with every such entry, for what is not written here."""
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
