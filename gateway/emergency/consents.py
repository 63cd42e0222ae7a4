"""What was opened in an emergency, as a Consent: so every statement looks at it, and its history says what was opened.

It stands among what the organisation keeps that keeps the record, which so sees it, and can end it. The actor is the
person, as the one who says who people are calls them.
https://hl7.org/fhir/R4/consent.html, https://msb-gateway.example/fhir/CodeSystem/consent-basis
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from gateway.fhir.consents import CATEGORIES
from gateway.fhir.datetime import format_instant, read
from gateway.fhir.owner import labelled
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.access.person import Person
    from gateway.access.policy import Caller
    from gateway.fhir.types import Resource

TYPE = "Consent"
REASON = "https://msb-gateway.example/fhir/StructureDefinition/break-glass-reason"
BASIS = {"system": "https://msb-gateway.example/fhir/CodeSystem/consent-basis", "code": "break-glass"}

_POLICY = "https://msb-gateway.example/fhir/OperationDefinition/patient-break-glass"
_TERMS = "http://terminology.hl7.org/CodeSystem/"
_SCOPE = {"coding": [{"system": f"{_TERMS}consentscope", "code": "patient-privacy"}]}
_RECIPIENT = {"coding": [{"system": f"{_TERMS}v3-ParticipationType", "code": "PRCP"}]}
_PURPOSE = {"system": f"{_TERMS}v3-ActReason", "code": "ETREAT"}
_URA = "http://fhir.nl/fhir/NamingSystem/ura"


def id_of(patient: str, person: Person, base: str) -> str:
    """Return the id of what a person opens of a patient: one, whose versions are each time that it was opened."""
    return str(uuid5(NAMESPACE_URL, "\x1f".join((base, "break-glass", patient, person.issuer, person.id))))


def opened(
    id_: str, patient: str, owner: str, caller: Caller, reason: Mapping[str, Any], span: tuple[datetime, datetime]
) -> Resource:
    """Return the Consent that opens a record for the person who asks; `limited` says what of it."""
    assert caller.person is not None
    start, end = map(format_instant, span)
    person = {"system": caller.person.issuer, "value": caller.person.id}
    actor = {"type": "Practitioner", "identifier": person, "display": caller.person.name}
    made: Resource = {
        "resourceType": TYPE,
        "id": id_,
        "extension": [{"url": REASON, "valueCodeableConcept": reason}],
        "status": "active",
        "scope": _SCOPE,
        "category": [{"coding": [BASIS]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": start,
        "organization": [{"identifier": _organisation(caller), "display": caller.name}],
        "policy": [{"uri": _POLICY}],
        "provision": {
            "type": "permit",
            "period": {"start": start, "end": end},
            "actor": [{"role": _RECIPIENT, "reference": actor}],
            "purpose": [_PURPOSE],
        },
    }
    return labelled(made, owner)


def limited(consent: Resource, content: str) -> Resource:
    """Return it as one of which a kind of data alone is open."""
    of = {"class": [{"system": CATEGORIES, "code": content}]}
    return {**consent, "provision": {**consent["provision"], **of}}


def is_limited(consent: Resource) -> bool:
    """Return whether a kind of data alone is open."""
    return "class" in consent["provision"]


def confirmed(consent: Resource, end: datetime) -> Resource:
    """Return it as one of which everything is open, until a later moment."""
    provision = {name: value for name, value in consent["provision"].items() if name != "class"}
    period = {**provision["period"], "end": format_instant(end)}
    return {**consent, "provision": {**provision, "period": period}}


def ended(consent: Resource) -> Resource:
    """Return it as one that opens nothing any more."""
    return {**consent, "status": "inactive"}


def is_open(consent: Resource | None, at: datetime) -> bool:
    """Return whether it opens a record at a moment."""
    if consent is None or consent.get("status") != "active":
        return False
    end = read(consent["provision"]["period"]["end"])
    return end is not None and end.high > microseconds(at)


def _organisation(caller: Caller) -> dict[str, str]:
    return {"system": _URA, "value": caller.ura} if caller.ura else {"value": caller.organisation}
