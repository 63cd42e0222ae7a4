"""PATCH, as a client sends it: JSON Patch and FHIRPath Patch, alone and in Bundles. https://hl7.org/fhir/R4/http.html#patch"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.errors import Forbidden
from gateway.fhir import json
from gateway.services import Services
from gateway.transact import Patch, Put, transact

JSON, JSON_PATCH = "application/fhir+json", "application/json-patch+json"
BED = {"resourceType": "Location", "id": "a", "name": "one", "mode": "instance", "status": "active"}
RENAME = [{"op": "replace", "path": "/name", "value": "two"}]
XML = """<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/>
<part><name value="type"/><valueCode value="replace"/></part>
<part><name value="path"/><valueString value="Location.name"/></part>
<part><name value="value"/><valueString value="two"/></part></parameter></Parameters>"""


@pytest.fixture
def there(client: FlaskClient) -> FlaskClient:
    """Return a client of a gateway that has a bed."""
    client.put("/fhir/Location/a", data=json.encode(BED), content_type=JSON)
    return client


def patch(client: FlaskClient, operations: Any, path: str = "Location/a", **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(f"/fhir/{path}", data=json.encode(operations), content_type=JSON_PATCH, headers=named)


def parameters(type_: str, path: str, **value: Any) -> dict[str, Any]:
    parts = [{"name": "type", "valueCode": type_}, {"name": "path", "valueString": path}]
    parts += [{"name": "value", name: said} for name, said in value.items()]
    return {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}


def code(response: Any) -> str:
    outcome = response.get_json()
    assert outcome["resourceType"] == "OperationOutcome"
    return str(outcome["issue"][0]["details"]["coding"][0]["code"])


def test_a_json_patch_makes_the_next_version(there: FlaskClient) -> None:
    response = patch(there, RENAME)

    assert (response.status_code, response.headers["ETag"]) == (200, 'W/"2"')
    assert response.get_json()["name"] == "two"
    assert response.get_json()["status"] == "active"
    assert there.get("/fhir/Location/a").get_json()["meta"]["versionId"] == "2"
    newest = there.get("/fhir/Location/a/_history").get_json()["entry"][0]
    assert (newest["request"]["method"], newest["resource"]["name"]) == ("PATCH", "two")


def test_a_fhirpath_patch_makes_the_next_version(there: FlaskClient) -> None:
    sent = json.encode(parameters("replace", "Location.name", valueString="two"))

    response = there.patch("/fhir/Location/a", data=sent, content_type=JSON)

    assert (response.status_code, response.get_json()["name"]) == (200, "two")


def test_a_fhirpath_patch_comes_in_xml_too(there: FlaskClient) -> None:
    response = there.patch("/fhir/Location/a", data=XML, content_type="application/fhir+xml")

    assert response.status_code == 200
    assert there.get("/fhir/Location/a").get_json()["name"] == "two"


def test_what_a_patch_changes_is_found_by_search(there: FlaskClient) -> None:
    patch(there, RENAME)

    assert there.get("/fhir/Location?name=two").get_json()["total"] == 1
    assert there.get("/fhir/Location?name=one").get_json()["total"] == 0


@pytest.mark.parametrize("operations", [[], [{"op": "replace", "path": "/name", "value": "one"}]])
def test_a_patch_that_changes_nothing_makes_no_version(there: FlaskClient, operations: Any) -> None:
    response = patch(there, operations)

    assert (response.status_code, response.headers["ETag"]) == (200, 'W/"1"')


def test_a_patch_is_all_or_nothing(there: FlaskClient) -> None:
    response = patch(there, [*RENAME, {"op": "test", "path": "/status", "value": "inactive"}])

    assert (response.status_code, code(response)) == (422, "patch-failed")
    assert there.get("/fhir/Location/a").get_json()["name"] == "one"


@pytest.mark.parametrize(
    "operations",
    [
        [{"op": "replace", "path": "/status", "value": "broken"}],
        [{"op": "add", "path": "/nonsense", "value": 1}],
        [{"op": "replace", "path": "/id", "value": "b"}],
        [{"op": "remove", "path": "/id"}],
        [{"op": "replace", "path": "/resourceType", "value": "Patient"}],
        [{"op": "add", "path": "", "value": {}}],
        [{"op": "add", "path": "", "value": []}],
        [{"op": "add", "path": "/identifier", "value": []}],
    ],
)
def test_a_patch_that_leaves_no_such_resource_is_refused(there: FlaskClient, operations: Any) -> None:
    response = patch(there, operations)

    assert response.status_code == 422
    assert there.get("/fhir/Location/a").headers["ETag"] == 'W/"1"'


def test_if_match_is_the_version_that_is_patched(there: FlaskClient) -> None:
    assert patch(there, RENAME, If_Match='W/"2"').status_code == 412
    assert patch(there, RENAME, If_Match='W/"1"').status_code == 200
    assert patch(there, RENAME, If_Match='W/"1"').status_code == 412


def test_what_is_not_there_cannot_be_patched(there: FlaskClient) -> None:
    assert patch(there, RENAME, "Location/b").status_code == 404
    there.delete("/fhir/Location/a")
    assert patch(there, RENAME).status_code == 410
    assert patch(there, RENAME, "Nonsense/a").status_code == 404
    assert patch(there, RENAME, "Provenance/a").status_code == 405


@pytest.mark.parametrize(
    "sent", [b"", b"{}", b"[", b'[{"op":"x"}]', b'[{"op":"add","path":"name","value":1}]', b"\xff"]
)
def test_what_is_no_patch_is_400(there: FlaskClient, sent: bytes) -> None:
    assert there.patch("/fhir/Location/a", data=sent, content_type=JSON_PATCH).status_code == 400


def test_a_resource_is_no_patch(there: FlaskClient) -> None:
    assert there.patch("/fhir/Location/a", data=json.encode(BED), content_type=JSON).status_code == 400


@pytest.mark.parametrize(
    "kind",
    [
        *("text/xml-patch", "text/plain", "", "application/json-patch+json; charset=latin1"),
        "application/xml-patch+xml; charset=latin1",
    ],
)
def test_other_patches_are_415_with_what_is_taken(there: FlaskClient, kind: str) -> None:
    response = there.patch("/fhir/Location/a", data=b"[]", content_type=kind)

    assert response.status_code == 415
    taken = "application/json-patch+json, application/xml-patch+xml, application/fhir+json, application/fhir+xml"
    assert response.headers["Accept-Patch"] == taken
    assert code(response) == "media-type"


def test_prefer_says_what_comes_back(there: FlaskClient) -> None:
    assert patch(there, RENAME, Prefer="return=minimal").data == b""
    assert patch(there, [], Prefer="return=OperationOutcome").get_json()["resourceType"] == "OperationOutcome"


def test_the_one_that_matches_is_patched(there: FlaskClient) -> None:
    there.put("/fhir/Location/b", data=json.encode(BED | {"id": "b", "name": "other"}), content_type=JSON)

    assert patch(there, RENAME, "Location?name=one").get_json()["id"] == "a"
    assert patch(there, RENAME, "Location?name=one").status_code == 404
    assert patch(there, RENAME, "Location?status=active").status_code == 412
    assert patch(there, RENAME, "Location?name=two", If_Match='W/"1"').status_code == 412
    assert patch(there, RENAME, "Location?nonsense=two").status_code == 400
    assert patch(there, RENAME, "Location").status_code == 400


def test_a_patch_that_ends_the_match_is_a_patch_all_the_same(there: FlaskClient) -> None:
    assert patch(there, RENAME, "Location?name=one").status_code == 200
    assert there.get("/fhir/Location/a").get_json()["name"] == "two"


def binary(operations: Any) -> dict[str, Any]:
    data = b64encode(json.encode(operations)).decode()
    return {"resourceType": "Binary", "contentType": JSON_PATCH, "data": data}


def sent(client: FlaskClient, kind: str, *entries: tuple[str, str, Any]) -> Any:
    listed = [
        {"request": {"method": method, "url": url}} | ({"resource": resource} if resource else {})
        for method, url, resource in entries
    ]
    bundle = {"resourceType": "Bundle", "type": kind, "entry": listed}
    return client.post("/fhir", data=json.encode(bundle), content_type=JSON)


@pytest.mark.parametrize("kind", ["transaction", "batch"])
def test_an_entry_of_a_bundle_is_a_patch(there: FlaskClient, kind: str) -> None:
    answer = sent(
        there,
        kind,
        ("PATCH", "Location/a", binary(RENAME)),
        ("PUT", "Location/b", BED | {"id": "b"}),
        ("GET", "Location/a", None),
    ).get_json()

    assert [entry["response"]["status"][:3] for entry in answer["entry"]] == ["200", "201", "200"]
    assert answer["entry"][0]["response"]["etag"] == 'W/"2"'
    assert there.get("/fhir/Location/a").get_json()["name"] == "two"


def test_an_entry_of_a_bundle_is_a_fhirpath_patch_or_a_conditional_one(there: FlaskClient) -> None:
    by_path = parameters("replace", "Location.name", valueString="two")

    answer = sent(there, "transaction", ("PATCH", "Location?name=one", by_path)).get_json()

    assert answer["entry"][0]["response"]["location"] == "Location/a/_history/2"


def test_a_patch_that_fails_undoes_its_transaction_and_names_its_entry(there: FlaskClient) -> None:
    failing = [{"op": "test", "path": "/name", "value": "x"}]
    by_path = parameters("replace", "Location.alias", valueString="x")

    response = sent(
        there,
        "transaction",
        ("GET", "Location/a", None),
        ("PUT", "Location/c", BED | {"id": "c"}),
        ("PATCH", "Location/a", binary(failing)),
        ("PATCH", "Location?name=one", by_path),
    )

    assert response.status_code == 422
    places = [issue["expression"][0] for issue in response.get_json()["issue"]]
    assert places == ["Bundle.entry[2].request", "Bundle.entry[3].resource.parameter[0]"]
    assert there.get("/fhir/Location/c").status_code == 404


def test_one_resource_is_written_once_in_a_transaction(there: FlaskClient) -> None:
    twice = sent(there, "transaction", ("PATCH", "Location/a", binary(RENAME)), ("PUT", "Location/a", BED))

    conditional = sent(there, "transaction", ("PATCH", "Location?name=one", binary(RENAME)), ("PUT", "Location/a", BED))

    assert (twice.status_code, conditional.status_code) == (422, 400)
    assert code(twice) == code(conditional) == "bad-bundle"


@pytest.mark.parametrize(
    ("resource", "status"),
    [
        (None, "400"),
        (BED, "400"),
        ({"resourceType": "Binary", "contentType": JSON_PATCH}, "400"),
        ({"resourceType": "Binary", "contentType": JSON_PATCH, "data": "%"}, "400"),
        ({"resourceType": "Binary", "contentType": "application/xml-patch+xml", "data": "AAAA"}, "400"),
        ({"resourceType": "Binary", "contentType": "text/plain", "data": "AAAA"}, "415"),
    ],
)
def test_an_entry_that_holds_no_patch_is_refused(there: FlaskClient, resource: Any, status: str) -> None:
    answer = sent(there, "batch", ("PATCH", "Location/a", resource)).get_json()

    assert answer["entry"][0]["response"]["status"][:3] == status


def test_a_named_transaction_with_a_patch_has_its_effect_once(there: FlaskClient) -> None:
    only_once = [{"op": "test", "path": "/name", "value": "one"}, *RENAME]
    entry = {"resource": binary(only_once), "request": {"method": "PATCH", "url": "Location/a"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "identifier": {"value": "n1"}, "entry": [entry]}

    first, second = (there.post("/fhir", data=json.encode(bundle), content_type=JSON) for _ in range(2))

    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert there.get("/fhir/Location/a").headers["ETag"] == 'W/"2"'


def test_who_may_not_read_and_write_a_type_may_not_patch_it(services: Services) -> None:
    transact([Put(dict(BED))], Caller("1", "one"), services)
    stranger = Caller("2", "two", types=frozenset({"Slot"}))

    for id_ in ("a", "never"):
        with pytest.raises(Forbidden):
            transact([Patch("Location", id_, lambda resource: resource)], stranger, services)


def overtaken(services: Services) -> tuple[Caller, Callable[[Any], Any]]:
    """Return who patches a bed, and a patch before which another client writes, once."""
    caller = Caller("1", "one")
    interfered: list[bool] = []
    transact([Put(dict(BED))], caller, services)

    def change(resource: Any) -> Any:
        if not interfered:
            interfered.append(True)
            transact([Put(BED | {"description": "by another"})], caller, services)
        return resource | {"name": "two"}

    return caller, change


def test_a_patch_of_another_moment_is_applied_to_what_is_there_then(services: Services) -> None:
    """Another client writes between the read and the write of a patch: the patch is made anew, and nothing is lost."""
    caller, change = overtaken(services)

    (outcome,) = transact([Patch("Location", "a", change)], caller, replace(services))

    stored = json.decode(outcome.body or b"")
    assert (outcome.version, stored["name"], stored["description"]) == (3, "two", "by another")


def test_if_match_is_held_to_though_another_writes_in_between(services: Services) -> None:
    from gateway.errors import VersionConflict

    caller, change = overtaken(services)

    with pytest.raises(VersionConflict):
        transact([Patch("Location", "a", change, if_match="1")], caller, services)
