"""How many fields of a message arrived as they should, for the quality score.

A field is a field of a segment (HL7 v2), an element of a segment (EDIFACT), a cell of a table, or an element or
attribute that holds a value (JSON, XML). Wanted are those that something stands in and the mapping reads, and those
that a finding misses; right are the wanted ones that nothing worse than a note was found of. What nobody reads, and
what may be left out and was, counts neither way. `docs/operating.md` has an example.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from gateway.errors import Issue
from gateway.formats import delimited, edifact, fhirjson, hl7v2, jsontree, xmltree
from gateway.formats.fields import field_at
from gateway.mapping.trees import empty

WORSE = frozenset({"fatal", "error", "warning"})
"""The findings that tell that something did not arrive as it should."""

_MISSING = frozenset({"required-missing", "missing-element"})


class Fields(NamedTuple):
    """How many fields of a message are wanted, and how many of those arrived as they should."""

    wanted: int
    right: int


def counted(source: Any, mentioned: frozenset[str], issues: Sequence[Issue]) -> Fields:
    """Return the count of a message (or rows) that a mapping read which mentions those names; `issues` are of it."""
    flawed, missing = _found(issues)
    read = _read(source, mentioned)
    return Fields(max(read, flawed) + missing, max(read - flawed, 0))


def less(fields: Fields, issues: Sequence[Issue]) -> Fields:
    """Return the count when more was found than `counted` knew of: by what stores the message."""
    flawed, missing = _found(issues)
    return Fields(max(fields.wanted, flawed) + missing, max(fields.right - flawed, 0))


def field_of(issue: Issue) -> str | None:
    """Return the field that a finding is about, with the number of its row or segment; None when it is about none."""
    return field_at(issue.place.path) if issue.place is not None else issue.expression


def _found(issues: Sequence[Issue]) -> tuple[int, int]:
    """Return of how many fields what stands there is wrong, and how many are missing."""
    if not issues:
        return 0, 0
    flawed: set[str] = set()
    missing: set[str] = set()
    for issue in issues:
        field = field_of(issue) if issue.severity in WORSE else None
        if field is not None:
            (missing if issue.code in _MISSING and issue.value is None else flawed).add(field)
    return len(flawed), len(missing - flawed)


def _read(source: Any, mentioned: frozenset[str]) -> int:
    """Return how many fields hold something that the mapping read."""
    match source:
        case hl7v2.Message() | edifact.Message():
            return sum([segment.count_read() for segment in source.segments])
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
