"""Files of many messages: FHS/BHS batches, plain concatenations, captures with MLLP's frames still on.

http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading36
"""

import re
from collections.abc import Iterator, Sequence

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats.hl7v2.charset import marked
from gateway.formats.hl7v2.source import Excerpt

_START = re.compile(rb"(?:^|(?<=[\r\n\x0b]))(MSH|FHS|BHS|BTS|FTS)(?![A-Z0-9])")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FRAME = b"\x0b\x1c"
_Start = tuple[bytes, int]  # a segment's name and where it stands


def split(data: bytes) -> Iterator[bytes]:
    """Yield each message of `data` as an `Excerpt`, without batch segments and MLLP frames.

    Raises MalformedMessage before the first message when something stands before it, or when the count
    of a trailer (BTS-1, FTS-1) is not the count found: then the file is cut, and none of it may count.
    """
    codec, mark = marked(data)
    if codec in ("utf-16-le", "utf-16-be"):
        yield data  # one message: what is two bytes wide cannot be cut before it is decoded
        return
    starts = [(match[1], match.start()) for match in _START.finditer(data[mark:])]
    _check_beginning(data[mark:], starts)
    if len(starts) == 1 and not any(frame in data for frame in _FRAME):
        yield data
        return
    _check_counts(data[mark:], starts)
    yield from _excerpts(data, mark, starts)


def _excerpts(data: bytes, mark: int, starts: Sequence[_Start]) -> Iterator[Excerpt]:
    line, counted = 1, mark
    for (name, start), end in zip(starts, [*(at for _, at in starts[1:]), len(data) - mark], strict=True):
        line += len(_LINE_END.findall(data, counted, start + mark))
        counted = start + mark
        if name == b"MSH":
            excerpt = Excerpt(data[counted : end + mark].rstrip(b"\r\n\x0b\x1c"))
            excerpt.line, excerpt.byte = line, counted
            yield excerpt


def _check_beginning(body: bytes, starts: Sequence[_Start]) -> None:
    if not starts or body[: starts[0][1]].strip(b" \t\r\n\x0b"):
        raise MalformedMessage("the message does not begin with the segment MSH, nor the batch with FHS or BHS")


def _check_counts(body: bytes, starts: Sequence[_Start]) -> None:
    """Raise MalformedMessage with every trailer whose count is not what stands before it."""
    issues, messages, batches = [], 0, 0
    for name, start in starts:
        messages = 0 if name == b"BHS" else messages + (name == b"MSH")
        batches += name == b"BHS"
        found = {b"BTS": messages, b"FTS": batches}.get(name)
        said = _first_field(body, start)
        if found is not None and said.isdigit() and int(said) != found:
            text = f"{name.decode()}-1 counts {int(said)}, but {found} came: the file is not whole"
            issues.append(Issue("malformed", text, place=Place(f"{name.decode()}-1", byte=start)))
    if issues:
        raise MalformedMessage(issues)


def _first_field(body: bytes, start: int) -> bytes:
    """Return the first field of the trailer that begins at `start`; at most the ten digits a count can have."""
    line = _LINE_END.split(body[start : start + 16], maxsplit=1)[0]
    return line[4:].split(line[3:4], 1)[0].strip() if len(line) > 4 else b""
