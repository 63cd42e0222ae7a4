"""Telling formats apart, and saying what something looks like when it is not read here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage, UnsupportedMediaType
from gateway.formats.detect import MEDIA_TYPES, detect
from tests.shared import SHARED, needs_shared

ADT = b"MSH|^~\\&|EPD\rEVN|A20"
CSV = b"Locatie;Vrij\r\nW;1\r\n"
EDIFACT = b"UNB+UNOA:1+500099901+500099902+260901:1035+REF0001'"
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
        (CSV, "csv"),
        (CSV.decode().encode("utf-16"), "csv"),
        (b'"A","B"\n1,2', "csv"),
        (b"A\tB\n1\t2", "csv"),
    ],
)
@pytest.mark.parametrize("said", [None, "", "text/plain; charset=utf-8", "application/octet-stream"])
def test_bytes_tell_their_format(data: bytes, format_: str, said: str | None) -> None:
    assert detect(data, said) == format_


@pytest.mark.parametrize(("said", "format_"), MEDIA_TYPES.items())
def test_the_content_type_tells_the_format(said: str, format_: str) -> None:
    data = {"hl7v2": ADT, "edifact": EDIFACT, "csv": CSV, "fhir": FHIR}[format_]
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


def test_a_list_of_one_column_is_delimited_text_when_that_is_said() -> None:
    assert detect(b"Bed\n1\n2", "text/csv") == "csv"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'<?xml version="1.0"?>\n<ClinicalDocument xmlns="urn:hl7-org:v3">', "a CDA document"),
        (b"<html>", "XML or HTML"),
        (b'{"afdeling": "SEH"}', "JSON that is not FHIR"),
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
        (b'{"a": 1}', "application/fhir+json", "JSON that is not FHIR"),
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
        assert detect(data, said) in ("hl7v2", "edifact", "csv", "fhir")
    except (MalformedMessage, UnsupportedMediaType):
        return


@needs_shared
def test_the_public_feeds_are_told_apart() -> None:
    assert SHARED is not None
    seen = {}
    for path in sorted((SHARED / "data" / "feeds").iterdir()):
        try:
            seen[path.name[:3]] = detect(path.read_bytes(), None)
        except UnsupportedMediaType:
            continue
    assert seen == {
        "F01": "hl7v2",
        "F02": "hl7v2",
        "F03": "csv",
        "F06": "csv",
        "F10": "edifact",
        "F13": "csv",
        "F16": "fhir",
    }
