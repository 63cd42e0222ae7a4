"""`Patient/$break-glass` where nobody has logged in: no machine opens a record."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.emergency_world import NUMBER, REASON


def test_no_machine_opens_a_record(client: FlaskClient) -> None:
    parameters = [
        {"name": "identifier", "valueIdentifier": NUMBER},
        {"name": "reason", "valueCodeableConcept": REASON},
    ]
    for operation in ("$break-glass", "$end-break-glass"):
        sent = {"resourceType": "Parameters", "parameter": parameters[: 2 if operation == "$break-glass" else 1]}
        answer = client.post(f"/fhir/Patient/{operation}", json=sent)

        assert answer.status_code == 403
        assert answer.json is not None
        assert answer.json["issue"][0]["details"]["coding"][0]["code"] == "person-required"
