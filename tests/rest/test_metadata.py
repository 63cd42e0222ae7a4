"""The CapabilityStatement tells the truth: what it lists is served, what it does not list is refused."""

from typing import Any, get_args

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json
from gateway.fhir.search.served import served
from gateway.fhir.types import resource_types
from gateway.rest.fhir import ROUTES
from gateway.rest.metadata import SERVED, SYSTEM, capability_statement
from gateway.rest.security import KnownBy
from gateway.services import Services

JSON = "application/fhir+json"
NEEDED = {
    "Location", "Slot", "Schedule", "HealthcareService", "Organization", "Patient", "PractitionerRole",
    "ServiceRequest", "Task", "Encounter",
}  # fmt: skip


def asked(interaction: str, resource_type: str) -> dict[str, Any]:
    """Return how a client asks for an interaction on a resource that is not there."""
    body = json.encode({"resourceType": resource_type, "id": "none"})
    path = f"/fhir/{resource_type}"
    requests: dict[str, dict[str, Any]] = {
        "read": {"method": "GET", "path": f"{path}/none"},
        "vread": {"method": "GET", "path": f"{path}/none/_history/1"},
        "history-instance": {"method": "GET", "path": f"{path}/none/_history"},
        "history-type": {"method": "GET", "path": f"{path}/_history"},
        "search-type": {"method": "GET", "path": path},
        "create": {"method": "POST", "path": path, "data": body, "content_type": JSON},
        "update": {"method": "PUT", "path": f"{path}/none", "data": body, "content_type": JSON},
        "patch": {
            "method": "PATCH",
            "path": f"{path}/none",
            "data": b"[]",
            "content_type": "application/json-patch+json",
        },
        "delete": {"method": "DELETE", "path": f"{path}/none"},
    }
    return requests[interaction]


EVERY = ("read", "vread", "history-instance", "history-type", "search-type", "create", "update", "patch", "delete")


@pytest.mark.parametrize("resource_type", sorted(SERVED))
def test_what_is_listed_is_served_and_what_is_not_is_refused(client: FlaskClient, resource_type: str) -> None:
    for interaction in EVERY:
        response = client.open(**asked(interaction, resource_type))

        listed = interaction in SERVED[resource_type]
        refused = response.status_code == 405 or (response.status_code == 404 and "no such path" in response.text)
        assert refused is not listed, interaction
        assert response.status_code < 500
        if response.status_code >= 400:
            assert response.get_json()["resourceType"] == "OperationOutcome"


def test_a_type_that_is_not_listed_is_404(client: FlaskClient) -> None:
    for interaction in ("read", "search-type", "create", "update", "delete"):
        assert client.open(**asked(interaction, "Account")).status_code == 404, interaction


def test_what_is_served_of_the_system_is_listed_and_nothing_else(client: FlaskClient) -> None:
    statement = client.get("/fhir/metadata").get_json()

    assert [i["code"] for i in statement["rest"][0]["interaction"]] == list(SYSTEM)
    for kind in ("transaction", "batch"):
        empty = json.encode({"resourceType": "Bundle", "type": kind})
        assert client.post("/fhir", data=empty, content_type=JSON).get_json()["type"] == f"{kind}-response"
    assert client.get("/fhir/_history").get_json()["type"] == "history"
    assert client.get("/fhir?_type=Patient").get_json()["type"] == "searchset"
    assert client.put("/fhir").status_code == 405


def _stored(statement: Any) -> list[Any]:
    """Return the types of which something is stored; of the others only operations are served."""
    return [resource for resource in statement["rest"][0]["resource"] if "interaction" in resource]


def test_the_statement_lists_what_the_table_says(client: FlaskClient) -> None:
    response = client.get("/fhir/metadata")

    statement = response.get_json()
    listed = {r["type"]: tuple(i["code"] for i in r["interaction"]) for r in _stored(statement)}
    assert response.status_code == 200
    assert statement["fhirVersion"] == "4.0.1"
    assert statement["kind"] == "instance"
    assert listed == dict(SERVED)
    assert listed.keys() >= NEEDED


@pytest.mark.parametrize("known_by", get_args(KnownBy))
def test_the_statement_is_valid(services: Services, known_by: KnownBy) -> None:
    assert services.validator.issues(capability_statement("https://msb-gateway.example/fhir", known_by)) == []


def test_every_interaction_of_the_table_has_a_route_and_every_route_is_of_the_table() -> None:
    in_table = {interaction for interactions in SERVED.values() for interaction in interactions}

    routed = {route.interaction for route in ROUTES if route.interaction}
    assert routed == in_table | (set(SYSTEM) - {"transaction", "batch"})  # one route of Bundles serves these
    assert set(SERVED) <= resource_types()


@pytest.mark.parametrize("resource_type", sorted(NEEDED))
def test_every_search_parameter_that_is_listed_is_known_to_the_search(client: FlaskClient, resource_type: str) -> None:
    statement = client.get("/fhir/metadata").get_json()
    resource = next(r for r in statement["rest"][0]["resource"] if r["type"] == resource_type)

    listed = {p["name"] for p in resource["searchParam"]}

    assert listed == set(served(resource_type))
    for name in listed - {p.code for p in served(resource_type).values() if p.type == "composite"}:
        assert client.get(f"/fhir/{resource_type}?{name}:missing=true").status_code == 200, name
    for include in resource.get("searchInclude", []):
        assert client.get(f"/fhir/{resource_type}?_include={include}").status_code == 200, include
