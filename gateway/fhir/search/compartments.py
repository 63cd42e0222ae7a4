"""Compartments: what belongs to one patient, encounter, practitioner, device or related person.

    GET Patient/123/Observation?code=…        what is about, or by, that patient

Which references make a resource a part of it is said by R4's CompartmentDefinitions.
https://hl7.org/fhir/R4/compartmentdefinition.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gateway.errors import BadRequest, ResourceNotFound
from gateway.fhir import tables
from gateway.fhir.search.model import AnyOf, Filter, SearchRequest, Target, Token
from gateway.fhir.search.served import served

_URL = "http://hl7.org/fhir/CompartmentDefinition/"


def compartments() -> Mapping[str, str]:
    """Return the compartments that there are, each a resource type, with the canonical of its definition."""
    return {name: f"{_URL}{name[0].lower()}{name[1:]}" for name in tables.compartments()}


def types_in(compartment: str) -> frozenset[str]:
    """Return the resource types that can be in a compartment. ResourceNotFound where there is no such compartment."""
    known = tables.compartments()
    if compartment not in known:
        raise ResourceNotFound(f"there is no {compartment} compartment; there are those of {', '.join(known)}")
    return frozenset(known[compartment]) | {compartment}


def within(request: SearchRequest, compartment: str, id_: str) -> SearchRequest:
    """Return the search of what is in a compartment too. ResourceNotFound, and BadRequest for what is never in it."""
    types = types_in(compartment)
    kind = request.resource_type
    if kind not in types:
        known = ", ".join(sorted(types))
        raise BadRequest(f"{kind} is not in the {compartment} compartment; in it are {known}", code="unknown-parameter")
    known_here, target = served(kind), Target((compartment,), id_)
    codes = tables.compartments()[compartment].get(kind, ())
    inside = [Filter(known_here[code], None, (target,)) for code in codes if code in known_here]
    if kind == compartment:
        inside.append(Filter(known_here["_id"], None, (Token(None, id_),)))
    conditions = (AnyOf(tuple(inside)), *request.conditions)
    return replace(request, conditions=conditions, compartment=f"{compartment}/{id_}")
