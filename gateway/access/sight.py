"""What a partner is registered to see: resource types, and searches that a resource of a type must match.

    sees:
      - Location
      - "Slot?schedule.actor:Location.organization.identifier=http://fhir.nl/fhir/NamingSystem/ura|00000002"
      - "Patient?_has:Task:patient:owner.identifier=http://fhir.nl/fhir/NamingSystem/ura|00000002"

Of a type that stands here with searches, that is seen which matches one of them; of one that stands here by itself,
everything. A search is read as R4 writes it, and compiled into every statement that looks for the partner.
https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from gateway.errors import BadRequest
from gateway.fhir.search import AllOf, AnyOf, Condition, parse_condition
from gateway.fhir.search.names import suggestion_of_type
from gateway.fhir.search.singles import asked_by_code, singles
from gateway.fhir.types import resource_types


class Sight(NamedTuple):
    """The types of which something is seen, and what must hold of a resource of some of them."""

    types: frozenset[str]
    conditions: Mapping[str, Condition]


@lru_cache(maxsize=4096)
def read(words: tuple[str, ...]) -> Sight:
    """Return what is seen. Raises BadRequest, with every problem of the first word that has any."""
    found: dict[str, list[Condition]] = {}
    whole = set[str]()
    for word in words:
        type_, asked, query = word.partition("?")
        if asked:
            found.setdefault(type_, []).append(criteria(type_, query))
        else:
            whole.add(_known(type_))
    ruled = {type_: AnyOf(tuple(several)) for type_, several in found.items() if type_ not in whole}
    return Sight(frozenset({*whole, *found}), ruled)


def both(some: Mapping[str, Condition], others: Mapping[str, Condition]) -> Mapping[str, Condition]:
    """Return for each type what must hold of a resource, where two rules are about it."""
    return {
        type_: AllOf((some[type_], others[type_])) if type_ in some and type_ in others else found
        for type_, found in (*some.items(), *others.items())
    }


def _known(resource_type: str) -> str:
    if resource_type not in resource_types():
        raise BadRequest(f"is no resource type of R4{suggestion_of_type(resource_type)}")
    return resource_type


def criteria(resource_type: str, query: str) -> Condition:
    """Return what a search asks of a resource. BadRequest for what cannot be read, or is not about the resource."""
    request = parse_condition(resource_type, query)
    if not request.conditions:
        raise BadRequest("asks nothing; the type alone is all of it")
    if codes := asked_by_code(singles(resource_type, request.conditions)):
        named = ", ".join(f"{type_}.{code}" for type_, code in codes)
        raise BadRequest(f"a code is asked with its system, `system|code`: {named}")
    return AllOf(request.conditions)
