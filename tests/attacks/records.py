"""What two organisations have, of every type that is served: as little as each type may be, each about a patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from gateway.fhir.elements import Element, children, required_codes
from gateway.fhir.types import resource_types
from gateway.rest.metadata import lists

Resource = dict[str, Any]
TYPES = sorted(type_ for type_ in resource_types() if lists(type_, "update"))
_VERIFIED = "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
_DAY, _NEXT = "2026-01-05T10:00:00Z", "2026-01-06T10:00:00Z"
_PLAIN: dict[str, Any] = {
    "boolean": True,
    "dateTime": _DAY,
    "instant": _DAY,
    "decimal": 1,
    "integer": 1,
    "positiveInt": 1,
    "unsignedInt": 1,
    "CodeableConcept": {"text": "x"},
    "Coding": {"code": "x"},
    "Period": {"start": _DAY, "end": _NEXT},
}
# What the rules of a type ask for beside its required elements.
_MORE: dict[str, Resource] = {
    "AllergyIntolerance": {"verificationStatus": {"coding": [{"system": _VERIFIED, "code": "entered-in-error"}]}},
    "Appointment": {"participant": [{"status": "accepted", "actor": {"display": "x"}}], "start": _DAY, "end": _NEXT},
    "Binary": {"contentType": "text/plain", "data": "eA=="},
    "Consent": {"policyRule": {"text": "x"}, "scope": {"text": "x"}},
    "DocumentReference": {"content": [{"attachment": {"title": "x"}}]},
    "Immunization": {"occurrence": None, "occurrenceString": "x"},
    "MeasureReport": {"subject": None},
    "MedicationRequest": {"medication": None, "medicationCodeableConcept": {"text": "x"}},
    "MedicationStatement": {"medication": None, "medicationCodeableConcept": {"text": "x"}},
    "MessageHeader": {"event": None, "eventUri": "urn:x"},
    "Organization": {"name": "x"},
    "Patient": {"name": [{"family": "Eigen"}]},
    "Schedule": {"actor": [{"display": "x"}]},
}


def id_of(type_: str, whose: str) -> str:
    return f"{type_.lower()}-of-{whose}"


def records(whose: str, endpoint: str) -> Iterator[Resource]:
    """Yield what an organisation has, one of each type; `endpoint` is where the gateway may send to."""
    for type_ in TYPES:
        more = dict(_MORE.get(type_, {}))
        if type_ == "Subscription":
            more = {"status": "off", "criteria": "Slot?status=free"}
            more["channel"] = {"type": "rest-hook", "endpoint": f"{endpoint}/{whose}"}
        made = {"resourceType": type_, "id": id_of(type_, whose)} | _least(type_, whose) | more
        yield {name: value for name, value in made.items() if value is not None}


def _least(type_: str, whose: str) -> Resource:
    """Return the elements that a type requires, and the patient that it may be about."""
    found = children(type_)
    wanted = {name: element for name, element in found.items() if element.required}
    wanted |= {name: found[name] for name in ("subject", "patient", "for") if name in found and "." not in type_}
    return {
        name: [_value(element, whose)] if element.is_list else _value(element, whose)
        for name, element in wanted.items()
    }


def _value(element: Element, whose: str) -> Any:
    type_ = element.types[0]
    if type_ == "Reference":
        of_patient = not element.targets or {"Patient", "Resource"} & {*element.targets}
        return {"reference": f"Patient/{id_of('Patient', whose)}"} if of_patient else {"display": "x"}
    if type_ == "code":
        return sorted(required_codes(element.binding or "") or ["x"])[0]
    return _PLAIN[type_] if type_ in _PLAIN else (_least(type_, whose) if "." in type_ else "urn:x")
