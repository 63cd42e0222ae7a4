"""Counts and references: a message is whole or refused, an interchange that contradicts itself counts for nothing."""

import pytest

from gateway.errors import Issue, MalformedMessage
from gateway.formats import edifact
from gateway.formats.edifact.checks import MAX_SEGMENTS
from tests.letters import SEGMENTS, interchange, letter, message, written


def read(data: bytes) -> list[edifact.Message | tuple[Issue, ...]]:
    """Return what each message of some bytes is: read, or refused with these issues."""
    found: list[edifact.Message | tuple[Issue, ...]] = []
    for part in edifact.split(data):
        try:
            found.append(edifact.parse(part))
        except MalformedMessage as error:
            found.append(error.issues)
    return found


def refused(data: bytes) -> list[tuple[str, str | None]]:
    """Return code and path of everything that is wrong with the only message (or interchange) in some bytes."""
    (issues,) = read(data)
    assert isinstance(issues, tuple)
    return [(issue.code, issue.place.path if issue.place else None) for issue in issues]


def test_each_message_of_an_interchange_is_one_by_itself() -> None:
    data = written(interchange(message(1), message(2), message(3)))

    parts = list(edifact.split(data))

    assert [edifact.parse(part).control_id for part in parts] == [f"500099901+REF1+{n}" for n in (1, 2, 3)]
    second = edifact.parse(parts[1]).place("FTX-4")
    assert data[second.byte or 0 :].startswith(b"Verwijzing")
    assert second.line == 2 + 11 + 8
    for part in parts:
        assert list(edifact.split(bytes(part))) == [part]  # what is kept of it can be read again


def test_a_message_alone_is_kept_as_it_came() -> None:
    assert list(edifact.split(letter())) == [letter()]


def test_what_was_read_to_find_a_message_is_what_is_parsed() -> None:
    (part,) = edifact.split(written(interchange(message())))

    read, again = edifact.parse(part), edifact.parse(bytes(part))
    assert list(edifact.leaves(read)) == list(edifact.leaves(again))
    assert read.issues == again.issues
    assert list(edifact.split(part)) == [part]


def test_what_is_kept_of_many_messages_is_their_bytes_only() -> None:
    parts = list(edifact.split(written(interchange(message(1), message(2)))))

    for part in parts:
        edifact.parse(next(edifact.split(part)))
    assert [vars(part)["known"] for part in parts] == [{}, {}]


def test_interchanges_one_after_the_other_are_read_one_after_the_other() -> None:
    data = letter(1) + b"\r\n" + b"UNA:+.? '" + letter(1, reference="REF2") + b"\x1a"

    assert [one.control_id for one in read(data) if isinstance(one, edifact.Message)] == [
        "500099901+REF1+1",
        "500099901+REF2+1",
    ]


def test_what_follows_an_interchange_and_is_none_is_refused_by_itself() -> None:
    first, rest = read(letter() + b"and some more")

    assert isinstance(first, edifact.Message)
    assert isinstance(rest, tuple)
    assert rest[0].place is not None
    assert rest[0].place.byte == len(letter())


def test_what_does_not_begin_as_an_interchange_is_refused() -> None:
    for data in (b"FTX+1'" + letter(), b"UNA:+.? 'FTX+1'", b"  "):
        with pytest.raises(MalformedMessage):
            list(edifact.split(data))


def test_a_message_whose_trailer_counts_otherwise_is_refused_and_its_neighbours_are_not() -> None:
    first, second, third = read(written(interchange(message(1), message(2, count=99), message(3))))

    assert isinstance(first, edifact.Message)
    assert isinstance(third, edifact.Message)
    assert isinstance(second, tuple)
    assert [issue.code for issue in second] == ["count-mismatch"]
    assert "UNT-1 counts 99 segments, but 11 came" in second[0].diagnostics


def test_everything_that_is_wrong_is_told_at_once() -> None:
    data = written(interchange(message(1, count=3, reference="X"), trailer="UNZ+two+REFX"))

    assert refused(data) == [
        ("count-mismatch", "UNZ-1"),
        ("reference-mismatch", "UNZ-2"),
        ("count-mismatch", "UNT-1"),
        ("reference-mismatch", "UNT-2"),
    ]


@pytest.mark.parametrize("trailer", ["UNZ+3+{reference}", "UNZ+1+{reference}", "UNZ+{n}+OTHER", "UNZ+{n}", "UNZ"])
def test_nothing_counts_of_an_interchange_that_its_trailer_contradicts(trailer: str) -> None:
    (issues,) = read(written(interchange(message(1), message(2), trailer=trailer)))

    assert isinstance(issues, tuple)
    assert {issue.code for issue in issues} <= {"count-mismatch", "reference-mismatch"}


def test_an_interchange_that_stops_loses_the_message_it_stops_in_and_no_other() -> None:
    data = written(interchange(message(1), message(2)))

    first, second = read(data[: data.rindex(b"FTX")])

    assert isinstance(first, edifact.Message)
    assert [(issue.code, issue.severity) for issue in first.issues] == [("cut-off", "warning")]
    assert isinstance(second, tuple)
    assert [issue.code for issue in second] == ["cut-off"]


def test_wherever_an_interchange_stops_only_whole_messages_are_taken() -> None:
    data = written(interchange(message(1), message(2)))
    ends = [data.index(b"UNT+11+1") + 8, data.index(b"UNT+11+2") + 8]
    for length in range(data.index(b"UNH+1+MEDVRI:") + 13, len(data)):
        taken = [one for one in read(data[:length]) if isinstance(one, edifact.Message)]
        assert len(taken) == sum(length >= end for end in ends), length


def test_a_last_segment_without_its_end_is_whole_by_its_count_and_reference() -> None:
    (found,) = read(letter()[:-3])

    assert isinstance(found, edifact.Message)
    assert [issue.code for issue in found.issues] == ["repaired"]


def test_a_message_without_trailer_ends_where_the_next_begins() -> None:
    first, second = read(written(interchange(message(1)[:-1], message(2))))

    assert isinstance(first, tuple)
    assert [issue.code for issue in first] == ["cut-off"]
    assert isinstance(second, edifact.Message)


def test_two_messages_with_one_reference_cannot_be_told_apart() -> None:
    assert refused(written(interchange(message(1), message(1)))) == [("reference-mismatch", "UNH-1")]


def test_a_message_or_interchange_that_names_itself_nothing_is_refused() -> None:
    assert refused(written(interchange(["UNH", "BGM+1", "UNT+3"]))) == [
        ("required-missing", "UNH-1"),
        ("required-missing", "UNH-2"),
    ]
    nameless = written(interchange(message())).replace(b"+500099901+", b"++").replace(b"REF1", b"")
    assert refused(nameless) == [("required-missing", "UNB-2"), ("required-missing", "UNB-5")]


def test_segments_outside_a_message_belong_to_nobody() -> None:
    assert refused(written(interchange(["FTX+1"], message()))) == [
        ("malformed", "FTX"),
        ("count-mismatch", "UNZ-1"),
    ]
    assert refused(written(interchange(trailer="UNZ+0+REF1"))) == [("malformed", "UNB")]


def test_an_apostrophe_that_is_not_released_is_what_is_asked_about() -> None:
    (issues,) = read(written(interchange(message(segments=(*SEGMENTS, "FTX+VRB+++De zuster's nummer")))))

    assert isinstance(issues, tuple)
    assert [issue.code for issue in issues] == ["count-mismatch", "malformed"]
    assert "not released" in issues[1].diagnostics


@pytest.mark.parametrize("character", ["\x01", "\x07", "\x1b", "\x7f"])
def test_control_characters_are_refused_with_their_place(character: str) -> None:
    (issues,) = read(written(interchange(message(segments=("BGM+VRB+1", f"FTX+VRB+++a{character}b")))))

    assert isinstance(issues, tuple)
    ((code, place),) = [(issue.code, issue.place) for issue in issues]
    assert place is not None
    assert (code, place.path, place.line) == ("control-character", "FTX", 4)


def test_a_nul_is_refused() -> None:
    assert [code for code, _ in refused(letter().replace(b"gevallen", b"ge\0vallen"))] == ["control-character"]


def test_a_tab_is_blank_space() -> None:
    (found,) = read(letter().replace(b"is gevallen", b"is\tgevallen"))

    assert isinstance(found, edifact.Message)


def test_groups_count_too() -> None:
    group = ["UNG+MEDVRI+A+B+1:1+G1+UN+D:96A", *message(1), *message(2), "UNE+2+G1"]
    good = written(interchange(group, trailer="UNZ+1+REF1"))

    assert [one.control_id for one in read(good) if isinstance(one, edifact.Message)] == [
        "500099901+REF1+G1+1",
        "500099901+REF1+G1+2",
    ]
    for part in edifact.split(good):
        assert list(edifact.split(bytes(part))) == [part]
    wrong = written(interchange([*group[:-1], "UNE+3+G2"], message(3), trailer="UNZ+2+REF1"))
    assert refused(wrong)[:4] == [
        ("malformed", "UNH"),
        ("count-mismatch", "UNE-1"),
        ("reference-mismatch", "UNE-2"),
        ("count-mismatch", "UNZ-1"),
    ]
    assert ("cut-off", "UNG") in refused(written(interchange(group[:-1], trailer="UNZ+1+REF1")))


def test_a_message_of_very_many_segments_is_refused() -> None:
    segments = ("BGM+VRB+1", *(["FTX+VRB"] * MAX_SEGMENTS))

    assert refused(written(interchange(message(segments=segments)), end="")) == [("too-large", "UNH")]


def test_more_bytes_than_are_read_are_refused() -> None:
    with pytest.raises(MalformedMessage) as found:
        list(edifact.split(b"UNB+" + b" " * edifact.MAX_BYTES))
    assert found.value.issues[0].code == "too-large"


def test_a_message_is_known_whatever_is_wrong_with_it() -> None:
    assert edifact.control_id(written(interchange(message(4, count=9)))) == "500099901+REF1+4"
    assert edifact.control_id(letter()[:100]) == "500099901+REF1+1"
    assert edifact.control_id(b"hello") is None
    assert edifact.control_id(written(interchange(message(1), message(2)))) is None


def test_references_are_told_apart_by_their_parts() -> None:
    one = edifact.control_id(written(interchange(message(1), reference="A?+1")))
    other = edifact.control_id(written(interchange(message(1), reference="A")))

    assert one == "500099901+A?+1+1"
    assert one != other


def test_parse_takes_one_message_only() -> None:
    with pytest.raises(MalformedMessage, match="several messages"):
        edifact.parse(written(interchange(message(1), message(2))))
    with pytest.raises(MalformedMessage, match="several messages"):
        edifact.parse(letter(1) + letter(2))
