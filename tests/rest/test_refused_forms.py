"""What is refused before it is read is answered in the form and language that were asked for, as what is read is."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.services import Services
from tests.messages import bed_message

ER7 = "application/hl7-v2+er7"


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(replace(services, settings=replace(services.settings, max_body=100))).test_client()


def sent(client: FlaskClient, accept: str | None, language: str = "nl", **headers: str) -> TestResponse:
    asked = {"Content-Type": ER7, "Accept-Language": language, **headers}
    if accept is not None:
        asked["Accept"] = accept
    return client.post("/ingest/dev", data=bed_message("1"), headers=asked)


@pytest.mark.parametrize(
    ("accept", "content_type", "said"),
    [
        ("text/plain", "text/plain; charset=utf-8", "FOUT: wat is gestuurd, is groter dan 100 bytes"),
        ("text/html", "text/plain; charset=utf-8", "FOUT: wat is gestuurd, is groter dan 100 bytes"),
        ("text/csv", "text/csv; charset=utf-8", '"wat is gestuurd, is groter dan 100 bytes"'),
        ("application/json", "application/json; charset=utf-8", '"said":"wat is gestuurd, is groter dan 100 bytes"'),
        (ER7, f"{ER7}; charset=utf-8", "the body is larger than 100 bytes"),
        ("application/edifact", "application/edifact; charset=iso-8859-1", "CONTRL"),
        ("application/fhir+json", "application/fhir+json; charset=utf-8", "OperationOutcome"),
        ("application/fhir+xml", "application/fhir+xml; charset=utf-8", "<OperationOutcome"),
        (None, "application/fhir+json; charset=utf-8", "OperationOutcome"),
        ("image/png", "application/fhir+json; charset=utf-8", "OperationOutcome"),
    ],
)
def test_what_is_too_large_is_refused_in_the_form_that_was_asked_for(
    client: FlaskClient, accept: str | None, content_type: str, said: str
) -> None:
    answer = sent(client, accept)

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, content_type)
    assert said in answer.text


def test_a_form_is_refused_in_words_and_in_english_to_who_reads_english(client: FlaskClient) -> None:
    answer = client.post("/ingest/dev", data={"file": (BytesIO(b"x" * 200), "a.csv")})

    assert answer.status_code == 413
    assert answer.text.startswith("Messages: 0 taken in, 1 refused.\nNothing was used.\nERROR: the body is larger")


@pytest.mark.parametrize(
    ("provider", "headers", "status", "said"),
    [
        ("nobody", {}, 404, "FOUT: er is geen aanbieder 'nobody'"),
        ("dev", {"Sec-Fetch-Site": "cross-site"}, 403, "FOUT: een pagina van een andere site mag hier niets sturen"),
        ("dev", {"Content-Encoding": "br"}, 415, "FOUT: Content-Encoding is gzip, of blijft weg"),
        ("dev", {"Content-Encoding": "gzip"}, 400, "FOUT: wat is gestuurd, is geen gzip"),
    ],
)
def test_whatever_refuses_it_is_told_so(
    services: Services, provider: str, headers: dict[str, str], status: int, said: str
) -> None:
    asked = {"Content-Type": ER7, "Accept": "text/plain", "Accept-Language": "nl", **headers}
    answer = create_app(services).test_client().post(f"/ingest/{provider}", data=bed_message("1"), headers=asked)

    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/plain; charset=utf-8")
    assert said in answer.text


def test_another_address_answers_as_fhir_does(client: FlaskClient) -> None:
    answer = client.post("/fhir/Patient", data=b"x" * 200, headers={"Accept": "text/plain"})

    assert answer.headers["Content-Type"].startswith("application/fhir+json")
