"""The door out to what is known of codes: authorised and audited like any read.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.errors import ResourceNotFound
from gateway.query import installed
from gateway.query.audit import note
from gateway.validation.terms import Terms
from gateway.validation.terms.searched import SearchedCodes

if TYPE_CHECKING:
    from gateway.fhir.types import Resource
    from gateway.services import Services
    from gateway.validation.profiles import ProfileLibrary


def terms(operation: str, resource_type: str, caller: Caller, to: Services) -> Terms:
    """Return what is known of codes, for an operation on code systems or value sets. Raises Forbidden."""
    installed.authorise(resource_type, caller)
    note(to, caller, operation, [resource_type])
    return _terms(to.validator.profiles)


def codes(to: Services) -> SearchedCodes:
    """Return what searches know of codes: the value sets and code systems that are installed."""
    return SearchedCodes(_terms(to.validator.profiles))


def definition(resource_type: str, id_: str, to: Services) -> Resource:
    """Return the code system or value set that has an id here. ResourceNotFound."""
    found = installed.catalogue(to).find(resource_type, id_)
    if found is None:
        raise ResourceNotFound(f"no such {resource_type} is installed")
    return found.resource()


@lru_cache(maxsize=4)
def _terms(profiles: ProfileLibrary | None) -> Terms:
    return Terms(profiles.definitions if profiles else None)
