"""Consents that the gateway itself makes: a permit for one who asks, among what the keeper of the record keeps.

https://hl7.org/fhir/R4/consent.html, https://msb-gateway.example/fhir/CodeSystem/consent-basis
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from gateway.fhir.consents import CATEGORIES, OPEN_HIGH
from gateway.fhir.datetime import format_instant, read
from gateway.fhir.owner import labelled
from gateway.fhir.types import Resource

TYPE = "Consent"
BASIS = "https://msb-gateway.example/fhir/CodeSystem/consent-basis"

_TERMS = "http://terminology.hl7.org/CodeSystem/"
_SCOPE = {"coding": [{"system": f"{_TERMS}consentscope", "code": "patient-privacy"}]}
_RECIPIENT = {"coding": [{"system": f"{_TERMS}v3-ParticipationType", "code": "PRCP"}]}


def id_of(base: str, *about: str) -> str:
    """Return the id of what is permitted on some basis to somebody about a patient: one, with all its versions."""
    return str(uuid5(NAMESPACE_URL, "\x1f".join((base, *about))))


def permit(
    id_: str, basis: str, patient: str, owner: str, actor: Mapping[str, Any], span: tuple[datetime, datetime]
) -> Resource:
    """Return a Consent that permits an actor everything of a record, whose owner it has, for a span of time."""
    start, end = map(format_instant, span)
    made: Resource = {
        "resourceType": TYPE,
        "id": id_,
        "status": "active",
        "scope": _SCOPE,
        "category": [{"coding": [{"system": BASIS, "code": basis}]}],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": start,
        "policy": [{"uri": BASIS}],
        "provision": {
            "type": "permit",
            "period": {"start": start, "end": end},
            "actor": [{"role": _RECIPIENT, "reference": actor}],
        },
    }
    return labelled(made, owner)


def limited(consent: Resource, categories: Sequence[str]) -> Resource:
    """Return it as one that permits kinds of data alone."""
    of = {"class": [{"system": CATEGORIES, "code": code} for code in categories]}
    return {**consent, "provision": {**consent["provision"], **of}}


def end_of(consent: Resource) -> int:
    """Return the moment, in microseconds, from which on it is over."""
    end = read(consent["provision"]["period"]["end"])
    return end.high if end else OPEN_HIGH
