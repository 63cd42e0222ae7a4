"""What stands inside what: interchanges, their groups and messages, found whatever is wrong with them.

https://service.gefeg.com/jwg1/ (ISO 9735, part 1: UNB … UNZ around UNG … UNE around UNH … UNT)
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats.edifact import charset
from gateway.formats.edifact.segment import Segment
from gateway.formats.edifact.service import Service, patterns, read_service
from gateway.formats.edifact.source import Excerpt, Raw, Source, is_broken, is_wrapped
from gateway.formats.segmented import Names

MAX_BYTES = 32 * 1024 * 1024
"""More bytes than these are refused before they are read."""

_BLANK = re.compile(r"[ \t\r\n\x1a]*")
_OPENING = ("UNA", "UNB")
_raw = tuple.__new__  # half of the time that `Raw(…)` takes, and there is one for every segment


@dataclass
class Part:
    """A message as found: the numbers of its segments among those of the interchange. `last` None: it has no UNT."""

    first: int
    end: int  # the number of the first segment that is not its own
    group: int | None = None
    last: int | None = None


@dataclass
class Group:
    """A functional group as found: the numbers of UNG and UNE (None: absent), and how many messages it has."""

    first: int
    last: int | None = None
    messages: int = 0


@dataclass
class Interchange:
    """An interchange as found. `stray`: numbers of segments that belong nowhere. `trailer` None: it has no UNZ."""

    source: Source
    start: int
    end: int
    raws: list[Raw]
    parts: list[Part] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    stray: list[int] = field(default_factory=list)
    trailer: int | None = None
    warnings: tuple[Issue, ...] = ()
    faults: list[Issue] | None = None  # what contradicts itself in it, once somebody looked

    def segment(self, number: int) -> Segment:
        """Return one segment by its number, to look into."""
        return Segment(self.raws[number], 1, number, self.source)

    @cached_property
    def header(self) -> Segment:
        """UNB."""
        return self.segment(0)


def interchanges(data: bytes, fallback: str) -> Iterator[Interchange]:
    """Yield the interchanges in some bytes, one after the other.

    Raises MalformedMessage where something stands that is none; what came before it is good.
    """
    if isinstance(data, Excerpt) and fallback in data.known:
        return iter([data.known[fallback]])
    return _interchanges(data, fallback)


def _interchanges(data: bytes, fallback: str) -> Iterator[Interchange]:
    if len(data) > MAX_BYTES:
        raise MalformedMessage(f"this is longer than {MAX_BYTES} bytes", code="too-large")
    mark = len(data) - len(charset.body(data))
    text = data.decode("iso-8859-1")  # a character for each byte: what separates is ASCII
    at = _skip(text, mark)
    if at == len(text):
        raise MalformedMessage("there is no interchange here")
    while at < len(text):
        found = _interchange(data, text, at, fallback)
        yield found
        at = _skip(text, found.end)


def _skip(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at


def _interchange(data: bytes, text: str, at: int, fallback: str) -> Interchange:
    """Return the interchange that begins at `at`."""
    if not text.startswith(_OPENING, at):
        which = (
            "the interchange does not begin" if not text[:at].strip() else "what follows an interchange does not begin"
        )
        byte = at + (data.pieces[0][1] if isinstance(data, Excerpt) else 0)
        raise MalformedMessage([Issue("malformed", f"{which} with UNA or UNB", place=Place("UNB", byte=byte))])
    service, advice = read_service(text[at : at + 9])
    raws = list(_raws(text, at + advice, service))
    if not raws or raws[0].name != "UNB":
        raise MalformedMessage([Issue("malformed", "UNB does not follow UNA", place=Place("UNB", byte=at))])
    end = min(raws[-1].end + 1, len(text))
    codec, warnings = charset.codec_of(data if (at, end) == (0, len(text)) else data[at:end], fallback)
    broken = is_broken(text, raws, service)
    source = Source(data, text, codec, service, broken=broken, wrapped=broken and is_wrapped(text, raws))
    found = Interchange(source, at, end, raws, warnings=warnings)
    if "\0" in text:
        return found
    _arrange(found)
    return found


def _raws(text: str, at: int, service: Service) -> Iterator[Raw]:
    """Yield the segments of one interchange: up to UNZ, or to where the next interchange begins."""
    names, breaks = _names(service), service.breaks
    blank = f"{breaks} \t\x1a"
    pattern, first, size = patterns(service).segment, True, len(text)
    while True:
        start = at
        while start < size and text[start] in blank:
            start += 1
        if start >= size:
            return
        end = text.find(service.terminator, start)
        if end <= start or text[end - 1] == service.release or text[end - 1] in breaks:
            found = pattern.match(text, start)  # the first terminator that is not released
            end = found.end() if found else size
        tag = names[text[start : start + 4]]
        if tag in _OPENING and not first:
            return
        yield _raw(Raw, (tag, start, end, end < size))
        if tag == "UNZ":
            return
        first, at = False, end + 1


@lru_cache(maxsize=64)
def _names(service: Service) -> Names:
    return Names(f"{service.element}{service.component}{service.terminator}{service.breaks}")


def _arrange(found: Interchange) -> None:
    """Find messages and groups among the segments of an interchange."""
    arranging = _Arranging(found)
    for number, raw in enumerate(found.raws[1:], 1):
        if raw.closed or arranging.is_whole(number):
            _STEPS.get(raw.name, _Arranging.other)(arranging, number)
    arranging.close(len(found.raws))


class _Arranging:
    """Goes through the segments of an interchange; `message` and `group` are those that are open."""

    def __init__(self, found: Interchange) -> None:
        self.found = found
        self.message: Part | None = None
        self.group: Group | None = None

    def close(self, number: int) -> None:
        """End the message that is open: it has no UNT."""
        if self.message is not None:
            self.message.end = number
            self.message = None

    def is_whole(self, number: int) -> bool:
        """Return whether the last segment, which does not end, is a trailer that lacks nothing but its end.

        What was cut off in the middle says nothing, not even that something is wrong.
        """
        last = self.found.segment(number)
        said = (last.value(1), last.value(2))
        if last.name == "UNT" and self.message is not None:
            first = self.message.first
            return said == (str(number - first + 1), self.found.segment(first).value(1))
        held = len(self.found.groups) or len(self.found.parts)
        return last.name == "UNZ" and said == (str(held), self.found.header.value(5))

    def unh(self, number: int) -> None:
        self.close(number)
        self.message = Part(number, number, self.group.first if self.group else None)
        self.found.parts.append(self.message)
        if self.group is not None:
            self.group.messages += 1

    def unt(self, number: int) -> None:
        if self.message is None:
            self.found.stray.append(number)
        else:
            self.message.last = number
            self.close(number + 1)

    def ung(self, number: int) -> None:
        self.close(number)
        self.group = Group(number)
        self.found.groups.append(self.group)

    def une(self, number: int) -> None:
        self.close(number)
        if self.group is None:
            self.found.stray.append(number)
        else:
            self.group.last, self.group = number, None

    def unz(self, number: int) -> None:
        self.close(number)
        self.found.trailer = number

    def other(self, number: int) -> None:
        if self.message is None:
            self.found.stray.append(number)


_STEPS = {
    "UNH": _Arranging.unh,
    "UNT": _Arranging.unt,
    "UNG": _Arranging.ung,
    "UNE": _Arranging.une,
    "UNZ": _Arranging.unz,
}
