"""Whatever the bytes, a tree or a clear refusal; and the same tree as other libraries make."""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hl7
import hl7apy.parser
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import MalformedMessage
from gateway.formats.hl7v2 import Message, acknowledge, leaves, parse, parse_path, split
from tests.formats.hl7v2.test_acknowledgement import AT
from tests.formats.hl7v2.test_parse import TRANSFER
from tests.shared import SHARED

FILES = sorted((SHARED / "data" / "hl7v2" / "messages").glob("*.hl7")) if SHARED else []

_ALPHABET = st.sampled_from([*b'MSHPIDZ123|^~\\&#\r\n\x0b\x1c" .xXF\xc3\xa9\xe9\x80\x00'])
_MESSAGES = st.one_of(
    st.binary(max_size=200),
    st.lists(_ALPHABET, max_size=120).map(bytes),
    st.lists(_ALPHABET, max_size=120).map(lambda rest: b"MSH|^~\\&|" + bytes(rest)),
    st.lists(_ALPHABET, max_size=60).map(lambda rest: b"MSH|^~\\&|x\rPID|||" + bytes(rest)),
    st.text(max_size=60).map(lambda text: f"MSH|^~\\&|{text}\rPID|{text}".encode()),
    st.text(max_size=60).map(lambda text: f"MSH|^~\\&|{text}\rPID|{text}".encode("utf-16", "surrogatepass")),
)


def read_everything(message: Message) -> None:
    """Ask a message for all it can give."""
    for path, place in leaves(message):
        text = message.get(path)
        assert text is None or "\0" not in text
        if text is not None:
            text.encode()  # no half surrogate pair may reach the store
        assert message.place(path) == place
        assert place.byte is not None
    for issue in message.issues:
        assert issue.place is not None
    acknowledge(message, "AE", message.issues, control_id="1", at=AT)


@given(_MESSAGES)
@example(b"MSH|^~\\&|" + b"|" * 16 + b"UNICODE UTF-16\rPID|||\xe9")
@example(b"MSH|^~\\&|" + b"|" * 16 + b"ISO IR87\rPID|||\x1b$B")
@example(b"\xff\xfeM")
def test_any_bytes_are_a_message_or_malformed(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessage:
        return
    read_everything(message)


@given(st.lists(_MESSAGES, max_size=4), st.sampled_from([b"", b"\r", b"FHS|^~\\&\r", b"\x1c\r\x0b"]))
def test_any_bytes_are_split_or_malformed(parts: list[bytes], between: bytes) -> None:
    with suppress(MalformedMessage):
        for message in split(between.join([b"", *parts])):
            assert message


@given(st.data())
def test_every_place_of_a_cut_and_changed_message_is_inside_it(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TRANSFER)))
    changed = TRANSFER[:at] + data.draw(st.binary(max_size=8)) + TRANSFER[at + data.draw(st.integers(0, 8)) :]
    try:
        message = parse(changed)
    except MalformedMessage:
        return
    read_everything(message)
    assert all(0 <= (place.byte or 0) < len(changed) for _, place in leaves(message))


def rebuilt(message: Message) -> Iterator[str]:
    separator = message.delimiters.field
    for segment in message.segments:
        texts = segment.texts()
        yield separator.join(texts if texts[1:2] != [separator] else [texts[0], *texts[2:]])


@given(_MESSAGES)
def test_nothing_of_a_message_is_lost(data: bytes) -> None:
    try:
        message = parse(data)
    except MalformedMessage:
        return
    text = data[3:].decode("utf-8") if data.startswith(b"\xef\xbb\xbf") else None
    if text is None and message.charset not in ("utf-16-le", "utf-16-be"):
        text = data.decode(message.charset)
        lines = [line for line in text.replace("\r\n", "\r").replace("\n", "\r").split("\r") if line.strip()]
        assert list(rebuilt(message)) == lines


def texts_of(path: Path) -> bytes:
    return path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\r").replace(b"\n", b"\r")


@pytest.mark.parametrize("path", FILES or [None], ids=lambda path: path.name if path else "absent")
def test_public_messages_are_read_as_another_library_reads_them(path: Path | None) -> None:
    if path is None:
        pytest.skip("the shared reference data is not on this machine")
    data = texts_of(path)
    message = parse(data)
    read_everything(message)
    if message.issues:
        return  # a doubled backslash in MSH-2, which the other library reads as a delimiter
    compare(message, data.decode())


def test_our_own_sample_is_read_as_another_library_reads_it() -> None:
    compare(parse(TRANSFER), TRANSFER.decode())


def compare(message: Message, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        oracle = hl7.parse(text)
    assert [segment.name for segment in message.segments] == [str(segment[0]) for segment in oracle]
    for path, _ in leaves(message):
        at = parse_path(path)
        segment = message.all(at.segment)[at.occurrence - 1]
        ours = message.get(path)
        if segment.name != "MSH" and ours is not None and "\\" not in segment.text:
            steps = (at.field, at.repetition or 1, at.component or 1, at.subcomponent or 1)
            assert ours == oracle.extract_field(at.segment, at.occurrence, *steps), path


def test_our_own_sample_is_read_as_the_library_that_knows_the_structures_reads_it() -> None:
    message = parse(TRANSFER)
    oracle = hl7apy.parser.parse_message(TRANSFER.decode("iso-8859-1"), find_groups=False)
    (patient, visit) = oracle.pid, oracle.pv1
    theirs = [
        patient.pid_3[1].cx_1.value,
        patient.pid_3[1].cx_4.value,
        patient.pid_5.xpn_1.fn_2.to_er7(),
        visit.pv1_3.pl_4.value,
        [obx.obx_5.value for obx in oracle.obx],
    ]
    paths = ("PID-3[2].1", "PID-3[2].4", "PID-5.1.2", "PV1-3.4")
    assert theirs == [*map(message.get, paths), [obx.value(5) for obx in message.all("OBX")]]
