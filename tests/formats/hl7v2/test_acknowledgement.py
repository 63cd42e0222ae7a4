"""Answers: what was taken, what was wrong, where, and never a value."""

from datetime import UTC, datetime

import hl7apy.parser
import pytest

from gateway.errors import Issue, Place
from gateway.formats.hl7v2 import Message, acknowledge, parse

AT = datetime(2026, 9, 1, 10, 15, tzinfo=UTC)
SENT = (
    b"MSH|^~\\&|EPD|ZKH-A|GW|ZCC|20260901101500+0200||ADT^A20^ADT_A20|A20-000001|T|%s\r"
    b"EVN|A20|20260901101455+0200\rNPU|SEH^K03^B1|X\r"
)


def sent(version: str = "2.5.1") -> Message:
    return parse(SENT % version.encode())


def answer(message: Message | None, code: str, *issues: Issue) -> Message:
    return parse(acknowledge(message, code, issues, control_id="G-1", at=AT))  # type: ignore[arg-type] # a Literal


def test_an_accepted_message_is_answered_with_its_own_id() -> None:
    data = acknowledge(sent(), "AA", [], control_id="G-1", at=AT)
    assert data == (b"MSH|^~\\&|GW|ZCC|EPD|ZKH-A|20260901101500+0000||ACK^A20^ACK|G-1|T|2.5.1\rMSA|AA|A20-000001\r")


def test_an_error_says_where_and_what_and_never_the_value() -> None:
    issue = Issue("unmapped-code", "no | row ^ for it", place=sent().place("NPU-2"), value="GEHEIM", rule="map.yaml:31")
    data = acknowledge(sent(), "AE", [issue], control_id="G-1", at=AT)
    read = parse(data)
    assert b"GEHEIM" not in data
    assert [read.get(path) for path in ("MSA-1", "MSA-3", "ERR-2.1", "ERR-2.2", "ERR-2.3", "ERR-2.4")] == [
        "AE", "no | row ^ for it", "NPU", "1", "2", "1",
    ]  # fmt: skip
    assert [read.get(path) for path in ("ERR-3.1", "ERR-3.3", "ERR-4", "ERR-5.1", "ERR-7")] == [
        "103", "HL70357", "E", "unmapped-code", "map.yaml:31",
    ]  # fmt: skip
    assert read.get("ERR-8") == f"{sent().place('NPU-2')}: no | row ^ for it"


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("PID-3[2].1.4", "PID^1^3^2^1^4"),
        ("OBX[3]-5", "OBX^3^5^1"),
        ("PID", "PID^1"),
        ('row 17 column "Vrij"', ""),
        ("/a", ""),
    ],
)
def test_err2_is_the_location_of_the_issue(path: str, location: str) -> None:
    read = answer(sent(), "AE", Issue("bad-value", "wrong", place=Place(path)))
    assert read.all("ERR")[0].raw(2) == location


@pytest.mark.parametrize(
    ("code", "condition"),
    [("malformed", "100"), ("required-missing", "101"), ("bad-bsn", "102"), ("too-large", "104"), ("no-mapping", "200"),
     ("bad-reference", "204"), ("exception", "207")],
)  # fmt: skip
def test_codes_of_the_catalogue_become_conditions_of_table_0357(code: str, condition: str) -> None:
    assert answer(None, "AR", Issue(code, "x")).get("ERR-3.1") == condition


def test_findings_that_refuse_nothing_are_in_the_answer() -> None:
    read = answer(sent(), "AA", Issue("charset", "odd", "warning"), Issue("row-skipped", "x", "information"))
    assert [(e.value(3), e.value(4)) for e in read.all("ERR")] == [("0", "W"), ("0", "I")]
    assert read.get("MSA-3") is None


@pytest.mark.parametrize("version", ["2.1", "2.3", "2.3.1", "2.4"])
def test_before_version_2_5_err1_says_it_all(version: str) -> None:
    read = answer(sent(version), "AE", Issue("unmapped-code", "no row", place=Place("NPU[2]-2")))
    assert read.all("ERR")[0].texts() == ["ERR", "NPU^2^2^103&NPU[2]-2: no row&HL70357"]
    assert read.version == version


def test_what_could_not_be_read_is_answered_too() -> None:
    data = acknowledge(None, "AR", [Issue("malformed", "the line is not a segment")], control_id="G-1", at=AT)
    read = parse(data)
    assert (read.get("MSA-1"), read.get("MSA-2"), read.get("MSH-12"), read.get("ERR-3.1")) == (
        "AR",
        None,
        "2.5.1",
        "100",
    )


def test_the_answer_uses_the_delimiters_of_the_message() -> None:
    message = parse(b"MSH|^_\\&|ZorgDomein|a_b|||20260901||ORU^R01|ZD_1|T|2.4")
    read = answer(message, "AE", Issue("bad-value", "x_y~z & more"))
    assert (read.delimiters.repetition, read.get("MSH-6[2]"), read.get("MSA-3")) == ("_", "b", "x_y~z & more")


def test_letters_outside_ascii_declare_utf8() -> None:
    message = parse("MSH|^~\\&|Café|||||||1|T|2.5.1||||||8859/1".encode("iso-8859-1"))
    data = acknowledge(message, "AE", [Issue("bad-value", "wijst naar één")], control_id="G-1", at=AT)
    read = parse(data)
    assert (read.get("MSH-5"), read.get("MSH-18"), read.charset) == ("Café", "UNICODE UTF-8", "utf-8")


def test_text_cannot_add_a_segment() -> None:
    issue = Issue("bad-value", "a\rMSH|^~\\&|\nb\0", rule="x\ry")
    assert [s.name for s in answer(sent(), "AE", issue).segments] == ["MSH", "MSA", "ERR"]


def test_the_answer_stays_short() -> None:
    issues = [Issue("malformed", "the line is not a segment", place=Place("segment", n)) for n in range(1000)]
    assert len(answer(sent(), "AR", *issues).all("ERR")) == 50


LONG = "this list no longer has a bed that an earlier list had, and that bed is not offered to anybody any more " * 4


def test_a_text_that_is_too_long_ends_after_a_word_within_what_hl7_allows() -> None:
    read = answer(sent(), "AE", Issue("bad-value", LONG, place=Place("PID-3[2].1", 3, 9)))

    for path, limit, whole in (("MSA-3", 80, LONG), ("ERR-8", 250, f"PID-3[2].1 (line 3, byte 9): {LONG}")):
        text = read.get(path)
        assert text is not None
        assert limit - 12 < len(text) <= limit
        assert text.endswith("...")
        kept = text.removesuffix("...")
        assert whole.startswith(kept)
        assert not whole[len(kept)].isalnum()
        assert kept[-1].isalnum()


@pytest.mark.parametrize("length", range(76, 86))
def test_a_text_that_just_fits_is_left_whole(length: int) -> None:
    text = (LONG * 2)[: length - 1] + "x"
    shown = answer(sent(), "AE", Issue("bad-value", text)).get("MSA-3")

    assert shown == text if length <= 80 else shown is not None and shown.endswith("...")


@pytest.mark.parametrize("text", ["x" * 300, "x" * 79 + "|", "|" * 300, "a " + "&" * 300, "\u00eb" * 90])
def test_what_cannot_end_after_a_word_is_cut_and_never_within_an_escape(text: str) -> None:
    data = acknowledge(sent(), "AE", [Issue("bad-value", text)], control_id="G-1", at=AT)
    fields = {line.split(b"|")[0]: line.decode().split("|") for line in data.split(b"\r")}

    assert len(fields[b"MSA"][3]) <= 80
    assert len(fields[b"ERR"][8]) <= 250
    assert text.startswith((parse(data).get("MSA-3") or "").removesuffix("..."))


def test_the_beds_that_a_finding_is_about_stand_before_its_text() -> None:
    beds = tuple(f"ZUID/IC/K1/{number}" for number in range(1, 6))

    assert answer(sent(), "AA", Issue("bed-not-listed", "gone", "warning", about=beds[:1])).get("ERR-8") == (
        "ZUID/IC/K1/1: gone"
    )
    assert answer(sent(), "AA", Issue("bed-not-listed", "gone", "warning", about=beds)).get("ERR-8") == (
        "ZUID/IC/K1/1, ZUID/IC/K1/2, ZUID/IC/K1/3, ...: gone"
    )


@pytest.mark.parametrize("version", ["2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"])
def test_another_library_reads_the_answer(version: str) -> None:
    issue = Issue("unmapped-code", "no row", place=Place("PID-3[2].1", 3, 9))
    data = acknowledge(sent(version), "AE", [issue], control_id="G-1", at=AT)
    ack = hl7apy.parser.parse_message(data.decode(), find_groups=False)
    assert (ack.msa.msa_1.value, ack.msa.msa_2.value) == ("AE", "A20-000001")
