"""Resources as the gateway meets them, for the benchmarks. Invented people, beds and organisations."""

from typing import Any

Resource = dict[str, Any]
BASE = "https://msb-gateway.example/fhir"

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p-1",
    "meta": {
        "profile": ["http://nictiz.nl/fhir/StructureDefinition/nl-core-Patient"],
        "lastUpdated": "2026-01-05T10:00:00.000+01:00",
    },
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/patient-nationality",
            "extension": [
                {
                    "url": "code",
                    "valueCodeableConcept": {
                        "coding": [
                            {
                                "system": "urn:oid:2.16.840.1.113883.2.4.4.16.32",
                                "code": "0001",
                                "display": "Nederlandse",
                            }
                        ]
                    },
                },
                {"url": "period", "valuePeriod": {"start": "1970-01-01"}},
            ],
        }
    ],
    "identifier": [
        {"use": "official", "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"},
        {
            "system": "urn:oid:2.16.840.1.113883.2.4.3.11.999.7.6",
            "value": "Z-0012345",
            "period": {"start": "2020-01-01"},
        },
    ],
    "active": True,
    "name": [
        {
            "use": "official",
            "text": "Anna Bakker - de Vries",
            "family": "Bakker - de Vries",
            "_family": {
                "extension": [
                    {"url": "http://hl7.org/fhir/StructureDefinition/humanname-own-prefix", "valueString": "de"},
                    {"url": "http://hl7.org/fhir/StructureDefinition/humanname-own-name", "valueString": "Vries"},
                    {"url": "http://hl7.org/fhir/StructureDefinition/humanname-partner-name", "valueString": "Bakker"},
                ]
            },
            "given": ["Anna", "B."],
        }
    ],
    "telecom": [
        {"system": "phone", "value": "+31612345678", "use": "mobile", "rank": 1},
        {"system": "email", "value": "anna@example.org", "use": "home"},
    ],
    "gender": "female",
    "birthDate": "1948-02-29",
    "deceasedBoolean": False,
    "address": [
        {
            "use": "home",
            "line": ["Dorpsstraat 12 a"],
            "city": "Utrecht",
            "postalCode": "3511 AB",
            "country": "NL",
            "period": {"start": "2010-05-01"},
        }
    ],
    "maritalStatus": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus", "code": "M"}]},
    "contact": [
        {
            "relationship": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0131", "code": "C"}]}],
            "name": {"family": "Bakker", "given": ["Cor"]},
            "telecom": [{"system": "phone", "value": "+31201234567"}],
        }
    ],
    "generalPractitioner": [{"reference": "PractitionerRole/gp-1", "display": "Huisarts"}],
    "managingOrganization": {"reference": "Organization/o-1"},
}

LOCATION: Resource = {
    "resourceType": "Location",
    "id": "bed-1",
    "extension": [
        {"url": BASE + "/StructureDefinition/capacity-source", "valueString": "ziekenhuis-noord"},
        {"url": BASE + "/StructureDefinition/capacity-measured-at", "valueDateTime": "2026-01-05T10:00:00+01:00"},
        {"url": BASE + "/StructureDefinition/capacity-method", "valueCode": "automatic"},
    ],
    "identifier": [{"system": "https://noord.example/beds", "value": "3B-07-2"}],
    "status": "active",
    "operationalStatus": {
        "system": "http://terminology.hl7.org/CodeSystem/v2-0116",
        "code": "U",
        "display": "Unoccupied",
    },
    "name": "3B kamer 7 bed 2",
    "mode": "instance",
    "type": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "HU"}]}],
    "physicalType": {
        "coding": [{"system": "http://terminology.hl7.org/CodeSystem/location-physical-type", "code": "bd"}]
    },
    "position": {"longitude": 5.12, "latitude": 52.09},
    "managingOrganization": {"reference": "Organization/o-1"},
    "partOf": {"reference": "Location/room-7"},
}

SLOT: Resource = {
    "resourceType": "Slot",
    "id": "s-1",
    "serviceType": [{"coding": [{"system": "http://snomed.info/sct", "code": "305056002"}]}],
    "schedule": {"reference": "Schedule/sch-1"},
    "status": "free",
    "start": "2026-01-05T10:00:00.000+01:00",
    "end": "2026-01-06T10:00:00.000+01:00",
    "comment": "bed gereed",
}

SERVICE_REQUEST: Resource = {
    "resourceType": "ServiceRequest",
    "id": "sr-1",
    "identifier": [{"system": "https://noord.example/referrals", "value": "V-2026-001"}],
    "status": "active",
    "intent": "order",
    "category": [{"coding": [{"system": "http://snomed.info/sct", "code": "308292007"}]}],
    "priority": "urgent",
    "code": {"coding": [{"system": "http://snomed.info/sct", "code": "11131000146102"}], "text": "Overplaatsing"},
    "subject": {"reference": "Patient/p-1"},
    "encounter": {"reference": "Encounter/e-1"},
    "occurrencePeriod": {"start": "2026-01-05T12:00:00+01:00", "end": "2026-01-06"},
    "authoredOn": "2026-01-05T10:00:00+01:00",
    "requester": {"reference": "PractitionerRole/pr-1"},
    "performer": [{"reference": "Organization/o-2"}],
    "reasonCode": [{"text": "herstel na heupoperatie"}],
    "note": [{"text": "kan zelfstandig eten", "time": "2026-01-05T10:00:00+01:00"}],
}

TASK: Resource = {
    "resourceType": "Task",
    "id": "t-1",
    "status": "requested",
    "intent": "order",
    "priority": "urgent",
    "code": {"coding": [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]},
    "focus": {"reference": "ServiceRequest/sr-1"},
    "for": {"reference": "Patient/p-1"},
    "authoredOn": "2026-01-05T10:00:00+01:00",
    "requester": {"reference": "Organization/o-1"},
    "owner": {"reference": "Organization/o-2"},
    "restriction": {"period": {"end": "2026-01-05T14:00:00+01:00"}},
    "input": [
        {
            "type": {"text": "afstand"},
            "valueQuantity": {"value": 12.50, "unit": "km", "system": "http://unitsofmeasure.org", "code": "km"},
        }
    ],
}

_TEN = [PATIENT, LOCATION, SLOT, SERVICE_REQUEST, TASK] * 2


def bundle_of_ten() -> Resource:
    """Return a transaction of ten resources, each with its own id."""
    resources = [resource | {"id": f"{resource['id']}-{n}"} for n, resource in enumerate(_TEN)]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"{BASE}/{resource['resourceType']}/{resource['id']}",
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for resource in resources
        ],
    }
