"""Which places of the source a finding is about, of all that its rule looked at.

A rule looks at more than what is wrong: at what it depends on, at what might have stood elsewhere. Its own text says
which of them it means ("PV1-3.4 and MSH-4 are both empty", "Vrij and Bezet are more than Totaal"); where the text names
none, all of them are told.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from gateway.mapping.looks import Read

MOST = 5
"""So many places are named in one finding."""

_MANY = 4  # looks beside the last: more are not the parts of one value

_OF_VALUES = frozenset({
    "bad-bsn", "bad-value", "contradiction", "malformed", "no-zone", "patient-data-in-capacity", "unmapped-code",
    "stop-not-allowed",
})  # fmt: skip
"""Codes of findings about what stands somewhere; any other is first of all about what does not."""

_FIELD = re.compile(r"\b[A-Z][A-Z0-9]{2}(?:\(\w+\))?-\d+(?:\.\d+)*")
_COLUMN = re.compile(r'row \d+ column "(.*)"', re.DOTALL)
_NUMBERS = re.compile(r"\[\d+\]|\(\w+\)")
_KIND = re.compile(r"MSH-9\b")  # which message it is: many rules look at it, few are about it


def of_requirement(reads: Iterable[Read], code: str, text: str) -> list[Read]:
    """Return what a requirement that does not hold is about, the first of them first; none when it looked at nothing.

    `text` is what it says, in every language that it says it in.
    """
    looks = _distinct(reads)
    ways, aims = [read for read in looks if read.passed], [read for read in looks if not read.passed]
    absent, present = [read for read in aims if read.value is None], [read for read in aims if read.value is not None]
    pool, other = (present, absent) if code in _OF_VALUES else (absent, present)
    for some in (pool or other, ways, other):
        named = _named(some, text)
        last = aims[-1:]  # of the same name as one that is told, there the rule stopped
        if named and last and last[0] not in named and _name(named[-1].place.path) == _name(last[0].place.path) != "":
            named = [*last, *named]
        if named := named or _below_named(some, text):
            return named[:MOST]
    return (_all(pool) or _all(other)[:1] or ways)[:MOST]


def of_value(looks: Sequence[Read], value: Any) -> list[Read]:
    """Return what a value that cannot be used was made of: the look that gave it, else the last one, then others."""
    same = [read for read in looks if read.value is value and value is not None]
    alike = [read for read in looks if value is not None and read.value == value]
    holding = [read for read in looks if read.value is not None]
    if same or alike or not holding:
        return next((found[-1:] for found in (same, alike, list(looks)) if found), [])
    last = holding[-1]
    parts = [read for read in _distinct(holding) if not read.passed]
    others = [read for read in parts if read.at != last.at or read.owner is not last.owner]
    return [last, *others] if len(others) < _MANY else [last]


def _distinct(reads: Iterable[Read]) -> list[Read]:
    """Return looks at places, one for each place."""
    found = {(id(read.owner), read.at, read.passed): read for read in reads if read.owner is not None}
    return list(found.values())


def _named(reads: Sequence[Read], text: str) -> list[Read]:
    """Return a look at each place that a text names: of one name the last, for there a rule stopped."""
    fields = [_NUMBERS.sub("", field) for field in _FIELD.findall(text)]
    found: dict[str, Read] = {}
    for read in reads:
        path = read.place.path
        field = _field(path, fields) if _FIELD.match(_NUMBERS.sub("", path)) else None
        if field is not None and (field not in found or found[field].owner is not read.owner):
            found[field] = read  # of one segment the first: the components of a field follow each other
        elif field is None and _is_said(name := _name(path), text):
            found[name] = read
    return list(found.values())


def _below_named(reads: Sequence[Read], text: str) -> list[Read]:
    """Return the looks at places within one that a text names."""
    return [read for read in reads if any(_is_said(step, text) for step in _steps(read.place.path)[:-1])]


def _field(path: str, fields: Sequence[str]) -> str | None:
    """Return which of some fields a path is, or lies in, or holds."""
    plain = _NUMBERS.sub("", path)
    return next((f for f in fields if plain == f or plain.startswith(f + ".") or f.startswith(plain + ".")), None)


def _name(path: str) -> str:
    """Return the name of a column, or the last one of a JSON pointer or XPath."""
    column = _COLUMN.fullmatch(path)
    return column[1] if column else (_steps(path) or [""])[-1]


def _steps(path: str) -> list[str]:
    steps = path.split("/") if path.startswith("/") else []
    return [_NUMBERS.sub("", step).lstrip("@") for step in steps if step and not step.isdecimal()]


def _is_said(name: str, text: str) -> bool:
    return bool(name) and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def _all(reads: Sequence[Read]) -> list[Read]:
    return [read for read in reads if not _KIND.match(read.place.path)] or list(reads)
