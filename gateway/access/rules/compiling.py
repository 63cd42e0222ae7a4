"""From what a rule asks of a resource to a condition that a statement can take in.

Two conditions are as good as known: NEVER holds of nothing, and None, where a Condition is returned, of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache

from gateway.access.consented import permitted, undenied
from gateway.access.rules import All, Any, Consented, Lately, Matched, Owned, Pointed, Pointing, Seen, Term, Whose
from gateway.access.sight import criteria
from gateway.fhir.consents import KINDS, REGISTERED, URA
from gateway.fhir.frozen import frozen
from gateway.fhir.owner import SYSTEM
from gateway.fhir.parameters import follows, search_parameters
from gateway.fhir.search import AllOf, AnyOf, Chain, Condition, Filter, Has, Token

NEVER = AnyOf(())
_ANY = "_id:missing=false"
ME, ID = "{me}", "{id}"


@frozen()
class Asker:
    """Who asks, when and why: `ura` is '' where there is none.

    `near` are by their kind the codes of the owners with which it shares a network, or a region; itself among them.
    `person` is how a Consent names the person who asks for it, '' where a machine does.
    """

    id: str
    ura: str
    kind: str
    purpose: str
    own: frozenset[str]
    near: Mapping[Whose, Mapping[str, frozenset[str]]]
    at: datetime
    person: str = ""

    @property
    def actors(self) -> frozenset[str]:
        """Return how a Consent can name who asks."""
        named = (f"{URA}|{self.ura}" if self.ura else "", f"{KINDS}|{self.kind}", f"{REGISTERED}{self.id}", self.person)
        return frozenset(filter(None, named))


NOBODY = Asker("", "", "", "", frozenset(), {"network": {}, "region": {}}, datetime.min.replace(tzinfo=UTC))


@frozen()
class Compiling:
    """What conditions are compiled for. `seen` returns what must hold of a resource of a type for it to be seen."""

    asker: Asker
    seen: Callable[[str], Condition | None]

    def condition(self, term: Term, resource_type: str) -> Condition | None:
        """Return the condition that a term is of resources of a type. Raises BadRequest for one that is none."""
        match term:
            case Owned(whose):
                return None if "anyone" in whose else owned_by(resource_type, self.codes(term))
            case Matched(query):
                return self._matched(query, resource_type)
            case Lately(parameter, days):
                since = self.asker.at.astimezone(UTC) - timedelta(days=days)
                return criteria(resource_type, f"{parameter}=ge{since:%Y-%m-%dT%H:%M:%SZ}")
            case Seen():
                return self.seen(resource_type)
            case Consented():
                return self._consented(term, resource_type)
            case All(terms):
                return every(self.condition(one, resource_type) for one in terms)
            case Any(terms):
                return either(self.condition(one, resource_type) for one in terms)
            case Pointing() | Pointed():
                return self._pointed(term, resource_type)

    def _pointed(self, term: Pointing | Pointed, resource_type: str) -> Condition:
        other = term.source if isinstance(term, Pointing) else term.target
        then, alike = self.condition(term.that, other), SYSTEM if term.same else ""
        if then == NEVER:
            return NEVER
        if isinstance(term, Pointing):
            return Has(other, search_parameters(other)[term.by], then or _any(other), alike)
        return Chain(search_parameters(resource_type)[term.by], ((other, then or _any(other)),), alike)

    def _consented(self, term: Consented, resource_type: str) -> Condition | None:
        """A denial wins over every permit."""
        denied = undenied(resource_type, self.asker.actors)
        if term.how == "undenied":
            return denied
        return every([permitted(resource_type, self.asker.actors) or NEVER, denied])

    def codes(self, term: Owned) -> frozenset[str]:
        """Return the codes of the owners that a term is about; none where it is about whoever it is."""
        found = set(self.asker.own) if "own" in term.whose else set[str]()
        for whose, of_kinds in self.asker.near.items():
            if whose in term.whose:
                found.update(*(codes for kind, codes in of_kinds.items() if not term.kinds or kind in term.kinds))
        return frozenset(found)

    def _matched(self, query: str, resource_type: str) -> Condition:
        if ME in query and not self.asker.ura:
            return NEVER
        return criteria(resource_type, query.replace(ME, self.asker.ura).replace(ID, self.asker.id))


def owned_by(resource_type: str, codes: Iterable[str]) -> Condition:
    """Return the condition that a resource is of one of some owners."""
    labels = tuple(Token(SYSTEM, code) for code in sorted(codes))
    return Filter(search_parameters(resource_type)["_security"], None, labels) if labels else NEVER


def every(conditions: Iterable[Condition | None]) -> Condition | None:
    """Return what holds where all of some conditions do."""
    found = [condition for condition in conditions if condition is not None]
    if NEVER in found:
        return NEVER
    return found[0] if len(found) == 1 else AllOf(tuple(found)) if found else None


def either(conditions: Iterable[Condition | None]) -> Condition | None:
    """Return what holds where one of some conditions does."""
    found = list(dict.fromkeys(conditions))
    if None in found:
        return None
    known = tuple(condition for condition in found if condition not in {None, NEVER})
    return known[0] if len(known) == 1 else AnyOf(known)


@follows
@cache
def _any(resource_type: str) -> Condition:
    """Return the condition that a resource is there."""
    return criteria(resource_type, _ANY)
