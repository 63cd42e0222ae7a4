"""What the registry of partners keeps, and nobody else writes: the resources in which FHIR shows a partner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.access.organisations import PREFIX, TYPES
from gateway.errors import Forbidden

if TYPE_CHECKING:
    from gateway.transact.entries import Entry

REGISTRY_ONLY = "an id that begins with partner- is of the registry of partners, which the operator alone changes"


def check(entries: Iterable[Entry]) -> None:
    """Raise Forbidden, with every such entry, for what the registry alone writes."""
    ours = [
        entry
        for entry in entries
        if entry.type in TYPES
        and not entry.satisfied
        and entry.identity is not None
        and entry.identity.id.startswith(PREFIX)
    ]
    if ours:
        raise Forbidden([entry.request("forbidden", REGISTRY_ONLY) for entry in ours])
