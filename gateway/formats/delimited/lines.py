"""Physical lines of a binary stream, whatever ends them, each with its number and offset."""

import codecs
from collections.abc import Iterator
from typing import NamedTuple, Protocol

from gateway.errors import MalformedMessage

MAX_ROW_BYTES = 1024 * 1024
"""A longer row is passed over and reported: no cell of a bed list is that long, an open quote is."""

_CHUNK = 64 * 1024
_BINARY = ((b"PK\x03\x04", "an Excel workbook or a zip archive"), (b"\xd0\xcf\x11\xe0", "an old Excel workbook"))


class Line(NamedTuple):
    """A line without its end. `byte` is None when the stream was recoded; `cut` when it was too long."""

    number: int
    byte: int | None
    data: bytes
    cut: bool = False


_line = tuple.__new__  # half of the time that `Line(…)` takes, and there is one for every row


class Readable(Protocol):
    """A binary stream: `read` gives at most `size` bytes, none at the end."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        ...


class _Recoded:
    """A UTF-16 stream read as UTF-8."""

    def __init__(self, head: bytes, rest: Readable, codec: str) -> None:
        self._head = head
        self._rest = rest
        self._decoder = codecs.getincrementaldecoder(codec)()

    def read(self, size: int, /) -> bytes:
        while True:
            data, self._head = self._head or self._rest.read(size), b""
            try:
                text = self._decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                raise MalformedMessage("the file begins as UTF-16 and does not go on as UTF-16") from error
            if text or not data:
                return text.encode()


class _Prefixed:
    """A stream of which the first bytes were read already."""

    def __init__(self, head: bytes, rest: Readable) -> None:
        self._head = head
        self._rest = rest

    def read(self, size: int, /) -> bytes:
        data, self._head = self._head or self._rest.read(size), b""
        return data


def open_text(stream: Readable) -> tuple[Iterator[Line], str | None]:
    """Return the lines of a stream and the codec its byte order mark names. Raises MalformedMessage if binary."""
    head = b""
    while len(head) < 4 and (data := stream.read(_CHUNK)):
        head += data
    for start, what in _BINARY:
        if head.startswith(start):
            raise MalformedMessage(f"this is {what}, not delimited text")
    if head.startswith(codecs.BOM_UTF8):
        return _lines(_Prefixed(head[3:], stream), 3), "utf-8"
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if head.startswith(mark):
            return _lines(_Recoded(head[2:], stream, codec), None), "utf-8"
    return _lines(_Prefixed(head, stream), 0), None


def _lines(stream: Readable, offset: int | None) -> Iterator[Line]:
    """Yield lines ended by CR, LF or CRLF; of a line that is too long only that it was cut."""
    number, at, rest, cut = 1, offset or 0, b"", 0
    more = True
    while more:
        chunk = stream.read(_CHUNK)
        more = bool(chunk)
        pieces = (rest + chunk).splitlines(keepends=True)
        # The last piece may go on in the next chunk, as a CR may turn out to be half a CRLF.
        rest = pieces.pop() if more and pieces and not pieces[-1].endswith(b"\n") else b""
        for piece in pieces:
            data = piece.rstrip(b"\r\n")
            yield _line(Line, (number, None if offset is None else at, data, cut > 0 or len(data) > MAX_ROW_BYTES))
            number, at, cut = number + 1, at + cut + len(piece), 0
        if len(rest) > MAX_ROW_BYTES:
            cut, rest = cut + len(rest) - 1, rest[-1:]
