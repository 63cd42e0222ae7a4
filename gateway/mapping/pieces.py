"""Pieces of an HL7 v2 or EDIFACT message as values of expressions: a segment, a repetition, a component.

A piece is the text of its first leaf, so every FHIRPath function for text works on it, and it knows
where it stands, so that numeric steps (`cx.4.1`) and places can be had from it.
"""

from collections.abc import Iterator
from typing import Any

from gateway.errors import Place
from gateway.formats import edifact
from gateway.formats.segmented import Placed, Position, Segment
from gateway.formats.xmltree import Node

ONE = 1


class Absent(Placed):
    """A segment that the message does not have: every field of it is empty."""

    def __init__(self, name: str, occurrence: int = 1) -> None:
        self.name = name
        self.occurrence = occurrence

    def value(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> None:
        """Return None."""

    def is_null(self, field: int, repetition: int = 1, component: int = 1, subcomponent: int = 1) -> bool:
        """Return False: nothing was said, not even "delete"."""
        del field, repetition, component, subcomponent
        return False

    def repetitions(self, field: int) -> int:
        """Return 0."""
        del field
        return 0

    def _place(self, position: Position) -> Place:
        """Return where it would stand, without line and byte."""
        return Place(str(position))


class Piece(str):
    """A segment (`field` 0), a repetition of a field (`component` 0), or a component, as text with a place."""

    __slots__ = ("component", "field", "repetition", "segment")

    segment: Segment[Any, Any]
    field: int
    repetition: int
    component: int

    def numbers(self, steps: tuple[int, ...], repetition: int) -> tuple[int, int, int, int]:
        """Return field, repetition, component and subcomponent at `steps` from here; 0 where not narrowed down."""
        if not self.field:
            field, component, subcomponent = (*steps, 0, 0)[:3]
            return field, repetition, component, subcomponent
        if not self.component:
            component, subcomponent = (*steps, 0)[:2]
            return self.field, self.repetition, component, subcomponent
        return self.field, self.repetition, self.component, steps[0]


_TEXTS = frozenset({Piece, Node})


def piece(segment: Segment[Any, Any], field: int = 0, repetition: int = 1, component: int = 0) -> Piece:
    """Return the piece there; of a segment the text is its name."""
    made = Piece((segment.value(field, repetition, component or 1) or "") if field else segment.name)
    made.segment, made.field, made.repetition, made.component = segment, field, repetition, component
    return made


def segment(message: Any, name: str, occurrence: int = 1, qualifier: str | None = None) -> Segment[Any, Any] | Absent:
    """Return the occurrence of a segment (EDIFACT: of those with a qualifier, as in `NAD+HP`), or its stand-in."""
    found: list[Segment[Any, Any]] = message.all(name) if qualifier is None else message.qualified(name, qualifier)
    called = name if qualifier is None else f"{name}({qualifier})"
    return found[occurrence - 1] if occurrence <= len(found) else Absent(called, occurrence)


def segments(message: Any, name: str, qualifier: str | None = None) -> list[Piece]:
    """Return every segment called `name`."""
    found = message.all(name) if qualifier is None else message.qualified(name, qualifier)
    return [piece(one) for one in found]


def fields(
    lines: list[Any], field: int, repetition: int | None = None, component: int | None = None, sub: int | None = None
) -> list[Any]:
    """Return the pieces (or, for a subcomponent, the texts) that a path means as a collection; empty ones left out."""
    made: list[Any] = []
    for line in lines:
        segment = line.segment if type(line) is Piece else line
        numbers = range(1, segment.repetitions(field) + 1) if repetition is None else (repetition,)
        for number in numbers:
            if sub is not None:
                text = segment.value(field, number, component or 1, sub)
                made += [text] if text is not None else []
            else:
                made += _piece(segment, field, number, component)
    return made


def count(lines: list[Any], field: int, repetition: int | None = None) -> int:
    """Return how many repetitions of a field hold anything."""
    found = 0
    for line in lines:
        numbers = range(1, line.repetitions(field) + 1) if repetition is None else (repetition,)
        for number in numbers:
            found += line.value(field, number) is not None or present(line, field, number)
    return found


def lines(found: list[Any], field: int, between: str = "\n") -> str | None:
    """Return the free text that some segments hold, each on a line of its own; one that holds none is a blank line.

    `between` stands between the components and repetitions of a field. None when there is no text at all.
    """
    text = "\n".join(_line(segment, field, between) for segment in found)
    return text if text.strip() else None


def _line(segment: Any, field: int, between: str) -> str:
    if isinstance(segment, edifact.Segment):
        return between.join([part for repeat in segment.parts(field) for part in repeat])
    return between.join([segment.value(field, *at) or "" for at in components(segment, field)])


def components(segment: Any, field: int) -> Iterator[tuple[int, int]]:
    """Yield repetition and component of all parts of a field, empty ones too."""
    if type(segment) is not Absent:
        for repetition in range(1, segment.repetitions(field) + 1):
            for component in range(1, segment.components(field, repetition) + 1):
                yield repetition, component


def _piece(segment: Any, field: int, repetition: int, component: int | None) -> list[Piece]:
    """Return the piece there, or nothing when it holds nothing."""
    text = segment.value(field, repetition, component or 1)
    if text is None and not present(segment, field, repetition, component):
        return []
    made = Piece(text or "")
    made.segment, made.field, made.repetition, made.component = segment, field, repetition, component or 0
    return [made]


def present(segment: Any, field: int, repetition: int = 1, component: int | None = None) -> bool:
    """Return whether anything but `""` stands there."""
    if segment.value(field, repetition, component or 1) is not None:
        return True
    if type(segment) is Absent or repetition > segment.repetitions(field):
        return False
    return any(segment.value(field, repetition, c, s) for c, s in _parts(segment, field, repetition, component))


def _parts(segment: Segment[Any, Any], field: int, repetition: int, component: int | None) -> Iterator[tuple[int, int]]:
    numbers = (component,) if component else range(1, segment.components(field, repetition) + 1)
    for number in numbers:
        for sub in range(1, segment.subcomponents(field, repetition, number) + 1):
            yield number, sub


def at(value: Any, first: int, second: int = 1, third: int = 1, repetition: int = 1) -> str | None:
    """Return the text at numeric steps from a piece; None from anything that is not one."""
    if type(value) is not Piece:
        return None
    if not value.field:
        return value.segment.value(first, repetition, second, third)
    if not value.component:
        return value.segment.value(value.field, value.repetition, first, second)
    return value.segment.value(value.field, value.repetition, value.component, first)


def has(value: Any, first: int) -> bool | None:
    """Return True when anything stands at one step from a piece, else None."""
    if at(value, first) is not None:
        return True
    return True if pieces_at(value, (first,)) else None


def pieces_at(value: Any, steps: tuple[int, ...], repetition: int | None = None) -> list[Any]:
    """Return the pieces at numeric steps from a piece, or from each of a list of them."""
    if type(value) is list:
        return [found for one in value for found in pieces_at(one, steps, repetition)]
    if type(value) is not Piece:
        return []
    if not value.field:
        return fields([value], steps[0], repetition, *steps[1:3])
    field, number, component, sub = value.numbers(steps, 1)
    return fields([value], field, number, component or None, sub or None)


def plain(value: Any) -> Any:
    """Return the value, its pieces and nodes as the text they are: for what leaves the engine."""
    if type(value) is list:
        return [str(one) if type(one) in _TEXTS else one for one in value]
    return str(value) if type(value) in _TEXTS else value


def place(value: Piece) -> Place:
    """Return where the piece stands."""
    if not value.field:
        return value.segment.place()
    return value.segment.place(value.field, value.repetition, value.component or None)


EXPORTED = ("segment", "segments", "fields", "lines", "present", "at", "count", "has", "pieces_at")
"""The names of this module that generated code uses."""
