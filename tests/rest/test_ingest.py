"""POST /ingest/<provider>: the answer the sender likes, and the status that fits it."""

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.messages import bed_list, bed_message, bed_row, unmapped_message

ER7, CSV, FHIR, TEXT, JSON = (
    "application/hl7-v2+er7",
    "text/csv",
    "application/fhir+json",
    "text/plain",
    "application/json",
)
MIXED = [bed_row("1"), bed_row("2", "???")]


def send(client: FlaskClient, data: bytes, content_type: str, path: str = "dev", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/ingest/{path}", data=data, content_type=content_type, headers=named)


def test_a_message_is_answered_by_an_acknowledgement(client: FlaskClient) -> None:
    response = send(client, bed_message("A20-1"), ER7)

    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/hl7-v2+er7; charset=utf-8"
    assert "MSA|AA|A20-1" in response.text
    assert client.get("/fhir/Slot?status=free").get_json()["total"] == 1


def test_a_message_is_known_by_how_it_begins_too(client: FlaskClient) -> None:
    assert "MSA|AA" in send(client, bed_message(), "x-application/hl7-v2+er7").text
    assert "MSA|AA" in send(client, bed_message(), TEXT).text


def test_a_refused_message_has_the_status_of_its_refusal(client: FlaskClient) -> None:
    unmapped = send(client, unmapped_message("1"), ER7)
    wrong = send(client, bed_message("2", state="9"), ER7)
    nothing = send(client, b"hello", ER7)

    assert (unmapped.status_code, "MSA|AR|1" in unmapped.text) == (422, True)
    assert (wrong.status_code, "MSA|AE|2" in wrong.text) == (422, True)
    assert (nothing.status_code, "MSA|AR" in nothing.text) == (400, True)


def test_the_answer_is_what_the_sender_accepts(client: FlaskClient) -> None:
    for accept in (ER7, TEXT, JSON, FHIR):
        response = send(client, bed_message(), ER7, Accept=accept)
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith(accept)
    assert send(client, bed_message(), ER7, Accept="*/*").headers["Content-Type"].startswith(ER7)


def test_what_cannot_be_answered_is_not_taken_in(client: FlaskClient) -> None:
    response = send(client, bed_message(), ER7, Accept="image/png")

    assert response.status_code == 406
    assert client.get("/fhir/Slot").get_json()["total"] == 0


def test_a_list_is_answered_by_a_report_in_the_senders_language(client: FlaskClient) -> None:
    dutch = send(client, bed_list(MIXED), CSV, Accept_Language="nl")
    english = send(client, bed_list(MIXED), CSV)

    assert dutch.status_code == english.status_code == 200
    assert dutch.text.splitlines()[:1] == ["Rijen: 1 verwerkt, 1 apart gezet."]
    assert 'FOUT: rij 3 kolom "Bedstatus"' in dutch.text
    assert english.text.splitlines()[:1] == ["Rows: 1 taken in, 1 set apart."]
    assert 'ERROR: row 3 column "Bedstatus"' in english.text


def test_the_senders_own_value_is_shown_when_it_asks(client: FlaskClient) -> None:
    masked = send(client, bed_list([bed_row("1", "ONZIN")]), CSV)
    shown = send(client, bed_list([bed_row("1", "ONZIN")]), CSV, "dev?show-values=true")

    assert "ONZIN" not in masked.text
    assert "What stands there: ONZIN" in shown.text


def test_a_list_of_which_nothing_can_be_used_is_422(client: FlaskClient) -> None:
    response = send(client, bed_list([bed_row("1", "???")]), CSV)

    assert response.status_code == 422
    assert "Nothing was used." in response.text


def test_the_report_for_programs_names_what_was_made(client: FlaskClient) -> None:
    report = send(client, bed_list(MIXED), CSV, Accept=JSON).get_json()

    (result,) = report["results"]
    assert report["format"] == "csv"
    assert (report["sums"]["rows"], report["sums"]["apart"]) == (1, 1)
    assert (result["state"], result["mapping"]) == ("accepted", "csv/bed_extract")
    assert any(made["reference"].startswith("Slot/") and made["status"] == "created" for made in result["resources"])
    assert {"row-quarantined", "unmapped-code"} <= {issue["code"] for issue in result["issues"]}


def test_a_bundle_is_answered_by_an_outcome(client: FlaskClient) -> None:
    bundle = b'{"resourceType":"Bundle","type":"transaction"}'

    response = send(client, bundle, FHIR)

    assert response.status_code == 200
    assert response.get_json()["issue"][0]["details"]["coding"][0]["code"] == "all-well"


def test_what_was_taken_is_told_to_programs_in_the_language_asked_for(client: FlaskClient) -> None:
    headers = {"Content-Type": "application/hl7-v2+er7", "Accept": "application/fhir+json", "Accept-Language": "nl"}
    response = client.post("/ingest/dev", data=bed_message("nl-1"), headers=headers)

    (issue,) = response.get_json()["issue"]
    assert issue["details"]["text"].startswith("Berichten: 1 verwerkt, 0 geweigerd.")


def test_an_outcome_is_in_the_senders_language(client: FlaskClient) -> None:
    bundle = b'{"resourceType": "Bundle", "type": "batch", "entry": []}'
    headers = {"Content-Type": "application/fhir+json", "Accept-Language": "nl-NL"}
    dutch = client.post("/ingest/dev", data=bundle, headers=headers).get_json()
    english = client.post("/ingest/dev", data=bundle, headers=headers | {"Accept-Language": "en"}).get_json()

    assert dutch["issue"][0]["details"]["text"] == (
        "een Bundle van type batch wordt niet als bericht gelezen; stuur een transaction"
    )
    assert english["issue"][0]["diagnostics"].startswith("a Bundle of type batch is not taken as a message")


def test_a_fhir_message_is_told_where_it_goes(client: FlaskClient) -> None:
    response = send(client, b'{"resourceType":"Bundle","type":"message"}', FHIR)

    assert response.status_code == 422
    assert response.get_json()["issue"][0]["details"]["text"].endswith("post it to $process-message")


def test_an_unknown_provider_is_404_and_get_is_405(client: FlaskClient) -> None:
    unknown = send(client, bed_message(), ER7, "nobody")
    got = client.get("/ingest/dev")

    assert unknown.status_code == 404
    assert unknown.get_json()["resourceType"] == "OperationOutcome"
    assert got.status_code == 405
    assert got.headers["Allow"] == "POST"


def test_formats_that_are_not_read_are_named(client: FlaskClient) -> None:
    pdf = send(client, b"%PDF-1.7", "application/pdf")
    xml = send(client, b"<Ziekbericht xmlns='urn:example:unknown'/>", "application/xml")

    assert (pdf.status_code, xml.status_code) == (415, 422)
    assert "application/pdf" in pdf.text
    assert "Ziekbericht" in xml.text


def test_fhir_xml_is_taken_and_answered_in_xml(client: FlaskClient) -> None:
    bundle = (
        b'<Bundle xmlns="http://hl7.org/fhir"><type value="transaction"/><entry><resource><Location><id value="bed-x"/>'
        b'<status value="active"/></Location></resource><request><method value="PUT"/><url value="Location/bed-x"/>'
        b"</request></entry></Bundle>"
    )

    taken = send(client, bundle, "application/fhir+xml")
    again = send(client, bundle, "text/xml", Accept=FHIR)
    wrong = send(client, bundle.replace(b"active", b"aktief"), "application/fhir+xml", Accept="application/xml")

    assert (taken.status_code, again.status_code, wrong.status_code) == (200, 200, 422)
    assert taken.headers["Content-Type"] == wrong.headers["Content-Type"] == "application/fhir+xml; charset=utf-8"
    assert b'<code value="all-well"/>' in taken.data
    assert again.get_json()["issue"][0]["details"]["coding"][0]["code"] == "all-well"
    assert b'<code value="code-invalid"/>' in wrong.data
    assert client.get("/fhir/Location/bed-x").headers["ETag"] == 'W/"1"'


def test_the_report_is_a_table_for_who_accepts_csv(client: FlaskClient) -> None:
    response = send(client, bed_list(MIXED), CSV, Accept=CSV, Accept_Language="nl")

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.data.startswith(b"\xef\xbb\xbf")
    assert '"FOUT";"";"3";"Bedstatus";' in response.text


def test_the_report_says_what_should_stand_there(client: FlaskClient) -> None:
    response = send(client, bed_list(MIXED), CSV, Accept_Language="nl")

    assert "Wat er moet staan: een van: " in response.text
    assert "VRIJ" in response.text
    assert "van rij 3 is niets gebruikt; van de rijen zonder fouten wel" in response.text
