"""What a caller may not see it does not change either, nor learns of by pointing at it: the writer looks, for itself.

https://hl7.org/fhir/R4/security.html#access-denied
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from gateway.errors import Forbidden
from gateway.store import Current

if TYPE_CHECKING:
    from gateway.store import Identity, Sight
    from gateway.store.search import Scope
    from gateway.transact.entries import Entry

NOT_SEEN = "this caller may not see what is there under this id, and does not change it"


def hide(entries: Iterable[Entry], currents: dict[Identity, Current], sight: Sight, scopes: Iterable[Scope]) -> None:
    """Let `currents` say of what an entry deletes, and no scope shows the caller, that it is not there.

    Whether it is there or not costs the same statements, and is told by nothing.
    """
    deleted = {entry.identity for entry in entries if entry.resource is None and entry.identity is not None}
    for scope in scopes:
        deleted -= sight.seen(deleted, scope)
    currents |= {identity: Current(currents[identity].key) for identity in deleted}


def check(entries: Iterable[Entry], currents: Mapping[Identity, Current], sight: Sight, scope: Scope) -> None:
    """Raise Forbidden, with every such entry, for what would change something that the caller may not see."""
    seen = sight.seen(currents, scope)
    there = {identity for identity, current in currents.items() if current.version and not current.deleted}
    if refused := [entry for entry in entries if entry.identity in there - seen and not entry.satisfied]:
        raise Forbidden([entry.request("forbidden", NOT_SEEN) for entry in refused])
