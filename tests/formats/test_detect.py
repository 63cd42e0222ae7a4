"""Telling formats apart, and saying what something looks like when it is not read here."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage, UnsupportedMediaType
from gateway.formats.detect import MEDIA_TYPES, Format, detect
from tests.shared import SHARED, needs_shared

ADT = b"MSH|^~\\&|EPD\rEVN|A20"
CSV = b"Locatie;Vrij\r\nW;1\r\n"
EDIFACT = b"UNB+UNOA:1+500099901+500099902+260901:1035+REF0001'"
JSON = b'{"afdeling": "SEH"}'
LINES = b'{"type": "rit"}\n{"type": "rit"}\n'
CDA = b'<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3"/>'
FHIR = b'{"resourceType": "Bundle", "type": "transaction"}'


@pytest.mark.parametrize(
    ("data", "format_"),
    [
        (ADT, "hl7v2"),
        (b"\xef\xbb\xbf" + ADT, "hl7v2"),
        (b"\r\n\x0b" + ADT, "hl7v2"),
        (ADT.decode().encode("utf-16"), "hl7v2"),
        (ADT.decode().encode("utf-16-le"), "hl7v2"),
        (b"FHS|^~\\&\r" + ADT, "hl7v2"),
        (b"BHS$%*@!\r", "hl7v2"),
        (EDIFACT, "edifact"),
        (b"\r\nUNA:+.? '\r\n" + EDIFACT, "edifact"),
        (b"UNA|*,\\ ~UNB*UNOA|1*500~", "edifact"),
        (FHIR, "fhir"),
        (b"\xef\xbb\xbf\n" + FHIR, "fhir"),
        (JSON, "json"),
        (b"\xef\xbb\xbf[1]", "json"),
        (b'{"inhoud": {"resourceType": "Bundle"}}', "json"),
        (b'{"id": "x", "resourceType": "Patient"}', "fhir"),
        (b'{"a": 1,\n "b": {}}\n', "json"),
        (LINES, "ndjson"),
        (b'\xef\xbb\xbf{"type": "rit"}\r\n\r\n{"type', "ndjson"),
        (FHIR + b"\n" + FHIR, "ndjson"),
        (CDA, "xml"),
        (CDA.decode().encode("utf-16"), "xml"),
        (CSV, "csv"),
        (CSV.decode().encode("utf-16"), "csv"),
        (b'"A","B"\n1,2', "csv"),
        (b"A\tB\n1\t2", "csv"),
    ],
)
@pytest.mark.parametrize("said", [None, "", "text/plain; charset=utf-8", "application/octet-stream"])
def test_bytes_tell_their_format(data: bytes, format_: str, said: str | None) -> None:
    assert detect(data, said) == format_


def test_a_type_of_a_vendors_own_is_what_it_is_made_of() -> None:
    assert detect(JSON, "application/vnd.example.transfer.v2+json; charset=utf-8") == "json"
    assert detect(FHIR, "application/cloudevents+json") == "fhir"
    assert detect(CDA, "application/vnd.example+xml") == "xml"
    with pytest.raises(MalformedMessage, match="says JSON, but this looks like XML"):
        detect(CDA, "application/vnd.example+json")
    for said in ("application/vnd.example+cbor", "image/svg+xml", "application/vnd.example"):
        with pytest.raises(UnsupportedMediaType):
            detect(JSON, said)


@pytest.mark.parametrize(("said", "format_"), MEDIA_TYPES.items())
def test_the_content_type_tells_the_format(said: str, format_: str) -> None:
    data = {"hl7v2": ADT, "edifact": EDIFACT, "csv": CSV, "fhir": FHIR, "json": JSON, "ndjson": LINES, "xml": CDA}[
        format_
    ]
    assert detect(data, said) == detect(data, f"{said.upper()} ; charset=utf-8") == format_


@pytest.mark.parametrize(
    "data",
    [
        b'<Patient xmlns="http://hl7.org/fhir"/>',
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- a > b --><!-- c -->\n<Bundle id='x' xmlns = 'http://hl7.org/fhir'>",
        b'<f:Patient xmlns:f="http://hl7.org/fhir"/>',
        '<?xml version="1.0"?><Patient xmlns="http://hl7.org/fhir"/>'.encode("utf-16"),
    ],
)
@pytest.mark.parametrize("said", [None, "application/fhir+xml", "application/xml", "text/xml", "text/plain"])
def test_fhir_xml_is_known_by_the_namespace_of_its_root(data: bytes, said: str | None) -> None:
    assert detect(data, said) == "fhir"


def test_json_that_should_be_fhir_is_for_its_reader_to_refuse() -> None:
    assert detect(JSON, "application/fhir+json") == "fhir"
    assert detect(CDA, "application/fhir+xml") == "fhir"


def test_the_wider_media_type_leaves_it_to_the_bytes() -> None:
    assert detect(FHIR, "application/json") == "fhir"
    assert detect(LINES, "application/json") == "ndjson"
    assert detect(JSON, "application/x-ndjson") == "ndjson"


def test_a_list_of_one_column_is_delimited_text_when_that_is_said() -> None:
    assert detect(b"Bed\n1\n2", "text/csv") == "csv"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<html>", "HTML"),
        (b"<!DOCTYPE html>", "HTML"),
        (b"PK\x03\x04", "zip archive or an Excel"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"GET /fhir HTTP/1.1\r\n", "an HTTP request"),
        (b"hallo", "nothing that is known"),
    ],
)
def test_what_is_not_read_is_named(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=what):
        detect(data, None)


@pytest.mark.parametrize("said", ["image/png", "application/fhir+turtle", "x" * 500, "<script>"])
def test_a_content_type_that_is_not_read_is_refused(said: str) -> None:
    with pytest.raises(UnsupportedMediaType, match=r"is not read here; HL7 v2 \(application/hl7-v2\+er7\)") as caught:
        detect(ADT, said)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("data", "said", "what"),
    [
        (FHIR, "application/hl7-v2+er7", "says HL7 v2, but this looks like FHIR JSON"),
        (ADT, "text/csv", "says delimited text, but this looks like HL7 v2"),
        (ADT, "application/fhir+json", "says FHIR JSON or XML, but this looks like HL7 v2"),
        (CDA, "application/json", "says JSON, but this looks like XML"),
        (JSON, "text/xml", "says XML, but this looks like JSON"),
        (b"PK\x03\x04", "application/vnd.ms-excel", "Excel workbook"),
    ],
)
def test_bytes_that_contradict_their_content_type_are_refused(data: bytes, said: str, what: str) -> None:
    with pytest.raises(MalformedMessage, match=what):
        detect(data, said)


@pytest.mark.parametrize("said", [None, "text/csv", "application/fhir+json"])
def test_nothing_is_refused(said: str | None) -> None:
    with pytest.raises(MalformedMessage, match="nothing here"):
        detect(b" \r\n", said)


@given(st.binary(max_size=100), st.one_of(st.none(), st.sampled_from([*MEDIA_TYPES]), st.text(max_size=20)))
def test_any_bytes_have_a_format_or_a_clear_refusal(data: bytes, said: str | None) -> None:
    try:
        assert detect(data, said) in get_args(Format)
    except (MalformedMessage, UnsupportedMediaType):
        return


@needs_shared
def test_the_public_feeds_are_told_apart() -> None:
    assert SHARED is not None
    folder = SHARED / "data" / "feeds"
    seen = {path.name[:3]: detect(path.read_bytes(), None) for path in sorted(folder.iterdir())}
    assert seen == {
        **dict.fromkeys(("F01", "F02"), "hl7v2"),
        **dict.fromkeys(("F03", "F06", "F13"), "csv"),
        **dict.fromkeys(("F04", "F07", "F12", "F14", "F15"), "json"),
        **dict.fromkeys(("F05", "F08", "F11"), "xml"),
        "F09": "ndjson",
        "F10": "edifact",
        "F16": "fhir",
    }
