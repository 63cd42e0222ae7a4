"""XML Patch, as a client sends it. https://www.rfc-editor.org/rfc/rfc5261"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.fhir import json

JSON, XML_PATCH = "application/fhir+json", "application/xml-patch+xml"
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "a",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>one</p><p>two</p></div>'},
    "active": True,
    "name": [{"family": "Jansen", "given": ["An", "Bea"]}, {"text": "A. Jansen"}],
    "gender": "female",
    "birthDate": "1941-03-07",
    "contact": [
        {"name": {"text": "one"}, "gender": "male"},
        {"name": {"text": "two"}, "telecom": [{"system": "phone", "value": "1"}]},
    ],
    "multipleBirthInteger": 2,
    "extension": [{"url": "https://example.org/x", "valueDecimal": 1.50}],
}


@pytest.fixture
def there(client: FlaskClient) -> FlaskClient:
    assert client.put("/fhir/Patient/a", data=json.encode(PATIENT), content_type=JSON).status_code == 201
    return client


def patch(client: FlaskClient, operations: str, path: str = "Patient/a", root: str = "diff", **headers: str) -> Any:
    document = f'<{root} xmlns:f="http://hl7.org/fhir" xmlns:h="http://www.w3.org/1999/xhtml">{operations}</{root}>'
    return client.patch(f"/fhir/{path}", data=document, content_type=XML_PATCH, headers=headers)


def content(answer: Any) -> dict[str, Any]:
    assert answer.status_code == 200, answer.data
    found: dict[str, Any] = json.decode(answer.data)
    return {name: value for name, value in found.items() if name != "meta"}


DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'
BIRTH = '<birthDate xmlns="http://hl7.org/fhir" value="1950-01-01"/>'


@pytest.mark.parametrize(
    ("operation", "changed"),
    [
        ('<replace sel="f:Patient/f:gender/@value">male</replace>', {"gender": "male"}),
        ('<replace sel="/f:Patient/f:birthDate">' + BIRTH + "</replace>", {"birthDate": "1950-01-01"}),
        ('<remove sel="f:Patient/f:birthDate"/>', {"birthDate": None}),
        ('<remove sel="f:Patient/f:name[2]"/>', {"name": PATIENT["name"][:1]}),
        ('<remove sel="f:Patient/f:name[2]/f:text"/>', {"name": PATIENT["name"][:1]}),
        ('<remove sel="f:Patient/f:name[2]/f:text/@value"/>', {"name": PATIENT["name"][:1]}),
        (
            '<add sel="f:Patient/f:name[1]" pos="after"><f:name><f:text value="new"/></f:name></add>',
            {"name": [PATIENT["name"][0], {"text": "new"}, PATIENT["name"][1]]},
        ),
        (
            '<add sel="f:Patient/f:name[1]" pos="before"><f:name><f:text value="new"/></f:name></add>',
            {"name": [{"text": "new"}, *PATIENT["name"]]},
        ),
        (
            '<add sel="f:Patient/f:name[1]"><f:given value="Cor"/><f:given value="Dirk"/></add>',
            {"name": [{"family": "Jansen", "given": ["An", "Bea", "Cor", "Dirk"]}, PATIENT["name"][1]]},
        ),
        (
            '<add sel="f:Patient/f:name[1]" pos="prepend"><f:given value="Cor"/></add>',
            {"name": [{"family": "Jansen", "given": ["Cor", "An", "Bea"]}, PATIENT["name"][1]]},
        ),
        (
            "<replace sel=\"f:Patient/f:contact[f:name/f:text/@value='two']/f:telecom/f:value/@value\">2</replace>",
            {
                "contact": [
                    PATIENT["contact"][0],
                    {"name": {"text": "two"}, "telecom": [{"system": "phone", "value": "2"}]},
                ]
            },
        ),
        ('<add sel="f:Patient"><f:language value="nl"/></add>', {"language": "nl"}),
        (
            '<add sel="f:Patient/f:name[1]" type="@id">n1</add>',
            {"name": [{"id": "n1", **PATIENT["name"][0]}, PATIENT["name"][1]]},
        ),
        (
            '<replace sel="f:Patient/f:text/h:div/h:p[2]/text()">three</replace>',
            {
                "text": {
                    "status": "generated",
                    "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>one</p><p>three</p></div>',
                }
            },
        ),
        (
            '<remove sel="f:Patient/f:text/h:div/h:p[.=\'one\']" ws="both"/>',
            {"text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>two</p></div>'}},
        ),
        (
            '<add sel="f:Patient/f:text/h:div"><h:p>three</h:p> or <h:b>four</h:b></add>',
            {
                "text": {
                    "status": "generated",
                    "div": DIV + "<p>one</p><p>two</p><p>three</p> or <b>four</b></div>",
                }
            },
        ),
        ("<remove sel=\"f:Patient/f:extension[@url='https://example.org/x']\"/>", {"extension": None}),
        ('<replace sel="f:Patient/f:active/@value">false</replace>', {"active": False}),
    ],
)
def test_an_operation_changes_what_it_is_about(there: FlaskClient, operation: str, changed: dict[str, Any]) -> None:
    found = content(patch(there, operation))
    expected = {name: value for name, value in {**PATIENT, **changed}.items() if value is not None}
    assert plain(found) == plain(expected)


def plain(resource: dict[str, Any]) -> dict[str, Any]:
    div = resource["text"]["div"].replace("h:", "").replace(' xmlns:h="http://www.w3.org/1999/xhtml"', "")
    decoded: dict[str, Any] = json.decode(json.encode({**resource, "text": {**resource["text"], "div": div}}))
    return decoded


def test_what_is_not_patched_stays_as_it_is(there: FlaskClient) -> None:
    answer = patch(there, '<replace sel="f:Patient/f:gender/@value">male</replace>')
    assert b'"valueDecimal":1.5' in answer.data
    assert answer.headers["ETag"] == 'W/"2"'
    assert patch(there, '<replace sel="f:Patient/f:gender/@value">male</replace>').headers["ETag"] == 'W/"2"'


def test_the_patch_element_of_rfc_7351_is_taken(there: FlaskClient) -> None:
    document = (
        '<p:patch xmlns:p="urn:ietf:rfc:7351" xmlns="http://hl7.org/fhir">'
        '<p:replace sel="Patient/gender/@value">other</p:replace></p:patch>'
    )
    answer = there.patch("/fhir/Patient/a", data=document, content_type=XML_PATCH)
    assert content(answer)["gender"] == "other"


@pytest.mark.parametrize(
    "operation",
    [
        '<remove sel="f:Patient/f:photo"/>',
        '<remove sel="f:Patient/f:name"/>',
        '<remove sel="Patient/birthDate"/>',
        '<remove sel="f:Patient"/>',
        '<remove sel="f:Patient/f:gender/@kode"/>',
        '<add sel="f:Patient" pos="after"><f:gender value="male"/></add>',
        '<add sel="f:Patient"><f:gender value="male"/></add>',
        '<add sel="f:Patient"><f:geslacht value="male"/></add>',
        '<add sel="f:Patient"><gender value="male"/></add>',
        '<add sel="f:Patient">text</add>',
        '<add sel="f:Patient/f:gender" type="@value">male</add>',
        '<add sel="f:Patient/f:gender" type="@code">male</add>',
        '<replace sel="f:Patient/f:multipleBirthInteger/@value">many</replace>',
        '<replace sel="f:Patient/f:gender/@value">vrouw</replace>',
        '<replace sel="f:Patient"><f:Location/></replace>',
        '<replace sel="f:Patient/f:id/@value">b</replace>',
    ],
)
def test_what_does_not_fit_the_resource_is_422_and_changes_nothing(there: FlaskClient, operation: str) -> None:
    answer = patch(there, '<replace sel="f:Patient/f:birthDate/@value">1950-01-01</replace>' + operation)
    assert (answer.status_code, answer.get_json()["resourceType"]) == (422, "OperationOutcome")
    assert there.get("/fhir/Patient/a").get_json()["birthDate"] == "1941-03-07"


@pytest.mark.parametrize(
    "operation",
    [
        "",
        '<move sel="f:Patient/f:name[1]"/>',
        '<f:remove sel="f:Patient/f:name[1]"/>',
        "<remove/>",
        '<remove sel=""/>',
        '<remove sel="f:Patient/f:name[1]" path="x"/>',
        '<remove sel="//f:name"/>',
        '<remove sel="f:Patient/descendant::f:name"/>',
        "<remove sel=\"f:Patient/f:name[contains(f:text,'x')]\"/>",
        '<remove sel="f:Patient/f:name[last()]"/>',
        "<remove sel=\"id('x')\"/>",
        '<remove sel="x:Patient"/>',
        '<remove sel="f:Patient/f:name[1]/"/>',
        '<remove sel="f:Patient/f:name[0]"/>',
        '<remove sel="f:Patient/f:gender">x</remove>',
        '<add sel="f:Patient" pos="somewhere"/>',
        '<add sel="f:Patient" type="namespace::x">urn:x</add>',
        '<add sel="f:Patient/f:gender/@value">x</add>',
        '<replace sel="f:Patient/f:gender"><f:gender value="male"/><f:gender value="male"/></replace>',
        '<replace sel="f:Patient/f:gender/@value"><f:gender/></replace>',
    ],
)
def test_what_is_no_patch_is_400(there: FlaskClient, operation: str) -> None:
    assert patch(there, operation).status_code == 400


@pytest.mark.parametrize(
    "document",
    [
        b"<diff",
        b"<other/>",
        b'<!DOCTYPE diff [<!ENTITY x SYSTEM "file:///etc/passwd">]><diff><remove sel="&x;"/></diff>',
        b"",
        b"{}",
    ],
)
def test_what_is_no_patch_document_is_400(there: FlaskClient, document: bytes) -> None:
    answer = there.patch("/fhir/Patient/a", data=document, content_type=XML_PATCH)
    assert (answer.status_code, b"root:" in answer.data) == (400, False)


def test_every_operation_that_is_none_is_told(there: FlaskClient) -> None:
    outcome = patch(there, '<remove/><move sel="f:x"/>').get_json()
    assert [issue["diagnostics"][:11] for issue in outcome["issue"]] == ["operation 1", "operation 2"]


def test_if_match_and_conditions_hold(there: FlaskClient) -> None:
    operation = '<replace sel="f:Patient/f:gender/@value">male</replace>'
    assert patch(there, operation, **{"If-Match": 'W/"7"'}).status_code == 412
    assert patch(there, operation, "Patient?family=Jansen").status_code == 200
    assert patch(there, operation, "Patient?family=Pietersen").status_code == 404


def test_it_stands_in_a_bundle(there: FlaskClient) -> None:
    document = b'<diff xmlns:f="http://hl7.org/fhir"><remove sel="f:Patient/f:gender"/></diff>'
    sent = {"resourceType": "Binary", "contentType": XML_PATCH, "data": b64encode(document).decode()}
    entry = {"request": {"method": "PATCH", "url": "Patient/a"}, "resource": sent}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = there.post("/fhir", data=json.encode(bundle), content_type=JSON)
    assert answer.get_json()["entry"][0]["response"]["status"] == "200 OK"
    assert "gender" not in there.get("/fhir/Patient/a").get_json()


def test_it_is_offered(there: FlaskClient) -> None:
    assert XML_PATCH in there.get("/fhir/metadata").get_json()["patchFormat"]
    refused = there.patch("/fhir/Patient/a", data="x", content_type="text/plain")
    assert XML_PATCH in refused.headers["Accept-Patch"]


def test_a_large_patch_does_not_run_long(there: FlaskClient) -> None:
    many = '<replace sel="f:Patient/f:gender/@value">male</replace>' * 1000
    assert patch(there, many).status_code == 200
    assert patch(there, many + '<remove sel="f:Patient/f:gender"/>').status_code == 400
