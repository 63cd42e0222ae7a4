"""How many fields of a message arrived as they should, for the quality score.

A field is a field of a segment (HL7 v2), an element of a segment (EDIFACT), a cell of a table, or an element or
attribute that holds a value (JSON, XML). Wanted are those that something stands in and the mapping reads, and those
that a finding misses; right are the wanted ones that nothing worse than a note was found of. What nobody reads, and
what may be left out and was, counts neither way. `docs/operating.md` has an example.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.errors import Issue, Place
from gateway.formats import delimited, edifact, fhirjson, hl7v2, jsontree, xmltree
from gateway.mapping.trees import empty

WORSE = frozenset({"fatal", "error", "warning"})
"""The findings that tell that something did not arrive as it should."""

_MISSING = frozenset({"required-missing", "missing-element"})
_CELL = re.compile(r'row \d+ column "(.*)"', re.DOTALL)
_FIELD = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[\d+\]|(\(\w+\)))?(-\d+)")
_NUMBER = re.compile(r"\[\d+\]|/\d+(?=/|$)")


class Fields(NamedTuple):
    """How many fields of a message are wanted, and how many of those arrived as they should."""

    wanted: int
    right: int


def counted(source: Any, mentioned: frozenset[str], issues: Iterable[Issue]) -> Fields:
    """Return the count of a message (or rows) that a mapping read which mentions those names; `issues` are of it."""
    flawed, missing = _found(issues)
    read = _read(source, mentioned)
    return Fields(max(read, flawed) + missing, max(read - flawed, 0))


def less(fields: Fields, issues: Iterable[Issue]) -> Fields:
    """Return the count when more was found than `counted` knew of: by what stores the message."""
    flawed, missing = _found(issues)
    return Fields(max(fields.wanted, flawed) + missing, max(fields.right - flawed, 0))


def field_of(issue: Issue) -> str | None:
    """Return the field that a finding is about, with the number of its row or segment; None when it is about none."""
    if issue.place is not None and (found := _at(issue.place)):
        return found
    return issue.expression if issue.place is None else None


def field_name(place: str | None, expression: str | None) -> str | None:
    """Return what a field is called in every message: `PID-3`, `Vrij`, `bedden/vrij`, `Slot.status`."""
    if place is None:
        return _NUMBER.sub("", expression) if expression else None
    if found := _CELL.fullmatch(place):
        return found[1]
    if found := _FIELD.match(place):
        return f"{found[1]}{found[2] or ''}{found[3]}"
    return _NUMBER.sub("", place).strip("/") or None if place.startswith("/") else None


def _found(issues: Iterable[Issue]) -> tuple[int, int]:
    """Return of how many fields what stands there is wrong, and how many are missing."""
    flawed: set[str] = set()
    missing: set[str] = set()
    for issue in issues:
        field = field_of(issue) if issue.severity in WORSE else None
        if field is not None:
            (missing if issue.code in _MISSING and issue.value is None else flawed).add(field)
    return len(flawed), len(missing - flawed)


def _at(place: Place) -> str | None:
    path = place.path
    if _CELL.fullmatch(path) or (path.startswith("/") and path != "/"):
        return path
    found = _FIELD.match(path)
    return found[0] if found else None


def _read(source: Any, mentioned: frozenset[str]) -> int:
    """Return how many fields hold something that the mapping read."""
    match source:
        case hl7v2.Message() | edifact.Message():
            return sum(segment.count_read() for segment in source.segments)
        case xmltree.Document():
            return source.count(mentioned)
        case jsontree.Document():
            return _values(source.root, mentioned)
        case fhirjson.Tree():
            return _values(source.resource, None)
        case [delimited.Record(), *_]:
            return _cells(source, mentioned)
    return 0


def _cells(records: list[delimited.Record], mentioned: frozenset[str]) -> int:
    columns = records[0].known(mentioned)
    return sum(cell is not None for record in records for cell in record.values(columns))


def _values(value: Any, mentioned: frozenset[str] | None, *, wanted: bool = False) -> int:
    """Return how many values of JSON stand under a name that is mentioned (None: under any)."""
    if type(value) is dict:
        return sum(
            _values(inner, mentioned, wanted=mentioned is None or name in mentioned) for name, inner in value.items()
        )
    if type(value) is list:
        return sum(_values(inner, mentioned, wanted=wanted) for inner in value)
    return wanted and not empty(value)
