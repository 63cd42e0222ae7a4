"""The query of a scope, `system/Observation.rs?category=http://…|laboratory`: of which resources of its type it is.

It is read as a search, and holds of one resource by what that says itself, so that what is written can be compared with
it as well as what is seen: no chains, no `_has`, and nothing that says how matches are told.
https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#finer-grained-resource-constraints-using-search-parameters
"""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import parse_qsl

from gateway.access import sight
from gateway.errors import BadRequest, GatewayError
from gateway.fhir.parameters import follows
from gateway.fhir.search import AllOf, AnyOf, Chain, Condition, Filter, Has, Not, bears_bsn

MADE = frozenset({
    "AuditEvent", "Basic", "CapabilityStatement", "CodeSystem", "ConceptMap", "ImplementationGuide", "Measure",
    "MessageDefinition", "NamingSystem", "OperationDefinition", "Provenance", "SearchParameter", "StructureDefinition",
    "ValueSet",
})  # fmt: skip
"""Types of which what is told is made when it is asked for: no statement compares that with a query."""


@follows
@lru_cache(maxsize=4096)
def condition(resource_type: str, query: str) -> Condition:
    """Return what must hold of a resource for a scope to be of it. Raises BadRequest for what no scope can ask."""
    if resource_type == "*":
        raise BadRequest("a query is of one type, and `*` names none")
    if resource_type in MADE:
        raise BadRequest(f"a scope of {resource_type} has no query: it is made here when it is asked for")
    if bears_bsn(parse_qsl(query, keep_blank_values=True)):
        raise BadRequest("a scope is written down where others read it, and may not hold a BSN")
    found = sight.criteria(resource_type, query)
    if _looks_further(found):
        raise BadRequest("a scope is of what a resource says itself: no chains and no _has")
    return found


def problem(resource_type: str, query: str) -> str:
    """Return in words why a scope cannot have this query, '' where it can."""
    try:
        condition(resource_type, query)
    except GatewayError as error:
        return "; ".join(issue.diagnostics for issue in error.issues)
    return ""


def narrows(resource_type: str, asked: str, registered: str) -> bool:
    """Return whether a query asks all that another one does, in whatever order, and maybe more: it finds no others."""
    return _parts(condition(resource_type, registered)) <= _parts(condition(resource_type, asked))


def _parts(found: Condition) -> frozenset[object]:
    """Return what is asked, each with its values in no order."""
    several = found.conditions if isinstance(found, AllOf) else (found,)
    return frozenset(
        (one.parameter.code, one.modifier, frozenset(one.values)) if isinstance(one, Filter) else one for one in several
    )


def _looks_further(found: Condition) -> bool:
    match found:
        case AnyOf(several) | AllOf(several):
            return any(map(_looks_further, several))
        case Not(one):
            return _looks_further(one)
    return isinstance(found, Chain | Has)
