"""What no rule read: nothing of a message is lost without somebody being able to see it."""

from collections.abc import Iterator, Sequence
from typing import Any

from gateway.errors import Issue, Place
from gateway.formats import delimited, edifact, hl7v2, jsontree, xmltree
from gateway.formats.delimited.layout import normal
from gateway.mapping.findings import Language, say
from gateway.mapping.mapped import Mapped
from gateway.mapping.tracer import Tracer

_HEADER = frozenset({1, 2, 9, 10, 12, 18})
"""Fields of MSH that the gateway itself reads."""


def unread(mapped: Mapped, language: Language = "en") -> list[Issue]:
    """Return an information for every leaf of the source that no rule read, in the order of the source."""
    text = say("unread", language)
    return [Issue("unread-field", text, "information", place=place) for place in unread_places(mapped)]


def unread_places(mapped: Mapped) -> list[Place]:
    """Return the places of the leaves that no rule read."""
    tracers = mapped.trace.tracers()
    if isinstance(mapped.source, hl7v2.Message):
        return list(_of_message(hl7v2.positions(mapped.source), hl7v2.leaves(mapped.source), tracers))
    if isinstance(mapped.source, edifact.Message):
        return list(_of_message(edifact.positions(mapped.source), edifact.leaves(mapped.source), tracers))
    if isinstance(mapped.source, jsontree.Document | xmltree.Document):
        return list(_of_tree(mapped.source, tracers, mapped.trace.entries()))
    return list(_of_table(mapped.source, tracers)) if isinstance(mapped.source, list) else []


Leaf = tuple[str, int, int, int, int, int]


def _of_message(
    positions: Iterator[hl7v2.Position], leaves: Iterator[tuple[str, Place]], tracers: Sequence[Tracer]
) -> Iterator[Place]:
    read = {leaf for tracer in tracers for look in tracer.seen if (leaf := _leaf(look.owner, look.at))}
    for position, (_, place) in zip(positions, leaves, strict=True):
        if not (position.segment == "MSH" and position.field in _HEADER) and _numbers(position) not in read:
            yield place


def _leaf(segment: Any, at: tuple[Any, ...]) -> Leaf | None:
    if not isinstance(segment, hl7v2.Segment | edifact.Segment) or not at:
        return None
    field, repetition, component, sub = (*at, None, None, None)[:4]
    return segment.name, segment.occurrence, field, repetition or 1, component or 1, sub or 1


def _numbers(position: hl7v2.Position) -> Leaf:
    name, occurrence, field, repetition, component, sub = position
    return name, occurrence, field or 0, repetition or 1, component or 1, sub or 1


def _of_tree(
    document: jsontree.Document | xmltree.Document, tracers: Sequence[Tracer], entries: Sequence[Any]
) -> Iterator[Place]:
    looks = (look for tracer in tracers for look in tracer.seen if look.value is not None)
    read = {look.owner.key(*look.at) for look in looks}
    read |= {place.path for entry in entries for place, _ in entry.sources}  # in what was taken over whole
    for key, place in document.leaves():
        if key not in read and document.names(place) not in document.asked:
            yield place


def _of_table(records: list[delimited.Record], tracers: Sequence[Tracer]) -> Iterator[Place]:
    """Yield a place for each column that no row's rules read, in the first row that holds something there."""
    read = {look.at[0] for tracer in tracers for look in tracer.seen}
    names = {normal(name) for name in read}
    seen: set[str] = set()
    for record in records:
        for column in record.columns:
            if column and column not in seen and normal(column) not in names and record.get(column) is not None:
                seen.add(column)
                yield record.place(column)
