"""A parameter that is not known is refused by name, by every interaction: passed over, it would say something else."""

from typing import Any

import pytest
from flask.testing import FlaskClient

JSON = "application/fhir+json"
BED: dict[str, Any] = {"resourceType": "Location", "id": "bed", "status": "active"}
PATCH: list[Any] = [{"op": "replace", "path": "/status", "value": "suspended"}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/metadata", None),
        ("GET", "/Location", None),
        ("GET", "/Location/bed", None),
        ("GET", "/Location/bed/_history/1", None),
        ("GET", "/Location/bed/_history", None),
        ("POST", "/Location", BED),
        ("PUT", "/Location/bed", BED | {"status": "suspended"}),
        ("PATCH", "/Location/bed", PATCH),
        ("DELETE", "/Location/bed", None),
        ("POST", "", {"resourceType": "Bundle", "type": "batch", "entry": []}),
    ],
)
def test_an_unknown_parameter_is_refused_by_name_and_nothing_is_done(
    client: FlaskClient, method: str, path: str, body: Any
) -> None:
    client.put("/fhir/Location/bed", json=BED, content_type=JSON)
    kind = "application/json-patch+json" if method == "PATCH" else JSON

    refused = client.open(f"/fhir{path}?colour=red&shade=dark", method=method, json=body, content_type=kind)

    said = [issue["diagnostics"] for issue in refused.get_json()["issue"]]
    assert refused.status_code == 400
    assert "_history" in path or ("colour" in f"{said}" and "shade" in f"{said}")  # a history tells what it takes
    assert client.get("/fhir/Location/bed").headers["ETag"] == 'W/"1"'
    assert client.get("/fhir/Location?_summary=count").get_json()["total"] == 1


def test_a_condition_in_the_url_of_a_create_is_pointed_to_its_place(client: FlaskClient) -> None:
    """Taken for a condition by some servers; passed over, every repetition would make another one."""
    refused = client.post("/fhir/Location?identifier=x|1", json={"resourceType": "Location"}, content_type=JSON)

    assert refused.status_code == 400
    assert "If-None-Exist" in refused.get_json()["issue"][0]["diagnostics"]


def test_an_entry_of_a_bundle_is_no_exception(client: FlaskClient) -> None:
    entry = {"resource": {"resourceType": "Location"}, "request": {"method": "POST", "url": "Location?colour=red"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}

    refused = client.post("/fhir", json=bundle, content_type=JSON)

    assert refused.status_code == 400
    assert refused.get_json()["issue"][0]["expression"] == ["Bundle.entry[0]"]


def test_what_concerns_the_representation_is_taken_everywhere(client: FlaskClient) -> None:
    made = client.post("/fhir/Location?_format=json&_pretty=true", json={"resourceType": "Location"}, content_type=JSON)

    assert made.status_code == 201
    assert b"\n" in made.data
