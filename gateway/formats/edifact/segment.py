"""A segment: split into elements when first read, an element into its parts when first read, then kept.

It answers as a segment of HL7 v2 does, so that one kind of path serves both: an element is a field, it has
repetitions (syntax version 4) and components, and no subcomponents.
"""

from typing import cast

from gateway.errors import Place
from gateway.formats import segmented
from gateway.formats.edifact.service import ABSENT, released, split
from gateway.formats.edifact.source import Raw, Source
from gateway.formats.segmented import Position

_Element = list[list[str]]  # repetitions, of components


class Segment(segmented.Segment[Source, str]):
    """One segment. Elements, repetitions and components count from 1; `number` is its place in the message (UNH: 1)."""

    __slots__ = ("_raw", "number")

    def __init__(self, raw: Raw, occurrence: int, number: int, source: Source) -> None:
        self.name = raw.name
        self.occurrence = occurrence
        self.number = number
        self._raw = raw
        self._source = source
        self._fields = None

    def __repr__(self) -> str:
        """Return name and place only: a segment may hold a patient's data."""
        return f"<Segment {self.name}[{self.occurrence}] number {self.number}>"

    @property
    def line(self) -> int:
        """The line of what was received on which it begins."""
        return self._source.origin(self._raw.start)[0]

    @property
    def qualifier(self) -> str | None:
        """What the first component of its first element says: `HP` of `NAD+HP+…`."""
        return self.value(1)

    @property
    def is_broken(self) -> bool:
        """Whether a line break stands inside it."""
        text = self._text()
        return any(one in text for one in self._source.service.breaks)

    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> str | None:
        """Return the text there; None when it is empty or absent."""
        elements = self._fields or self._split()
        try:
            parts = elements[field]
            if type(parts) is str:
                if not parts:
                    return None
                parts = self._read(field, parts)
            leaf = parts[repetition - 1][component - 1]
        except IndexError:
            return None
        return leaf if leaf and subcomponent == 1 else None

    def is_null(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> bool:
        """Return False: EDIFACT has no way to say "delete"."""
        del field, repetition, component, subcomponent
        return False

    def subcomponents(self, field: int, repetition: int = 1, component: int = 1) -> int:
        """Return 1 for a component that is there: EDIFACT divides no further."""
        return int(component <= self.components(field, repetition))

    def _place(self, position: Position) -> Place:
        line, byte = self._source.origin(self._raw.start + self._before(position))
        return Place(str(position._replace(subcomponent=None)), line, byte)

    def _text(self) -> str:
        return self._source.text[self._raw.start : self._raw.end]

    def _split(self) -> list[str | _Element]:
        source, service = self._source, self._source.service
        text = source.text[self._raw.start : self._raw.end]
        if source.broken:
            text = source.clean(text)
        parts = text.split(service.element) if service.release not in text else split(text, service.element, service)
        self._fields = cast("list[str | _Element]", parts)
        return self._fields

    def _read(self, field: int, text: str) -> _Element:
        """Split an element into its parts, read their letters, and keep them."""
        source, service = self._source, self._source.service
        if source.plain and service.repetition == ABSENT:  # nearly always: the bytes are what they say
            if service.release in text:
                parts = [[released(part, service) for part in split(text, service.component, service)]]
            else:
                parts = [text.split(service.component)]
        else:
            repeats = [text] if service.repetition == ABSENT else split(text, service.repetition, service)
            parts = [[source.letters(part) for part in split(repeat, service.component, service)] for repeat in repeats]
        (self._fields or self._split())[field] = parts
        return parts

    def _before(self, position: Position) -> int:
        """Return how many bytes of the segment precede the position."""
        if position.field is None:
            return 0
        service, text, before = self._source.service, self._text(), 0
        steps = (
            (service.element, position.field + 1),
            (service.repetition, position.repetition or 1),
            (service.component, position.component or 1),
        )
        for separator, number in steps:
            pieces = [text] if separator == ABSENT else split(text, separator, service)
            last = min(number, len(pieces)) - 1
            before += sum(len(piece) + 1 for piece in pieces[:last])
            text = pieces[last]
        return before
