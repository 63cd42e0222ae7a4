"""What comes along with matches: by one parameter, by all of them, and by what came along itself.

https://hl7.org/fhir/R4/search.html#revinclude
"""

from __future__ import annotations

import pytest

from gateway.services import Services
from tests.query.test_search import ids, schedule, search, slot, store


@pytest.fixture
def region(services: Services) -> Services:
    hospital = {
        "resourceType": "Organization",
        "id": "o1",
        "name": "Duinrand",
        "partOf": {"reference": "Organization/o0"},
    }
    store(
        services,
        {"resourceType": "Organization", "id": "o0", "name": "Groep"},
        hospital,
        {
            "resourceType": "Location",
            "id": "l1",
            "managingOrganization": {"reference": "Organization/o1"},
            "partOf": {"reference": "Location/l0"},
        },
        {"resourceType": "Location", "id": "l0", "name": "Gebouw"},
        {
            "resourceType": "HealthcareService",
            "id": "h1",
            "providedBy": {"reference": "Organization/o1"},
            "location": [{"reference": "Location/l1"}],
        },
        schedule("s1", "h1"),
        slot("t1", 5),
    )
    return services


@pytest.mark.parametrize(
    ("resource_type", "query", "included"),
    [
        ("HealthcareService", "_include=HealthcareService:location", "l1"),
        ("HealthcareService", "_include=HealthcareService:*", "l1 o1"),
        ("HealthcareService", "_include=*", "l1 o1"),
        ("HealthcareService", "_include=*&_include:iterate=Location:*", "l0 l1 o1"),
        ("HealthcareService", "_include=*&_include:iterate=Organization:partof", "l1 o0 o1"),
        ("HealthcareService", "_include=HealthcareService:*:Location", "l1"),
        ("HealthcareService", "_revinclude=Schedule:*", "s1"),
        ("HealthcareService", "_revinclude=Schedule:actor&_revinclude:iterate=Slot:*", "s1 t1"),
        ("Slot", "_include=*&_include:iterate=Schedule:*&_include:iterate=HealthcareService:*", "h1 l1 o1 s1"),
        ("Location", "_id=l1&_include=Location:*&_revinclude=HealthcareService:location", "h1 l0 o1"),
        ("Organization", "_id=o1&_include=*&_revinclude=Location:*", "l1 o0"),
    ],
)
def test_includes(region: Services, resource_type: str, query: str, included: str) -> None:
    assert sorted(ids(search(region, resource_type, query), "include")) == included.split()
