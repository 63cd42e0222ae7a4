"""Cutting files of many messages, and keeping the places."""

import pytest

from gateway.errors import MalformedMessage
from gateway.formats.hl7v2 import parse, split

ONE = b"MSH|^~\\&|EPD|1\rPID|||a\r"
TWO = b"MSH|^~\\&|EPD|2\rPID|||b\rOBX|1\r"


def senders(data: bytes) -> list[str | None]:
    return [parse(message).get("MSH-4") for message in split(data)]


@pytest.mark.parametrize(
    "data",
    [
        ONE + TWO,
        b"\r\n" + ONE + b"\r\n\r\n" + TWO,
        (ONE + TWO).replace(b"\r", b"\n"),
        (ONE + TWO).replace(b"\r", b"\r\n"),
        b"\xef\xbb\xbf" + ONE + TWO,
        b"\x0b" + ONE + b"\x1c\r\x0b" + TWO + b"\x1c\r",
        b"FHS|^~\\&|EPD\rBHS|^~\\&|EPD\r" + ONE + TWO + b"BTS|2\rFTS|1\r",
        b"BHS|^~\\&|EPD\r" + ONE + b"BTS|1|c\rBHS|^~\\&\r" + TWO + b"BTS|1\rFTS|2",
        b"FHS|^~\\&|EPD\r" + ONE + TWO,
        b"FHS|^~\\&|EPD\rBHS\r" + ONE + TWO + b"BTS\rFTS|\r",
    ],
)
def test_every_message_of_a_file_comes_out(data: bytes) -> None:
    assert senders(data) == ["1", "2"]


@pytest.mark.parametrize("data", [ONE, b"\xef\xbb\xbf" + ONE, ONE.decode().encode("utf-16")])
def test_a_single_message_is_left_as_it_is(data: bytes) -> None:
    assert list(split(data)) == [data]


def test_a_batch_of_no_messages_is_empty() -> None:
    assert list(split(b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1")) == []


def test_places_are_those_of_the_file() -> None:
    data = b"\xef\xbb\xbfFHS|^~\\&\r\n\r\n" + (ONE + TWO).replace(b"\r", b"\r\n") + b"FTS|0\r\n"
    _, second = split(data)
    place = parse(second).place("OBX-1")
    assert (data[place.byte :][:3], place.line) == (b"1\r\n", 7)


def test_a_name_at_the_beginning_of_a_text_is_no_message() -> None:
    assert len(list(split(ONE + b"NTE|1||MSH\rNTE|2||FHS|\r"))) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not begin"),
        (b"PID|1\r" + ONE, "does not begin"),
        (b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"BTS|2\rFTS|1", "BTS-1 counts 2, but 1 came"),
        (b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"BTS|1\rFTS|3", "FTS-1 counts 3, but 1 came"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|9\rBHS|^~\\&\r" + ONE + b"BTS|8\r", "BTS-1 counts 9.*BTS-1 counts 8"),
    ],
)
def test_a_file_that_is_not_whole_is_refused_before_its_first_message(data: bytes, why: str) -> None:
    with pytest.raises(MalformedMessage, match=why):
        next(split(data))
