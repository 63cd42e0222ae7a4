"""Reading one message: its delimiters, line ends, parts and places."""

import pytest

from gateway.errors import BadRequest, MalformedMessage
from gateway.formats.hl7v2 import MAX_BYTES, MAX_SEGMENTS, leaves, parse, positions

TRANSFER = (
    rb"MSH|^~\&|EPD|ZKH-A|GW|ZCC|20260901103000+0200||ADT^A02^ADT_A02|A02-000001|T|2.5.1|||AL|NE|NLD|8859/1" + b"\r"
    b"EVN|A02|20260901102900+0200\r"
    b"PID|1||7654321^^^ZKH-A^PI~999910589^^^NLMINBIZA^NNNLD||van Test&van&Test^Anna^^^^^L||19510412|F\r"
    b'PV1|1|I|IC^K11^B2^ZKH-A|E||""\r'
    b"OBX|1|NM|8867-4^^LN||72\r"
    b"OBX|2|NM|8480-6^^LN||120\r"
    b"ZBE|1|20260901102900+0200||INSERT\r"
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("MSH-1", "|"),
        ("MSH-2", "^~\\&"),
        ("MSH-3", "EPD"),
        ("MSH-9.2", "A02"),
        ("PID-3", "7654321"),
        ("PID-3[2].1", "999910589"),
        ("PID-3[2].4", "NLMINBIZA"),
        ("PID-5.1", "van Test"),
        ("PID-5.1.3", "Test"),
        ("PV1-3.4", "ZKH-A"),
        ("OBX[2]-5", "120"),
        ("ZBE-4", "INSERT"),
        ("PID-3[3].1", None),
        ("PID-3.2", None),
        ("PID-8.2", None),
        ("PID-8.1.2", None),
        ("PID-40", None),
        ("PV1-6", None),
        ("OBX[3]-5", None),
        ("NK1-2", None),
        ("PID", None),
    ],
)
def test_every_part_is_found_by_its_path(path: str, text: str | None) -> None:
    assert parse(TRANSFER).get(path) == text


@pytest.mark.parametrize("path", ["pid-3", "PID-0", "PID-3[0]", "PID.3", "PID-3[2]1", "", "PID-3.1.1.1"])
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(BadRequest, match="not an HL7 v2 path"):
        parse(TRANSFER).get(path)


def test_two_quotes_are_null_and_not_empty() -> None:
    (visit,) = parse(TRANSFER).all("PV1")
    assert (visit.value(6), visit.is_null(6)) == (None, True)
    assert [visit.is_null(*at) for at in ((5,), (3, 1, 1), (6, 2), (60,), (6, 1, 2))] == [False] * 5


def test_null_is_read_inside_components_and_subcomponents() -> None:
    message = parse(b'MSH|^~\\&|\rPID|||1^""^x||a&""&c')
    (patient,) = message.all("PID")
    assert (patient.value(3, 1, 2), patient.is_null(3, 1, 2), patient.is_null(5, 1, 1, 2)) == (None, True, True)


def test_parts_are_counted() -> None:
    (patient,) = parse(TRANSFER).all("PID")
    counts = (patient.repetitions(3), patient.components(3), patient.components(3, 2), patient.subcomponents(5))
    assert counts == (2, 5, 5, 3)
    absent = (patient.repetitions(2), patient.components(2), patient.components(3, 3), patient.subcomponents(3, 1, 9))
    assert absent == (0, 0, 0, 0)
    assert (patient.fields(), patient.raw(3)[:7], patient.raw(99)) == (8, "7654321", "")


def test_segments_know_name_occurrence_and_line() -> None:
    message = parse(TRANSFER)
    assert [(s.name, s.occurrence, s.line) for s in message.segments][-3:] == [
        ("OBX", 1, 5),
        ("OBX", 2, 6),
        ("ZBE", 1, 7),
    ]
    assert [s.occurrence for s in message.all("OBX")] == [1, 2]
    assert (message.version, message.control_id, message.charset) == ("2.5.1", "A02-000001", "iso-8859-1")
    assert message.issues == ()


def test_a_segment_shows_nothing_of_its_content() -> None:
    assert "999910589" not in repr(parse(TRANSFER).all("PID"))


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        ("MSH-1", b"|^~"),
        ("MSH-2", b"^~\\&|EPD"),
        ("MSH-3", b"EPD|"),
        ("MSH-10", b"A02-0"),
        ("PID", b"PID|1"),
        ("PID-3[2].4", b"NLMINBIZA"),
        ("PID-5.1.2", b"van&Test"),
        ("OBX[2]-5", b"120"),
    ],
)
@pytest.mark.parametrize("ending", [b"\r", b"\n", b"\r\n", b"\r\n\r\n"])
@pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n\r\n"])
def test_places_point_into_the_bytes_as_received(path: str, begins: bytes, ending: bytes, before: bytes) -> None:
    data = before + TRANSFER.replace(b"\r", ending)
    place = parse(data).place(path)
    assert place.path == path
    assert data[place.byte :].startswith(begins)
    assert place.line == len(data[: place.byte].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))


def test_places_count_bytes_and_not_characters() -> None:
    data = "MSH|^~\\&|é€|||||||||||||||UNICODE UTF-8\rPID|||é^ü&€^x".encode()
    place = parse(data).place("PID-3.3")
    assert data[place.byte :] == b"x"


def test_what_is_absent_has_the_place_of_the_whole_it_would_be_in() -> None:
    message = parse(TRANSFER)
    assert message.place("PID-8.4").byte == message.place("PID-8").byte
    assert (message.place("NK1-2").line, message.place("NK1-2").byte) == (None, None)
    assert str(message.place("PID-3[2].1")) == "PID-3[2].1 (line 3, byte 155)"


def test_leaves_are_all_parts_that_hold_something() -> None:
    message = parse(b'MSH|^~\\&|EPD\rPID|1||a^^b~c|x&y\rNTE|||\rPV1||""')
    found = dict(leaves(message))
    assert list(found) == ["MSH-3", "PID-1", "PID-3.1", "PID-3.3", "PID-3[2]", "PID-4.1.1", "PID-4.1.2", "PV1-2"]
    assert all(message.place(path) == place for path, place in found.items())
    assert [tuple(position)[2:] for position in positions(message)][:3] == [(3, 1, 1, 1), (1, 1, 1, 1), (3, 1, 1, 1)]


@pytest.mark.parametrize(
    ("header", "identifier", "second"),
    [
        (rb"MSH|^_\&", rb"a^b_c^d", "c"),
        (rb"MSH|^\~&", rb"a^b\c^d", "c"),  # escape and repetition changed places
        (rb"MSH|^~\&#", rb"a^b~c^d", "c"),
        (rb"MSH$%*@!", b"a%b*c%d", "c"),
        (rb"MSH|^~", rb"a^b~c^d", "c"),
        (rb"MSH|^", rb"a^b~c^d", None),
    ],
)
def test_delimiters_come_from_the_message(header: bytes, identifier: bytes, second: str | None) -> None:
    field = header[3:4]
    message = parse(header + field + b"EPD\rPID" + field * 3 + identifier)
    assert (message.get("PID-3[2].1"), message.get("PID-3.1"), message.get("MSH-2")) == (
        second,
        "a",
        header[4:].decode(),
    )
    assert message.issues == ()


def test_absent_delimiters_separate_nothing() -> None:
    message = parse(b"MSH|^|EPD\rPID|||a~b&c\\T\\d^e")
    assert (message.get("PID-3.1"), message.get("PID-3.2"), message.issues) == ("a~b&c\\T\\d", "e", ())


@pytest.mark.parametrize(
    ("encoding", "body"),
    [(b"^~\\\\&", b"a&b~c"), (b"^\\~\\&", b"a&b~c\\T\\d"), (b"^\\~\\&", b"a&b\\c~T~d")],
    ids=["escaped on the way", "usual", "changed places"],
)
def test_a_doubled_backslash_in_msh2_is_read_as_fits_the_message(encoding: bytes, body: bytes) -> None:
    message = parse(b"MSH|" + encoding + b"|EPD\rPID|||" + body)
    assert message.get("PID-3.1.2") == "b"
    assert message.get("PID-3[2]") in ("c", "c&d")
    assert [(issue.code, issue.severity) for issue in message.issues] == [("repaired", "warning")]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin with the segment MSH"),
        (b"\r\n\r\n", "does not begin with the segment MSH"),
        (b"PID|1", "does not begin with the segment MSH"),
        (b" MSH|^~\\&|", "not a segment"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "does not begin with the segment MSH"),
        (b"\x00\x01\x02", "does not begin with the segment MSH"),
        (b"MSH", "MSH-1 is absent"),
        (b"MSH|", "MSH-2 is empty"),
        (b"MSH||EPD", "MSH-2 is empty"),
        (b"MSHA^~\\&A", "punctuation"),
        (b"MSH|^~\\&EPD", "longer than 5"),
        (b"MSH|^^\\&|", "same character"),
        (b"MSH|^~\\&|x\rPID|1\rpid|2", "not a segment"),
        (b"MSH|^~\\&|x\rPID^1", "not a segment"),
        (b"MSH|^~\\&|x\rmore text", "not a segment"),
        (b"MSH|^~\\&|x\rPI", "not a segment"),
        (b"MSH|^~\\&|x\rPID|a\0b", "NUL"),
        (b"MSH|^~\\&|x\rMSH|^~\\&|y", "2 messages"),
        (b"MSH|^~\\&|x\rBTS|1", "a batch"),
        (b"M\0S\0H\0|\0^\0\xd8", "UTF-16"),
    ],
)
def test_what_is_not_one_message_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        parse(data)


def test_all_lines_that_are_no_segments_are_reported_at_once() -> None:
    with pytest.raises(MalformedMessage) as caught:
        parse(b"MSH|^~\\&|x\rone\rPID|1\rtwo\r" + b"x\r" * 30)
    assert [issue.place.line for issue in caught.value.issues if issue.place][:3] == [2, 4, 5]
    assert "12 more lines" in caught.value.issues[-1].diagnostics


def test_limits_are_stated_and_kept() -> None:
    with pytest.raises(MalformedMessage, match=str(MAX_BYTES)) as caught:
        parse(b"MSH|^~\\&|" + b"x" * MAX_BYTES)
    assert caught.value.issues[0].code == "too-large"
    with pytest.raises(MalformedMessage, match=str(MAX_SEGMENTS)):
        parse(b"MSH|^~\\&|x" + b"\rOBX|1" * MAX_SEGMENTS)


def test_fifty_thousand_segments_are_read() -> None:
    message = parse(b"MSH|^~\\&|x" + b"".join(b"\rOBX|%d" % n for n in range(1, 50_001)))
    assert message.get("OBX[50000]-1") == "50000"
    assert message.place("OBX[50000]-1").line == 50_001


def test_a_carriage_return_in_an_escape_makes_no_segment() -> None:
    message = parse(b"MSH|^~\\&|x\rNTE|1||a\\X0D\\PID|2")
    assert [segment.name for segment in message.segments] == ["MSH", "NTE"]
    assert message.get("NTE-3") == "a\rPID"


@pytest.mark.parametrize(
    "version", ["2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.2"]
)
def test_every_version_is_read(version: str) -> None:
    message = parse(TRANSFER.replace(b"2.5.1", version.encode()))
    assert (message.version, message.get("PID-3[2]")) == (version, "999910589")


def test_a_message_type_of_two_components_is_read() -> None:
    message = parse(b"MSH|^_\\&|ZorgDomein||||20260901103500+0200||ORU^R01|ZD000000001|T|2.4")
    assert (message.get("MSH-9.1"), message.get("MSH-9.2"), message.get("MSH-9.3")) == ("ORU", "R01", None)
