"""Bad inputs 133 and 134: lists that are broken, hostile, or written otherwise than they are read."""

import re
import time
from collections.abc import Callable

import pytest

from gateway.data import shipped
from tests.attacks.admissions import ER7, admission, unique
from tests.attacks.target import BSN, FAMILY, JSON, Target, assert_secret, check_refused, numbered
from tests.messages import bed_list, bed_row

pytestmark = pytest.mark.slow

# Of these lists, what is sent and what the report has to say.
LISTS: dict[str, tuple[int, str, bytes]] = {
    "133-formula": (
        200,
        r"row 2|rij 2|Bed",
        bed_list(
            [
                'DUINRAND-W;IC;IC1;=HYPERLINK("//evil.example");VRIJ;INT;IC-VOLW;IC non-Covid;N;J;J;05-01-2026 10:00',
                bed_row("f2"),
            ]
        ),
    ),
    "133-patient-in-the-bed": (422, r"row 2", bed_list([bed_row(f"{BSN} {FAMILY}")])),
    "133-patient-in-the-state": (422, r"row 2", bed_list([bed_row("1", FAMILY)])),
    "134-unbalanced-quote": (422, r"row 2|line 2", bed_list(['DUINRAND-W;IC;IC1;"1;VRIJ'])),
    "134-only-a-header": (422, "nothing|row|table", bed_list([])),
    "134-header-that-is-a-patient": (422, "column", f"{FAMILY};{BSN}\r\n1;2\r\n".encode()),
    "134-nul": (422, "row 2|control|NUL", bed_list(["DUINRAND-W;IC;IC1;1\x00;VRIJ"])),
    "134-nothing-but-quotes": (422, "", b'"' * 100_000),
    "134-nothing-but-delimiters": (400, "", b";" * 100_000),
    "134-a-workbook": (415, "Excel|zip", b"PK\x03\x04" + FAMILY.encode()),
    "134-a-pdf": (415, "PDF", b"%PDF-1.7 " + FAMILY.encode()),
    "134-a-cda": (
        400,
        "XML",
        b'<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><title>Geheimstra</title></ClinicalDocument>',
    ),
    "134-edifact": (400, "EDIFACT", b"UNB+UNOA:1+Geheimstra+X'"),
}


@pytest.mark.parametrize("name", numbered(LISTS))
def test_a_list_is_answered_and_nobody_is_told_about_the_patient(target: Target, name: str) -> None:
    status, says, sent = LISTS[name]
    kind = {} if status == 415 else {"Content-Type": "text/csv"}
    before = target.rows()

    answer = target.send("POST", "/ingest/dev", sent, {"Accept": JSON} | kind)

    if status == 200:
        assert answer.status == 200, answer.text
        assert re.search(says, answer.text)
        assert_secret(answer.text)
        return
    check_refused(answer, status, says)
    assert target.rows() == before


@pytest.mark.threat(134)
def test_134_one_cell_of_15_mb_costs_its_row_only(target: Target) -> None:
    huge = 'DUINRAND-W;IC;IC1;"' + "x" * 15_000_000 + '";VRIJ;INT;IC-VOLW;IC non-Covid;N;J;J;05-01-2026 10:00'
    began = time.perf_counter()

    answer = target.send(
        "POST", "/ingest/dev", bed_list([huge, bed_row(unique())]), {"Content-Type": "text/csv", "Accept": JSON}
    )

    assert answer.status in {200, 422}
    assert len(answer.body) < 100_000
    assert time.perf_counter() - began < 20


GOOD_ROWS = [bed_row("w1"), bed_row("w2", "BEZET")]
WELL_MEANT: dict[str, Callable[[bytes], bytes]] = {
    "134-windows-1252": lambda rows: rows.replace(b"Isolatie", "Isolatie".encode("cp1252")).replace(
        b";INT;", b";INT\xeb;"
    ),
    "134-utf-16": lambda rows: rows.decode().encode("utf-16"),
    "134-byte-order-mark": lambda rows: b"\xef\xbb\xbf" + rows,
    "134-tabs": lambda rows: rows.replace(b";", b"\t"),
    "134-commas": lambda rows: rows.replace(b";", b","),
    "134-header-twice": lambda rows: rows + rows.partition(b"\r\n")[0] + b"\r\n",
    "134-columns-in-another-order": lambda rows: b"\r\n".join(
        b";".join(reversed(row.split(b";"))) for row in rows.split(b"\r\n")
    ),
    "134-line-feeds-alone": lambda rows: rows.replace(b"\r\n", b"\n"),
    "134-quoted": lambda rows: b"\r\n".join(
        b";".join(b'"%s"' % cell for cell in row.split(b";")) if row else row for row in rows.split(b"\r\n")
    ),
}


@pytest.mark.parametrize("name", numbered(WELL_MEANT))
def test_134_a_list_that_is_written_otherwise_is_read_as_it_was_meant(target: Target, name: str) -> None:
    sent = WELL_MEANT[name](bed_list(GOOD_ROWS))

    answer = target.send("POST", "/ingest/dev", sent, {"Content-Type": "text/csv", "Accept": JSON})

    assert answer.status == 200, answer.text
    assert "Rows: 2 taken in" in answer.text
    assert_secret(answer.text)


@pytest.mark.threat(134)
def test_134_a_decimal_comma_is_no_other_number(target: Target) -> None:
    half = (shipped("mappings") / "csv/district_nursing/cases/good-half-a-moment.csv").read_bytes()
    assert b";0,5;" in half

    answer = target.send("POST", "/ingest/dev", half, {"Content-Type": "text/csv", "Accept": JSON})

    assert answer.status == 200, answer.text
    assert '"valueDecimal":0.5' in target.get("/fhir/Slot?_count=1000").text


@pytest.mark.threat(134)
@pytest.mark.parametrize("cell", [BSN, f"BSN {BSN}", "999 911 120", "999.911.120", "bsn: 99990003", "0 " + BSN])
def test_134_a_bsn_however_it_is_written_is_no_bed(target: Target, cell: str) -> None:
    """Also one that lost its zero."""
    before = target.rows()

    answer = target.send("POST", "/ingest/dev", bed_list([bed_row(cell)]), {"Content-Type": "text/csv", "Accept": JSON})

    check_refused(answer, 422, "row 2")
    assert target.rows() == before


WRONG_TYPES: dict[str, tuple[str, bytes]] = {
    "er7-that-is-fhir": (ER7, b'{"resourceType":"Bundle","id":"Geheimstra"}'),
    "er7-that-is-xml": (ER7, b"<Geheimstra/>"),
    "er7-that-is-nothing": (ER7, b"Geheimstra"),
    "fhir-that-is-er7": (JSON, admission()),
    "csv-that-is-er7": ("text/csv", admission()),
    "csv-that-is-fhir": ("text/csv", b'{"resourceType":"Bundle","id":"Geheimstra"}'),
    "unknown-type": ("application/x-geheim", admission()),
    "a-type-of-5-kb": ("text/" + "x" * 5000, admission()),
    "multipart": ("multipart/form-data; boundary=x", b"--x\r\n\r\nGeheimstra\r\n--x--"),
    "utf-16-fhir": (JSON, '{"resourceType":"Bundle","id":"Geheimstra"}'.encode("utf-16")),
}


@pytest.mark.parametrize("name", WRONG_TYPES)
def test_a_message_that_is_not_what_its_type_says_is_refused(target: Target, name: str) -> None:
    kind, sent = WRONG_TYPES[name]
    before = target.rows()

    answer = target.send("POST", "/ingest/dev", sent, {"Content-Type": kind, "Accept": JSON})

    check_refused(answer, 415 if "type" in name else 400, "")
    assert target.rows() == before
