"""CONTRL: which interchange, which message, which segment; and nothing of the text."""

from datetime import UTC, datetime

import pytest

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats import edifact
from tests.letters import interchange, letter, message, written

AT = datetime(2026, 4, 12, 8, 30, tzinfo=UTC)


def answer(data: bytes, *found: Issue) -> list[str]:
    """Return the segments of the answer to some bytes; `found` refuses every message that can be read."""
    answers = []
    for part in edifact.split(data):
        try:
            edifact.parse(part)
            answers.append(edifact.Answered(part, found, bool(found)))
        except MalformedMessage as error:
            answers.append(edifact.Answered(part, error.issues, refused=True))
    text = edifact.acknowledge(answers, new_id=lambda: "0123456789abcdef", at=AT).decode()
    return text.removeprefix("UNA:+.? '").split("'")[:-1]


def body(segments: list[str]) -> list[str]:
    return [segment for segment in segments if segment[:3] in ("UCI", "UCM", "UCS", "UCD")]


def test_what_was_taken_is_acknowledged_to_its_sender() -> None:
    assert answer(letter()) == [
        "UNB+UNOC:3+500099902+500099901+260412:1030+0123456789abcd",
        "UNH+1+CONTRL:2:2:UN",
        "UCI+REF1+500099901+500099902+7",
        "UCM+1+MEDVRI:2:D:NL+7",
        "UNT+4+1",
        "UNZ+1+0123456789abcd",
    ]


def test_the_answer_is_an_interchange_that_holds_what_it_says() -> None:
    text = "'".join([*answer(written(interchange(message(1), message(2, count=2)))), ""])

    (part,) = edifact.split(text.encode())

    assert edifact.parse(part).kind == "CONTRL"


def test_syntax_version_4_is_answered_in_its_own() -> None:
    segments = answer(written(interchange(message(), syntax="UNOW:4")))

    assert segments[:2] == ["UNB+UNOC:4+500099902+500099901+20260412:1030+0123456789abcd", "UNH+1+CONTRL:4:1:UN"]


def test_a_refused_message_is_told_beside_those_that_were_taken() -> None:
    found = answer(written(interchange(message(1), message(2, count=9, reference="X"), message(3))))

    assert body(found) == [
        "UCI+REF1+500099901+500099902+7",
        "UCM+1+MEDVRI:2:D:NL+7",
        "UCM+2+MEDVRI:2:D:NL+4+29+UNT+1",
        "UCS+11",
        "UCD+28+2",
        "UCM+3+MEDVRI:2:D:NL+7",
    ]


@pytest.mark.parametrize(
    ("trailer", "error"),
    [("UNZ+9+REF1", "29+UNZ+1"), ("UNZ+1+OTHER", "28+UNZ+2")],
)
def test_a_refused_interchange_is_refused_as_a_whole(trailer: str, error: str) -> None:
    assert body(answer(written(interchange(message(), trailer=trailer)))) == [f"UCI+REF1+500099901+500099902+4+{error}"]


def test_an_interchange_that_was_cut_off_is_taken_as_far_as_it_is_whole() -> None:
    data = written(interchange(message(1), message(2)))

    assert body(answer(data[: data.rindex(b"FTX")])) == [
        "UCI+REF1+500099901+500099902+7",
        "UCM+1+MEDVRI:2:D:NL+7",
        "UCM+2+MEDVRI:2:D:NL+4+13+UNH",
    ]


def test_what_a_rule_found_is_told_by_segment_element_and_component() -> None:
    found = answer(
        letter(),
        Issue("bad-bsn", "no BSN", "warning", place=Place("PNA-2.1")),
        Issue("unmapped-code", "no row", place=Place("NAD[2]-2.2")),
        Issue("required-missing", "nothing there", place=Place("CAV-1")),
        Issue("required-missing", "nothing there", place=Place("FTX[2]")),
    )

    assert body(found) == [
        "UCI+REF1+500099901+500099902+7",
        "UCM+1+MEDVRI:2:D:NL+4+13",
        "UCS+5",
        "UCD+12+2:2",
        "UCS+10+13",
    ]


def test_an_unknown_kind_of_message_is_told_at_its_type() -> None:
    found = answer(letter(), Issue("no-mapping", "nothing takes it"))

    assert body(found)[1:] == ["UCM+1+MEDVRI:2:D:NL+4+14+UNH+2:1"]


def test_what_stands_at_a_byte_only_is_told_by_its_segment() -> None:
    data = letter().replace(b"PDI+V", b"PDI+V'oops")

    assert body(answer(data))[1:] == ["UCM+1+MEDVRI:2:D:NL+4+29+UNT+1", "UCS+9+18"]


def test_several_interchanges_have_an_answer_each() -> None:
    segments = answer(letter(1) + letter(1, reference="REF2"))

    assert [segment for segment in segments if segment.startswith("UCI")] == [
        "UCI+REF1+500099901+500099902+7",
        "UCI+REF2+500099901+500099902+7",
    ]


def test_what_is_no_interchange_has_an_answer_too() -> None:
    text = edifact.acknowledge([edifact.Answered(b"hello", (), refused=True)], new_id=lambda: "1", at=AT).decode()

    assert "UCI+0+UNKNOWN+UNKNOWN+4'" in text


def test_service_characters_in_references_are_released() -> None:
    found = answer(written(interchange(message(), reference="A?+?'B")))

    assert body(found)[0] == "UCI+A?+?"  # the apostrophe is released, and `answer` cuts there
    assert body(answer(letter(), *[Issue("bad-value", "x", place=Place("FTX-4"))] * 80)).count("UCS+9") <= 50
