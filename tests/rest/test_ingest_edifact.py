"""POST /ingest/<provider> with application/edifact: the report a mailbox system can use, and those for others."""

from pathlib import Path

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.letters import interchange, letter, message, written
from tests.servers import serving

EDIFACT, TEXT, JSON, FHIR = "application/edifact", "text/plain", "application/json", "application/fhir+json"
TWO = written(interchange(message(1), message(2, count=9)))


def send(client: FlaskClient, data: bytes, content_type: str = EDIFACT, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/ingest/dev", data=data, content_type=content_type, headers=named)


def test_a_letter_is_answered_by_a_control_message(client: FlaskClient) -> None:
    response = send(client, letter())

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/edifact; charset=iso-8859-1"
    assert b"UCM+1+MEDVRI:2:D:NL+7'" in response.data
    assert client.get("/fhir/DocumentReference").get_json()["total"] == 1


def test_a_letter_is_known_by_how_it_begins_too(client: FlaskClient) -> None:
    assert b"UCI+REF1" in send(client, letter(), "application/octet-stream").data


def test_a_refused_letter_has_the_status_of_its_refusal(client: FlaskClient) -> None:
    broken = send(client, written(interchange(message(1, count=9))))
    unknown = send(client, written(interchange(message(1, kind="MEDLAB:1"))))
    nothing = send(client, b"hello")

    assert (broken.status_code, b"+4+29+UNT+1'" in broken.data) == (400, True)
    assert (unknown.status_code, b"+4+14+UNH+2:1'" in unknown.data) == (422, True)
    assert (nothing.status_code, b"UCI+0" in nothing.data) == (400, True)


def test_some_of_an_interchange_is_enough_for_200(client: FlaskClient) -> None:
    response = send(client, TWO)

    assert response.status_code == 200
    assert b"UCM+1+MEDVRI:2:D:NL+7'UCM+2+MEDVRI:2:D:NL+4+29+UNT+1'" in response.data


def test_the_report_is_what_the_sender_accepts(client: FlaskClient) -> None:
    text = send(client, TWO, Accept=TEXT, Accept_Language="nl")
    report = send(client, TWO, Accept=JSON).get_json()
    outcome = send(client, TWO, Accept=FHIR).get_json()

    assert text.text.splitlines()[0] == "Berichten: 1 verwerkt, 1 geweigerd."
    assert "UNT-1" in text.text
    assert "(regel 23)" in text.text
    assert [(one["state"], one["control_id"]) for one in report["results"]] == [
        ("accepted", "500099901+REF1+1"),
        ("refused", "500099901+REF1+2"),
    ]
    assert report["results"][1]["issues"][0]["code"] == "count-mismatch"
    assert outcome["resourceType"] == "OperationOutcome"


def test_no_report_holds_a_value_of_the_letter(client: FlaskClient) -> None:
    bad = letter().replace(b"999900109", b"999900108").replace(b"19330518", b"19331318")

    for accept in (EDIFACT, TEXT, JSON, FHIR):
        said = send(client, bad, Accept=accept).text
        assert not any(value in said for value in ("PIETERSE", "999900108", "19331318", "gevallen")), accept


def test_a_real_server_takes_letters(tmp_path: Path) -> None:
    with serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite") as running:
        taken = requests.post(f"{running.base}/ingest/dev", data=TWO, headers={"Content-Type": EDIFACT}, timeout=30)
        stored = requests.get(f"{running.base}/fhir/ServiceRequest?status=active", timeout=30).json()
        running.stop()

    assert taken.status_code == 200
    assert "UCM+1+MEDVRI:2:D:NL+7'" in taken.text
    assert stored["total"] == 1
