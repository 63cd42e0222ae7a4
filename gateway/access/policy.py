"""Who asks, and what they may: decisions as values, asked in both doors.

A Caller is made at the edge, once the connection is authenticated, and is an argument of `transact` and `query`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.access import scopes
from gateway.access.correlation import Correlation
from gateway.access.scopes import Right

if TYPE_CHECKING:
    from gateway.fhir.search import Condition


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf something happens. `organisation` is a URA or another identifier of the certificate's owner.

    `providers` are the names under which the caller may send messages; `types` the resource types that it may read and
    write, None for all of them. `purpose` is told with every access and stands in the audit. `partner` is the id of the
    partner it is, with its URA, the scopes it was granted, its networks and regions. `correlation` are the ids of the
    request, where there was one. `sight` is what it may see, where that is less than its types whole.
    """

    organisation: str
    name: str
    development: bool = False
    providers: frozenset[str] = frozenset()
    types: frozenset[str] | None = None
    purpose: str = "TREAT"
    partner: str | None = None
    ura: str | None = None
    scopes: frozenset[str] = frozenset()
    networks: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()
    correlation: Correlation | None = field(default=None, compare=False)
    sight: Predicate | None = field(default=None, compare=False)

    @property
    def trace(self) -> str | None:
        """Return the `traceparent` that what is sent because of this goes on with, where there was a request."""
        return self.correlation.traceparent() if self.correlation else None

    def noted(self) -> dict[str, Any]:
        """Return what every row of the audit says of who asks."""
        row = {
            "organisation": self.organisation,
            "caller": self.name,
            "development": self.development,
            "purpose": self.purpose,
        }
        return row | self.correlation.noted() if self.correlation else row


@dataclass(frozen=True, slots=True)
class Predicate:
    """What a caller may see, in a form that a statement can take in: the types, None for all of them.

    Of a type that is named in `conditions`, those resources alone of which the condition holds.
    """

    types: frozenset[str] | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict)

    def admits(self, resource_type: str) -> bool:
        """Return whether resources of this type can be seen at all."""
        return self.types is None or resource_type in self.types

    def condition(self, resource_type: str) -> Condition | None:
        """Return what must hold of a resource of this type for it to be seen; None where nothing more must."""
        return self.conditions.get(resource_type)


EVERYTHING = Predicate()


def development_caller() -> Caller:
    """Return the caller of a gateway without authentication: it may do everything, and says so in every audit row."""
    return Caller(organisation="development", name="development", development=True)


def may(caller: Caller, right: Right, resource_type: str) -> bool:
    """Return whether `caller` may create, read, update, delete or search (c, r, u, d, s) resources of this type."""
    return visible(caller, right).admits(resource_type)


def may_write(caller: Caller, resource_type: str, rights: str = "cud") -> bool:
    """Return whether `caller` may do all of `rights` to resources of this type: create, update and delete them."""
    return all(visible(caller, right).admits(resource_type) for right in rights)


def may_read(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may read resources of this type, and their history."""
    return may(caller, "r", resource_type)


def may_search(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may search resources of this type."""
    return may(caller, "s", resource_type)


def may_send(caller: Caller, provider: str) -> bool:
    """Return whether `caller` may send messages as `provider`."""
    return caller.development or provider in caller.providers


def visible(caller: Caller, right: str = "s") -> Predicate:
    """Return the predicate that every statement which searches, or reads, on behalf of `caller` carries.

    A partner may no more than its scopes say; what it is registered to see narrows that.
    """
    if caller.development:
        return EVERYTHING
    types = caller.types
    if caller.partner is not None:
        scoped = scopes.rights(caller.scopes)[right]
        types = scoped if types is None else types if scoped is None else types & scoped
    return Predicate(types)
