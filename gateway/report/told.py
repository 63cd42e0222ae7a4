"""A finding as its reader is told it: where, what is wrong, what stands there, what should, what became of the rest."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gateway.errors import GatewayError, Issue, Severity
from gateway.fhir.outcome import catalogue
from gateway.ingest import Ingested, Taken
from gateway.report.phrases import Language, expected, phrase, translated
from gateway.report.places import Cell, cell, columns, words

_UNSHOWABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ENTRY = re.compile(r"Bundle\.entry\[(\d+)\]")
_LONGEST_VALUE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """One finding in the words of its reader. `value` None: not shown, or there is none; `outcome`: what was done."""

    issue: Issue
    severity: str
    message: str | None
    cell: Cell
    where: str | None
    text: str
    value: str | None
    expected: str | None
    outcome: str | None
    meaning: str

    @property
    def words(self) -> tuple[object, ...]:
        """What its reader sees of it; two findings may look alike to them."""
        return (self.severity, self.cell, self.where, self.text, self.value, self.expected)


def told(ingested: Ingested, language: Language, *, show_values: bool = False, every: bool = False) -> Iterator[Told]:
    """Yield the findings on everything that came in, in the order it came.

    That a row was set apart is said with what is wrong in that row; by itself only where nothing else is said of it, or
    when `every` finding is asked for. What was found of one place for two elements is said once, unless so too.
    """
    several = len(ingested.messages) > 1 and ingested.format != "csv"
    for message in ingested.messages:
        reader = _Reader(ingested, message, language, show_values=show_values)
        name = _clean(message.received.control_id) if several and message.received.control_id else None
        said: set[tuple[object, ...]] = set()
        for issue in message.issues:
            if every or issue.code != "row-quarantined" or cell(issue.place).row not in reader.explained:
                finding = reader.told(issue, name)
                if every or finding.words not in said:
                    said.add(finding.words)
                    yield finding


def findings(error: GatewayError, language: Language) -> str:
    """Return why something was not even received, a line for each finding."""
    return "".join(f"{phrase(i.severity, language)}: {translated(i, language)}\n" for i in error.issues)


def _clean(value: str) -> str:
    shown = _UNSHOWABLE.sub(" ", value).strip()
    return shown if len(shown) <= _LONGEST_VALUE else shown[: _LONGEST_VALUE - 1] + "…"


class _Reader:
    """Reads the findings on one message to somebody."""

    def __init__(self, ingested: Ingested, message: Taken, language: Language, *, show_values: bool) -> None:
        self._format, self._made = ingested.format, message.made
        self._language: Language = language
        self._show_values = show_values
        self._refused = message.refusal is not None or ingested.refusal is not None
        self._apart = set(_rows(issue for issue in message.issues if issue.code == "row-quarantined"))
        wrong = (i for i in message.issues if i.code != "row-quarantined" and i.severity in {"error", "fatal"})
        self.explained = self._apart & set(_rows(wrong))

    def told(self, issue: Issue, message: str | None) -> Told:
        """Return what is told of a finding."""
        concept = catalogue().get(issue.code) or catalogue()["exception"]
        return Told(
            issue,
            phrase(issue.severity, self._language),
            message,
            columns(issue.place, issue.others),
            self._where(issue),
            translated(issue, self._language),
            self._value(issue),
            expected(issue, self._language),
            self._outcome(issue.severity, cell(issue.place).row),
            concept.display[self._language],
        )

    def _where(self, issue: Issue) -> str | None:
        if issue.place:
            return words(issue.place, self._format, self._language, issue.others)
        if issue.about:
            named = ", ".join(_UNSHOWABLE.sub(" ", name) for name in issue.about)
            return phrase("bed" if len(issue.about) == 1 else "beds", self._language, named=named)
        return self._made_of(issue.expression)

    def _made_of(self, expression: str | None) -> str | None:
        """Return an element; who sent no Bundle does not know its entries, and is told which resource it is."""
        entry = None if self._format == "fhir" else _ENTRY.fullmatch(expression or "")
        if entry and int(entry[1]) < len(self._made):
            return self._made[int(entry[1])].type
        return expression

    def _value(self, issue: Issue) -> str | None:
        if issue.value is None:
            return phrase("empty", self._language) if issue.code == "required-missing" and issue.place else None
        return _clean(issue.value) if self._show_values else phrase("hidden", self._language)

    def _outcome(self, severity: Severity, row: int | None) -> str | None:
        if severity == "information":
            return None
        if self._refused:
            return phrase("file-refused" if self._format == "csv" else "message-refused", self._language)
        if row is not None and row in self._apart:
            return phrase("row-apart", self._language, row=row)
        return phrase("rest-used", self._language)


def _rows(issues: Iterable[Issue]) -> Iterator[int]:
    for issue in issues:
        row = cell(issue.place).row
        if row is not None:
            yield row
