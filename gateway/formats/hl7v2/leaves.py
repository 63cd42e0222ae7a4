"""The parts of a message that hold something: for the report of unread fields, and to find odd escapes."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gateway.errors import Issue, Place
from gateway.formats.hl7v2.segment import HEADERS, Segment
from gateway.formats.hl7v2.source import Source
from gateway.formats.segmented import Position


class Leaf(NamedTuple):
    """A part that is not empty: its full position, the shortest one that says the same, its undecoded text."""

    position: Position
    short: Position
    raw: str


def leaves_of(segment: Segment, source: Source) -> Iterator[Leaf]:
    """Yield the parts of a segment that are not empty; not MSH-1 and MSH-2."""
    first = 3 if segment.name in HEADERS else 1
    for field, text in enumerate(segment.texts()[first:], first):
        for repetition, repeat in enumerate(text.split(source.delimiters.repetition) if text else (), 1):
            at = Position(segment.name, segment.occurrence, field, repetition)
            yield from _of_repetition(at, repeat, source)


def _of_repetition(at: Position, text: str, source: Source) -> Iterator[Leaf]:
    components = text.split(source.delimiters.component)
    for component, part in enumerate(components, 1):
        subcomponents = part.split(source.delimiters.subcomponent)
        for subcomponent, raw in enumerate(subcomponents, 1):
            if raw:
                full = at._replace(component=component, subcomponent=subcomponent)
                whole = full if len(subcomponents) > 1 else at._replace(component=component)
                yield Leaf(full, at if len(components) == len(subcomponents) == 1 else whole, raw)


def unknown_escapes(segments: Iterable[Segment], source: Source) -> Iterator[Issue]:
    """Yield an issue for each part that holds an escape sequence which is kept as it stands."""
    escape, separator = source.delimiters.escape, source.delimiters.field
    for segment in segments:
        # A header names the escape character in its second field, and nearly always nowhere else.
        text = segment.text[4:].partition(separator)[2] if segment.name in HEADERS else segment.text
        if escape not in text:
            continue
        for leaf in leaves_of(segment, source):
            if escape in leaf.raw and source.escapes.unknown(leaf.raw):
                yield _unknown(segment.place(*leaf.short[2:]), leaf.raw)


def _unknown(place: Place, value: str) -> Issue:
    text = "an escape sequence is not known here and was kept as it stands"
    return Issue("unknown-escape", text, "warning", place=place, value=value)
