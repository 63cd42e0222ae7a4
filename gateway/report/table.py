"""The report as CSV, as a Dutch or Belgian spreadsheet opens it."""

from gateway.formats.delimited.writing import spreadsheet
from gateway.ingest import Ingested
from gateway.report.phrases import Language, phrase
from gateway.report.told import Told, told

COLUMNS = ("severity", "message", "row", "column", "place", "finding", "stands", "should", "done", "code")


def table(ingested: Ingested, language: Language, *, show_values: bool = False) -> str:
    """Return the findings as CSV, one a row under a header; without findings the header alone."""
    lines = [[phrase(f"column-{name}", language) for name in COLUMNS]]
    lines += [_cells(finding) for finding in told(ingested, language, show_values=show_values)]
    return spreadsheet(lines)


def _cells(finding: Told) -> list[str]:
    row, column = finding.cell
    place = finding.where if row is None else None
    found = (finding.severity, finding.message, row, column, place, finding.text)
    rest = (finding.value, finding.expected, finding.outcome, finding.issue.code)
    return ["" if one is None else str(one) for one in (*found, *rest)]
