"""Bad inputs 122 to 134: HL7 v2 and lists that are cut, mixed up, hostile, or say what they are not."""

import base64
import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import pytest

from gateway.data import shipped
from tests.attacks.target import BSN, FAMILY, JSON, Target, assert_secret, check_refused, numbered
from tests.messages import bed_list, bed_message, bed_row

pytestmark = pytest.mark.slow

Changed = Callable[[bytes], bytes]
ER7 = "application/hl7-v2+er7"


def admission(control_id: str = "", **changed: str) -> bytes:
    """Return an ADT^A01 of a patient nobody else may hear of; `MSH="…"` replaces a segment, '' leaves it out."""
    segments = {
        "MSH": "MSH|^~\\&|EPD|ZKH_DUINRAND|ZCC_GATEWAY|ROAZ_WEST|20260901101500+0200||"
        f"ADT^A01^ADT_A01|{control_id or unique()}|P|2.5.1|||AL|NE|NLD|8859/1",
        "EVN": "EVN|A01|20260901101455+0200",
        "PID": f"PID|1||{BSN}^^^NLMINBIZA^NNNLD~7790003^^^ZKH_DUINRAND^PI||"
        f"{FAMILY}&&{FAMILY}^{FAMILY}^^^^^L||19560312|M",
        "PV1": "PV1|1|I|3B^312^2^ZKH_DUINRAND^^B|E|||||||||||||||OPN20260901-0106^^^ZKH_DUINRAND^VN"
        "|||||||||||||||||||||||||20260901084500+0200",
    } | changed
    return "".join(f"{segment}\r" for segment in segments.values() if segment).encode("latin-1")


def unique() -> str:
    return f"M{time.monotonic_ns()}"[-20:]


def replaced(old: str, new: str) -> bytes:
    sent = admission()
    assert old.encode() in sent
    return sent.replace(old.encode(), new.encode("latin-1"))


# What is sent, the codes that may acknowledge it, and what the answer has to say about the place.
REFUSED: dict[str, tuple[bytes, str, bytes]] = {
    "123-msh-of-3-bytes": (b"MSH", "AR", b"MSH"),
    "123-no-msh": (admission(MSH=""), "AR", b"MSH|HL7"),
    "123-msh-with-one-delimiter": (b"MSH|\r" + admission(MSH=""), "AR", b"MSH"),
    "123-delimiters-that-are-one": (replaced("MSH|^~\\&", "MSH||||||"), "AR", b"MSH|delimiter"),
    "123-an-http-request": (b"POST /ingest/dev HTTP/1.1\r\nHost: Geheimstra\r\n\r\n", "AR", b"HTTP"),
    "123-fhir": (b'{"resourceType":"Patient","name":[{"family":"Geheimstra"}]}', "AR", b"FHIR"),
    "123-xml": (b"<ADT_A01><Geheimstra/></ADT_A01>", "AR", b"XML"),
    "123-a-list": (bed_list([bed_row("1")]), "AR", b"delimited|HL7"),
    "123-blank": (b" \r\r ", "AR", b"nothing"),
    "123-a-line-that-is-no-segment": (admission(NTE=f"{BSN} {FAMILY}"), "AR|AE", b"line|segment"),
    "123-a-line-that-is-a-name": (admission(NTE=FAMILY), "AR|AE", b"line|segment"),
    "123-no-type": (replaced("ADT^A01^ADT_A01", ""), "AR", b"MSH"),
    "123-unknown-event": (replaced("ADT^A01^ADT_A01", "ADT^Z99^ADT_Z99"), "AR", b"Z99|MSH"),
    "123-event-that-is-a-name": (replaced("ADT^A01^ADT_A01", f"ADT^{FAMILY}"), "AR", b"MSH"),
    "123-type-that-is-a-name": (replaced("ADT^A01^ADT_A01", FAMILY), "AR", b"MSH"),
    "123-version-that-is-a-name": (replaced("|2.5.1|", f"|{FAMILY}|"), "AR|AE|AA", b"MSA"),
    "123-charset-that-is-a-name": (replaced("8859/1", FAMILY), "AR|AE|AA", b"MSA"),
    "123-time-that-is-a-name": (replaced("20260901101455+0200", FAMILY), "AR|AE|AA", b"MSA"),
    "123-class-that-is-a-name": (replaced("PV1|1|I|", f"PV1|1|{FAMILY}|"), "AR|AE|AA", b"MSA"),
    "123-gender-that-is-a-name": (replaced("|19560312|M", f"|19560312|{FAMILY}"), "AR|AE|AA", b"MSA"),
    "123-birth-that-is-a-name": (replaced("|19560312|M", f"|{FAMILY}|M"), "AR|AE|AA", b"MSA"),
    "123-birth-on-30-february": (replaced("|19560312|M", "|19560230|M"), "AR|AE|AA", b"MSA"),
    "123-bed-that-is-a-name": (replaced("3B^312^2^ZKH_DUINRAND^^B", FAMILY), "AR|AE|AA", b"MSA"),
    "123-authority-that-is-a-name": (replaced("^^^ZKH_DUINRAND^PI", f"^^^{FAMILY}^{FAMILY}"), "AR|AE|AA", b"MSA"),
    "127-nul": (replaced("19560312|M", "1956\x000312|M"), "AR|AE", b"NUL|control|PID|line"),
    "127-nul-in-the-name": (replaced(f"^{FAMILY}^", "^Geheim\x00stra^"), "AR|AE", b"NUL|control|PID|line"),
    "132-merge": (replaced("ADT^A01^ADT_A01", "ADT^A40^ADT_A39"), "AE", b"MRG"),
    "132-batch-whose-trailers-are-left-out": (b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + admission(), "AA", b"MSA"),
    "132-batch-that-counts-wrong": (b"BHS|^~\\&|A\r" + admission() + b"BTS|7\r", "AR|AE|AA", b"MSA"),
}


@pytest.mark.parametrize("door", ["mllp", "http"])
@pytest.mark.parametrize("name", numbered(REFUSED))
def test_it_is_answered_and_nobody_is_told_about_the_patient(target: Target, name: str, door: str) -> None:
    sent, codes, says = REFUSED[name]
    before = target.rows()

    answer = by(door, target, sent)

    found = re.search(rb"MSA\|(A[AER])", answer)
    assert found, answer
    assert found[1].decode() in codes.split("|"), answer
    assert re.search(says, answer), answer
    assert_secret("\r".join(line for line in answer.decode().split("\r") if not line.startswith("MSH")))  # that echoes
    if found[1] != b"AA":
        assert target.rows() == before


def by(door: str, target: Target, sent: bytes) -> bytes:
    """Return the acknowledgement of what is sent through one of the doors."""
    if door == "mllp":
        return target.mllp(sent)
    return target.send("POST", "/ingest/dev", sent, {"Content-Type": ER7, "Accept": ER7}).body


@pytest.mark.threat(122)
def test_122_a_good_message_is_taken_whole(target: Target) -> None:
    assert b"MSA|AA|" in target.mllp(admission())


@pytest.mark.threat(122)
def test_122_in_pieces_and_two_at_once_it_is_the_same(target: Target) -> None:
    frames = [b"\x0b" + admission(f"P{n}-{unique()}"[:20]) + b"\x1c\r" for n in range(3)]
    with target.connected(port=target.running.mllp_port) as wire:
        for at in range(0, len(frames[0]), 7):
            wire.sendall(frames[0][at : at + 7])
        wire.sendall(frames[1] + frames[2])
        said = b""
        while said.count(b"\x1c\r") < 3:
            said += wire.recv(65536)

    assert re.findall(rb"MSA\|AA\|(P\d)", said) == [b"P0", b"P1", b"P2"]


@pytest.mark.threat(123)
def test_123_the_port_of_http_takes_no_mllp_and_that_of_mllp_no_clear_text(target: Target) -> None:
    for port in (target.running.port, target.running.mllp_port):
        with socket.create_connection(("127.0.0.1", port), timeout=10) as wire:
            wire.sendall(b"\x0b" + admission() + b"\x1c\r")
            said = answered(wire)
        assert b"MSA" not in said
        assert_secret(said.decode("latin-1"))


def answered(wire: socket.socket) -> bytes:
    """Return everything that comes back before the connection ends."""
    with suppress(ConnectionResetError):
        return b"".join(iter(lambda: wire.recv(65536), b""))
    return b""


@pytest.mark.threat(124)
def test_124_a_receiving_facility_of_empty_components_is_answered(target: Target) -> None:
    sent = replaced("|ZCC_GATEWAY|ROAZ_WEST|", "|^^|^^|")

    answer = target.mllp(sent)

    assert b"MSA|AA|" in answer


@pytest.mark.threat(125)
def test_125_fifty_thousand_segments_are_answered(target: Target) -> None:
    sent = admission() + f"NTE|1||{FAMILY}\r".encode() * 50_000

    answer = target.mllp(sent)

    assert b"MSA|A" in answer
    assert len(answer) < 50_000
    assert_secret(answer.decode())


@pytest.mark.threat(126)
def test_126_30_mb_are_refused_by_size_at_both_doors(target: Target) -> None:
    sent = admission() + b"NTE|1||" + b"x" * 31_000_000 + b"\r"

    answer = target.mllp(sent)
    over_http = target.send("POST", "/ingest/dev", sent, {"Content-Type": ER7})

    assert re.search(rb"MSA\|A[ER]", answer)
    assert b"bytes" in answer
    check_refused(over_http, 413, "bytes")


@pytest.mark.threat(128)
def test_128_other_separators_are_those_of_the_message(target: Target) -> None:
    sent = admission().translate(bytes.maketrans(b"|^~\\&", b"!$*/@"))

    answer = target.mllp(sent)

    assert re.search(rb"MSA.A[AE]", answer), answer
    assert_secret(answer.decode())


@pytest.mark.threat(129)
def test_129_latin_1_where_utf_8_is_said_is_read_and_reported(target: Target) -> None:
    sent = replaced("8859/1", "UNICODE UTF-8").replace(f"^{FAMILY}^".encode(), b"^Gehe\xefmstra^")

    answer = target.mllp(sent)

    assert b"MSA|AA|" in answer
    assert b"MSH" in answer
    assert "Gehe" not in answer.decode("utf-8", "replace")


@pytest.mark.threat(130)
def test_130_the_same_message_twice_has_no_second_effect(target: Target) -> None:
    sent = admission(unique())

    first = target.mllp(sent)
    before = target.rows()
    second = target.mllp(sent)

    assert b"MSA|AA|" in first
    assert b"MSA|AA|" in second
    links = {"inbox_resource"}  # the second message is kept too, beside what it confirmed
    after = target.rows()
    assert {name for name in before if after[name] != before[name]} <= links


@pytest.mark.threat(131)
def test_131_an_escaped_return_makes_no_segment_and_is_not_stored_as_one(target: Target) -> None:
    id_ = unique()
    sent = admission(id_).replace(f"^{FAMILY}^".encode(), b"^x\\X0D\\PV2|||hostile\\X0D\\^")

    answer = target.mllp(sent)

    assert answer.count(b"\rMSA|") == 1
    assert b"PV2" not in answer


@pytest.mark.threat(131)
@pytest.mark.parametrize(
    "escape",
    [
        "\\X00\\",
        "\\X1B\\",
        "\\XZZ\\",
        "\\X0",
        "\\Z999\\",
        "\\.br\\",
        "\\H\\",
        "\\E",
        "\\\\\\\\",
        "\\X" + "41" * 5000 + "\\",
    ],
)
def test_131_odd_escapes_are_answered(target: Target, escape: str) -> None:
    answer = target.mllp(replaced(f"^{FAMILY}^", f"^{escape}^"))

    assert re.search(rb"MSA\|A[AER]", answer)
    assert answer.count(b"\rMSA|") == 1


@pytest.mark.threat(132)
def test_132_z_segments_are_passed_over(target: Target) -> None:
    answer = target.mllp(admission(ZBE=f"ZBE|1|{FAMILY}|{BSN}"))

    assert b"MSA|AA|" in answer
    assert_secret(answer.decode())


@pytest.mark.threat(132)
def test_132_in_a_batch_each_message_stands_for_itself(target: Target) -> None:
    one, two, three = unique(), unique(), unique()
    bad = admission(two, PID="", PV1="")
    sent = b"FHS|^~\\&|A\rBHS|^~\\&|A\r" + admission(one) + bad + admission(three) + b"BTS|3\rFTS|1\r"

    answer = target.mllp(sent)

    assert re.search(rb"MSA\|AA\|" + one.encode(), answer)
    assert re.search(rb"MSA\|A[ER]\|" + two.encode(), answer)
    assert re.search(rb"MSA\|AA\|" + three.encode(), answer)
    assert_secret(answer.decode())


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


@pytest.mark.threat(123)
@pytest.mark.parametrize(
    "junk",
    [
        b"",
        b"\x00" * 1000,
        b"\x0b",
        b"\x0b\x1c\r",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00",
        b"\x1c\r\x0b\x1c\r",
    ],
)
def test_123_what_is_no_frame_ends_the_connection_and_nothing_else(target: Target, junk: bytes) -> None:
    with target.connected(port=target.running.mllp_port) as wire:
        wire.sendall(junk + FAMILY.encode() if junk else b"")
        socket.socket.shutdown(wire, socket.SHUT_WR)  # below TLS, which goes on
        said = b"".join(iter(lambda: wire.recv(65536), b""))

    assert_secret(said.decode("latin-1"))
    assert b"MSA|AA|" in target.mllp(bed_message(unique()))


LOGGED: list[tuple[str, str, dict[str, str], Any]] = [
    ("GET", "/fhir/Patient?name=x%0d%0a%7b%22level%22:%22error%22%7d", {}, b""),
    ("GET", "/fhir/Geheimstra%0d%0aforged", {}, b""),
    ("GET", "/fhir/Patient/%1b%5b2J", {}, b""),
    ("GET", f"/fhir/Patient?family={FAMILY}", {}, b""),
    ("GET", f"/fhir/Patient/{FAMILY}", {}, b""),
    ("GET", f"/fhir/Patient?identifier={BSN}", {}, b""),
    ("GET", f"/fhir/Patient?identifier={quote('http://fhir.nl/fhir/NamingSystem/bsn|' + BSN)}", {}, b""),
    ("GET", f"/{FAMILY}", {}, b""),
    (
        "GET",
        "/fhir/metadata",
        {"User-Agent": FAMILY, "Referer": BSN, "Authorization": f"Bearer {FAMILY}", "Cookie": BSN},
        b"",
    ),
    ("GET", "/fhir/metadata", {"X-Request-Id": f"{FAMILY}\x1b[2J"}, b""),
    ("POST", f"/ingest/{FAMILY}%0d%0aforged", {"Content-Type": ER7}, admission()),
    ("POST", "/ingest/dev", {"Content-Type": ER7}, admission()),
    (
        "POST",
        "/fhir/Patient/_search",
        {"Content-Type": "application/x-www-form-urlencoded"},
        f"identifier={BSN}&family={FAMILY}".encode(),
    ),
    ("FROBNICATE", f"/fhir/{FAMILY}", {}, b""),
]


@pytest.mark.threat(135, 136)
@pytest.mark.parametrize(("method", "path", "headers", "body"), LOGGED)
def test_135_136_the_log_is_lines_of_json_that_name_nobody(
    target: Target, method: str, path: str, headers: dict[str, str], body: bytes
) -> None:
    before = len(target.log())

    target.send(method, path, body, headers)

    said = target.log()[before:]
    assert all(line.startswith('{"at": ') and line.endswith("}") for line in said.splitlines())
    assert "forged" not in said
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", said)
    assert_secret(said)


@pytest.mark.threat(136)
@pytest.mark.parametrize(
    "question", [f"identifier={BSN}", f"identifier=urn:oid:2.16.840.1.113883.2.4.6.3|{BSN}", f"_id={BSN}"]
)
def test_136_a_bsn_in_a_url_is_refused_and_in_a_body_comes_back_in_no_link(target: Target, question: str) -> None:
    check_refused(target.get(f"/fhir/Patient?{quote(question, safe='=')}"), 400, "bsn-in-url")

    found = target.send(
        "POST", "/fhir/Patient/_search", question.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    )

    links = [link["url"] for link in found.json().get("link", [])]
    assert not [link for link in links if BSN in link], links


@pytest.mark.threat(137)
@pytest.mark.parametrize(
    "accept", ["text/html", "application/xhtml+xml", "text/html, */*;q=0.1", "*/*", "image/svg+xml"]
)
@pytest.mark.parametrize(
    "path",
    [
        *("/fhir/Patient?family=%3Cscript%3Ealert(1)%3C/script%3E", "/fhir/%3Cscript%3E/1", "/fhir/metadata"),
        *(
            "/fhir/Patient?%3Cimg%20src=x%20onerror=alert(1)%3E=1",
            "/%3Cscript%3Ealert(1)%3C/script%3E",
            "/health/ready",
        ),
        *("/fhir/Patient?_format=%3Csvg/onload=alert(1)%3E", "/fhir/Patient?_sort=%3Cb%3E", "/openapi.json"),
    ],
)
def test_137_nothing_is_answered_that_a_browser_would_take_for_a_page(target: Target, path: str, accept: str) -> None:
    answer = target.send("GET", path, headers={"Accept": accept})

    kind = answer.headers["Content-Type"]
    assert "html" not in kind
    assert "svg" not in kind
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "<script" not in answer.text
    assert "<img" not in answer.text


@pytest.mark.threat(137)
def test_137_a_page_that_is_stored_is_not_served_as_one(target: Target) -> None:
    page = base64.b64encode(b"<script>alert(1)</script>").decode()
    made = target.post("/fhir/Binary", {"resourceType": "Binary", "contentType": "text/html", "data": page})
    assert made.status == 201

    answer = target.send("GET", f"/fhir/Binary/{made.json()['id']}", headers={"Accept": "text/html,*/*;q=0.1"})

    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if "html" in answer.headers["Content-Type"]:
        assert "attachment" in answer.headers.get("Content-Disposition", "") or "sandbox" in answer.headers.get(
            "Content-Security-Policy", ""
        )
