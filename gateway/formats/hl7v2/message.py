"""A message: its segments in order and by name, and everything odd that was found while reading it."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats import segmented
from gateway.formats.hl7v2.charset import declare, decode, marked
from gateway.formats.hl7v2.delimiters import Delimiters, choose, read_delimiters
from gateway.formats.hl7v2.leaves import leaves_of, unknown_escapes
from gateway.formats.hl7v2.segment import Segment
from gateway.formats.hl7v2.source import Source
from gateway.formats.segmented import Names, Position

MAX_BYTES = 32 * 1024 * 1024
"""A longer message is refused before it is read."""

MAX_SEGMENTS = 100_000
"""A message of more segments is refused."""

_MAX_REPORTED = 20  # lines that are no segments are reported one by one, up to here
_BATCH = frozenset({"FHS", "BHS", "BTS", "FTS"})


class Message(segmented.Message[Segment, Source]):
    """One message: `segments` in order, MSH first. Two threads may read it; nothing in it changes but its caches."""

    __slots__ = ("_findings", "_issues")

    def __init__(self, segments: list[Segment], source: Source, findings: Sequence[Issue]) -> None:
        super().__init__(segments, source)
        self._findings = findings
        self._issues: tuple[Issue, ...] | None = None

    @property
    def delimiters(self) -> Delimiters:
        """The delimiters that MSH-1 and MSH-2 name."""
        return self.source.delimiters

    @property
    def charset(self) -> str:
        """The codec that read the bytes, as Python calls it."""
        return self.source.charset

    @property
    def version(self) -> str:
        """MSH-12.1 as written; empty when absent."""
        return self.segments[0].value(12) or ""

    @property
    def control_id(self) -> str | None:
        """MSH-10."""
        return self.segments[0].value(10)

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was odd but readable: character set, delimiters, escape sequences that are not known."""
        if self._issues is None:
            self._issues = (*self._findings, *unknown_escapes(self.segments, self.source))
        return self._issues


def parse(data: bytes, *, fallback_charset: str = "windows-1252") -> Message:
    """Return the message in `data`: one MSH and what follows it, its lines ended by CR, LF or CRLF.

    Raises MalformedMessage for anything else, with the lines concerned. What can be read in one way only
    is read, and reported in `Message.issues`. `fallback_charset` reads text that MSH-18 does not declare.
    http://www.hl7.eu/HL7v2x/v251/std251/ch02.html#Heading8
    """
    if len(data) > MAX_BYTES:
        raise MalformedMessage(f"the message is longer than {MAX_BYTES} bytes", code="too-large")
    codec, mark = marked(data)
    body = data[mark:] if mark else data
    text = _wide(body, codec) if codec and codec != "utf-8" else None
    header = _header(body if text is None else text.encode("utf-8", "replace"))
    reading = read_delimiters(_up_to_msh2(header))
    delimiters, findings = (reading.delimiters, ()) if reading.other is None else choose(reading, _after_msh2(body))
    if text is None:
        told = declare(*_msh18_19(header, delimiters), delimiters.repetition)
        text, codec, more = decode(body, told, marked=codec, fallback=fallback_charset)
        findings = (*findings, *more)
    source = Source(data, mark, codec or "ascii", delimiters)
    return Message(_segments(text, source), source, findings)


def _wide(body: bytes, codec: str) -> str:
    """Return the text of a message whose every character takes two bytes."""
    try:
        return body.decode(codec)
    except UnicodeDecodeError as error:
        raise MalformedMessage("the message begins as UTF-16 and does not go on as UTF-16", code="charset") from error


def _header(body: bytes) -> str:
    """Return the segment MSH. What matters in it before the character set is known is ASCII."""
    if not body.startswith(b"MSH"):
        body = body.lstrip(b"\r\n\t ")
        if not body.startswith(b"MSH"):
            raise MalformedMessage("the message does not begin with the segment MSH")
    end = body.find(b"\r")
    line = body if end < 0 else body[:end]
    return line.split(b"\n", 1)[0].decode("iso-8859-1")


def _up_to_msh2(header: str) -> str:
    second = header.find(header[3:4], 4)
    return header if second < 0 else header[:second]


def _after_msh2(body: bytes) -> str:
    return body.decode("iso-8859-1").lstrip()[9:]


def _msh18_19(header: str, delimiters: Delimiters) -> tuple[str, str]:
    """Return MSH-18, and MSH-19 where some senders put the character set."""
    pieces = header.split(delimiters.field, 19)  # the eighteenth field is the seventeenth piece: MSH-1 is no piece
    return (pieces[17], pieces[18] if len(pieces) > 18 else "") if len(pieces) > 17 else ("", "")


def _segments(text: str, source: Source) -> list[Segment]:
    """Return the segments of a text. Raises MalformedMessage with every line that is none."""
    if "\0" in text:
        raise MalformedMessage("the message holds a NUL byte")
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    lines = text.split("\r")
    if len(lines) > MAX_SEGMENTS:
        raise MalformedMessage(f"the message has more than {MAX_SEGMENTS} lines", code="too-large")
    names = _names(source.delimiters.field)
    counts: dict[str, int] = {}
    segments: list[Segment] = []
    wrong: list[int] = []
    for number, line in enumerate(lines, source.first_line):
        name = names[line[:4]]
        if name:
            counts[name] = occurrence = counts.get(name, 0) + 1
            segments.append(Segment(name, occurrence, number, line, source))
        elif line and not line.isspace():
            wrong.append(number)
    if wrong or counts.get("MSH") != 1 or not _BATCH.isdisjoint(counts):
        _refuse(counts, wrong)
    return segments


_names = lru_cache(maxsize=64)(Names)  # a separator is punctuation: there are 32


def _refuse(counts: dict[str, int], wrong: list[int]) -> None:
    """Raise MalformedMessage with every line that is no segment, and when the lines are not one message."""
    places = [Place("segment", line) for line in wrong[:_MAX_REPORTED]]
    issues = [Issue("malformed", "the line is not a segment", place=place) for place in places]
    if len(wrong) > _MAX_REPORTED:
        issues.append(Issue("malformed", f"{len(wrong) - _MAX_REPORTED} more lines are not segments"))
    if counts.get("MSH", 0) > 1:
        issues.append(Issue("malformed", f"there are {counts['MSH']} messages (MSH) where one was expected"))
    if not _BATCH.isdisjoint(counts):
        issues.append(Issue("malformed", "a batch (FHS, BHS) stands where one message was expected"))
    raise MalformedMessage(issues)


def positions(message: Message) -> Iterator[Position]:
    """Yield the full position (segment to subcomponent) of every part that is not empty, but MSH-1 and MSH-2."""
    for segment in message.segments:
        yield from (leaf.position for leaf in leaves_of(segment, message.source))


def leaves(message: Message) -> Iterator[tuple[str, Place]]:
    """Yield path and place of every part that is not empty; `PV1-2`, not `PV1-2.1.1`, where that says it all."""
    for segment in message.segments:
        for leaf in leaves_of(segment, message.source):
            place = segment.place(*leaf.short[2:])
            yield place.path, place
