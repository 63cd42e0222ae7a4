"""FHIR XML over HTTP: sent, asked for, and the same as JSON in all but its shape."""

import gzip
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.fhir import json, xml

JSON, XML = "application/fhir+json", "application/fhir+xml"
BED: dict[str, Any] = {
    "resourceType": "Location",
    "id": "bed-1",
    "status": "active",
    "name": "3B 312 é",
    "position": {"longitude": json.decode("4.50"), "latitude": 52},
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">3B<br/>312</div>'},
}
BROKEN = b'<Location xmlns="http://hl7.org/fhir">\n  <naam value="x"/>\n  <status value="actief"/></Location>'


def put(client: FlaskClient, resource: dict[str, Any], content_type: str = XML, **headers: str) -> TestResponse:
    body = xml.write(resource) if "xml" in content_type else json.encode(resource)
    path = f"/fhir/{resource['resourceType']}/{resource['id']}"
    return client.put(path, data=body, content_type=content_type, headers=headers)


def read(response: TestResponse) -> dict[str, Any]:
    assert response.headers["Content-Type"] == f"{XML}; charset=utf-8", response.text
    return xml.read(response.data)


@pytest.mark.parametrize("content_type", [XML, "text/xml", "application/xml; charset=utf-8", f"{XML}; fhirVersion=4.0"])
def test_what_is_put_as_xml_is_stored_and_answered_as_xml(client: FlaskClient, content_type: str) -> None:
    response = put(client, BED, content_type)

    assert response.status_code == 201
    assert response.headers["ETag"] == 'W/"1"'
    assert read(response) | {"meta": 1} == BED | {"meta": 1}
    assert client.get("/fhir/Location/bed-1").get_json()["name"] == BED["name"]


def test_the_answer_to_xml_is_json_for_who_asks_that(client: FlaskClient) -> None:
    response = put(client, BED, Accept=JSON)

    assert response.headers["Content-Type"] == f"{JSON}; charset=utf-8"
    assert response.get_json()["id"] == "bed-1"


@pytest.mark.parametrize(("first", "second"), [(JSON, XML), (XML, JSON), (XML, XML)])
def test_the_same_content_is_unchanged_whichever_way_it_comes(client: FlaskClient, first: str, second: str) -> None:
    put(client, BED, first)

    response = put(client, BED, second)

    assert response.status_code == 200
    assert response.headers["ETag"] == 'W/"1"'
    again = client.get("/fhir/Location/bed-1", headers={"Accept": XML})
    assert again.headers["ETag"] == 'W/"1"'
    unchanged = client.put("/fhir/Location/bed-1", data=again.data, content_type=XML)
    assert unchanged.headers["ETag"] == 'W/"1"'


@pytest.mark.parametrize(
    "query", ["_format=xml", "_format=text/xml", "_format=application/fhir%2Bxml", "_format=application/fhir+xml"]
)
def test_format_asks_for_xml(client: FlaskClient, query: str) -> None:
    put(client, BED, JSON)

    found = read(client.get(f"/fhir/Location?name=3B&{query}"))

    assert found["resourceType"] == "Bundle"
    assert found["entry"][0]["resource"]["position"]["longitude"] == json.decode("4.50")
    assert b'value="4.50"' in client.get(f"/fhir/Location/bed-1?{query}").data


def test_pretty_xml_is_indented(client: FlaskClient) -> None:
    put(client, BED)

    assert b"\n  <status" in client.get("/fhir/Location/bed-1?_format=xml&_pretty=true").data


def test_the_capability_statement_says_both_in_both(client: FlaskClient) -> None:
    assert read(client.get("/fhir/metadata", headers={"Accept": XML}))["format"] == [JSON, "json", XML, "xml"]


def test_what_is_known_already_is_not_sent_again(client: FlaskClient) -> None:
    put(client, BED)

    response = client.get("/fhir/Location/bed-1", headers={"Accept": XML, "If-None-Match": 'W/"1"'})

    assert response.status_code == 304
    assert response.data == b""


@pytest.mark.parametrize(
    "path", ["/fhir/Location/none", "/fhir/Nothing/1", "/fhir/Location?unknown=1", "/fhir/x/y/z/a/b"]
)
def test_errors_are_told_in_xml(client: FlaskClient, path: str) -> None:
    outcome = read(client.get(path, headers={"Accept": XML}))

    assert outcome["resourceType"] == "OperationOutcome"


def test_what_is_wrong_with_the_xml_is_told_with_its_line(client: FlaskClient) -> None:
    response = client.put("/fhir/Location/bed-1", data=BROKEN, content_type=XML)

    assert response.status_code == 400
    (issue,) = read(response)["issue"]
    assert "no element 'naam'; did you mean 'name'?" in issue["diagnostics"]
    assert "line 2" in issue["diagnostics"]


def test_what_is_wrong_with_the_resource_is_told_with_its_expression(client: FlaskClient) -> None:
    response = client.put("/fhir/Location/bed-1", data=BROKEN.replace(b"naam", b"id"), content_type=XML)

    assert response.status_code in {400, 422}
    body = xml.write(BED | {"status": "actief"}, pretty=True)
    response = client.put("/fhir/Location/bed-1", data=body, content_type=XML)
    assert response.status_code == 422
    (issue,) = read(response)["issue"]
    assert issue["expression"] == ["Location.status"]
    line = body.splitlines().index(b'  <status value="actief"/>') + 1
    assert f"/Location/status (line {line})" in issue["diagnostics"]


@pytest.mark.parametrize("accept", ["image/png", "text/html", f"{XML}; fhirVersion=5.0"])
def test_what_is_not_offered_is_406(client: FlaskClient, accept: str) -> None:
    response = client.get("/fhir/metadata", headers={"Accept": accept})

    assert response.status_code == 406
    assert XML in response.get_json()["issue"][0]["diagnostics"]


@pytest.mark.parametrize("charset", ["utf-7", "ebcdic", "iso-8859-1"])
def test_another_character_set_than_the_declared_one_is_refused(client: FlaskClient, charset: str) -> None:
    response = put(client, BED, f"{XML}; charset={charset}")

    assert response.status_code == 400


def test_a_transaction_in_xml_is_answered_in_xml(client: FlaskClient) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"resource": BED, "request": {"method": "PUT", "url": "Location/bed-1"}},
            {"request": {"method": "GET", "url": "Location/bed-1"}},
        ],
    }

    response = client.post(
        "/fhir", data=gzip.compress(xml.write(bundle)), content_type=XML, headers={"Content-Encoding": "gzip"}
    )

    assert response.status_code == 200
    answer = read(response)
    assert [entry["response"]["status"] for entry in answer["entry"]] == ["201 Created", "200 OK"]
    assert answer["entry"][1]["resource"]["name"] == BED["name"]


def test_a_search_stays_a_form(client: FlaskClient) -> None:
    put(client, BED)

    as_form = client.post("/fhir/Location/_search", data={"name": "3B", "_format": "xml"})
    as_xml = client.post("/fhir/Location/_search", data=xml.write(BED), content_type=XML)

    assert read(as_form)["total"] == 1
    assert as_xml.status_code == 415


def test_history_and_versions_are_told_in_xml(client: FlaskClient) -> None:
    put(client, BED)
    put(client, BED | {"name": "4A"})

    history = read(client.get("/fhir/Location/bed-1/_history?_format=xml"))
    first = read(client.get("/fhir/Location/bed-1/_history/1?_format=xml"))

    assert [entry["response"]["status"][:3] for entry in history["entry"]] == ["200", "201"]
    assert first["name"] == BED["name"]
