"""Counts and references: does an interchange hold what its trailer says, and a message what its own says.

A trailer that contradicts its interchange says that something was lost or mixed up on the way, and nobody knows what
belongs to whom: then none of it may count. An interchange that merely stops has lost its end: its whole messages count.
"""

import re
from collections import Counter
from collections.abc import Iterator

from gateway.errors import Issue, Place
from gateway.formats.edifact.segment import Segment
from gateway.formats.edifact.structure import Interchange, Part

MAX_SEGMENTS = 100_000
"""A message of more segments is refused."""

_MAX_REPORTED = 20
_CONTROLS = bytes({*range(1, 32), 127} - set(b"\t\n\r"))
_CONTROL = re.compile(f"[{re.escape(_CONTROLS.decode('ascii'))}]")
_NO_SEGMENT = "this is no segment; is an apostrophe in the text before it not released (?')?"


def contradictions(found: Interchange) -> list[Issue]:
    """Return everything because of which nothing of an interchange may count."""
    if found.faults is None:
        found.faults = _contradictions(found)
    return [*found.faults]


def _contradictions(found: Interchange) -> list[Issue]:
    if "\0" in found.source.text:
        return [Issue("control-character", "a NUL byte stands in the interchange")]
    header = found.header
    issues = [
        Issue("required-missing", f"UNB-{field} is empty: {what}", place=header.place(field))
        for field, what in ((2, "nobody sent this"), (5, "the interchange has no reference"))
        if header.value(field) is None
    ]
    issues += [_stray(found, number) for number in found.stray[:_MAX_REPORTED]]
    issues += [*_groups(found), *_twice(found), *_trailer(found)]
    if not found.parts and not issues:
        issues.append(Issue("malformed", "the interchange holds no message", place=header.place()))
    return issues


def _stray(found: Interchange, number: int) -> Issue:
    segment = found.segment(number)
    known = segment.name
    text = f"{known} stands outside a message" if known else _NO_SEGMENT
    return Issue("malformed", text, place=_at(segment))


def _at(segment: Segment) -> Place:
    """Return the place of a segment; one without a name is called `segment`."""
    place = segment.place()
    return place if segment.name else Place("segment", place.line, place.byte)


def _trailer(found: Interchange) -> Iterator[Issue]:
    if found.trailer is None:
        return
    trailer = found.segment(found.trailer)
    held, what = (len(found.groups), "groups") if found.groups else (len(found.parts), "messages")
    yield from _count(trailer, held, what)
    yield from _reference(trailer, found.header, 5)


def _groups(found: Interchange) -> Iterator[Issue]:
    if found.groups:
        outside = [part for part in found.parts if part.group is None]
        for part in outside[:_MAX_REPORTED]:
            place = found.segment(part.first).place()
            yield Issue("malformed", "the message stands outside the groups of the interchange", place=place)
    for group in found.groups:
        header = found.segment(group.first)
        if group.last is not None:
            yield from _count(found.segment(group.last), group.messages, "messages")
            yield from _reference(found.segment(group.last), header, 5)
        elif found.trailer is not None:
            yield Issue("cut-off", "the group ends without UNE", place=header.place())


def _twice(found: Interchange) -> Iterator[Issue]:
    """A reference is what a message is known by: two messages with the same one cannot be told apart."""
    if len(found.parts) < 2:
        return
    known = Counter((part.group, found.segment(part.first).value(1)) for part in found.parts)
    seen: set[tuple[int | None, str | None]] = set()
    for part in found.parts if len(known) < len(found.parts) else ():
        header = found.segment(part.first)
        key = (part.group, header.value(1))
        if key in seen and key[1] is not None:
            text = "another message of this interchange has the same reference"
            yield Issue("reference-mismatch", text, place=header.place(1), value=key[1])
        seen.add(key)


def _count(trailer: Segment, held: int, what: str) -> Iterator[Issue]:
    said = trailer.value(1) or ""
    if not said.isdecimal() or len(said) > 9:
        yield Issue("count-mismatch", f"{trailer.name}-1 is no number; {held} {what} came", place=trailer.place(1))
    elif int(said) != held:
        text = f"{trailer.name}-1 counts {int(said)} {what}, but {held} came"
        yield Issue("count-mismatch", text, place=trailer.place(1))


def _reference(trailer: Segment, header: Segment, field: int) -> Iterator[Issue]:
    if trailer.value(2) != header.value(field):
        text = f"{trailer.name}-2 is not the reference of {header.name}-{field}"
        yield Issue("reference-mismatch", text, place=trailer.place(2), value=trailer.value(2))


def problems(found: Interchange, part: Part) -> list[Issue]:
    """Return everything because of which one message may not count."""
    header = found.segment(part.first)
    issues = [
        Issue("required-missing", f"UNH-{path} is empty: the message has no {what}", place=header.place(field))
        for field, path, what in ((1, "1", "reference"), (2, "2.1", "type"))
        if header.value(field) is None
    ]
    if part.last is None:
        text = "the message ends without UNT: it was cut off, and nothing of it may count"
        issues.append(Issue("cut-off", text, place=header.place()))
    else:
        trailer = found.segment(part.last)
        issues += [*_count(trailer, part.end - part.first, "segments"), *_reference(trailer, header, 1)]
    if part.end - part.first > MAX_SEGMENTS:
        issues.append(Issue("too-large", f"the message has more than {MAX_SEGMENTS} segments", place=header.place()))
        return issues
    return [*issues, *_segments(found, part)]


def _segments(found: Interchange, part: Part) -> Iterator[Issue]:
    """Yield what is wrong with single segments: those that are none, and those with control characters."""
    text, raws = found.source.text, found.raws
    if not all(raw.name for raw in raws[part.first : part.end]):
        for number in (n for n in range(part.first, part.end) if not raws[n].name and raws[n].closed):
            yield Issue("malformed", _NO_SEGMENT, place=_at(found.segment(number)))
    start, end = raws[part.first].start, raws[part.end - 1].end
    bytes_ = found.source.data[start:end]
    if len(bytes_.translate(None, _CONTROLS)) == len(bytes_):  # far quicker than to look for each
        return
    reported = 0
    for control in _CONTROL.finditer(text, start, end):
        if control[0] in found.source.service or reported == _MAX_REPORTED:
            continue
        reported += 1
        line, byte = found.source.origin(control.start())
        raw = next(raw for raw in reversed(raws[part.first : part.end]) if raw.start <= control.start())
        what = f"a control character (hexadecimal {ord(control[0]):02X}) stands in the segment"
        yield Issue("control-character", what, place=Place(raw.name or "segment", line, byte))
