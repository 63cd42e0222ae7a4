"""What a condition of a write may say: which resource is meant, and nothing of how it is told."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

JSON = "application/fhir+json"


@pytest.mark.parametrize("shaping", ["_sort=name", "_count=1", "_total=none", "_summary=true", "_format=json"])
def test_a_condition_does_not_say_how_it_is_told(client: FlaskClient, shaping: str) -> None:
    place = {"resourceType": "Location", "status": "active"}
    condition = f"identifier=http://x.example|1&{shaping}"

    refused = [client.post("/fhir/Location", json=place, content_type=JSON, headers={"If-None-Exist": condition})]
    entry = {"request": {"method": "POST", "url": "Location", "ifNoneExist": condition}, "resource": place}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    refused.append(client.post("/fhir", json=bundle, content_type=JSON))
    if not shaping.startswith("_format"):  # which there is about the answer
        refused.append(client.put(f"/fhir/Location?{condition}", json=place, content_type=JSON))
        refused.append(client.delete(f"/fhir/Location?{condition}"))

    for answer in refused:
        assert answer.status_code == 400
        assert shaping.partition("=")[0] in answer.get_json()["issue"][0]["diagnostics"]
