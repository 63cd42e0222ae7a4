"""Consents about who may see, to test with."""

from __future__ import annotations

from typing import Any

from gateway.fhir.consents import CATEGORIES, RESOURCE_TYPES, URA
from gateway.fhir.types import Resource

SCOPES = "http://terminology.hl7.org/CodeSystem/consentscope"


def recipient(value: str, system: str = URA) -> dict[str, Any]:
    """Return an actor of a provision: who is named by an identifier."""
    return {
        "role": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]},
        "reference": {"identifier": {"system": system, "value": value}},
    }


def consent(
    id_: str,
    type_: str,
    *recipients: dict[str, Any],
    of: str = "p",
    types: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    scope: str = "patient-privacy",
    **elements: Any,
) -> Resource:
    """Return a Consent of a patient that permits or denies recipients (none: everybody) what they may see."""
    contents = [(RESOURCE_TYPES, code) for code in types] + [(CATEGORIES, code) for code in categories]
    provision: dict[str, Any] = {"type": type_, **elements.pop("provision", {})}
    if recipients:
        provision["actor"] = list(recipients)
    if contents:
        provision["class"] = [{"system": system, "code": code} for system, code in contents]
    return {
        "resourceType": "Consent",
        "id": id_,
        "status": "active",
        "scope": {"coding": [{"system": SCOPES, "code": scope}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": f"Patient/{of}"},
        "policy": [{"uri": "https://example.org/toestemming"}],
        "provision": provision,
        **elements,
    }
