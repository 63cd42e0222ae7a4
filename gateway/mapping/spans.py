"""Where something stands in a mapping, ConceptMap or overlay file, and how a complaint about it is written."""

from collections.abc import Iterable
from difflib import get_close_matches

from gateway.errors import Issue, Severity
from gateway.fhir.frozen import frozen


@frozen()
class Span:
    """A place in a map file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        """Return `mappings/hl7v2/adt_a20_bed/mapping.yaml:31`, as a trace and an issue name a rule."""
        return f"{self.file}:{self.line}"

    @property
    def exact(self) -> str:
        """Return `file:line:column`, as a compiler writes it."""
        return f"{self.file}:{self.line}:{self.column}"

    def shifted(self, columns: int) -> "Span":
        """Return the place `columns` further on the same line."""
        return Span(self.file, self.line, self.column + columns)


class Problems:
    """Collects every complaint about the files of a library, so that all are told at once."""

    def __init__(self) -> None:
        self.issues: list[Issue] = []

    def add(
        self, span: Span, text: str, *, code: str = "bad-mapping", severity: Severity = "error", at: str | None = None
    ) -> None:
        """Note one complaint; the same one about the same place is noted once."""
        issue = Issue(code, text, severity, expression=at, rule=span.exact)
        if issue not in self.issues:
            self.issues.append(issue)

    @property
    def errors(self) -> list[Issue]:
        """Return those that stop the file from loading."""
        return [issue for issue in self.issues if issue.severity in {"error", "fatal"}]


def suggestion(word: str, known: Iterable[str], *, at_least: float = 0.6) -> str:
    """Return `; did you mean 'x'?` for the known word nearest to `word`, or nothing where none is `at_least` so near.

    >>> suggestion("toDatetime", ["toDate", "toDateTime"])
    "; did you mean 'toDateTime'?"
    """
    names = list(known)
    folded = {name.lower(): name for name in reversed(names)}
    near = get_close_matches(word.lower(), list(folded), n=1, cutoff=at_least)
    return f"; did you mean '{folded[near[0]]}'?" if near else ""
