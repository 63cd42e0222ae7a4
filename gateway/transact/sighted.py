"""What a caller may not see it does not change either, nor learns of by pointing at it: the writer looks, for itself.

https://hl7.org/fhir/R4/security.html#access-denied
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gateway.errors import Forbidden

if TYPE_CHECKING:
    from gateway.store import Current, Identity, Sight
    from gateway.store.search import Scope
    from gateway.transact.entries import Entry

NOT_SEEN = "this caller may not see what is there under this id, and does not change it"


def check(entries: Iterable[Entry], currents: Mapping[Identity, Current], sight: Sight, scope: Scope) -> None:
    """Raise Forbidden, with every such entry, for what would change something that the caller may not see."""
    there = {identity for identity, current in currents.items() if current.version and not current.deleted}
    seen = sight.seen(there, scope)
    if refused := [entry for entry in entries if entry.identity in there - seen and not entry.satisfied]:
        raise Forbidden([entry.request("forbidden", NOT_SEEN) for entry in refused])
