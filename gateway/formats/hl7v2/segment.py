"""A segment: split into fields when first read, a field into its parts when first read, then kept."""

from typing import cast

from gateway.errors import Place
from gateway.formats import segmented
from gateway.formats.hl7v2.source import Source
from gateway.formats.segmented import Position

NULL = '""'
"""Two quotes: the sender says "delete what you have", which is not the same as saying nothing."""

HEADERS = frozenset({"MSH", "FHS", "BHS"})
"""Segments whose first field is the field separator itself."""

# A field as read: its repetitions, of its components; a component is text, or a list of subcomponents.
_Component = str | list[str]
_Field = list[list[_Component]]


class Segment(segmented.Segment[Source, _Component]):
    """One segment of a message. Fields, repetitions and parts count from 1, as HL7 does."""

    __slots__ = ("line", "text")

    def __init__(self, name: str, occurrence: int, line: int, text: str, source: Source) -> None:
        self.name = name
        self.occurrence = occurrence
        self.line = line
        self.text = text
        self._source = source
        self._fields = None

    def __repr__(self) -> str:
        """Return name and place only: a segment may hold a patient's data."""
        return f"<Segment {self.name}[{self.occurrence}] line {self.line}>"

    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> str | None:
        """Return the decoded text there; None when it is empty, absent or `""`."""
        fields = self._fields or self._split()
        try:
            parts = fields[field]
            if type(parts) is str:
                if not parts:
                    return None
                parts = self._read(field, parts)
            leaf = parts[repetition - 1][component - 1]
            if type(leaf) is str:
                return leaf if leaf and subcomponent == 1 and leaf != NULL else None
            leaf = leaf[subcomponent - 1]
        except IndexError:
            return None
        return leaf if leaf and leaf != NULL else None

    def is_null(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> bool:
        """Return whether `""` stands there."""
        try:
            leaf = self.parts(field)[repetition - 1][component - 1]
            return (leaf if type(leaf) is list else [leaf])[subcomponent - 1] == NULL
        except IndexError:
            return False

    def subcomponents(self, field: int, repetition: int = 1, component: int = 1) -> int:
        """Return how many subcomponents the component has; 0 when absent."""
        if component > self.components(field, repetition):
            return 0
        part = self.parts(field)[repetition - 1][component - 1]
        return len(part) if type(part) is list else 1

    def count_read(self) -> int:
        """Return how many fields that hold something were read; what names the delimiters is no field."""
        return super().count_read() - (2 if self._fields and self.name in HEADERS else 0)

    def raw(self, field: int) -> str:
        """Return the field as it stands in the message, undecoded; empty when absent."""
        fields = self.texts()
        return fields[field] if field < len(fields) else ""

    def texts(self) -> list[str]:
        """Return the fields as they stand in the message, undecoded; the segment's name is number 0."""
        separator = self._source.delimiters.field
        texts = self.text.split(separator)
        return [texts[0], separator, *texts[1:]] if self.name in HEADERS else texts

    def _place(self, position: Position) -> Place:
        return Place(str(position), self.line, self._source.byte(self.line, self._before(position)))

    def _split(self) -> list[str | _Field]:
        """Split into fields. Those of MSH that hold delimiters are set apart: they are never split or decoded."""
        separator = self._source.delimiters.field
        fields = cast("list[str | _Field]", self.text.split(separator))
        if self.name in HEADERS:
            fields[1:2] = [[[separator]], [[self._source.delimiters.encoding]]]
        self._fields = fields
        return fields

    def _read(self, field: int, text: str) -> _Field:
        """Split a field into its parts, decode them, and keep them."""
        by = self._source.delimiters
        if by.repetition in text:
            parts = cast("_Field", [repeat.split(by.component) for repeat in text.split(by.repetition)])
        else:
            parts = [cast("list[_Component]", text.split(by.component))]
        if by.subcomponent in text:
            parts = [[_subsplit(part, by.subcomponent) for part in repeat] for repeat in parts]
        if by.escape in text:
            parts = [[self._decoded(part) for part in repeat] for repeat in parts]
        (self._fields or self._split())[field] = parts
        return parts

    def _decoded(self, part: _Component) -> _Component:
        decode = self._source.escapes.decode
        return decode(part) if type(part) is str else [decode(leaf) for leaf in part]

    def _before(self, position: Position) -> str:
        """Return the part of the line that precedes the position."""
        delimiters = self._source.delimiters
        if self.name in HEADERS and (position.field or 9) <= 2:
            return self.text[: 2 + (position.field or 0)]
        before, text = "", self.text
        steps = (
            (delimiters.field, (position.field or 0) + 1 - (self.name in HEADERS) if position.field else 1),
            (delimiters.repetition, position.repetition or 1),
            (delimiters.component, position.component or 1),
            (delimiters.subcomponent, position.subcomponent or 1),
        )
        for separator, number in steps:
            pieces = text.split(separator)
            last = min(number, len(pieces)) - 1
            before += "".join(piece + separator for piece in pieces[:last])
            text = pieces[last]
        return before


def _subsplit(part: _Component, subcomponent: str) -> _Component:
    return part.split(subcomponent) if type(part) is str and subcomponent in part else part
