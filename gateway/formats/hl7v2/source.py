"""What all segments of one message share: its bytes, its delimiters, and where its lines begin."""

import re
from itertools import accumulate

from gateway.formats.hl7v2.delimiters import Delimiters
from gateway.formats.hl7v2.escapes import Escapes, escapes_for

_LINE_END = re.compile(rb"\r\n|\r|\n")
_WIDE = frozenset({"utf-16-le", "utf-16-be"})


class Excerpt(bytes):
    """Bytes that know where they stood in what was received: `line` from 1, `byte` from 0."""

    line: int
    byte: int


class Source:
    """The bytes a message was read from. Where a line begins is counted only when somebody asks."""

    __slots__ = ("_starts", "charset", "data", "delimiters", "first_byte", "first_line", "mark")

    def __init__(self, data: bytes, mark: int, charset: str, delimiters: Delimiters) -> None:
        self.data = data
        self.mark = mark
        self.charset = charset
        self.delimiters = delimiters
        self.first_line, self.first_byte = (data.line, data.byte) if isinstance(data, Excerpt) else (1, 0)
        self._starts: list[int] | None = None

    @property
    def escapes(self) -> Escapes:
        """What decodes the escape sequences of the message."""
        return escapes_for(self.delimiters, self.charset)

    def byte(self, line: int, before: str) -> int:
        """Return the offset, in the bytes as received, of what follows `before` on line `line`."""
        if self._starts is None:
            self._starts = _line_starts(self.data[self.mark :], self.charset)
        return self.first_byte + self.mark + self._starts[line - self.first_line] + _size(before, self.charset)


def _line_starts(data: bytes, charset: str) -> list[int]:
    """Return the offset of each line; CR, LF and CRLF end a line."""
    if charset not in _WIDE:
        return [0, *(end.end() for end in _LINE_END.finditer(data))]
    lines = data.decode(charset).replace("\r\n", "\0\n").replace("\r", "\n").split("\n")
    return [0, *accumulate(_size(line, charset) + _size("\n", charset) for line in lines)]


def _size(text: str, charset: str) -> int:
    return len(text.encode(charset, "replace"))
