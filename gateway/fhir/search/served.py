"""Which parameters, modifiers and result parameters are served: the one table that search and metadata go by."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType

from gateway.fhir.parameters import SearchParameter, search_parameters
from gateway.fhir.types import resource_types

# Parameter type -> modifiers, without the type names that a reference takes. https://hl7.org/fhir/R4/search.html#modifiers
MODIFIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "string": ("contains", "exact", "missing"),
        "token": ("missing", "not"),
        "date": ("missing",),
        "number": ("missing",),
        "quantity": ("missing",),
        "reference": ("identifier", "missing"),
        "uri": ("below", "missing"),
    }
)
# https://hl7.org/fhir/R4/search.html#Summary
RESULT_PARAMETERS = ("_count", "_elements", "_include", "_revinclude", "_sort", "_summary", "_total")
# Read by the HTTP edge; a search leaves them alone.
GENERAL_PARAMETERS = ("_format", "_pretty")
DEFAULT_COUNT, MAX_COUNT = 50, 1000
MAX_PARAMETERS, MAX_VALUES, MAX_VALUE_LENGTH, MAX_DEPTH = 100, 1000, 1000, 4
MAX_RANGES = 50  # values of one parameter that are each a range of an index
PAGE = "_page"


@cache
def served(resource_type: str) -> Mapping[str, SearchParameter]:
    """Return by code what a resource type is searched by; nothing that is composite, special or phonetic."""
    found = {
        code: parameter
        for code, parameter in search_parameters(resource_type).items()
        if parameter.type in MODIFIERS and parameter.expression and code != "phonetic"
    }
    return MappingProxyType(found)


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
