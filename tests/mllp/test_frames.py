"""Cutting a stream into frames gives the same frames, however the bytes are spread over packets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mllp import Frame, Frames, framed

ONE, TWO = b"MSH|^~\\&|1\rPID|1\r", b"MSH|^~\\&|2\r"


def cut(data: bytes, size: int | None = None, limit: int = 1000) -> tuple[list[Frame], Frames]:
    frames = Frames(limit)
    step = size or len(data) or 1
    found = [frame for at in range(0, len(data), step) for frame in frames.feed(data[at : at + step])]
    return found, frames


def short(frames: list[Frame]) -> list[tuple[bytes, str | None]]:
    return [(frame.content, frame.wrong.code if frame.wrong else None) for frame in frames]


@pytest.mark.parametrize("size", [None, 1, 7])
@pytest.mark.parametrize("between", [b"", b"\r\n", b"\r\r\n"])
def test_two_messages_come_out_however_they_are_cut(size: int | None, between: bytes) -> None:
    found, frames = cut(framed(ONE) + between + framed(TWO), size)
    assert (short(found), frames.open, frames.broken) == ([(ONE, None), (TWO, None)], False, False)


def test_the_cr_after_the_end_may_be_missing() -> None:
    found, _ = cut(b"\x0b" + ONE + b"\x1c\x0b" + TWO + b"\x1c")
    assert short(found) == [(ONE, None), (TWO, None)]


@pytest.mark.parametrize("size", [None, 1, 7])
def test_a_message_without_end_is_wrong_and_the_next_is_not(size: int | None) -> None:
    found, _ = cut(b"\x0b" + ONE + framed(TWO), size)
    assert short(found) == [(ONE, "malformed"), (TWO, None)]


def test_what_stays_open_is_cut_short() -> None:
    found, frames = cut(b"\x0b" + ONE)
    frame = frames.cut_short()
    assert (found, frame and frame.content, frames.open, frames.cut_short()) == ([], ONE, False, None)


@pytest.mark.parametrize("junk", [b"GET / HTTP/1.1\r\n\r\n", b"MSH|^~\\&|no start\r\x1c\r", b"\x1c", b"\0", b" "])
def test_what_begins_otherwise_breaks_the_connection(junk: bytes) -> None:
    found, frames = cut(framed(ONE) + junk + framed(TWO))
    assert (short(found)[0], found[1].wrong is None, len(found), frames.broken) == ((ONE, None), False, 2, True)


@pytest.mark.parametrize("size", [None, 1, 7, 300])
def test_what_is_too_large_is_skipped_to_its_end(size: int | None) -> None:
    found, frames = cut(framed(ONE + b"x" * 1500) + framed(TWO), size)
    assert [wrong for _, wrong in short(found)] == ["too-large", None]
    assert (found[0].content[: len(ONE)], found[1].content, frames.broken) == (ONE, TWO, False)


def test_what_is_too_large_is_not_kept() -> None:
    frames = Frames(1_000_000)
    chunk = b"\x0b" + b"x" * 99_999
    list(frames.feed(chunk))
    for _ in range(15):
        assert list(frames.feed(chunk[1:])) == []
    (frame,) = frames.feed(b"\x1c")
    assert len(frame.content) == 64 * 1024


def test_what_never_ends_breaks_the_connection() -> None:
    found, frames = cut(b"\x0b" + b"x" * 3000, 100)
    assert ([wrong for _, wrong in short(found)], frames.broken) == (["too-large"], True)


_STREAM = st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"MSH", b"x" * 9]), max_size=30).map(b"".join)


@given(_STREAM, st.integers(1, 9))
def test_how_a_stream_is_cut_makes_no_difference(data: bytes, size: int) -> None:
    whole, pieces = cut(data, limit=20), cut(data, size, limit=20)
    junk = whole[1].broken  # of junk, more is kept when more came at once
    assert [f.wrong for f in whole[0]][: -1 if junk else None] == [f.wrong for f in pieces[0]][: -1 if junk else None]
    assert [f.content for f in whole[0] if not f.wrong] == [f.content for f in pieces[0] if not f.wrong]
    assert whole[1].open == pieces[1].open


@given(st.lists(st.binary(max_size=30).filter(lambda b: not {0x0B, 0x1C} & {*b}), max_size=5), st.integers(1, 9))
def test_every_framed_message_comes_out_as_it_went_in(messages: list[bytes], size: int) -> None:
    found, _ = cut(b"".join(map(framed, messages)), size)
    assert [frame.content for frame in found] == messages
