"""A message: its segments in order and by name, with the UNB and UNG it came under, and what was odd about it."""

from collections.abc import Iterator, Sequence

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats import segmented
from gateway.formats.edifact.checks import contradictions, problems
from gateway.formats.edifact.segment import Segment
from gateway.formats.edifact.service import Service, written
from gateway.formats.edifact.source import Excerpt, Source
from gateway.formats.edifact.structure import Interchange, Part, interchanges
from gateway.formats.segmented import Position

SERVICE = frozenset({"UNB", "UNG", "UNH", "UNT"})
"""The segments that the gateway itself reads."""

_KNOWN_AS = {"UNB": (2, 5), "UNG": (5,), "UNH": (1,)}


class Message(segmented.Message[Segment, Source]):
    """One message. `segments` are UNB, UNG where there is one, and UNH to UNT."""

    __slots__ = ("_control_id", "_qualified", "issues")

    def __init__(self, segments: list[Segment], source: Source, issues: Sequence[Issue]) -> None:
        super().__init__(segments, source)
        self.issues: tuple[Issue, ...] = tuple(issues)
        self._control_id: str | None = None
        self._qualified: dict[tuple[str, str], list[Segment]] = {}

    @property
    def service(self) -> Service:
        """The service characters of the interchange."""
        return self.source.service

    @property
    def charset(self) -> str:
        """The codec that reads the bytes, as Python calls it."""
        return self.source.charset

    @property
    def kind(self) -> str:
        """UNH-2.1: `MEDVRI`."""
        return self.all("UNH")[0].value(2) or ""

    @property
    def control_id(self) -> str:
        """What the sender knows it by: UNB-2, UNB-5, UNG-5 where there is one, and UNH-1, joined by `+`."""
        if self._control_id is None:
            self._control_id = _known_as(*(one for name in ("UNB", "UNG", "UNH") for one in self.all(name)[:1]))
        return self._control_id

    def qualified(self, name: str, qualifier: str) -> list[Segment]:
        """Return the segments called `name` whose first element begins with `qualifier`: `NAD+HP+…`."""
        key = (name, qualifier)
        if key not in self._qualified:
            self._qualified[key] = [segment for segment in self.all(name) if segment.value(1) == qualifier]
        return self._qualified[key]


def split(data: bytes, *, fallback_charset: str = "windows-1252") -> Iterator[bytes]:
    """Yield each message of the interchanges in `data`, as an interchange of its own.

    An interchange that contradicts itself, and what is none and follows one, is yielded whole; `parse` says why it is
    refused. Raises MalformedMessage when there is no interchange at all.
    """
    end, reading = 0, interchanges(data, fallback_charset)
    while True:
        try:
            found = next(reading, None)
        except MalformedMessage:
            if not end:
                raise
            yield _rest(data, end)
            return
        if found is None:
            return
        end = found.end
        yield from _messages(data, found, fallback_charset)


def control_id(data: bytes) -> str | None:
    """Return what the sender knows a message by, as `Message.control_id`, whatever else is wrong with it; else None."""
    try:
        found = next(interchanges(data, "windows-1252"))
    except MalformedMessage:
        return None
    if len(found.parts) != 1:
        return None
    part = found.parts[0]
    group = [found.segment(part.group)] if part.group is not None else []
    return _known_as(found.header, *group, found.segment(part.first))


def _known_as(*headers: Segment) -> str:
    return "+".join([written(header.value(field) or "") for header in headers for field in _KNOWN_AS[header.name]])


def _rest(data: bytes, at: int) -> Excerpt:
    """Return what follows the last interchange."""
    at += len(data) - at - len(data[at:].lstrip(b" \t\r\n\x1a"))
    return Excerpt(data[at:], ((0, at, 1 + data.count(b"\n", 0, at)),))


def _messages(data: bytes, found: Interchange, fallback: str) -> Iterator[bytes]:
    """Yield the messages of one interchange, or the whole of it where it contradicts itself."""
    alone = found.start == 0 and found.end >= len(data.rstrip(b" \t\r\n\x1a"))
    if contradictions(found):
        yield data if alone else _excerpt(found, [(found.start, found.end)], b"")
    elif alone and len(found.parts) == 1:
        yield _known(data, found, fallback)
    else:
        for part in found.parts:
            yield _message_excerpt(found, part)


def _known(data: bytes, found: Interchange, fallback: str) -> Excerpt:
    """Return the bytes of an interchange of one message with what was read of them, so that it is not read again.

    A copy, for what is kept of a message until it is answered for (there may be thousands) must not hold all that.
    """
    if isinstance(data, Excerpt) and fallback in data.known:
        return data
    excerpt = Excerpt(data, data.pieces) if isinstance(data, Excerpt) else Excerpt(data)
    excerpt.known[fallback] = found
    return excerpt


def _message_excerpt(found: Interchange, part: Part) -> Excerpt:
    """Return a message between the header and a trailer of its interchange."""
    raws = found.raws
    cuts = [(found.start, raws[1].start)]
    closing = b""
    if part.group is not None:
        cuts.append((raws[part.group].start, raws[part.group + 1].start))
        group = next(group for group in found.groups if group.first == part.group)
        closing += _closing("UNE", found, part.group) if group.last is not None else b""
    end = raws[part.end].start if part.end < len(raws) else found.end
    cuts.append((raws[part.first].start, end))
    closing += _closing("UNZ", found, 0) if found.trailer is not None else b""
    return _excerpt(found, cuts, closing)


def _closing(name: str, found: Interchange, header: int) -> bytes:
    """Return a trailer that counts one, with the reference as it stands in its header."""
    service = found.source.service
    segment = found.segment(header)
    reference = segment.value(5) or ""
    text = service.element.join((name, "1", written(reference, service))) + service.terminator
    return text.encode("utf-8" if found.source.charset == "utf-8" else "iso-8859-1", "replace")


def _excerpt(found: Interchange, cuts: Sequence[tuple[int, int]], closing: bytes) -> Excerpt:
    """Return some stretches of what was received, knowing where they stood; wrapped lines are joined."""
    source = found.source
    made, pieces = bytearray(), []
    for start, end in cuts:
        for begin, stop in _lines(found, start, end):
            line, byte = source.origin(begin)
            pieces.append((len(made), byte, line))
            made += source.data[begin:stop]
    return Excerpt(bytes(made) + closing, tuple(pieces))


def _lines(found: Interchange, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield a stretch in one, or line by line without their ends where lines are wrapped inside segments."""
    text = found.source.text
    if not found.source.wrapped:
        yield start, end
        return
    at = start
    for number in range(start, end + 1):
        if number == end or (text[number] in "\r\n" and text[number] in found.source.service.breaks):
            if number > at:
                yield at, number
            at = number + 1


def parse(data: bytes, *, fallback_charset: str = "windows-1252") -> Message:
    """Return the message in an interchange of one message, as `split` yields them.

    Raises MalformedMessage with everything that is wrong: service characters, counts, references, segments that are
    none, control characters. What can be read in one way only is read, and reported in `Message.issues`.
    """
    first, *others = interchanges(data, fallback_charset)
    issues = contradictions(first)
    for part in first.parts:
        issues += problems(first, part)
    if others or (len(first.parts) > 1 and not issues):
        issues.append(Issue("malformed", "there are several messages where one was expected"))
    if issues:
        raise MalformedMessage(issues)
    return _message(first, first.parts[0])


def _message(found: Interchange, part: Part) -> Message:
    wanted = [0, *([part.group] if part.group is not None else []), *range(part.first, part.end)]
    counts: dict[str, int] = {}
    segments = []
    for number in wanted:
        raw = found.raws[number]
        counts[raw.name] = occurrence = counts.get(raw.name, 0) + 1
        segments.append(Segment(raw, occurrence, number - part.first + 1, found.source))
    return Message(segments, found.source, [*found.warnings, *_oddities(found, segments)])


def _oddities(found: Interchange, segments: Sequence[Segment]) -> Iterator[Issue]:
    """Yield what was odd and could be read in one way only."""
    if found.trailer is None:
        text = "the interchange ends without UNZ: its end was lost, and what followed this message may be"
        yield Issue("cut-off", text, "warning", place=found.header.place())
    elif not found.raws[found.trailer].closed:
        text = "the last segment does not end; it is whole by its count and reference"
        yield Issue("repaired", text, "warning", place=found.segment(found.trailer).place())
    source = found.source
    if not source.broken:
        return
    what = "belong to lines of fixed width and were left out" if source.wrapped else "were kept as blank space"
    for segment in segments:
        if segment.is_broken:
            yield Issue("repaired", f"line breaks inside segments {what}", "warning", place=segment.place())
            return


def positions(message: Message) -> Iterator[Position]:
    """Yield the position (segment to component) of every part that is not empty, but those of service segments."""
    for segment in message.segments:
        if segment.name in SERVICE:
            continue
        for field in range(1, segment.fields() + 1):
            for repetition in range(1, segment.repetitions(field) + 1):
                for component in range(1, segment.components(field, repetition) + 1):
                    if segment.value(field, repetition, component) is not None:
                        yield Position(segment.name, segment.occurrence, field, repetition, component, 1)


def leaves(message: Message) -> Iterator[tuple[str, Place]]:
    """Yield path and place of every part that is not empty; `FTX-4`, not `FTX-4.1`, where that says it all."""
    for at in positions(message):
        segment = message.all(at.segment)[at.occurrence - 1]
        field, repetition = at.field or 1, at.repetition or 1
        single = segment.components(field, repetition) == 1
        place = segment.place(field, repetition, None if single else at.component)
        yield place.path, place
