"""What is refused before it costs anything, and how every refusal looks."""

import gzip
import json
import logging
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services

BSN = "999900006"
BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
JSON = "application/fhir+json"
BED = b'{"resourceType":"Location","status":"active"}'


def test_a_request_keeps_the_id_it_came_with_or_gets_one(client: FlaskClient) -> None:
    given = client.get("/health/live", headers={"X-Request-Id": "abc-1.2_3"})
    unsafe = client.get("/health/live", headers={"X-Request-Id": "a\tb{}"})
    none = client.get("/health/live")

    assert given.headers["X-Request-Id"] == "abc-1.2_3"
    assert unsafe.headers["X-Request-Id"] not in {"", "a\tb{}"}
    assert none.headers["X-Request-Id"]


def test_the_ids_of_a_request_stand_in_its_answer_and_in_the_audit_of_what_it_read_and_wrote(
    client: FlaskClient, services: Services
) -> None:
    ids = {"X-Request-Id": "r-1", "X-Correlation-Id": "c-1", "traceparent": f"00-{'4b' * 16}-{'00f0' * 4}-00"}
    written = client.post("/fhir/Location", data=BED, content_type=JSON, headers=ids)
    client.get("/fhir/Location", headers=ids)

    with services.store.reading() as database:
        rows = [json.loads(bytes(content)) for (content,) in database.rows("select content from audit")]

    assert written.headers["X-Correlation-Id"] == "c-1"
    assert len(rows) == 2
    assert all((row["request"], row["correlation"], row["trace_id"]) == ("r-1", "c-1", "4b" * 16) for row in rows)


def test_an_aorta_id_that_cannot_be_logged_is_refused_before_anything_happens(client: FlaskClient) -> None:
    refused = client.post("/fhir/Location", data=BED, content_type=JSON, headers={"AORTA-ID": "one two"})

    assert refused.status_code == 400
    assert refused.headers["X-Request-Id"]
    assert client.get("/fhir/Location?_summary=count").get_json()["total"] == 0


@pytest.mark.parametrize(
    "url",
    [
        f"/fhir/Patient?identifier={BSN_SYSTEM}|{BSN}",
        f"/fhir/Patient?identifier={BSN}",
        f"/fhir/Patient?identifier=x,{BSN_SYSTEM}%7C{BSN}",
        f"/fhir/ServiceRequest?patient.identifier={BSN_SYSTEM}|{BSN}",
        f"/fhir/ServiceRequest?subject=Patient/{BSN}",
        f"/fhir/Patient/{BSN}",
        f"/fhir/Patient/{BSN}/_history/1",
    ],
)
def test_a_bsn_in_a_url_is_refused_and_the_way_pointed_out(client: FlaskClient, url: str) -> None:
    response = client.get(url)

    issue = response.get_json()["issue"][0]
    assert response.status_code == 400
    assert issue["details"]["coding"][0]["code"] == "bsn-in-url"
    assert (f"POST {url.split('/')[2].split('?', maxsplit=1)[0]}/_search" in issue["diagnostics"]) is ("?" in url)
    assert BSN not in response.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_a_bsn_in_the_url_of_a_write_is_pointed_to_a_way_that_works(client: FlaskClient, method: str) -> None:
    condition = f"Patient?identifier={BSN_SYSTEM}|{BSN}"
    patient = {"resourceType": "Patient", "identifier": [{"system": BSN_SYSTEM, "value": BSN}]}

    refused = client.open(f"/fhir/{condition}", method=method, json=patient, content_type="application/fhir+json")
    assert refused.status_code == 400
    text = refused.get_json()["issue"][0]["diagnostics"]
    assert "entry of a transaction" in text
    assert "_search" not in text

    entry = {"request": {"method": "PUT", "url": condition}, "resource": patient}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    for status in ("201 Created", "200 OK"):
        answer = client.post("/fhir", json=bundle, content_type="application/fhir+json")
        assert answer.get_json()["entry"][0]["response"]["status"] == status


def test_a_bsn_in_the_body_of_a_search_is_answered(client: FlaskClient) -> None:
    response = client.post("/fhir/Patient/_search", data={"identifier": f"{BSN_SYSTEM}|{BSN}"})

    assert response.status_code == 200
    assert response.get_json()["type"] == "searchset"


def test_parameters_in_another_form_are_refused_rather_than_passed_over(client: FlaskClient) -> None:
    as_json = client.post("/fhir/Patient/_search", data=b'{"identifier":"x"}', content_type="application/json")
    in_url = client.post("/fhir/Patient/_search?family=x")

    assert as_json.status_code == 415
    assert in_url.status_code == 200


def test_the_number_of_another_system_passes(client: FlaskClient) -> None:
    assert client.get(f"/fhir/Location?identifier=https://duinrand.example/bed|{BSN}").status_code == 200


def test_an_unsupported_type_of_body_is_415(client: FlaskClient) -> None:
    for content_type in ("text/plain", "application/fhir+turtle", "application/fhir+json; fhirVersion=5.0", ""):
        response = client.post("/fhir/Location", data=BED, content_type=content_type)
        assert response.status_code == 415, content_type
        assert response.get_json()["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("accept", ["image/png", "application/fhir+turtle", "application/fhir+json; fhirVersion=3.0"])
def test_an_unacceptable_answer_is_406_and_names_what_is_offered(client: FlaskClient, accept: str) -> None:
    response = client.get("/fhir/metadata", headers={"Accept": accept})

    assert response.status_code == 406
    assert "application/fhir+json" in response.get_json()["issue"][0]["diagnostics"]


def test_format_goes_before_accept(client: FlaskClient) -> None:
    assert client.get("/fhir/metadata?_format=json", headers={"Accept": "text/turtle"}).status_code == 200
    assert client.get("/fhir/metadata?_format=ttl", headers={"Accept": "application/fhir+json"}).status_code == 406
    assert client.get("/fhir/metadata?_format=<script>").status_code == 406


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PROPFIND", "POST"])
def test_a_method_that_is_not_served_is_405_and_the_others_are_named(client: FlaskClient, method: str) -> None:
    response = client.open("/fhir/Location/bed-1", method=method)

    assert response.status_code == 405
    assert response.get_json()["resourceType"] == "OperationOutcome"
    assert response.headers["Allow"] == "DELETE, GET, HEAD, PATCH, PUT"


@pytest.mark.parametrize("header", ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"])
def test_a_header_does_not_change_the_method(client: FlaskClient, header: str) -> None:
    client.put("/fhir/Location/bed-1", data=b'{"resourceType":"Location","id":"bed-1"}', content_type=JSON)

    client.get("/fhir/Location/bed-1", headers={header: "DELETE"})

    assert client.get("/fhir/Location/bed-1").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/Locaton",
        "/fhir/Locaton/1",
        "/fhir/Location/..%2f..%2fetc",
        "/fhir/Location/a%00b",
        "/fhir/Location/" + "a" * 65,
        "/fhir/Location/a'b",
        "/fhir/<script>",
        "/fhir/Location/$everything",
        "/fhir/Location//bed-1",
        "/fhir/Location/bed-1/_history/1/2",
        "/",
        "/etc/passwd",
    ],
)
def test_a_path_that_is_not_served_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)

    assert response.status_code == 404
    assert response.get_json()["issue"][0]["code"] == "not-found"
    assert "script" not in response.text


def test_links_are_made_of_the_setting_and_never_of_what_the_caller_says(client: FlaskClient) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "ftp"}

    response = client.post("/fhir/Location", data=BED, content_type=JSON, headers=forged)
    page = client.get("/fhir/Location", headers=forged)

    assert "evil" not in response.headers["Location"]
    assert "evil" not in page.text


def test_no_other_site_may_read_the_answers(client: FlaskClient) -> None:
    response = client.get("/fhir/metadata", headers={"Origin": "https://evil.example"})

    assert not [name for name, _ in response.headers if name.startswith("Access-Control")]


def small(services: Services) -> FlaskClient:
    return create_app(replace(services, settings=replace(services.settings, max_body=1000))).test_client()


def test_a_body_that_is_too_large_is_413(services: Services) -> None:
    response = small(services).post("/fhir/Location", data=b" " * 1001, content_type=JSON)

    assert response.status_code == 413
    assert response.get_json()["issue"][0]["code"] == "too-long"


def test_a_body_of_unstated_length_is_cut_off_at_the_limit(services: Services) -> None:
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}

    response = small(services).post("/fhir/Location", data=b" " * 5000, content_type=JSON, environ_overrides=chunked)

    assert response.status_code == 413


def test_a_compressed_body_is_inflated_within_bounds(services: Services) -> None:
    def sent(body: bytes, encoding: str = "gzip") -> int:
        headers = {"Content-Encoding": encoding}
        return small(services).post("/fhir/Location", data=body, content_type=JSON, headers=headers).status_code

    assert sent(gzip.compress(BED)) == 201
    assert sent(gzip.compress(BED)[:-5]) == 400
    assert sent(gzip.compress(BED) + b"more") == 400
    assert sent(BED) == 400
    assert sent(gzip.compress(b" " * 100_000)) == 413
    assert sent(BED, "br") == 415


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"5",
        b'"x"',
        b"{",
        b'{"resourceType":"Location","x":NaN}',
        b"[" * 100_000,
        b'{"resourceType":"Location","extension":' + b'[{"extension":' * 5000,
        b'{"resourceType":"Location","name":"\\u0000"}',
        b'{"resourceType":"Location","name":"\xff"}',
        b'{"resourceType":"Location","name":"\\ud800"}',
        b'{"resourceType":5}',
        b'{"resourceType":"Slot"}',
        b'{"resourceType":"Location","status":"active","status":"active"}',
    ],
)
def test_what_is_no_resource_is_400(client: FlaskClient, body: bytes) -> None:
    response = client.post("/fhir/Location", data=body, content_type=JSON)

    assert response.status_code == 400
    assert response.get_json()["resourceType"] == "OperationOutcome"


def test_a_url_that_is_too_long_is_414(client: FlaskClient) -> None:
    response = client.get("/fhir/Location?name=" + "x" * 100_000)

    assert response.status_code == 414
    assert "_search" in response.get_json()["issue"][0]["diagnostics"]


def test_too_many_parameters_and_parameters_that_are_not_utf8_are_refused(client: FlaskClient) -> None:
    assert client.get("/fhir/Location?" + "a=1&" * 1500).status_code == 400
    assert client.get("/fhir/Location?name=%ff").status_code == 400
    assert client.post("/fhir/Location/_search", data={f"p{i}": "1" for i in range(5000)}).status_code == 400


def test_what_came_is_refused_in_the_callers_language(client: FlaskClient) -> None:
    response = client.get("/fhir/Location/x", headers={"Accept-Language": "nl-NL, en;q=0.5"})

    assert response.get_json()["issue"][0]["details"]["coding"][0]["display"] == "Resource, versie of pad bestaat niet"


class Broken:
    def issues(self, resource: Any) -> Any:
        raise RuntimeError(f"no idea what to do with {resource}")


def test_a_bug_is_a_bare_500_and_the_log_holds_where_but_no_values(
    services: Services, caplog: pytest.LogCaptureFixture
) -> None:
    broken: Any = Broken()
    client = create_app(replace(services, validator=broken)).test_client()
    patient = b'{"resourceType":"Patient","name":[{"family":"Jansen-secret"}]}'

    with caplog.at_level(logging.INFO):
        response = client.post("/fhir/Patient", data=patient, content_type=JSON)

    assert response.status_code == 500
    assert response.get_json()["issue"][0]["severity"] == "fatal"
    (logged,) = [vars(record) for record in caplog.records if record.levelno >= logging.ERROR]
    assert logged["error"] == "RuntimeError"
    assert logged["trace"][-1].endswith(" issues")
    assert "Jansen-secret" not in caplog.text + response.text + str(logged)


def test_what_is_logged_of_a_request_does_not_name_a_patient(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.get("/fhir/Patient?family=Jansen-secret")
        client.get("/fhir/Patient/secret-id")

    assert "secret" not in str([vars(record) for record in caplog.records if record.name.startswith("gateway")])
