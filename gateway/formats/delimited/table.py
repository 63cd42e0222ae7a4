"""The records of a delimited file: cells by column name, without the rows that hold no place."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from gateway.errors import Issue, Place
from gateway.formats.delimited.header import Header
from gateway.formats.delimited.layout import Layout
from gateway.formats.delimited.rows import Row, Rows, place

MAX_ISSUES = 1000
"""A table keeps so many findings about skipped rows; the rest is only counted."""

MAX_FIRST = 1024
"""Of so many texts in the first column it is remembered that they begin a record."""

_strip = str.strip
_STARTS = frozenset("=+-@")
_FORMULA = re.compile(r"[=@]|[+-](?![\d\s.,:/()+-]*$)")
_TOTAL = re.compile(r"(?:sub|eind|grand )?tota+l(?:en|s)?\b[\s:]*", re.IGNORECASE)
_NUMBER = re.compile(r"[\d\s.,%+-]*")


class Record:
    """One row with a place in it. `row` is its first physical line, from 1."""

    __slots__ = ("_byte", "_cells", "_header", "issues", "row")

    def __init__(
        self, row: int, byte: int | None, cells: list[str], header: Header, issues: tuple[Issue, ...] = ()
    ) -> None:
        self.row = row
        self._byte = byte
        self._cells = cells
        self._header = header
        self.issues = issues

    def __repr__(self) -> str:
        """Return the place only: cells may hold what is not for a log."""
        return f"<Record row {self.row}>"

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns as the header writes them."""
        return self._header.columns

    def get(self, column: str) -> str | None:
        """Return the cell without surrounding spaces; None when it is empty or there is no such column."""
        number = self._header.number(column)
        if number is None or number >= len(self._cells):
            return None
        return self._cells[number].strip() or None

    def values(self, columns: tuple[str, ...]) -> tuple[str | None, ...]:
        """Return what `get` returns for each of some columns, in their order."""
        cells = self._cells
        if len(cells) != len(self._header.columns):
            return tuple(map(self.get, columns))
        return self._header.pick(columns)([*[cell or None for cell in map(_strip, cells)], None])

    def known(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the columns that some names mean, as the header writes them, each once; what is no column is left."""
        numbers = {number for name in names if (number := self._header.number(name)) is not None}
        return tuple(self._header.columns[number] for number in sorted(numbers))

    def place(self, column: str | None = None) -> Place:
        """Return `row 17 column "Vrij"`, the column as the header writes it, with the row's line and byte."""
        number = self._header.number(column) if column is not None else None
        return place(self.row, self._byte, column if number is None else self._header.columns[number])


class Table:
    """The records of one file, to be iterated once. `issues` grows while rows are skipped."""

    def __init__(self, rows: Rows, header: Header, layout: Layout, issues: Sequence[Issue]) -> None:
        self.issues = list(issues)
        self._rows = rows
        self._layout = layout
        self._header = header
        self._skipped = 0
        self._filled = False
        self._usual = lru_cache(maxsize=MAX_FIRST)(self._begins_a_record)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns as the header writes them."""
        return self._header.columns

    def __iter__(self) -> Iterator[Record]:
        for line in self._rows.lines():
            cells = self._rows.plain(line)
            if cells is not None and len(cells) == len(self._header.columns) and self._usual(cells[0]):
                self._filled = True
                yield Record(line.number, line.byte, cells, self._header)
                continue
            row = self._rows.row(line)
            why = self._not_a_record(row)
            if why is None:
                yield Record(row.number, row.byte, row.cells, self._header, self._findings(row))
            elif why:
                self._skip(row, why)
        if self._skipped > MAX_ISSUES:
            self.issues.append(Issue("row-skipped", f"{self._skipped - MAX_ISSUES} more rows", "information"))

    def _begins_a_record(self, first: str) -> bool:
        """Return whether a row with this first cell surely is a record, with nothing to be said of the cell."""
        shown = first.lstrip()
        return bool(shown) and first[0] not in _STARTS and not self._header.knows(first) and not _TOTAL.match(shown)

    def _not_a_record(self, row: Row) -> str | None:
        """Return why the row is none, empty when there is nothing to say of it; None when it is a record."""
        first = next((cell for cell in row.cells if cell and not cell.isspace()), None)
        if first is None:
            return "" if row.cells else "it could not be read"
        if self._header.like(first, row.cells):
            self._header = Header(row.cells, self._layout)
            self._usual.cache_clear()
            return "it is a second header; the rows below it are read by it"
        return "it is a total" if _TOTAL.match(first.lstrip()) and _is_total(row.cells) else None

    def _skip(self, row: Row, why: str) -> None:
        self._skipped += 1
        if self._skipped <= MAX_ISSUES:
            self.issues += row.issues
            self.issues.append(
                Issue("row-skipped", f"the row was passed over: {why}", "information", place=row.place())
            )

    def _findings(self, row: Row) -> tuple[Issue, ...]:
        cells, columns = row.cells, self._header.columns
        if len(cells) != len(columns) and any(cell.strip() for cell in cells[len(columns) :] or ["short"]):
            row.add("ragged-row", f"the row has {len(cells)} cells, the header {len(columns)}")
        if self._filled and not cells[0].strip() and columns[0]:
            row.add("ragged-row", "the first cell is empty: were cells merged? Nothing was filled in", warning=True)
        self._filled = self._filled or bool(cells[0].strip())
        if not _STARTS.isdisjoint([cell[:1] for cell in cells]):
            row.issues += _formulas(row, columns)
        return tuple(row.issues)


def _formulas(row: Row, columns: Sequence[str]) -> Iterator[Issue]:
    text = "the cell begins as a formula; it was read as text"
    for number, cell in enumerate(row.cells):
        if _FORMULA.match(cell):
            place = row.place(columns[number] if number < len(columns) else None)
            yield Issue("formula-cell", text, "warning", place=place, value=cell)


def _is_total(cells: Sequence[str]) -> bool:
    """Return whether the first cell that holds something says "total", alone or with nothing but numbers."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    match = _TOTAL.match(filled[0])
    if match is None:
        return False
    return match.end() == len(filled[0]) or all(_NUMBER.fullmatch(cell) for cell in filled[1:])
