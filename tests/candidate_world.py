"""A referral that is put to two nursing homes: what a candidate is told of it, and what it is not."""

from __future__ import annotations

from typing import Any

from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.transact import Put
from tests.policy_world import HOME, HOSPITAL, OTHER_HOME, URA, does, organisation, patient, peopled

SNOMED, ICPC = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icpc-1-nl"
LOCAL = "https://duinrand.example/codes"
CARE = "https://msb-gateway.example/fhir/CodeSystem/care-type"
CARE_TYPE = "https://msb-gateway.example/fhir/StructureDefinition/care-type"
SECRET = "Duinweg"  # stands in all that a candidate is not told
MASKED = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
LABELS = {
    "security": [
        {"system": "https://msb-gateway.example/fhir/CodeSystem/owner", "code": HOSPITAL.ura},
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "REDACTED"},
    ],
    "tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}],
}
OF_THE_HOSPITAL = {"type": "Organization", "identifier": {"system": URA, "value": HOSPITAL.ura}}
OF_THE_HOME = {"type": "Organization", "identifier": {"system": URA, "value": HOME.ura}}


def coded(system: str, code: str, **more: Any) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, **more}]}


def whole_request(**elements: Any) -> Resource:
    """Return a request in which the word stands in each element that is not told, and beside those that are."""
    word = {"extension": [{"url": "https://duinrand.example/x", "valueString": SECRET}]}
    said = {
        "resourceType": "ServiceRequest",
        "id": "r",
        "meta": {"profile": [f"https://duinrand.example/{SECRET}"], "tag": [{"system": LOCAL, "code": SECRET}]},
        "language": "nl",
        "text": {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{SECRET}</div>'},
        "contained": [{"resourceType": "Practitioner", "id": "c", "name": [{"family": SECRET}]}],
        "extension": [
            {"url": CARE_TYPE, "valueCodeableConcept": {**coded(CARE, "elv-hoog", display=SECRET), "text": SECRET}},
            {"url": "https://duinrand.example/x", "valueString": SECRET},
        ],
        "identifier": [{"system": f"{LOCAL}/number", "value": SECRET}],
        "status": "active",
        "_status": word,
        "intent": "order",
        "category": [{**coded(SNOMED, "3457005", display=SECRET), "text": SECRET}],
        "priority": "urgent",
        "code": {"coding": [{"system": LOCAL, "code": SECRET}, {"system": SNOMED, "code": "11131000146102"}]},
        "subject": {"reference": "Patient/p", "display": SECRET},
        "encounter": {"display": SECRET},
        "occurrencePeriod": {"start": "2026-01-06", "end": "2026-01-20", **word},
        "authoredOn": "2026-01-05T10:00:00+01:00",
        "requester": {**OF_THE_HOSPITAL, "reference": "#c", "display": SECRET},
        "performer": [{"display": SECRET}],
        "locationCode": [{"text": SECRET}],
        "reasonCode": [{**coded(ICPC, "L75", display=SECRET), "text": SECRET}, {"text": SECRET}],
        "insurance": [{"display": SECRET}],
        "supportingInfo": [{"reference": "Observation/o", "display": SECRET}],
        "note": [{"text": SECRET}],
        "patientInstruction": SECRET,
    }
    return said | elements


REDUCED_REQUEST: Resource = {
    "resourceType": "ServiceRequest",
    "id": "r",
    "extension": [{"url": CARE_TYPE, "valueCodeableConcept": coded(CARE, "elv-hoog")}],
    "status": "active",
    "intent": "order",
    "category": [coded(SNOMED, "3457005")],
    "priority": "urgent",
    "code": coded(SNOMED, "11131000146102"),
    "subject": MASKED,
    "occurrencePeriod": {"start": "2026-01-06", "end": "2026-01-20"},
    "authoredOn": "2026-01-05T10:00:00+01:00",
    "requester": OF_THE_HOSPITAL,
    "reasonCode": [coded(ICPC, "L75")],
}


def whole_task(
    status: str = "requested", id_: str = "t", to: dict[str, Any] | None = None, **elements: Any
) -> Resource:
    said = {
        "resourceType": "Task",
        "id": id_,
        "identifier": [{"value": SECRET}],
        "groupIdentifier": {"value": SECRET},
        "status": status,
        "statusReason": {"text": SECRET},
        "intent": "order",
        "description": SECRET,
        "focus": {"reference": "ServiceRequest/r", "display": SECRET},
        "for": {"reference": "Patient/p", "identifier": {"value": SECRET}},
        "authoredOn": "2026-01-05T10:00:00+01:00",
        "requester": {**OF_THE_HOSPITAL, "display": SECRET},
        "owner": {**(to or organisation(HOME)), "display": SECRET},
        "note": [{"text": SECRET}],
        "input": [{"type": {"text": "beeld"}, "valueString": SECRET}],
    }
    return said | elements


REDUCED_TASK: Resource = {
    "resourceType": "Task",
    "id": "t",
    "status": "requested",
    "intent": "order",
    "focus": {"reference": "ServiceRequest/r"},
    "authoredOn": "2026-01-05T10:00:00+01:00",
    "requester": OF_THE_HOSPITAL,
    "owner": OF_THE_HOME,
}


def referred(to: Services) -> Services:
    """Have the hospital put a request to two homes."""
    peopled(to)
    for said in (patient(), whole_request(), whole_task(), whole_task(id_="t2", to=organisation(OTHER_HOME))):
        does(HOSPITAL, Put(said), to)
    return to


def without_version(resource: Resource) -> Resource:
    """Return a resource without its meta, of which the labels are checked here."""
    meta = resource["meta"]
    assert {name: meta[name] for name in LABELS} == LABELS
    assert meta.keys() == {"versionId", "lastUpdated", *LABELS}
    return {name: value for name, value in resource.items() if name != "meta"}
