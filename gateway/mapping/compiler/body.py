"""The text of one generated function while it is written."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Literal

from gateway.fhir.frozen import frozen
from gateway.fhirpath.model import kind as fhir_kind
from gateway.mapping.spans import Span

Kind = Literal["text", "solid", "value", "whole", "any"]
"""How emptiness shows: `text` may be blank; `solid` is never blank; `value` is a number or boolean, None when empty;
`whole` is an object or list; `any` must be asked."""


@frozen()
class Made:
    """A Python expression for a template. `sure`: it is never empty. `many`: a list whose items are to be spliced."""

    text: str
    kind: Kind
    sure: bool = False
    many: bool = False

    @property
    def empty(self) -> bool:
        """Return whether it is known never to hold anything."""
        return self.text in {"None", "[]"}

    @property
    def full(self) -> str:
        """Return the test whether it holds anything; the text must be a name."""
        if self.kind == "text":
            return f"{self.text} and not {self.text}.isspace()"
        if self.kind == "value":
            return f"{self.text} is not None"
        return self.text if self.kind in {"solid", "whole"} else f"full({self.text})"


_OPENS, _CLOSES = "\ue000", "\ue001"  # no text of a mapping is written with them: repr() escapes them
_MARK = re.compile(f"{_OPENS}\\d+{_CLOSES}")
_SOLID = frozenset({"id", "date", "dateTime", "instant", "code", "uri", "url", "canonical", "time"})


_KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "boolean": "value",
        "integer": "value",
        "decimal": "value",
        "text": "text",
        "complex": "whole",
        "Quantity": "whole",
    }
)


def kind_of(type_name: str | None) -> Kind:
    """Return how emptiness shows in values of a type."""
    if type_name in _SOLID:
        return "solid"
    return _KINDS.get(fhir_kind(type_name), "any")


def is_look(text: str) -> bool:
    """Return whether a text is one look at the source, which `Body.read` gave."""
    return _MARK.fullmatch(text) is not None


class Body:
    """Lines with their indentation, fresh names, and the segments that the function begins by fetching."""

    def __init__(self, head: str) -> None:
        self.head = head
        self.lines: list[str] = []
        self.comments: dict[int, list[Span]] = {}  # by the index of their line
        self.depth = 1
        self.numbers: dict[str, int] = {}
        self.segments: dict[tuple[str, int | None, str | None], str] = {}
        self.reads: dict[str, str] = {}  # a look at the source → what stands for it in the lines
        self.cells: dict[str, str] = {}  # a column of a table → the variable that holds its cell
        self.looks = False  # whether it looks at the row of a table, itself or by what it calls
        self.noted: list[Span] = []  # rules that the next line is about

    def note(self, span: Span) -> None:
        """Note a rule that the next line is about: its file and line are told in a comment."""
        self.noted.append(span)

    def line(self, text: str) -> None:
        """Write one line."""
        if self.noted:
            self.comments[len(self.lines)] = self.noted
            self.noted = []
        self.lines.append("    " * self.depth + text)

    def told(self, index: int) -> str:
        """Return the comment of one line."""
        return f"  # {comment(self.comments[index])}" if index in self.comments else ""

    def cut(self, start: int) -> None:
        """Take away the lines from `start` on."""
        self.comments = {index: told for index, told in self.comments.items() if index < start}
        del self.lines[start:]

    def name(self, hint: str) -> str:
        """Return a name not used before in this function."""
        self.numbers[hint] = self.numbers.get(hint, 0) + 1
        return f"{hint}{self.numbers[hint]}"

    def kept(self, made: Made, hint: str = "v") -> Made:
        """Return the value under a name, so that it can be asked and used."""
        if made.text.isidentifier():
            return made
        name = self.name(hint)
        self.line(f"{name} = {made.text}")
        return Made(name, made.kind, made.sure, made.many)

    @contextmanager
    def block(self, head: str) -> Iterator[None]:
        """Write `head:` and indent what follows; a block in which nothing was written passes."""
        self.line(f"{head}:")
        self.depth += 1
        before = len(self.lines)
        yield
        if len(self.lines) == before:
            self.line("pass")
        self.depth -= 1

    def segment(self, name: str, occurrence: int | None, qualifier: str | None = None) -> str:
        """Return the variable of a segment, fetched when the function begins."""
        key = (name, occurrence, qualifier)
        if key not in self.segments:
            self.segments[key] = f"s_{name}{occurrence or ''}" + (f"_{qualifier}" if qualifier else "")
        return self.segments[key]

    def read(self, text: str) -> str:
        """Return what stands for a look at the source; `text()` puts the look, or a variable for it, in its place."""
        return self.reads.setdefault(text, f"{_OPENS}{len(self.reads)}{_CLOSES}")

    def cell(self, column: str) -> str:
        """Return the variable of a cell, fetched when the function begins."""
        self.looks = True
        return self.cells.setdefault(column, f"cell{len(self.cells) + 1}")

    def text(self) -> str:
        """Return the whole function."""
        lines = "\n".join(self._commented())
        kept = []
        often = Counter(_MARK.findall(lines))
        stands: dict[str, str] = {}
        for number, (text, mark) in enumerate(self.reads.items()):
            kept += [f"    p{number} = {text}"] if often[mark] > 1 else []
            stands[mark] = f"p{number}" if often[mark] > 1 else text
        lines = _MARK.sub(lambda found: stands[found[0]], lines)
        fetched = [
            f"    {variable} = {_fetched(*key)}"
            for key, variable in self.segments.items()
            if not variable.startswith("each_")
        ]
        if self.cells:
            fetched.append(f"    {', '.join(self.cells.values())}, = m.values({tuple(self.cells)!r})")
        return "\n".join([f"{self.head}:", *fetched, *kept, lines])

    def _commented(self) -> Iterator[str]:
        before = ""
        for index, line in enumerate(self.lines):
            told = comment(self.comments[index]) if index in self.comments else before
            yield line if told == before else f"{line}  # {told}"
            before = told


def comment(spans: list[Span]) -> str:
    """Return `bed.yaml:9-15`: the lines of rules in one file, which cannot end the comment it is written in."""
    lines = [span.line for span in spans if span.file == spans[0].file]
    file = spans[0].file
    if not file.isprintable():
        file = "".join(c if c.isprintable() else "?" for c in file)
    return f"{file}:{min(lines)}" + (f"-{max(lines)}" if len(set(lines)) > 1 else "")


def _fetched(name: str, occurrence: int | None, qualifier: str | None) -> str:
    which = [repr(name), *([str(occurrence or 1)] if occurrence or qualifier else [])]
    return f"segment({', '.join(['m', *which, *([repr(qualifier)] if qualifier else [])])})"
