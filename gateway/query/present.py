"""Whether what was looked up is there. https://hl7.org/fhir/R4/http.html#read"""

from __future__ import annotations

from gateway.errors import ResourceGone, ResourceNotFound
from gateway.store import Stored


def present(found: Stored | None, resource_type: str) -> Stored:
    """Return what was found. Raises ResourceNotFound where nothing is, ResourceGone for what was deleted."""
    if found is None:
        raise ResourceNotFound(f"there is no such {resource_type}")
    if found.deleted:
        raise ResourceGone(f"this {resource_type} was deleted")
    return found
