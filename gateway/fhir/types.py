"""What a resource is in memory, and which types of it there are."""

from functools import cache
from typing import Any

from gateway.fhir import tables

Resource = dict[str, Any]


@cache
def resource_types() -> frozenset[str]:
    """Return the names of the concrete resource types of R4. https://hl7.org/fhir/R4/resourcelist.html"""
    return frozenset(name for name, row in tables.types().items() if row.kind == "resource" and not row.abstract)
