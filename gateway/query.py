"""The door out: read, vread, history and search, each for a caller, each audited.

What leaves has been authorised (one predicate in every statement) and is encoded: bodies are the
stored bytes, spliced into the Bundle as they are.
https://hl7.org/fhir/R4/http.html
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.fhir.search import SearchRequest
    from gateway.services import Services
    from gateway.store import Stored


def read(resource_type: str, id_: str, caller: Caller, to: Services) -> Stored:
    """Return the current version; ResourceNotFound, ResourceGone. https://hl7.org/fhir/R4/http.html#read"""
    raise NotImplementedError


def vread(resource_type: str, id_: str, version: str, caller: Caller, to: Services) -> Stored:
    """Return that version; ResourceNotFound, ResourceGone. https://hl7.org/fhir/R4/http.html#vread"""
    raise NotImplementedError


def history(
    resource_type: str, id_: str, caller: Caller, to: Services, *, base: str, count: int = 50, since: datetime | None = None
) -> bytes:
    """Return the encoded history Bundle, newest first. https://hl7.org/fhir/R4/http.html#history"""
    raise NotImplementedError


def search(request: SearchRequest, caller: Caller, to: Services, *, base: str) -> bytes:
    """Return the encoded searchset Bundle: matches, includes, warnings, self and next links.

    `base` is the public FHIR base without a slash at the end. BadRequest on a forged or foreign page token.
    https://hl7.org/fhir/R4/search.html
    """
    raise NotImplementedError
