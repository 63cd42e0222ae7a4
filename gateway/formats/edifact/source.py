"""The bytes that segments were read from: where they stood in what was received, and how their letters are read."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple, Self

from gateway.formats.edifact.service import ABSENT, Service, released

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BREAKS = re.compile(r"[\r\n]+")
_AS_IT_STANDS = frozenset({"ascii", "iso-8859-1"})


class Raw(NamedTuple):
    """A segment as it stands in the bytes: from `start` up to `end`, where its terminator is if it is `closed`."""

    name: str  # empty when what stands there is no segment
    start: int
    end: int
    closed: bool


class Excerpt(bytes):
    """A message of an interchange with the header and trailer of that interchange around it.

    `pieces` says of each piece where it begins here, and at which byte (from 0) and line (from 1) it was received.
    `known` is the interchange it is, where that was read already, by the character set that was to be fallen back on.
    """

    pieces: tuple[tuple[int, int, int], ...]
    known: dict[str, Any]

    def __new__(cls, data: bytes, pieces: tuple[tuple[int, int, int], ...] = ((0, 0, 1),)) -> Self:
        """Return these bytes as an excerpt."""
        made = super().__new__(cls, data)
        made.pieces, made.known = pieces, {}
        return made


class Source:
    """What all segments of one message share. `text` has a character for each byte; letters are read when asked for."""

    __slots__ = ("_pieces", "broken", "charset", "data", "plain", "service", "text", "wrapped")

    def __init__(self, data: bytes, text: str, charset: str, service: Service, *, broken: bool, wrapped: bool) -> None:
        self.data = bytes(data)  # an excerpt knows its source: the source must not know the excerpt
        self.text = text
        self.charset = charset
        self.service = service
        self.broken = broken  # a line break stands inside a segment
        self.wrapped = wrapped  # and so do others, at equal distances
        self.plain = not broken and charset in _AS_IT_STANDS  # what holds no release is already what it says
        self._pieces = data.pieces if isinstance(data, Excerpt) else ((0, 0, 1),)

    def clean(self, text: str) -> str:
        """Return the text of a segment without the breaks of wrapped lines; one that was typed is a line feed."""
        if not self.broken or ("\r" not in text and "\n" not in text):
            return text
        if self.wrapped:
            return _BREAKS.sub("", text)
        release = self.service.release
        if release != ABSENT and release in text:
            text = re.sub(f"{re.escape(release)}[\r\n]+", lambda _: release, text)
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def letters(self, text: str) -> str:
        """Return what a part of a segment says: its characters released, its bytes read as letters."""
        text = released(text, self.service)
        if self.charset not in _AS_IT_STANDS and not text.isascii():
            text = text.encode("iso-8859-1").decode(self.charset, "replace")
        return text.strip("\n") if "\n" in text else text

    def origin(self, at: int) -> tuple[int, int]:
        """Return line and byte, in what was received, of the byte `at` of this data."""
        start, byte, line = self._pieces[bisect_right(self._pieces, at, key=itemgetter(0)) - 1]
        return line + len(_LINE_END.findall(self.data, start, at)), byte + at - start


def is_broken(text: str, raws: Sequence[Raw], service: Service) -> bool:
    """Return whether a line break stands inside a segment."""
    end = service.terminator
    if service.release + end not in text:
        others = text.replace(f"{end}\r\n", "").replace(f"{end}\n", "")
        if "\n" not in others and "\r" not in others:
            return False  # nearly always: each is the end of a line after the end of a segment
    return any(end in text and any(text.find(end, raw.start, raw.end) >= 0 for raw in raws) for end in "\r\n")


def is_wrapped(text: str, raws: Sequence[Raw]) -> bool:
    """Return whether the line breaks inside segments are those of a line of fixed width, and so are no characters.

    They are when every line that ends inside a segment is equally long and no line is longer. Otherwise
    somebody typed them, and they are blank space in the text.
    """
    widths: set[int] = set()
    for raw in raws:
        for found in _BREAKS.finditer(text, raw.start, raw.end):
            begins = max(text.rfind("\n", 0, found.start()), text.rfind("\r", 0, found.start())) + 1
            widths.add(found.start() - begins)
    if len(widths) != 1:
        return not widths
    (width,) = widths
    return max(map(len, _BREAKS.split(text))) <= width
