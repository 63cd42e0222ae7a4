"""Delimited text as a Dutch or Belgian spreadsheet opens it: UTF-8 with a byte order mark, semicolons, cells quoted.

A cell that would begin as a formula begins with an apostrophe: what stood in somebody's message is never run.
https://owasp.org/www-community/attacks/CSV_Injection
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}",
            "\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}")  # fmt: skip
_MARK = "\N{BYTE ORDER MARK}"


def spreadsheet(lines: Iterable[Sequence[str]]) -> str:
    """Return lines of cells as text.

    >>> spreadsheet([["Vrij", "=1+1"]]).lstrip("\\N{BYTE ORDER MARK}")
    '"Vrij";"\\'=1+1"\\r\\n'
    """
    return _MARK + "".join(";".join(map(_quoted, line)) + "\r\n" for line in lines)


def _quoted(cell: str) -> str:
    safe = "'" + cell if cell.lstrip().startswith(_FORMULA) else cell
    return '"' + safe.replace('"', '""') + '"'
