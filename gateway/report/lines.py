"""The report as text: the sums, then every finding with its place."""

from collections.abc import Iterator

from gateway.errors import Issue
from gateway.ingest import Ingested
from gateway.report.phrases import Language, phrase
from gateway.report.sums import sums
from gateway.report.told import Told, told


def text(ingested: Ingested, language: Language, *, show_values: bool = False) -> str:
    """Return the report for people. What was sent stands in it only when `show_values`."""
    lines = _above(ingested, language)
    for finding in told(ingested, language, show_values=show_values):
        lines += _lines(finding, language)
    return "\n".join(lines) + "\n"


def summary(ingested: Ingested, language: Language) -> Issue:
    """Return what was taken in as a finding that asks for nothing."""
    return Issue("all-well", " ".join(_above(ingested, language)[:2]), "information")


def _above(ingested: Ingested, language: Language) -> list[str]:
    counted = sums(ingested)
    lines = [phrase("rows" if ingested.format == "csv" else "messages", language, **counted)]
    lines.append(phrase("refused", language) if ingested.refusal else phrase("resources", language, **counted))
    if counted["superseded"]:
        lines.append(phrase("superseded", language, **counted))
    if counted["apart"]:
        lines.append(phrase("apart", language))
    return lines


def _lines(finding: Told, language: Language) -> Iterator[str]:
    before = [finding.severity, phrase("message", language, id=finding.message) if finding.message else None]
    head = " ".join(part for part in before if part)
    yield ": ".join(part for part in (head, finding.where, finding.text) if part)
    for word, said in (("value", finding.value), ("expected", finding.expected), ("outcome", finding.outcome)):
        if said is not None:
            yield "    " + phrase(word, language, said=said)
