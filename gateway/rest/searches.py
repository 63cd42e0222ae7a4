"""Searches and histories as they are asked: read before they are carried out, wherever they stand.

https://hl7.org/fhir/R4/search.html
"""

from dataclasses import replace

from gateway import query
from gateway.errors import BadRequest
from gateway.fhir import search
from gateway.fhir.search import SearchRequest, SeveralRequest
from gateway.query import auditlog, histories, installed
from gateway.rest import consulted
from gateway.rest.interaction import Ask
from gateway.rest.metadata import SERVED, Interaction

_BY_THEMSELVES = {*installed.TYPES, auditlog.TYPE}
SEARCHED = tuple(name for name, codes in SERVED.items() if "search-type" in codes and name not in _BY_THEMSELVES)
"""The types that can be searched together: those of which something is stored."""


def found(ask: Ask) -> bytes:
    """Return the encoded searchset Bundle. Raises what the search or the parameters raise."""
    base = ask.to.settings.base_url
    if ask.type == auditlog.TYPE:
        return auditlog.search(_of_audit(ask), ask.caller, ask.to, base=base)
    if ask.type in installed.TYPES and not ask.compartment:
        return installed.search(installed.parse(ask.type, ask.parameters), ask.caller, ask.to, base=base)
    asked, unanswered = _asked(ask), consulted.before(ask)
    if unanswered is not None:
        asked = replace(asked, issues=(*asked.issues, unanswered))
    return query.search(asked, ask.caller, ask.to, base=base)


def found_of_several(ask: Ask) -> bytes:
    """Return the same of several types: at the root, or of all that is in a compartment."""
    return query.search_several(_several(ask), ask.caller, ask.to, base=ask.to.settings.base_url)


def check(interaction: Interaction | None, ask: Ask) -> None:
    """Raise what is wrong with the parameters of a search or a history, without carrying it out."""
    if interaction is not None and interaction.startswith("history-"):
        histories.parse(ask.type, ask.id, ask.parameters)
    elif interaction == "search-type" and ask.type == auditlog.TYPE:
        _of_audit(ask)
    elif interaction == "search-type" and ask.type in installed.TYPES and not ask.compartment:
        installed.parse(ask.type, ask.parameters)
    elif interaction == "search-type":
        _asked(ask)
    elif interaction == "search-system":
        _several(ask)


def _of_audit(ask: Ask) -> auditlog.Asked:
    """Return a search in the audit; that in a patient's compartment is of what was done to its record."""
    if ask.compartment not in {"", "Patient"}:
        raise BadRequest("the audit is searched by patient, agent or entity", code="unknown-parameter")
    inside = [("patient", ask.id)] if ask.compartment else []
    return auditlog.parse([*inside, *ask.parameters], ask.to.settings.base_url)


def _asked(ask: Ask) -> SearchRequest:
    asked = search.parse(ask.type, ask.parameters, strict=ask.prefer.strict, codes=query.codes(ask.to))
    return search.within(asked, ask.compartment, ask.id) if ask.compartment else asked


def _several(ask: Ask) -> SeveralRequest:
    inside = (ask.compartment, ask.id) if ask.compartment else None
    codes = query.codes(ask.to)
    return search.parse_several(SEARCHED, ask.parameters, compartment=inside, strict=ask.prefer.strict, codes=codes)
