"""One right resource of each kind the gateway stores most, touching many datatypes."""

from typing import Any

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p-1",
    "meta": {"profile": ["https://example.org/p"], "lastUpdated": "2026-01-05T10:00:00.000+01:00"},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Anna</p></div>'},
    "extension": [
        {"url": "https://example.org/a", "extension": [{"url": "b", "valuePeriod": {"start": "1970", "end": "1971"}}]},
        {"url": "https://example.org/c", "valueCodeableConcept": {"coding": [{"system": "urn:oid:1.2", "code": "x"}]}},
    ],
    "identifier": [{"use": "official", "system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"}],
    "active": True,
    "name": [{"use": "official", "family": "Vries", "_family": {"id": "f"}, "given": ["Anna"], "prefix": ["de"]}],
    "telecom": [{"system": "phone", "value": "+31612345678", "use": "mobile", "rank": 1}],
    "gender": "female",
    "birthDate": "1948-02-29",
    "deceasedBoolean": False,
    "address": [{"use": "home", "line": ["Dorpsstraat 12 a"], "city": "Utrecht", "period": {"start": "2010-05-01"}}],
    "photo": [{"contentType": "image/png", "data": "YWJj"}],
    "contact": [{"name": {"family": "Bakker"}}],
    "communication": [{"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "nl"}]}, "preferred": True}],
    "generalPractitioner": [{"reference": "PractitionerRole/gp-1", "type": "PractitionerRole"}],
    "managingOrganization": {"reference": "Organization/o-1"},
    "link": [{"other": {"reference": "Patient/p-2"}, "type": "seealso"}],
}

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "status": "final",
    "category": [{"text": "vitals"}],
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/p-1"},
    "effectivePeriod": {"start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z"},
    "issued": "2026-01-05T11:00:00Z",
    "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    "referenceRange": [{"low": {"value": 50}, "high": {"value": 100}, "age": {"low": {"value": 18}}}],
    "component": [{"code": {"text": "x"}, "valueSampledData": {"origin": {"value": 0}, "period": 10, "dimensions": 1}}],
}

SERVICE_REQUEST: dict[str, Any] = {
    "resourceType": "ServiceRequest",
    "status": "active",
    "intent": "order",
    "priority": "urgent",
    "code": {"text": "overplaatsing"},
    "orderDetail": [{"text": "zittend"}],
    "quantityRange": {"low": {"value": 1}, "high": {"value": 2}},
    "subject": {"reference": "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
    "occurrenceTiming": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d", "timeOfDay": ["08:00:00"]}},
    "authoredOn": "2026-01-05",
    "performer": [{"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"}}],
    "insurance": [{"display": "x"}],
    "note": [{"text": "x", "authorReference": {"reference": "Practitioner/1"}, "time": "2026"}],
}

SLOT: dict[str, Any] = {
    "resourceType": "Slot",
    "schedule": {"reference": "Schedule/1"},
    "status": "free",
    "start": "2026-01-05T10:00:00+01:00",
    "end": "2026-01-05T11:00:00+01:00",
    "overbooked": False,
}

ALL = (PATIENT, OBSERVATION, SERVICE_REQUEST, SLOT)
