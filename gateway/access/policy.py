"""Who asks, and what they may: decisions as values, asked in both doors.

A Caller is made at the edge, once the connection is authenticated, and is an argument of `transact` and `query`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any, Literal

from gateway.access.correlation import Correlation
from gateway.access.rules import Letter
from gateway.access.rules.compiling import every
from gateway.access.rules.grants import UNLIMITED, Grants, Reduced
from gateway.access.scopes import Right, Types, narrowed, rights
from gateway.access.sight import both
from gateway.fhir.frozen import frozen
from gateway.fhir.search.reduced import answers

if TYPE_CHECKING:
    from gateway.access.person import Person
    from gateway.fhir.search import Condition


@frozen()
class Caller:
    """On whose behalf something happens. `organisation` is a URA or another identifier of the certificate's owner.

    `providers` are the names under which the caller may send messages; `types` the resource types that it may read and
    write, None for all of them. `purpose` is told with every access and stands in the audit. `partner` is the id of the
    partner it is, with its URA, the scopes it was granted, its networks and regions. `correlation` are the ids of the
    request, where there was one. `conditions` are what must hold of a resource of a type for the caller to see it.
    `role` is the kind of partner it is; `known_by` names the certificate or token it is known by, and `address` is
    where it asks from. `person` is who it is that asks for the partner, None where a machine does. `grants` are what
    the policy gives the partner: without them, a partner may nothing. `at` is the moment of the request, in
    microseconds; `emergencies` are the patients whose record the person has opened in an emergency then.
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
    conditions: Mapping[str, Condition] = field(default_factory=dict, compare=False)
    role: str = field(default="", compare=False)
    known_by: str = field(default="", compare=False)
    address: str = field(default="", compare=False)
    person: Person | None = None
    grants: Grants | None = field(default=None, compare=False, repr=False)
    at: int = field(default=0, compare=False)
    emergencies: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def asker(self) -> str:
        """Return who began what others are not given: what a person began, the person's organisation is not given."""
        return f"{self.organisation}\x1f{self.person.issuer}\x1f{self.person.id}" if self.person else self.organisation

    @property
    def trace(self) -> str | None:
        """Return the `traceparent` that what is sent because of this goes on with, where there was a request."""
        return self.correlation.traceparent() if self.correlation else None

    def purpose_for(self, patients: Iterable[str]) -> str:
        """Return for what an access to data of some patients is: ETREAT where the record of one was opened for that."""
        return "ETREAT" if self.emergencies and self.emergencies.intersection(patients) else self.purpose

    def noted(self) -> dict[str, Any]:
        """Return what every row of the audit says of who asks; what is not known is left out."""
        row = {
            "organisation": self.organisation,
            "caller": self.name,
            "development": self.development,
            "purpose": self.purpose,
        }
        if self.partner:
            row |= {"partner": self.partner, "role": self.role, "by": self.known_by}
        if is_limited(self) and self.grants is not None:
            row["policy"] = self.grants.policy
        if self.person:
            row |= {"person": self.person.id, "role": self.person.role}
        if self.address:
            row["address"] = self.address
        return row | self.correlation.noted() if self.correlation else row


@frozen()
class Predicate:
    """What a caller may see, in a form that a statement can take in: the types, None for all of them.

    Of a type that is named in `conditions`, those resources alone of which the condition holds; and of those, what
    `grants` give for `letter` at a moment.
    """

    types: frozenset[str] | None = None
    conditions: Mapping[str, Condition] = field(default_factory=dict)
    grants: Grants | None = None
    letter: Letter = "r"
    at: int = 0

    def admits(self, resource_type: str) -> bool:
        """Return whether resources of this type can be seen at all."""
        return self.types is None or resource_type in self.types

    def condition(self, resource_type: str) -> Condition | None:
        """Return what must hold of a resource of this type for it to be seen; None where nothing more must."""
        registered = self.conditions.get(resource_type)
        if self.grants is None:
            return registered
        return every([self.grants.condition(self.letter, resource_type), registered])

    def reduced(self, resource_type: str) -> Reduced | None:
        """Return what is seen of a type in a reduced form, where something is.

        What else limits the caller must be answered by that form too: who asks for its own limits, as by a scope with a
        query, would learn by them what is not told.
        """
        found = self.grants.reduced(self.letter, resource_type) if self.grants and self.admits(resource_type) else None
        limit = self.conditions.get(resource_type)
        if found is None or limit is None:
            return found
        wider = every([found.condition, limit])
        return Reduced(wider, found.form) if wider and answers(found.form, [limit]) else None

    def has(self, resource_type: str, owner: str | None) -> bool:
        """Return whether a resource of a type is seen because of whose it is, whatever else holds of it."""
        if self.grants is None or not self.admits(resource_type) or resource_type in self.conditions:
            return False
        return owner in self.grants.owners(self.letter, resource_type)

    def own(self, resource_type: str) -> frozenset[str]:
        """Return the owners who are the caller itself, and whose resources of a type it sees whatever else holds."""
        if self.grants is None or not self.admits(resource_type) or resource_type in self.conditions:
            return frozenset()
        return self.grants.own & self.grants.owners(self.letter, resource_type)

    @property
    def memory(self) -> MutableMapping[Any, Any] | None:
        """Return where the store remembers what the conditions are in SQL: with the grants, if nothing else counts."""
        return self.grants.memory if self.grants is not None and not self.conditions else None


def development_caller(correlation: Correlation | None = None, address: str = "") -> Caller:
    """Return the caller of a gateway without authentication: it may do everything, and says so in every audit row."""
    return Caller("development", "development", development=True, correlation=correlation, address=address)


_ASKED: Mapping[Right, Sequence[Letter]] = {"u": ("c", "u", "h")}
"""What the policy calls what scopes call updating: that creates too, and holds a Slot. Which it is, `transact` asks."""


def may(caller: Caller, right: Right, resource_type: str) -> bool:
    """Return whether `caller` may create, read, update, delete or search (c, r, u, d, s) resources of this type."""
    if caller.person is not None and resource_type in _OF_SYSTEMS and right not in {"r", "s"}:
        return False
    types = _types(caller, right, _ASKED.get(right, (right,)))
    return types is None or resource_type in types


_OF_SYSTEMS = frozenset({"Subscription"})  # goes on when the session of a person is over


def may_write(caller: Caller, resource_type: str, rights: Sequence[Right] = ("c", "u", "d")) -> bool:
    """Return whether `caller` may do all of `rights` to resources of this type: create, update and delete them."""
    return all(may(caller, right, resource_type) for right in rights)


def may_read(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may read resources of this type by their ids, and their history."""
    return may(caller, "r", resource_type)


def may_search(caller: Caller, resource_type: str) -> bool:
    """Return whether `caller` may search resources of this type, and the history of all of them."""
    return may(caller, "s", resource_type)


def may_send(caller: Caller, provider: str) -> bool:
    """Return whether `caller` may send messages as `provider`."""
    return caller.development or provider in caller.providers


def told_of_audit(caller: Caller, right: Right) -> Literal["everything", "own"] | None:
    """Return of what the audit tells `caller`: of everybody, of what it did and what was done to its own, or nothing.

    Everything is for who is registered to see AuditEvents by that name: a scope alone tells of its own.
    """
    if caller.development:
        return "everything"
    if caller.partner is None:
        return "everything" if caller.types is None else None
    scoped = rights(caller.scopes)[right]
    if scoped is not None and _AUDIT not in scoped:
        return None
    is_named = caller.types is not None and _AUDIT in caller.types and _AUDIT not in caller.conditions
    return "everything" if is_named else "own"


_AUDIT = "AuditEvent"
_ALL = frozenset({"system/*.cruds"})


def sending(caller: Caller) -> Caller:
    """Return a caller as the sender of a message: what mappings make of it is within its right to send."""
    return caller if caller.partner is None else unlimited(replace(caller, scopes=_ALL, types=None, conditions={}))


def unlimited(caller: Caller) -> Caller:
    """Return a caller whom no policy limits: what it may, its scopes and what it is registered to see say."""
    return replace(caller, grants=UNLIMITED)


def is_limited(caller: Caller) -> bool:
    """Return whether a policy says what this caller may do with each resource."""
    return caller.grants not in {None, UNLIMITED}


def visible(caller: Caller, letter: Letter = "r", *, also: Right | None = None) -> Predicate:
    """Return the predicate that every statement which reads on behalf of `caller` carries; by the rules for reading, or
    those for another right. With `also`, scopes must give that right too.

    What scopes let be read or searched may be seen; which of the two it is, is asked of what a request is about.
    """
    conditions = caller.conditions
    if is_narrowed(caller):
        conditions = both(conditions, _scoped(caller.scopes, letter))
        if also is not None:
            conditions = both(conditions, _scoped(caller.scopes, also))
    return Predicate(_types(caller, "seen", (letter,)), conditions, caller.grants, letter, caller.at)


def is_narrowed(caller: Caller) -> bool:
    """Return whether a scope with a query is all that gives this caller some right."""
    return caller.partner is not None and any(narrowed(caller.scopes).values())


def written(caller: Caller, right: Right, resource_type: str) -> Condition | None:
    """Return what scopes ask of a resource of a type for this to be done with it; None where they ask nothing."""
    return narrowed(caller.scopes)[right].get(resource_type) if caller.partner is not None else None


_WAYS: Mapping[str, Sequence[Right]] = {"r": ("r", "s"), "s": ("s", "r"), "d": ("d", "r", "s")}


def _scoped(scopes: frozenset[str], letter: Letter | Right) -> Mapping[str, Condition]:
    """Return what scopes ask of a resource of a type to be seen by a letter: those that give that, else any other.

    A type that is searched and not read is seen in what is read (as what is referred to), by what it is searched by.
    """
    of, given, ways = narrowed(scopes), rights(scopes), _WAYS.get(letter, _WAYS["r"])
    found: dict[str, Condition] = {}
    for type_ in {name for types in of.values() for name in types}:
        way = next((one for one in ways if (types := given[one]) is None or type_ in types), None)
        if way is not None and type_ in of[way]:
            found[type_] = of[way][type_]
    return found


def _types(caller: Caller, right: Right | Literal["seen"], letters: Sequence[Letter]) -> Types:
    """Return the types that `caller` may do something with: of a partner what its scopes allow, what it is registered
    to see, and what the policy gives it, by any of some rights.
    """
    if caller.development:
        return None
    if caller.partner is None:
        return caller.types
    if caller.grants is None:
        return frozenset()
    granted = caller.grants.types(letters[0]).union(*map(caller.grants.types, letters[1:]))
    scoped = rights(caller.scopes)[right]
    for limit in (scoped, caller.types):
        granted = granted if limit is None else granted & limit
    return granted
