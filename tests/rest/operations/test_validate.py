"""`$validate`: every problem with its place, by mode and profile; nothing is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

BED = {"resourceType": "Location", "id": "a", "name": "bed", "mode": "instance", "status": "active"}
SLOT = "https://msb-gateway.example/fhir/StructureDefinition/capacity-slot"
Call = Callable[..., tuple[int, Any]]


def found(outcome: Any) -> list[tuple[str, str, str | None]]:
    assert outcome["resourceType"] == "OperationOutcome"
    return [
        (issue["severity"], issue["details"]["coding"][0]["code"], next(iter(issue.get("expression", ())), None))
        for issue in outcome["issue"]
    ]


def parameters(**named: Any) -> dict[str, Any]:
    listed = [
        {"name": name, "resource": value} if isinstance(value, dict) else {"name": name, key(name): value}
        for name, value in named.items()
    ]
    return {"resourceType": "Parameters", "parameter": listed}


def key(name: str) -> str:
    return "valueCode" if name == "mode" else "valueUri"


def test_a_right_resource_is_told_so_and_not_stored(call: Call, client: FlaskClient) -> None:
    for sent in (BED, parameters(resource=BED), parameters(resource=BED, mode="create")):
        status, outcome = call("Location/$validate", sent)
        assert (status, found(outcome)) == (200, [("information", "all-well", None)])
    assert client.get("/fhir/Location/a").status_code == 404
    assert client.get("/fhir/Location/_history").get_json().get("entry", []) == []


def test_every_problem_is_told_with_its_place(call: Call) -> None:
    status, outcome = call("Location/$validate", BED | {"status": "vrij", "naam": "x", "mode": 3})
    assert status == 200
    assert {place for severity, _, place in found(outcome) if severity == "error"} == {
        "Location.status",
        "Location",
        "Location.mode",
    }


def test_xml_is_told_by_line(client: FlaskClient) -> None:
    document = b'<Location xmlns="http://hl7.org/fhir">\n<status value="vrij"/>\n</Location>'
    answer = client.post("/fhir/Location/$validate", data=document, content_type="application/fhir+xml")
    assert (answer.status_code, answer.mimetype) == (200, "application/fhir+xml")
    assert b"/Location/status (line 2)" in answer.data


def test_another_type_is_a_problem(call: Call) -> None:
    status, outcome = call("Slot/$validate", BED)
    assert (status, found(outcome)[0][2]) == (200, "Slot.resourceType")


def test_a_profile_is_held_against(call: Call) -> None:
    slot = {"resourceType": "Slot", "schedule": {"reference": "Schedule/1"}, "status": "free"}
    slot |= {"start": "2026-01-05T10:00:00+01:00", "end": "2026-01-05T11:00:00+01:00"}
    assert found(call("Slot/$validate", slot)[1])[0][1] == "all-well"
    _, outcome = call("Slot/$validate", parameters(resource=slot, profile=SLOT))
    assert any(severity == "error" for severity, _, _ in found(outcome))
    assert call("Slot/$validate", slot, profile=SLOT)[1] == outcome


def test_an_unknown_profile_is_told(call: Call) -> None:
    status, outcome = call("Location/$validate", BED, profile="https://example.org/StructureDefinition/none")
    assert (status, found(outcome)) == (200, [("error", "profile-unknown", "Location.meta.profile")])


def test_what_is_stored_is_validated(call: Call, put: Callable[..., None]) -> None:
    put(BED)
    assert found(call("Location/a/$validate")[1])[0][1] == "all-well"
    profile = "https://msb-gateway.example/fhir/StructureDefinition/capacity-bed"
    _, by_get = call("Location/a/$validate", mode="profile", profile=profile)
    assert any(severity == "error" for severity, _, _ in found(by_get))
    asked = {"resourceType": "Parameters", "parameter": [{"name": "mode", "valueCode": "profile"}]}
    asked["parameter"].append({"name": "profile", "valueCanonical": profile})  # type: ignore[attr-defined]
    assert call("Location/a/$validate", asked)[1] == by_get


def test_an_update_has_the_id_of_its_url(call: Call) -> None:
    assert found(call("Location/a/$validate", parameters(resource=BED, mode="update"))[1])[0][1] == "all-well"
    _, outcome = call("Location/b/$validate", parameters(resource=BED, mode="update"))
    assert found(outcome) == [("error", "bad-request", "Location.id")]
    _, without = call("Location/$validate", BED, mode="update")
    assert found(without)[0][1] == "all-well"
    nameless = {name: value for name, value in BED.items() if name != "id"}
    assert found(call("Location/$validate", nameless, mode="update")[1]) == [("error", "bad-request", "Location.id")]


def test_references_are_looked_up_by_mode(call: Call) -> None:
    sent = BED | {"partOf": {"reference": "Location/none"}}
    assert found(call("Location/$validate", sent)[1])[0][1] == "all-well"
    severity, _, place = found(call("Location/$validate", sent, mode="create")[1])[0]
    assert (severity, place) == ("warning", "Location.partOf.reference")


def test_a_delete_needs_something_to_delete(call: Call, put: Callable[..., None], client: FlaskClient) -> None:
    assert found(call("Location/a/$validate", mode="delete")[1])[0][:2] == ("error", "not-found")
    put(BED)
    assert found(call("Location/a/$validate", mode="delete")[1])[0][1] == "all-well"
    assert client.get("/fhir/Location/a").status_code == 200
    client.delete("/fhir/Location/a")
    assert found(call("Location/a/$validate", mode="delete")[1])[0][:2] == ("error", "deleted")


@pytest.mark.parametrize(
    ("path", "sent", "query", "status"),
    [
        ("Location/$validate", BED, {"mode": "maybe"}, 400),
        ("Location/$validate", BED, {"mod": "create"}, 400),
        ("Location/$validate", None, {}, 400),
        ("Location/$validate", None, {"resource": "x"}, 400),
        ("Location/a/$validate", BED, {"mode": "create"}, 400),
        ("Location/$validate", None, {"mode": "delete"}, 400),
        ("Location/$validate", BED, {"mode": "profile"}, 400),
        ("Location/$validate", parameters(resource=BED) | {"parameter": [3]}, {}, 400),
        ("Location/$validate", {"resourceType": "Parameters", "parameter": [{"name": "mode", "valueUri": 1}]}, {}, 400),
        ("Account/$validate", {"resourceType": "Account"}, {}, 404),
        ("Location/none/$validate", None, {}, 200),
    ],
)
def test_what_is_asked_wrongly_is_refused(call: Call, path: str, sent: Any, query: Any, status: int) -> None:
    answered, outcome = call(path, sent, **query)
    assert (answered, outcome["resourceType"]) == (status, "OperationOutcome")


def test_every_wrong_parameter_is_told_at_once(call: Call) -> None:
    sent = {"resourceType": "Parameters", "parameter": [{"name": "modus", "valueCode": "x"}, {"name": "mode"}, 3]}
    status, outcome = call("Location/$validate", sent)
    assert status == 400
    assert {place for _, _, place in found(outcome)} == {f"Parameters.parameter[{n}]" for n in (0, 1, 2)}
    assert any("did you mean 'mode'" in issue["diagnostics"] for issue in outcome["issue"])


def test_a_caller_may_not_ask_about_what_it_may_not_do(call: Call, as_caller: Callable[..., None]) -> None:
    as_caller("Slot")
    assert call("Location/$validate", BED)[0] == 403
    assert call("Slot/$validate", {"resourceType": "Slot"})[0] == 200


def test_it_stands_in_a_batch(call: Call) -> None:
    entry = {"request": {"method": "POST", "url": "Location/$validate"}, "resource": BED | {"status": "vrij"}}
    _, answer = call("", {"resourceType": "Bundle", "type": "batch", "entry": [entry]})
    assert answer["entry"][0]["response"]["status"] == "200 OK"
    assert found(answer["entry"][0]["resource"])[0][2] == "Location.status"
