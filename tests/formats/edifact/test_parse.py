"""Interchanges to messages: every part with its place, whatever separates it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadRequest, MalformedMessage
from gateway.formats import edifact
from gateway.formats.edifact.service import USUAL, split
from gateway.formats.edifact.service import written as write
from tests.letters import interchange, letter, message, written
from tests.shared import SHARED, needs_shared

WHOLE = written(interchange(message()))


def only(data: bytes) -> edifact.Message:
    (part,) = edifact.split(data)
    return edifact.parse(part)


def test_a_message_is_read_by_its_paths() -> None:
    read = only(WHOLE)

    assert read.get("UNB-2") == "500099901"
    assert read.get("UNH-2.1") == read.kind == "MEDVRI"
    assert read.get("NAD[2]-4.2") == "SEH"
    assert read.get("FTX[2]-4") == "Vraag: opname of ELV?"
    assert read.get("NAD-3") is None
    assert read.get("NAD[9]-1") is None
    assert read.get("NAD-2.1.2") is None
    with pytest.raises(BadRequest):
        read.get("nad.1")


def test_segments_are_found_by_their_qualifier() -> None:
    read = only(WHOLE)

    (asked,) = read.qualified("NAD", "MR")
    assert (asked.occurrence, asked.number, asked.qualifier) == (2, 5, "MR")
    assert read.qualified("NAD", "XX") == read.qualified("ZZZ", "MR") == []


def test_every_part_knows_segment_element_component_line_and_byte() -> None:
    read = only(WHOLE)

    place = read.place("PNA-4.2")
    assert (place.path, place.line) == ("PNA-4.2", 7)
    assert WHOLE[place.byte or 0 :].startswith(b"A.J.'")
    assert str(read.place("ZZZ[2]-1")) == "ZZZ[2]-1"


@pytest.mark.parametrize(
    "advice", ["", "UNA:+.? '", "UNA:+,? '\r\n", "\r\nUNA:+.?*'"], ids=["none", "usual", "decimal", "repetition"]
)
@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r", " \r\n"])
def test_line_breaks_after_segments_and_service_string_advice_say_nothing(advice: str, end: str) -> None:
    read = only(written(interchange(message()), end=end, advice=advice))

    assert read.get("FTX[2]-4") == "Vraag: opname of ELV?"
    assert [segment.name for segment in read.segments][:3] == ["UNB", "UNH", "BGM"]
    assert read.issues == ()


def test_other_service_characters_are_those_of_una() -> None:
    table = str.maketrans({":": "^", "+": "|", "?": "!", "'": "~", ".": ","})
    text = written(interchange(message()), end="").decode().translate(table)

    read = only(f"UNA^|,! ~{text}".encode())

    assert read.get("FTX[2]-4") == "Vraag^ opname of ELV!"
    assert read.get("NAD-2.2") == "AGB"
    assert read.service.decimal == ","


def test_a_line_feed_may_end_segments() -> None:
    text = "UNA:+.? \n" + "".join(f"{segment}\n" for segment in interchange(message()))

    assert only(text.encode()).get("PNA-4.1") == "PIETERSE"


def test_separators_of_level_b_need_no_advice() -> None:
    table = str.maketrans({":": "\x1f", "+": "\x1d", "'": "\x1c"})
    text = written(interchange(message(segments=("BGM+VRB+1", "FTX+VRB+++Tekst"))), end="").decode().translate(table)

    assert only(text.encode()).get("FTX-4") == "Tekst"


@pytest.mark.parametrize(
    ("text", "value"),
    [("a?+b?:c?'d??e", "a+b:c'd?e"), ("??", "?"), ("????", "??"), ("x?", "x"), ("a?b", "ab"), ("?'?'", "''")],
)
def test_the_release_character_makes_the_next_one_text(text: str, value: str) -> None:
    segments = ("BGM+VRB+1", f"FTX+VRB+++{text}+NL")
    read = only(written(interchange(message(segments=segments))))

    if text == "x?":  # the release takes the separator with it
        assert read.get("FTX-4") == "x+NL"
    else:
        assert (read.get("FTX-4"), read.get("FTX-5")) == (value, "NL")


@given(st.lists(st.lists(st.text(st.sampled_from("ab?:+*'")), min_size=1, max_size=3), min_size=1, max_size=4))
def test_any_text_that_was_released_is_read_as_it_was_written(elements: list[list[str]]) -> None:
    text = "+".join(":".join(write(part) for part in parts) for parts in elements)

    (found,) = only(written(interchange(message(segments=[f"ZZZ+{text}"])))).all("ZZZ")

    read = [[found.value(e, 1, c) or "" for c, _ in enumerate(parts, 1)] for e, parts in enumerate(elements, 1)]
    assert read == elements


@pytest.mark.parametrize("text", ["a?+b", "?+", "a??+b", "a???+b", "+?", "??+?+:", "a+?++b", "a?\n+b", "?\r\n+?+"])
def test_parts_end_where_a_separator_is_not_released(text: str) -> None:
    parts = split(text, "+", USUAL)

    assert "+".join(parts) == text
    assert all(re.fullmatch(r"(?:[^?+]|\?[\r\n]*(?:.|$))*", part) for part in parts)


def test_lines_of_fixed_width_are_joined_even_between_release_and_character() -> None:
    flat = written(interchange(message(segments=("BGM+VRB+1", "FTX+VRB+++Zuster?'s arm is gebroken"))), end="")
    for width in range(flat.index(b"?'"), flat.index(b"?'") + 3):
        wrapped = b"\r\n".join(flat[i : i + width] for i in range(0, len(flat), width))

        read = only(wrapped)

        assert read.get("FTX-4") == "Zuster's arm is gebroken"
        assert [(issue.code, issue.severity) for issue in read.issues] == [("repaired", "warning")]
        byte = read.place("FTX-4").byte or 0
        assert wrapped[byte:].replace(b"\r\n", b"").startswith(b"Zuster")


def test_a_break_that_somebody_typed_is_kept_as_one() -> None:
    segments = ("BGM+VRB+1", "FTX+VRB+++Mw. is gevallen\r\nen kan niet\r\nstaan", "FTX+VRB+\r\n++Einde")
    read = only(written(interchange(message(segments=segments))))

    assert read.get("FTX-4") == "Mw. is gevallen\nen kan niet\nstaan"
    assert read.get("FTX[2]-4") == "Einde"


def test_repetitions_of_syntax_version_4() -> None:
    segments = ("BGM+VRB+1", "ALI+a:1*b:2*c+x")
    read = only(written(interchange(message(segments=segments), syntax="UNOC:4"), advice="UNA:+.?*'"))
    (segment,) = read.all("ALI")

    assert (segment.repetitions(1), segment.components(1, 2), segment.fields()) == (3, 2, 2)
    assert (read.get("ALI-1[2].2"), read.get("ALI-1[3].1"), read.get("ALI-1[4].1")) == ("2", "c", None)
    assert (segment.repetitions(9), segment.components(1, 9), segment.subcomponents(1, 1, 9)) == (0, 0, 0)
    assert not segment.is_null(1)


def test_a_segment_number_behind_its_name_is_no_element() -> None:
    read = only(written(interchange(message(segments=("BGM+VRB+1", "TXT:1+Eerste", "TXT:2+Tweede")))))

    assert [segment.value(1) for segment in read.all("TXT")] == ["Eerste", "Tweede"]


@pytest.mark.parametrize(
    ("syntax", "charset", "text"),
    [
        ("UNOC:3", "iso-8859-1", "Café, patiënte"),
        ("UNOD:3", "iso-8859-2", "Łódź"),
        ("UNOW:4", "utf-8", "Łódź €"),
        ("UNOK:3", "iso-8859-9", "ığş"),
    ],
)
def test_letters_are_those_of_the_declared_character_set(syntax: str, charset: str, text: str) -> None:
    segments = ("BGM+VRB+1", f"FTX+VRB+++{text}", "FTX+VRB+++einde")
    data = written(interchange(message(segments=segments), syntax=syntax), charset=charset)
    read = only(data)

    assert read.get("FTX-4") == text
    assert read.issues == ()
    assert data[read.place("FTX[2]-4").byte or 0 :].startswith(b"einde")


@pytest.mark.parametrize(
    ("syntax", "charset", "said"),
    [
        ("UNOC:3", "utf-8", "were read as utf-8"),
        ("UNOA:1", "windows-1252", "were read as windows-1252"),
        ("UNOQ:3", "utf-8", "no character set that is known"),
    ],
)
def test_what_is_not_in_the_declared_set_is_read_and_told(syntax: str, charset: str, said: str) -> None:
    segments = ("BGM+VRB+1", "FTX+VRB+++Café")
    read = only(written(interchange(message(segments=segments), syntax=syntax), charset=charset))

    assert read.get("FTX-4") == "Café"
    assert [(issue.code, issue.severity) for issue in read.issues] == [("charset", "warning")]
    assert said in read.issues[0].diagnostics


def test_a_byte_order_mark_is_skipped_and_two_bytes_a_character_refused() -> None:
    assert only(b"\xef\xbb\xbf" + WHOLE).get("BGM-1") == "VRB"
    with pytest.raises(MalformedMessage, match="UTF-16"):
        only(WHOLE.decode().encode("utf-16"))


@pytest.mark.parametrize(
    ("advice", "wrong"),
    [
        ("UNA:+.?", "cut off"),
        ("UNA:+.?:'", "two purposes"),
        ("UNAx+.? '", "component separator"),
        ("UNA:+.? 7", "terminator"),
        ("UNA: .? '", "element separator"),
    ],
)
def test_service_characters_that_separate_nothing_are_refused(advice: str, wrong: str) -> None:
    data = advice.encode() if wrong == "cut off" else advice.encode() + WHOLE
    with pytest.raises(MalformedMessage, match=wrong):
        list(edifact.split(data))


def test_leaves_are_all_that_is_not_empty_and_not_of_service_segments() -> None:
    read = only(written(interchange(message(segments=("BGM+VRB+1", "NAD+HP+9:AGB++A:+x")))))

    assert [path for path, _ in edifact.leaves(read)] == [
        "BGM-1", "BGM-2", "NAD-1", "NAD-2.1", "NAD-2.2", "NAD-4.1", "NAD-5",
    ]  # fmt: skip
    assert len(list(edifact.positions(read))) == 7


def test_a_segment_shows_no_value() -> None:
    (segment,) = only(WHOLE).all("PNA")

    assert repr(segment) == "<Segment PNA[1] number 6>"
    assert segment.line == 7


@needs_shared
def test_the_public_feed_is_read() -> None:
    assert SHARED is not None
    read = only((SHARED / "data" / "feeds" / "F10_edifact_brief.edi").read_bytes())

    assert (read.control_id, read.kind, read.issues) == ("500099901+REF000123+1", "MEDVRI", ())


@given(st.binary(max_size=300))
def test_any_bytes_are_messages_or_a_refusal(data: bytes) -> None:
    _check(data)


PARTS = (
    *(b"UNA:+.? '", b"UNB+UNOC:3+A+B+1:1+R'", b"UNH+1+MEDVRI'", b"UNT+2+1'", b"UNZ+1+R'", b"UNG+X+++1:1+G'"),
    *(b"UNE+1+G'", b"FTX+?'", b"x", b"'", b"\r\n", b"\0", b"?", b"\x01"),
)


@given(st.lists(st.sampled_from(PARTS)))
def test_any_order_of_segments_is_messages_or_a_refusal(parts: list[bytes]) -> None:
    _check(b"".join(parts))


@given(st.integers(0, len(WHOLE)), st.integers(0, len(WHOLE)), st.binary(max_size=3))
def test_any_damage_leaves_a_whole_message_or_a_refusal(start: int, end: int, instead: bytes) -> None:
    _check(WHOLE[: min(start, end)] + instead + WHOLE[max(start, end) :])


def _check(data: bytes) -> None:
    """Every message that comes out is read again from its own bytes to the same parts, or refused with a place."""
    try:
        parts = list(edifact.split(data))
    except MalformedMessage:
        return
    for part in parts:
        edifact.control_id(part)
        try:
            read = edifact.parse(part)
        except MalformedMessage:
            continue
        found = list(edifact.leaves(read))
        assert all(place.line and place.byte is not None for _, place in found)
        again = edifact.parse(bytes(part))
        assert [path for path, _ in edifact.leaves(again)] == [path for path, _ in found]


def test_the_letters_for_tests_are_whole() -> None:
    assert only(letter(7)).control_id == "500099901+REF1+7"
