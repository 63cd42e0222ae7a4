"""What writes the Python of each function, a module for each section of the specification.

https://hl7.org/fhirpath/N1/#functions , https://hl7.org/fhir/R4/fhirpath.html#functions
"""

from gateway.fhirpath.functions import (
    collections,
    conversion,
    existence,
    fhir,
    filtering,
    maths,
    strings,
    tree,
    types,
    utility,
)
from gateway.fhirpath.functions.types import test_type

__all__ = ["load", "test_type"]


def load() -> int:
    """Return how many sections are registered; importing them has registered their functions."""
    sections = (collections, conversion, existence, fhir, filtering, maths, strings, tree, types, utility)
    return len(sections)
