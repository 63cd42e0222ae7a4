"""The report as CSV, as a Dutch or Belgian spreadsheet opens it: semicolons, a byte order mark, every cell quoted.

A cell that would begin as a formula begins with an apostrophe: what stood in somebody's file is never run.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from gateway.ingest import Ingested
from gateway.report.phrases import Language, phrase
from gateway.report.told import Told, told

_FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_MARK = "\N{BYTE ORDER MARK}"
COLUMNS = ("severity", "message", "row", "column", "place", "finding", "stands", "should", "done", "code")


def table(ingested: Ingested, language: Language, *, show_values: bool = False) -> str:
    """Return the findings as CSV, one a row under a header; without findings the header alone."""
    lines = [[phrase(f"column-{name}", language) for name in COLUMNS]]
    lines += [_cells(finding) for finding in told(ingested, language, show_values=show_values)]
    return _MARK + "".join(";".join(map(_quoted, line)) + "\r\n" for line in lines)


def _cells(finding: Told) -> list[str]:
    row, column = finding.cell
    place = finding.where if row is None else None
    found = (finding.severity, finding.message, row, column, place, finding.text)
    rest = (finding.value, finding.expected, finding.outcome, finding.issue.code)
    return ["" if one is None else str(one) for one in (*found, *rest)]


def _quoted(cell: str) -> str:
    safe = "'" + cell if cell.lstrip().startswith(_FORMULA) else cell
    return '"' + safe.replace('"', '""') + '"'
