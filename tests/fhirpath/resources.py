"""The resources that the cases are asked of. Invented people and places; the BSN is a test number."""

from typing import Any

PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "meta": {"versionId": "3", "lastUpdated": "2026-01-05T10:00:00.000+01:00"},
    "contained": [
        {"resourceType": "Organization", "id": "o1", "name": "Ziekenhuis Noord"},
        {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Jansen"}]},
    ],
    "extension": [
        {"url": "http://example.org/nationality", "valueCode": "NL"},
        {
            "url": "http://example.org/address",
            "extension": [{"url": "street", "valueString": "Kerkstraat"}, {"url": "floor", "valueInteger": 3}],
        },
    ],
    "identifier": [
        {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900006"},
        {"use": "secondary", "value": "P-1"},
    ],
    "active": True,
    "name": [
        {"use": "official", "family": "de Vries", "given": ["Anna", "Maria"], "period": {"start": "2001-05"}},
        {"use": "usual", "given": ["An"]},
    ],
    "telecom": [
        {"system": "phone", "value": "030-1", "use": "home", "rank": 2},
        {"system": "phone", "value": "030-2", "use": "work", "rank": 1},
        {"system": "email", "value": "a@example.org"},
    ],
    "gender": "female",
    "birthDate": "1980-02-29",
    "_birthDate": {"id": "b1", "extension": [{"url": "http://example.org/birth-time", "valueTime": "09:30:00"}]},
    "_language": {"extension": [{"url": "http://example.org/absent", "valueCode": "unknown"}]},
    "deceasedBoolean": False,
    "address": [{"line": ["Kerkstraat 1", None], "_line": [None, {"id": "l2"}], "city": "Utrecht"}],
    "maritalStatus": {"coding": [{"system": "http://example.org/m", "code": "M"}], "text": "Getrouwd"},
    "multipleBirthInteger": 2,
    "generalPractitioner": [{"reference": "#d1"}, {"reference": "Practitioner/42"}],
    "managingOrganization": {"reference": "#o1"},
}

OBSERVATION: dict[str, Any] = {
    "resourceType": "Observation",
    "id": "v1",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
    "subject": {"reference": "Patient/p1"},
    "effectiveDateTime": "2026-01-05T10:30:00+01:00",
    "issued": "2026-01-05T10:31:00.000+01:00",
    "valueQuantity": {
        "extension": [{"url": "http://example.org/precision", "valueInteger": 1}],
        "value": 80,
        "unit": "/min",
        "system": "http://unitsofmeasure.org",
        "code": "/min",
    },
    "referenceRange": [{"low": {"value": 60, "unit": "/min"}, "high": {"value": 100, "unit": "/min"}}],
    "component": [
        {"code": {"text": "first"}, "valueString": "regular"},
        {"code": {"text": "second"}, "valueQuantity": {"value": 1, "unit": "s", "code": "s"}},
        {"code": {"text": "third"}, "valueBoolean": True},
    ],
}

BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [
        {"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000001", "resource": PATIENT},
        {"fullUrl": "http://example.org/fhir/Observation/v1", "resource": OBSERVATION},
    ],
}

QUESTIONNAIRE: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "status": "active",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Vragen</p></div>'},
    "item": [
        {
            "linkId": "1",
            "type": "group",
            "item": [{"linkId": "1.1", "type": "string"}, {"linkId": "1.2", "type": "date"}],
        },
        {
            "linkId": "2",
            "type": "group",
            "item": [{"linkId": "2.1", "type": "group", "item": [{"linkId": "2.1.1", "type": "url"}]}],
        },
    ],
}

RESOURCES = {r["resourceType"]: r for r in (PATIENT, OBSERVATION, BUNDLE, QUESTIONNAIRE)}
