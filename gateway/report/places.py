"""Where something stands, in words: `row 17 column "Vrij"`, `segment PID, field 3, component 1 (line 4)`."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from gateway.errors import Place
from gateway.mapping.findings import LANGUAGES, Language

_ROW = re.compile(r'row (?P<row>\d+)(?: column "(?P<column>.*)")?', re.DOTALL)
_SEGMENT = re.compile(
    r"(?P<name>[A-Z][A-Z0-9]{2})(?:\[(?P<number>\d+)\]|\((?P<kind>\w+)\))?"
    r"(?:-(?P<first>\d+)(?:\[(?P<repetition>\d+)\])?(?:\.(?P<second>\d+)(?:\.(?P<third>\d+))?)?)?"
)
_STEP = re.compile(r"(?P<name>.*?)(?:\[(?P<number>\d+)\])?")
_WORDS: dict[str, tuple[str, str]] = {
    "row": ("row {}", "rij {}"),
    "column": (' column "{}"', ' kolom "{}"'),
    "segment": ("segment {}", "segment {}"),
    "number": (" (number {})", " (nummer {})"),
    "field": (", field {}", ", veld {}"),
    "element": (", element {}", ", element {}"),
    "repetition": (", repetition {}", ", herhaling {}"),
    "component": (", component {}", ", component {}"),
    "subcomponent": (", subcomponent {}", ", subcomponent {}"),
    "attribute": ("attribute {}", "attribuut {}"),
    "line": (" (line {})", " (regel {})"),
    "one line": ("line {}", "regel {}"),
    "whole": ("the message", "het bericht"),
    "header": ("the header", "de kopregel"),
    "text": ("the text", "de tekst"),
}


class Cell(NamedTuple):
    """The row of a finding and its column, as far as it is about one."""

    row: int | None = None
    column: str | None = None


def cell(place: Place | None) -> Cell:
    """Return the row and column that a place is about."""
    found = _ROW.fullmatch(place.path) if place else None
    return Cell(int(found["row"]), found["column"]) if found else Cell()


def columns(place: Place | None, others: Sequence[Place]) -> Cell:
    """Return the row that a finding is about and all of its columns, `Vrij, Bezet`."""
    first = cell(place)
    named = [first.column, *(found.column for found in map(cell, others) if found.row == first.row)]
    return first._replace(column=", ".join(dict.fromkeys(filter(None, named))) or None)


def words(place: Place, format_: str, language: Language, others: Sequence[Place] = ()) -> str:
    """Return a place as a person would say it, and others beside it; what is not known as a place stays as it is."""
    said = [_words(one, format_, language) for one in (place, *others)]
    row = _Words(language)("row", cell(place).row)
    return ", ".join([said[0], *(one.removeprefix(row + " ") if one != row else one for one in said[1:])])


def _words(place: Place, format_: str, language: Language) -> str:
    say = _Words(language)
    found = cell(place)
    if found.row is not None:
        return say("row", found.row) + (say("column", found.column) if found.column else "")
    if place.path == "line" and place.line is not None:
        return say("one line", place.line)
    line = say("line", place.line) if place.line is not None else ""
    return _within(place.path, format_, say) + line


class _Words:
    def __init__(self, language: Language) -> None:
        self._index = LANGUAGES.index(language)

    def __call__(self, word: str, *values: object) -> str:
        return _WORDS[word][self._index].format(*values)


def _within(path: str, format_: str, say: _Words) -> str:
    if path in {"#", "/", ""}:
        return say("whole")
    if path == "header":
        return say("header")
    if path in {"JSON text", "XML text"}:
        return say("text")
    segment = _SEGMENT.fullmatch(path)
    if segment and format_ in {"hl7v2", "edifact"}:
        return _segment(segment, format_, say)
    if path.startswith(("/", "#/")):
        return _steps(path.removeprefix("#"), say, pointer=format_ != "xml")
    return path


def _segment(found: re.Match[str], format_: str, say: _Words) -> str:
    name = found["name"] + (f" {found['kind']}" if found["kind"] else "")
    parts = [say("segment", name), say("number", found["number"]) if found["number"] else ""]
    named = ("field", "component", "subcomponent") if format_ == "hl7v2" else ("element", "component", "subcomponent")
    given = dict(zip(named, (found["first"], found["second"], found["third"]), strict=True))
    for word, value in given.items():
        parts.append(say(word, value) if value else "")
        if word == named[0] and found["repetition"]:
            parts.append(say("repetition", found["repetition"]))
    return "".join(parts)


def _steps(path: str, say: _Words, *, pointer: bool) -> str:
    """Return a JSON pointer or an XPath as the names on the way, `beds (number 1) > state`; a person counts from 1."""
    steps: list[str] = []
    for raw in path.strip("/").split("/"):
        step = raw.replace("~1", "/").replace("~0", "~") if pointer else raw
        if pointer and step.isdecimal():
            number = say("number", int(step) + 1)
            steps[-1:] = [steps[-1] + number] if steps else [number.strip()]
            continue
        if not pointer:
            found = _STEP.fullmatch(step)
            attribute = step.startswith("@")
            name = say("attribute", step[1:]) if attribute else found["name"] if found else step
            step = name + (say("number", found["number"]) if found and found["number"] else "")
        steps.append(step)
    return " > ".join(steps)
