"""What was opened in an emergency, as a Consent: so every statement looks at it, and its history says what was opened.

It stands among what the organisation keeps that keeps the record, which so sees it, and can end it. The actor is the
person, as the one who says who people are calls them.
https://hl7.org/fhir/R4/consent.html
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from gateway.fhir import made_consents
from gateway.fhir.consents import URA
from gateway.fhir.datetime import format_instant
from gateway.fhir.made_consents import end_of
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.access.person import Person
    from gateway.access.policy import Caller
    from gateway.fhir.types import Resource

BASIS = "break-glass"
REASON = "https://msb-gateway.example/fhir/StructureDefinition/break-glass-reason"
_PURPOSE = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "ETREAT"}


def id_of(patient: str, person: Person, base: str) -> str:
    """Return the id of what a person opens of a patient: one, whose versions are each time that it was opened."""
    return made_consents.id_of(base, BASIS, patient, person.issuer, person.id)


def opened(
    id_: str, patient: str, owner: str, caller: Caller, reason: Mapping[str, Any], span: tuple[datetime, datetime]
) -> Resource:
    """Return the Consent that opens a record for the person who asks."""
    assert caller.person is not None
    identifier = {"system": caller.person.issuer, "value": caller.person.id}
    actor = {"type": "Practitioner", "identifier": identifier, "display": caller.person.name}
    made = made_consents.permit(id_, BASIS, patient, owner, actor, span)
    own = {"system": URA, "value": caller.ura} if caller.ura else {"value": caller.organisation}
    return {
        **made,
        "extension": [{"url": REASON, "valueCodeableConcept": reason}],
        "organization": [{"identifier": own, "display": caller.name}],
        "provision": {**made["provision"], "purpose": [_PURPOSE]},
    }


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
    return consent is not None and consent.get("status") == "active" and end_of(consent) > microseconds(at)
