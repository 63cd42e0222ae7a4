"""Bad inputs 122 to 132: HL7 v2 that is cut, mixed up, hostile, or says what it is not."""

import re
import socket
from contextlib import suppress

import pytest

from tests.attacks.admissions import ER7, admission, replaced, unique
from tests.attacks.target import BSN, FAMILY, Target, assert_secret, check_refused, numbered
from tests.messages import bed_list, bed_message, bed_row

pytestmark = pytest.mark.slow

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
