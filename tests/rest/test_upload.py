"""Files uploaded by a form: as a browser and as curl send them, answered for the person who did it."""

import gzip
import json
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from gateway.app import create_app
from gateway.errors import GatewayError
from gateway.rest.upload import MAX_FILES, files
from gateway.services import Services
from tests.messages import bed_list, bed_message, bed_row

EDGE = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
MIXED = bed_list([bed_row("1"), bed_row("2", "ONZIN")])
BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language": "nl-NL,nl"}


def part(content: bytes, name: str | None = "bedden.csv", kind: str | None = "text/csv", field: str = "file") -> bytes:
    """Return a part as it stands between the boundaries."""
    said = f'Content-Disposition: form-data; name="{field}"' + ("" if name is None else f'; filename="{name}"')
    typed = f"\r\nContent-Type: {kind}" if kind else ""
    return f"{said}{typed}\r\n\r\n".encode() + content


def form(*parts: bytes) -> bytes:
    return b"".join(f"--{EDGE}\r\n".encode() + one + b"\r\n" for one in parts) + f"--{EDGE}--\r\n".encode()


def upload(client: FlaskClient, body: bytes, path: str = "dev", **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(
        f"/ingest/{path}", data=body, content_type=f"multipart/form-data; boundary={EDGE}", headers=named
    )


def test_a_list_is_answered_by_the_report_in_the_language_of_who_uploads_it(client: FlaskClient) -> None:
    dutch = upload(client, form(part(MIXED)), **BROWSER)
    english = upload(client, form(part(MIXED)))

    assert (dutch.status_code, english.status_code) == (200, 200)
    assert dutch.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert dutch.text.splitlines()[0] == "Rijen: 1 verwerkt, 1 apart gezet."
    assert 'FOUT: rij 3 kolom "Bedstatus"' in dutch.text
    assert english.text.splitlines()[0] == "Rows: 1 taken in, 1 set apart."
    assert client.get("/fhir/Slot").get_json()["total"] == 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("bedden.csv", "text/csv"),
        ("bedden.csv", "application/vnd.ms-excel"),
        ("bedden.csv", "application/octet-stream"),
        ("BEDDEN.CSV", "application/x-something-windows-thinks"),
        ("bedden", None),
        ("C:\\Mijn documenten\\bedden.txt", "text/plain"),
        ("../../etc/passwd", "text/csv"),
        ("bedden&amp;\u00e9.csv", "text/csv"),
    ],
)
def test_a_file_is_known_whatever_the_machine_of_its_sender_calls_it(
    client: FlaskClient, name: str, kind: str | None
) -> None:
    assert upload(client, form(part(bed_list([bed_row("1")]), name, kind))).status_code == 200


def test_a_message_is_taken_from_a_form_too_and_answered_as_asked(client: FlaskClient) -> None:
    sent = form(part(bed_message("U-1"), "bericht.hl7", "application/octet-stream"))

    assert "1" in upload(client, sent).text
    assert "MSA|AA|U-1" in upload(client, sent, Accept="application/hl7-v2+er7").text


def test_several_files_are_taken_each_by_itself(client: FlaskClient) -> None:
    sent = form(
        part(b"voor de planning", None, None, "opmerking"),
        part(MIXED, "a.csv"),
        part(bed_message("U-1"), "b.hl7", None),
        part(b"%PDF-1.7", "c.pdf", "application/pdf"),
        part(b"", "", "application/octet-stream"),
    )

    text = upload(client, sent, Accept_Language="nl")
    shown = upload(client, sent, "dev?show-values=true", Accept_Language="nl")
    rows = upload(client, sent, Accept="application/json").get_json()["files"]
    table = upload(client, sent, Accept="text/csv")
    outcome = upload(client, sent, Accept="application/fhir+json").get_json()

    assert text.status_code == 200
    assert [line for line in text.text.splitlines() if line.startswith("Bestand")] == [
        "Bestand 1 van 3",
        "Bestand 2 van 3",
        "Bestand 3 van 3",
    ]
    assert "a.csv" not in text.text
    assert "Bestand 1 van 3 (a.csv)" in shown.text
    assert [one["format"] for one in rows] == ["csv", "hl7v2", "unknown"]
    assert table.data.count("\N{BYTE ORDER MARK}".encode()) == 1
    assert {issue["severity"] for issue in outcome["issue"]} >= {"information", "error"}
    assert client.get("/fhir/Slot").get_json()["total"] == 2


def test_when_no_file_is_taken_the_status_says_so(client: FlaskClient) -> None:
    assert upload(client, form(part(b"%PDF-1.7", "a.pdf", None), part(b"hello", "b", None))).status_code == 415
    assert upload(client, form(part(unusable(), "a.csv"))).status_code == 422


def unusable() -> bytes:
    return bed_list([bed_row("1", "ONZIN")])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (form(), 400),
        (form(part(b"x", None, None)), 400),
        (form(part(b"", "", None)), 400),
        (b"", 400),
        (b"no form at all", 400),
        (form(part(MIXED))[:-6], 400),
        (form(part(MIXED))[: len(MIXED)], 400),
        (form(part(MIXED)).replace(b"Content-Disposition", b"Content-Nothing"), 400),
        (form(part(MIXED)).replace(EDGE.encode(), b"another"), 400),
        (form(*[part(b"x")] * (MAX_FILES + 1)), 413),
    ],
)
def test_half_a_form_and_one_without_a_file_change_nothing(client: FlaskClient, body: bytes, status: int) -> None:
    answer = upload(client, body)

    assert answer.status_code == status
    assert "\nERROR: " in answer.text
    assert client.get("/fhir/Slot").get_json()["total"] == 0


def test_a_form_without_a_boundary_is_refused(client: FlaskClient) -> None:
    answer = client.post("/ingest/dev", data=form(part(MIXED)), content_type="multipart/form-data")

    assert answer.status_code == 400


def test_a_form_is_measured_before_it_is_taken_apart(services: Services) -> None:
    client = create_app(replace(services, settings=replace(services.settings, max_body=1000))).test_client()

    assert upload(client, form(part(b"x" * 1000))).status_code == 413
    packed = gzip.compress(form(part(b" " * 100_000)))
    assert upload(client, packed, Content_Encoding="gzip").status_code == 413


def test_an_upload_never_touches_the_disk(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")  # whoever would write a file fails
    rows = bed_list([bed_row("1")]) + b"\r\n" * 2_000_000

    assert upload(client, form(part(rows))).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://localhost"},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
    ],
)
def test_a_page_of_another_site_cannot_make_a_browser_upload(client: FlaskClient, headers: dict[str, str]) -> None:
    answer = upload(client, form(part(MIXED)), **headers)

    assert answer.status_code == 403
    assert client.get("/fhir/Slot").get_json()["total"] == 0


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}]
)
def test_a_page_of_the_gateways_own_site_can(client: FlaskClient, headers: dict[str, str]) -> None:
    assert upload(client, form(part(MIXED)), **headers).status_code == 200


@given(st.binary(max_size=300), st.lists(st.sampled_from([EDGE.encode(), b"--", b"\r\n", b"filename=", b"a"])))
def test_no_form_makes_it_fail(noise: bytes, pieces: list[bytes]) -> None:
    for body in (noise, b"".join(pieces), form(part(noise)), form(part(b"x"))[: len(noise)]):
        try:
            found = files(body, f"multipart/form-data; boundary={EDGE}")
        except GatewayError:
            continue
        assert found
        json.dumps([file.name for file in found])


@given(st.lists(st.binary(max_size=200).filter(lambda content: EDGE.encode() not in content), min_size=1, max_size=5))
def test_every_byte_of_a_file_arrives(contents: list[bytes]) -> None:
    sent = form(*(part(content, f"{number}.csv") for number, content in enumerate(contents)))

    assert [file.content for file in files(sent, f"multipart/form-data; boundary={EDGE}")] == contents


def test_a_stream_that_breaks_off_goes_on_where_it_broke_off(client: FlaskClient) -> None:
    cases = Path(__file__).parents[2] / "mappings/ndjson/ambulance_rides/cases"
    lines = [(cases / f"good-{name}.ndjson").read_bytes().strip() for name in ("does-not-come", "handed-over")]
    whole, half = b"\n".join(lines), b"\n".join((lines[0], lines[1][:100]))

    def states(body: bytes, *, by_form: bool) -> list[str]:
        if by_form:
            answer = upload(client, form(part(body, "ritten.ndjson", None)), Accept="application/json")
        else:
            answer = client.post(
                "/ingest/dev", data=body, content_type="application/x-ndjson", headers={"Accept": "application/json"}
            )
        assert answer.status_code == 200
        return [one["state"] for one in answer.get_json()["results"]]

    for by_form in (False, True):
        assert states(half, by_form=by_form) == ["accepted", "refused"]
        assert "broken-off" in upload(client, form(part(half, "a.ndjson", None)), Accept="application/json").text
    assert states(whole, by_form=True) == states(whole, by_form=False) == ["accepted", "accepted"]


def test_the_name_of_a_file_cannot_pass_for_a_line_of_the_report(client: FlaskClient) -> None:
    named = part(MIXED, "PLACE").replace(
        b'filename="PLACE"', b"filename*=UTF-8''a.csv%0D%0ARijen%3A%209%20verwerkt%E2%80%A8x"
    )

    text = upload(client, form(named, part(MIXED)), "dev?show-values=true").text

    assert "File 1 of 2 (a.csv Rijen: 9 verwerkt x)\n" in text
