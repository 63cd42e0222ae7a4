"""Who asks, and what they may: decisions as values, asked in both doors.

A Caller is made at the edge, once the connection is authenticated, and is an argument of `transact` and `query`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from gateway.access.correlation import Correlation

if TYPE_CHECKING:
    from gateway.fhir.search import Condition


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf something happens. `organisation` is a URA or another identifier of the certificate's owner.

    `providers` are the names under which the caller may send messages; `types` the resource types that it may read and
    write, None for all of them. `purpose` is told with every access and stands in the audit. `partner` is the id of the
    partner it is, with its URA, the scopes it was granted, its networks and regions. `correlation` are the ids of the
    request, where there was one.
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


def development_caller() -> Caller:
    """Return the caller of a gateway without authentication: it may do everything, and says so in every audit row."""
    return Caller(organisation="development", name="development", development=True)


def may_write(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may create, update and delete resources of this type."""
    return caller.development or caller.types is None or resource_type in caller.types


def may_read(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may read and search resources of this type."""
    return visible(caller).admits(resource_type)


def may_send(caller: Caller, provider: str) -> bool:
    """Return whether `caller` may send messages as `provider`."""
    return caller.development or provider in caller.providers


def visible(caller: Caller) -> Predicate:
    """Return the predicate that every statement which reads on behalf of `caller` carries."""
    return Predicate(None if caller.development else caller.types)
