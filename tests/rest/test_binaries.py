"""A Binary sent and told as what it holds. https://hl7.org/fhir/R4/binary.html#rest"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services

JSON = "application/fhir+json"
PDF = b"%PDF-1.7 \x00\xff not much"


def put(client: FlaskClient, id_: str = "b", content: bytes = PDF, content_type: str = "application/pdf") -> None:
    binary = {
        "resourceType": "Binary",
        "id": id_,
        "contentType": content_type,
        "data": b64encode(content).decode(),
    }
    assert client.put(f"/fhir/Binary/{id_}", json=binary, content_type=JSON).status_code in {200, 201}


@pytest.mark.parametrize(
    "accept", ["application/pdf", "application/*", "application/octet-stream", "image/png, application/pdf;q=0.5"]
)
def test_the_document_is_told_to_who_asks_for_it(client: FlaskClient, accept: str) -> None:
    put(client)

    for path in ("/fhir/Binary/b", "/fhir/Binary/b/_history/1"):
        answer = client.get(path, headers={"Accept": accept})
        assert (answer.status_code, answer.data, answer.content_type) == (200, PDF, "application/pdf")
        assert answer.headers["ETag"] == 'W/"1"'
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Disposition"] == "attachment"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"


@pytest.mark.parametrize(
    "accept",
    [None, "*/*", JSON, "application/fhir+xml", "application/json", f"{JSON}, application/pdf", "image/png, */*"],
)
def test_the_resource_is_told_to_who_asks_for_that_or_for_anything(client: FlaskClient, accept: str | None) -> None:
    put(client)

    answer = client.get("/fhir/Binary/b", headers={"Accept": accept} if accept else {})

    assert answer.status_code == 200
    assert b"Binary" in answer.data
    assert "fhir+" in answer.content_type


def test_format_goes_before_accept(client: FlaskClient) -> None:
    put(client)

    answer = client.get("/fhir/Binary/b?_format=json", headers={"Accept": "application/pdf"})

    assert answer.get_json()["contentType"] == "application/pdf"


def test_what_it_is_not_is_not_acceptable(client: FlaskClient) -> None:
    put(client)

    refused = client.get("/fhir/Binary/b", headers={"Accept": "image/png"})

    assert refused.status_code == 406
    assert "application/pdf" in refused.get_json()["issue"][0]["diagnostics"]


def test_what_is_not_there_or_is_known_is_not_told(client: FlaskClient) -> None:
    put(client)
    pdf = {"Accept": "application/pdf"}

    assert client.get("/fhir/Binary/x", headers=pdf).status_code == 404
    assert client.get("/fhir/Binary/b/_history/7", headers=pdf).status_code == 404
    known = client.get("/fhir/Binary/b", headers=pdf | {"If-None-Match": 'W/"1"'})
    assert (known.status_code, known.data) == (304, b"")
    head = client.head("/fhir/Binary/b", headers=pdf)
    assert (head.status_code, head.data, head.content_type) == (200, b"", "application/pdf")
    assert client.get("/fhir/Binary/b?nonsense=1", headers=pdf).status_code == 400
    client.delete("/fhir/Binary/b")
    assert client.get("/fhir/Binary/b", headers=pdf).status_code == 410


@pytest.mark.parametrize("said", ["text/html", "text/html; charset=utf-8", "image/svg+xml"])
def test_what_a_browser_could_run_comes_in_a_sandbox(client: FlaskClient, said: str) -> None:
    put(client, content=b"<script>alert(1)</script>", content_type=said)

    answer = client.get("/fhir/Binary/b", headers={"Accept": said})

    assert (answer.status_code, answer.content_type) == (200, said)
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Disposition"] == "attachment"


def test_a_type_that_is_none_in_a_header_is_told_as_bytes(client: FlaskClient) -> None:
    put(client, content_type="json")  # as FHIR has it

    answer = client.get("/fhir/Binary/b", headers={"Accept": "application/octet-stream"})

    assert (answer.status_code, answer.content_type, answer.data) == (200, "application/octet-stream", PDF)


def test_a_document_is_stored_as_it_is_sent(client: FlaskClient) -> None:
    patient = {"resourceType": "Patient", "id": "p"}
    client.put("/fhir/Patient/p", json=patient, content_type=JSON)
    headers = {"X-Security-Context": "Patient/p", "Prefer": "return=representation"}

    made = client.post("/fhir/Binary", data=PDF, content_type="application/pdf", headers=headers)

    assert made.status_code == 201
    assert made.get_json()["contentType"] == "application/pdf"
    assert made.get_json()["securityContext"] == {"reference": "Patient/p"}
    told = client.get(f"/fhir/Binary/{made.get_json()['id']}", headers={"Accept": "application/pdf"})
    assert (told.data, told.headers["X-Security-Context"]) == (PDF, "Patient/p")


def test_a_document_is_put_in_the_place_of_another(client: FlaskClient) -> None:
    for content, status in ((PDF, 201), (PDF, 200), (b"hello", 200)):
        sent = client.put("/fhir/Binary/b", data=content, content_type="text/plain; charset=utf-8")
        assert sent.status_code == status
    assert sent.headers["ETag"] == 'W/"2"'  # the same again is no new version

    told = client.get("/fhir/Binary/b", headers={"Accept": "text/plain"})
    assert (told.data, told.content_type) == (b"hello", "text/plain; charset=utf-8")
    assert (
        client.put("/fhir/Binary/b", data=b"x", content_type="text/plain", headers={"If-Match": 'W/"1"'}).status_code
        == 412
    )


def test_what_is_no_binary_is_still_refused(client: FlaskClient) -> None:
    assert client.post("/fhir/Location", data=PDF, content_type="application/pdf").status_code == 415
    assert client.post("/fhir/Binary", data=PDF).status_code == 415
    assert client.post("/fhir/Binary", data=PDF, content_type=JSON).status_code == 400
    context = {"X-Security-Context": "not a reference"}
    assert client.post("/fhir/Binary", data=PDF, content_type="image/png", headers=context).status_code == 422


def test_a_document_is_as_large_as_its_resource_may_be(services: Services) -> None:
    small = replace(services, settings=replace(services.settings, max_body=4000))
    client = create_app(small).test_client()

    assert client.post("/fhir/Binary", data=b"x" * 3000, content_type="text/plain").status_code == 201
    assert client.post("/fhir/Binary", data=b"x" * 3001, content_type="text/plain").status_code == 413
