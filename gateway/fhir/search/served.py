"""Which parameters, modifiers and result parameters are served: the one table that search and metadata go by."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from gateway.fhir import elements
from gateway.fhir.parameters import SearchParameter, follows, search_parameters
from gateway.fhir.search.composites import shapes
from gateway.fhir.search.paths import TOLD, data_types
from gateway.fhir.types import resource_types

# Parameter type -> modifiers, without the type names that a reference takes. https://hl7.org/fhir/R4/search.html#modifiers
MODIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "string": ("contains", "exact", "missing"),
        "token": ("above", "below", "in", "missing", "not", "not-in", "of-type", "text"),
        "date": ("missing",),
        "number": ("missing",),
        "quantity": ("missing",),
        "reference": ("identifier", "missing"),
        "uri": ("above", "below", "missing"),
        "composite": (),
        "special": ("missing",),
    }
)
_BY_CODE = frozenset({"above", "below", "in", "not-in"})
# What R4 has and the gateway does not serve, with the reason: parameters, and modifiers by the type of their parameter.
REFUSED: Mapping[str, str] = MappingProxyType(
    {
        "_contained": "_contained is not served: contained resources are found by what contains them",
        "_containedType": "_containedType is not served: contained resources are found by what contains them",
        "_content": "_content is not served: of its text, a resource is found by _text (the narrative) and by the "
        "string parameters of its type",
        "_filter": "_filter is not served: conditions are parameters, commas between values are or",
        "_list": "_list is not served: read the List, and search by _id",
        "_query": "_query is not served: there are no named queries here",
        "_score": "_score is not served: matches have no rank",
        "phonetic": "phonetic is not served: names are found by their beginning, or by name:contains",
    }
)
REFUSED_MODIFIERS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("reference", "above"): "':above' is not served for references: no hierarchy of resources is known here",
        ("reference", "below"): "':below' is not served for references: no hierarchy of resources is known here",
    }
)
# https://hl7.org/fhir/R4/search.html#Summary
RESULT_PARAMETERS = ("_count", "_elements", "_include", "_revinclude", "_sort", "_summary", "_total")
ONCE = ("_count", "_sort", "_summary", "_total")
# Read by the HTTP edge; a search leaves them alone.
GENERAL_PARAMETERS = ("_format", "_pretty")
DEFAULT_COUNT, MAX_COUNT = 50, 1000
MAX_PARAMETERS, MAX_VALUES, MAX_VALUE_LENGTH, MAX_DEPTH = 100, 1000, 1000, 4
MAX_RANGES = 50  # values of one parameter that are each a range of an index
PAGE = "_page"
TEXT, NEAR = "_text", "near"
# Of these the words beside their codes are not kept for `:text`: they are many, and all say the same.
UNTOLD = frozenset({"Slot"})


@follows
@cache
def served(resource_type: str) -> Mapping[str, SearchParameter]:
    """Return by code what a resource type is searched by."""
    every = search_parameters(resource_type)
    return MappingProxyType({code: each for code, each in every.items() if _is_served(resource_type, each)})


def _is_served(resource_type: str, parameter: SearchParameter) -> bool:
    if parameter.code in REFUSED or parameter.type not in MODIFIERS:
        return False
    if parameter.type == "special" and parameter.code != NEAR:
        return False
    if parameter.code == TEXT:
        return elements.child(resource_type, "text") is not None
    return bool(shapes(resource_type, parameter) if parameter.type == "composite" else parameter.expression)


@cache
def modifiers(resource_type: str, parameter: SearchParameter) -> tuple[str, ...]:
    """Return the modifiers that a parameter takes on a type, without the type names that a reference takes."""
    known = MODIFIERS[parameter.type]
    if parameter.code == TEXT:
        return ("missing",)
    if parameter.type != "token":
        return known
    found = data_types(resource_type, parameter)
    left_out = set() if found & {"code", "Coding", "CodeableConcept"} else set(_BY_CODE)
    left_out |= set() if found & TOLD and resource_type not in UNTOLD else {"text"}
    left_out |= set() if "Identifier" in found else {"of-type"}
    return tuple(name for name in known if name not in left_out)


def is_followed(parameter: SearchParameter) -> bool:
    """Return whether what a parameter finds leads to a resource that is stored here.

    `composition` and `message` of Bundle find a resource inside it: the one that has its id here is another.
    """
    return parameter.type == "reference" and parameter.expression != "Bundle.entry[0].resource"


def targets(parameter: SearchParameter) -> tuple[str, ...]:
    """Return the resource types a reference parameter may point at; all of R4 when the definition names none."""
    return parameter.targets or tuple(sorted(resource_types()))


def named(names: Iterable[str], wanted: str) -> str | None:
    """Return the one of `names` that equals `wanted` but for case; None when there is none."""
    return next((name for name in names if name.lower() == wanted.lower()), None)


def suggestion(wanted: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'status'? Known are …`, or what is known alone when nothing is near."""
    names = sorted(known)
    near = get_close_matches(wanted, names, n=1, cutoff=0.6)
    listed = f"known are {', '.join(names)}" if names else "none is known here"
    return f"; did you mean '{near[0]}'? {listed[0].upper()}{listed[1:]}" if near else f"; {listed}"
