"""The transaction Bundle of the benchmarks: ten resources of a referral to a bed, 6 kB, new ids each time."""

from typing import Any

import msgspec

_MARK = "0000000000"
_CANONICAL = "https://msb-gateway.example/fhir"
_SNOMED = "http://snomed.info/sct"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"


def bundle(number: int) -> bytes:
    """Return the Bundle with ids of its own for each `number`; all of them have the same shape and size."""
    return _TEMPLATE.replace(_MARK.encode(), f"{number:010d}".encode())


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def _resources() -> list[dict[str, Any]]:
    organization, ward, bed = f"org-{_MARK}", f"ward-{_MARK}", f"bed-{_MARK}"
    patient = {"reference": f"Patient/pat-{_MARK}", "display": "A. de Vries-van den Berg"}
    return [
        {
            "resourceType": "Organization",
            "id": organization,
            "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"}],
            "active": True,
            "type": [_concept("http://nictiz.nl/fhir/NamingSystem/organization-type", "V4", "Ziekenhuis")],
            "name": "Ziekenhuis Duinrand",
            "telecom": [{"system": "phone", "value": "+31 70 000 00 00", "use": "work"}],
            "address": [{"line": ["Duinweg 1"], "city": "Den Haag", "postalCode": "2584 AA", "country": "NL"}],
        },
        _place(ward, "wa", "Ward", None, organization),
        _place(bed, "bd", "Bed", ward, organization),
        {
            "resourceType": "HealthcareService",
            "id": f"svc-{_MARK}",
            "active": True,
            "providedBy": {"reference": f"Organization/{organization}"},
            "type": [_concept(_SNOMED, "310151000146104", "acute opname")],
            "location": [{"reference": f"Location/{ward}"}],
            "name": "Acute opname 3B",
        },
        {
            "resourceType": "Schedule",
            "id": f"sch-{_MARK}",
            "active": True,
            "actor": [{"reference": f"Location/{bed}"}, {"reference": f"HealthcareService/svc-{_MARK}"}],
            "planningHorizon": {"start": "2026-01-05T00:00:00+01:00", "end": "2026-01-12T00:00:00+01:00"},
        },
        _slot("a", "free", "05"),
        _slot("b", "busy", "06"),
        {
            "resourceType": "Patient",
            "id": f"pat-{_MARK}",
            "identifier": [{"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}],
            "name": [{"use": "official", "family": "de Vries-van den Berg", "given": ["Anna", "Maria"]}],
            "gender": "female",
            "birthDate": "1944-03-10",
            "address": [{"line": ["Laan 12 B"], "city": "Den Haag", "postalCode": "2511 AA", "country": "NL"}],
        },
        {
            "resourceType": "Encounter",
            "id": f"enc-{_MARK}",
            "status": "in-progress",
            "class": {"system": f"{_TERMINOLOGY}/v3-ActCode", "code": "IMP", "display": "inpatient encounter"},
            "subject": patient,
            "period": {"start": "2026-01-05T10:00:00+01:00"},
            "location": [{"location": {"reference": f"Location/{bed}"}, "status": "active"}],
            "serviceProvider": {"reference": f"Organization/{organization}"},
        },
        {
            "resourceType": "ServiceRequest",
            "id": f"ref-{_MARK}",
            "identifier": [{"system": f"{_CANONICAL}/NamingSystem/referral", "value": f"ref-{_MARK}"}],
            "status": "active",
            "intent": "order",
            "priority": "urgent",
            "category": [_concept(_SNOMED, "308292007", "overdracht van zorg (verrichting)")],
            "code": _concept(_SNOMED, "11131000146102", "overdracht van zorg vanuit ambulance"),
            "subject": patient,
            "authoredOn": "2026-01-05T09:55:00+01:00",
            "requester": {"reference": f"Organization/{organization}"},
            "reasonCode": [{"text": "Opname gevraagd na val; observatie 24 uur, neurologische controles."}],
        },
    ]


def _place(id_: str, kind: str, display: str, part_of: str | None, organization: str) -> dict[str, Any]:
    place: dict[str, Any] = {
        "resourceType": "Location",
        "id": id_,
        "identifier": [{"system": "https://duinrand.example/plek", "value": id_}],
        "status": "active",
        "name": f"3B {display}",
        "mode": "instance",
        "type": [_concept(f"{_TERMINOLOGY}/v3-RoleCode", "HOSP", "Hospital")],
        "physicalType": _concept(f"{_TERMINOLOGY}/location-physical-type", kind, display),
        "managingOrganization": {"reference": f"Organization/{organization}"},
    }
    return place | ({"partOf": {"reference": f"Location/{part_of}"}} if part_of else {})


def _slot(name: str, status: str, day: str) -> dict[str, Any]:
    return {
        "resourceType": "Slot",
        "id": f"slot-{name}-{_MARK}",
        "extension": [{"url": f"{_CANONICAL}/StructureDefinition/capacity-source", "valueString": "dev"}],
        "identifier": [{"system": "https://duinrand.example/slot", "value": f"{name}-{_MARK}"}],
        "serviceType": [_concept(_SNOMED, "310151000146104", "acute opname")],
        "schedule": {"reference": f"Schedule/sch-{_MARK}"},
        "status": status,
        "start": f"2026-01-{day}T10:00:00+01:00",
        "end": f"2026-01-{day}T20:00:00+01:00",
    }


def _entry(resource: dict[str, Any]) -> dict[str, Any]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"{_CANONICAL}/{url}", "resource": resource, "request": {"method": "PUT", "url": url}}


_TEMPLATE = msgspec.json.encode(
    {"resourceType": "Bundle", "type": "transaction", "entry": [_entry(resource) for resource in _resources()]}
)
