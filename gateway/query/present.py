"""Whether what was looked up is there, for who asks. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.access.policy import Caller, visible
from gateway.errors import ResourceGone, ResourceNotFound
from gateway.store import Identity, Stored, reads
from gateway.store.search import Scope, seen, versions

if TYPE_CHECKING:
    from gateway.access.rules import Letter
    from gateway.services import Services


def present(found: Stored | None, resource_type: str) -> Stored:
    """Return what was found. Raises ResourceNotFound where nothing is, ResourceGone for what was deleted."""
    if found is None:
        raise ResourceNotFound(f"there is no such {resource_type}")
    if found.deleted:
        raise ResourceGone(f"this {resource_type} was deleted")
    return found


def is_seen(identity: Identity, caller: Caller, to: Services) -> bool:
    """Return whether a resource may be seen by who asks; what is not there and what may not be seen cost the same."""
    return bool(seen_of(identity.type, [identity], caller, to))


def is_readable(identity: Identity, caller: Caller, to: Services) -> bool:
    """Return whether the versions of a resource may be read: what may be seen, and what was deleted of one's own."""
    sight = visible(caller)
    if sight.condition(identity.type) is None:
        return sight.admits(identity.type)
    with to.store.reading(snapshot=False) as db:
        return reads.is_readable(db, identity, Scope(to.settings.base_url, sight), sight.own(identity.type))


def as_seen(found: Stored | None, identity: Identity, caller: Caller, to: Services) -> Stored | None:
    """Return a version of a resource as who asks is told it: whole, in its reduced form, or None.

    What is not there and what may not be seen cost the same.
    """
    scope = telling(to.settings.base_url, caller)
    varies = scope.reduced(identity.type) is not None
    if is_readable(identity, caller, to):
        return replace(found, varies=True) if varies and found is not None else found
    if not varies:
        return None
    with to.store.reading(snapshot=False) as db:
        if not seen(db, [identity], scope):
            return None
        return next(iter(versions(db, [found] if found is not None else [], scope)), None)


def is_told(identity: Identity, caller: Caller, to: Services) -> bool:
    """Return whether something of a resource is told to who asks: the whole, or its reduced form."""
    scope = telling(to.settings.base_url, caller)
    if scope.reduced(identity.type) is None:
        return is_seen(identity, caller, to)
    with to.store.reading(snapshot=False) as db:
        return bool(seen(db, [identity], scope))


def telling(base: str, caller: Caller, letter: Letter = "r") -> Scope:
    """Return the scope of a door that tells what is not seen whole in its reduced form."""
    return Scope(base, visible(caller, letter), with_reduced=True)


def seen_of(resource_type: str, identities: Collection[Identity], caller: Caller, to: Services) -> Collection[Identity]:
    """Return those of some resources of a type that may be seen by who asks."""
    sight = visible(caller)
    if sight.condition(resource_type) is None:
        return identities if sight.admits(resource_type) else ()
    with to.store.reading(snapshot=False) as db:
        return seen(db, identities, Scope(to.settings.base_url, sight))


def check_readable(identity: Identity, caller: Caller, to: Services) -> None:
    """Raise ResourceNotFound, as of what is not there, for what may not be read."""
    if not is_readable(identity, caller, to):
        present(None, identity.type)
