"""The beginning of a delimited file: what separates the cells, and which row is the header."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from gateway.errors import Issue, MalformedMessage, Place
from gateway.formats.delimited.header import Header
from gateway.formats.delimited.layout import Layout
from gateway.formats.delimited.lines import Readable, open_text
from gateway.formats.delimited.rows import Row, Rows
from gateway.formats.delimited.table import Table

_DELIMITERS = ";\t,|"
_HINT = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # the first line that Excel writes and reads
_BEGINNING = 10  # the header stands within the first so many rows; titles may stand above it


def read(stream: Readable, layout: Layout | None = None) -> Table:
    """Return the table in a binary stream, its header read. Rows are read while it is iterated.

    Raises MalformedMessage when there is no header, a required column is missing, or the bytes are not text.
    """
    layout = layout or Layout()
    lines, codec = open_text(stream)
    rows = Rows(lines, layout, codec)
    window = rows.peek(_BEGINNING)
    if not window:
        raise MalformedMessage("the file is empty")
    delimiter, issues = _delimiter(rows, window, layout)
    rows.delimit(delimiter)
    header, above = _header(iter(rows), layout, alone=not any(delimiter in line for line in window))
    return Table(rows, header, layout, [*issues, *above])


def _delimiter(rows: Rows, window: Sequence[str], layout: Layout) -> tuple[str, list[Issue]]:
    """Return what separates the cells: Excel's hint, what was declared, or what separates most."""
    hint = _HINT.fullmatch(window[0])
    if hint:
        rows.drop()
        return hint[1], []
    quote = re.escape(layout.quote)
    unquoted = [re.sub(rf"{quote}[^{quote}]*{quote}", "", line) for line in window]

    def occurrence(delimiter: str) -> tuple[int, int]:  # decimal commas occur often, but not in the header
        return sum(delimiter in line for line in unquoted), sum(line.count(delimiter) for line in unquoted)

    found = max(_DELIMITERS, key=occurrence)
    if layout.delimiter is None or occurrence(layout.delimiter) > (0, 0) or occurrence(found) == (0, 0):
        return layout.delimiter or found, []
    text = "the declared delimiter does not occur; the one that does was used"
    return found, [Issue("repaired", text, "warning", place=Place("row 1", 1))]


def _header(rows: Iterator[Row], layout: Layout, *, alone: bool) -> tuple[Header, list[Issue]]:
    """Return the header and what was found in and above it; `alone` when the file has one column."""
    issues: list[Issue] = []
    missing = [*layout.required]
    for row in islice(rows, _BEGINNING):
        header = Header(row.cells, layout)
        lacking = [column for column in layout.required if header.number(column) is None]
        issues += row.issues
        if not lacking and (alone or layout.required or sum(map(bool, header.names)) > 1):
            return header, issues + _twice(header, row)
        text = "the row was passed over: it stands above the header"
        issues.append(Issue("row-skipped", text, "information", place=row.place()))
        missing = min(missing, lacking, key=len)
    raise MalformedMessage(_no_header(missing))


def _twice(header: Header, row: Row) -> list[Issue]:
    text = "the column stands twice in the header; the first one is read"
    return [Issue("repaired", text, "warning", place=row.place(column)) for column in header.twice]


def _no_header(missing: Sequence[str]) -> list[Issue]:
    if not missing:
        return [Issue("malformed", f"no header stands in the first {_BEGINNING} rows")]
    return [Issue("malformed", f"there is no column {column!r}", place=Place("header")) for column in missing]
