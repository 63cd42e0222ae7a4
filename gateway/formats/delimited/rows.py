"""Rows: the cells of one line, or of several when a quoted cell holds line ends."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.errors import Issue, Place
from gateway.formats.charsets import codec_name, read_text
from gateway.formats.delimited.cells import Cut, Cutter
from gateway.formats.delimited.layout import Layout
from gateway.formats.delimited.lines import MAX_ROW_BYTES, Line

MAX_LINES = 100
"""A quoted cell that goes on for more lines is an unbalanced quote."""

MAX_JOINED_BYTES = 64 * 1024
"""A quoted cell that is longer, over several lines, is an unbalanced quote."""


@dataclass(slots=True)
class Row:
    """The cells of a row, where it begins, and what is odd about it. No cells: the row could not be read."""

    number: int
    byte: int | None
    cells: list[str]
    issues: list[Issue] = field(default_factory=list)

    def place(self, column: str | None = None) -> Place:
        """Return `row 17 column "Vrij"`, or `row 17`."""
        return place(self.number, self.byte, column)

    def add(self, code: str, text: str, *, warning: bool = False) -> None:
        """Add a finding about the row as a whole."""
        self.issues.append(Issue(code, text, "warning" if warning else "error", place=self.place()))


def place(number: int, byte: int | None, column: str | None = None) -> Place:
    """Return `row 17 column "Vrij"`, or `row 17`, with the line and the byte where the row begins."""
    path = f"row {number}" if column is None else f'row {number} column "{column}"'
    return Place(path, number, byte)


class Rows:
    """Joins lines into rows and cuts rows into cells. Blank lines are passed over."""

    def __init__(self, lines: Iterator[Line], layout: Layout, codec: str | None) -> None:
        self._lines = lines
        self._ahead: deque[Line] = deque()
        self._codec = codec or (codec_name(layout.charset) if layout.charset else None)
        self._fallback = layout.fallback_charset
        self._charset_reported = False
        self._quote = layout.quote
        self.delimit(layout.delimiter or ";")

    def delimit(self, delimiter: str) -> None:
        """From here on, cut by this delimiter."""
        self._cutter = Cutter(delimiter, self._quote)
        self._delimiter = delimiter
        self._formulas = (f"{delimiter}=", f"{delimiter}+", f"{delimiter}-", f"{delimiter}@")

    def __iter__(self) -> Iterator[Row]:
        return map(self.row, self.lines())

    def lines(self) -> Iterator[Line]:
        """Yield the lines that begin a row and are not blank; `row` reads on where such a line is not the whole row."""
        while (line := self._next()) is not None:
            if line.data.strip():
                yield line

    def plain(self, line: Line) -> list[str] | None:
        """Return the cells where there is nothing to be said of the line as such, which is nearly always; else None.

        It is of ASCII alone, without quotes, and no cell but perhaps the first begins as a formula.
        """
        _, _, data, cut = line
        if cut or not data.isascii():
            return None
        text = data.decode("ascii")
        equals, plus, minus, at = self._formulas  # a loop, or one pattern, takes three times as long
        if equals in text or plus in text or minus in text or at in text or self._quote in text or "\0" in text:
            return None
        return text.split(self._delimiter)

    def peek(self, count: int) -> list[str]:
        """Return the texts of the first lines that are not blank, at most `count`, and leave them to be read."""
        lines: list[Line] = []
        while len(lines) < count and (line := self._next()) is not None:
            if line.data.strip():
                lines.append(line)
        self._ahead.extendleft(reversed(lines))
        return [read_text(line.data, self._codec, self._fallback)[0] for line in lines]

    def drop(self) -> None:
        """Leave out the first line."""
        self._next()

    def _next(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def row(self, line: Line) -> Row:
        """Return the row that begins on a line, whatever stands there."""
        row = Row(line.number, line.byte, [])
        if line.cut:
            row.add("too-large", f"the row is longer than {MAX_ROW_BYTES} bytes and was not read")
            return row
        text = self._text(line.data, row)
        cells = self._cutter.plain(text)
        row.cells = self._unruly(text, row) if cells is None else cells
        return row

    def _unruly(self, text: str, row: Row) -> list[str]:
        """Return the cells of a row whose quotes do not close on its line, or stand astray."""
        cut = self._cutter.cut(text)
        if cut.opened is not None and not cut.astray:
            joined = self._joined(cut, row)
            if joined is not None:
                return joined
        if cut.opened is not None or cut.astray:
            row.add("unbalanced-quote", "a quote does not close, or text follows the closing quote")
        return cut.cells if cut.opened is None else [*cut.cells, cut.opened]

    def _joined(self, cut: Cut, row: Row) -> list[str] | None:
        """Return the cells of a row that goes on over the next lines; None, and nothing read, if it never ends."""
        read: list[Line] = []
        cells, size = cut.cells, 0
        while cut.opened is not None and not cut.astray:
            line = self._next()
            if line is not None:
                read.append(line)
                size += len(line.data)
            if line is None or line.cut or len(read) > MAX_LINES or size > MAX_JOINED_BYTES:
                break
            cut = self._cutter.cut(self._text(line.data, row), f"{cut.opened}\n")
            cells = [*cells, *cut.cells]
        if cut.opened is None and not cut.astray:
            return cells
        self._ahead.extendleft(reversed(read))
        return None

    def _text(self, data: bytes, row: Row) -> str:
        text, codec = (data.decode("ascii"), None) if data.isascii() else read_text(data, self._codec, self._fallback)
        if codec not in (None, self._codec or "utf-8") and not self._charset_reported:
            self._charset_reported = True
            what = (
                "is not in the declared character set" if self._codec else "is not UTF-8 and nothing else is declared"
            )
            row.add("charset", f"the text {what}; from here such rows are read as {codec}", warning=True)
        if "\0" in text:
            row.add("malformed", "the row holds a NUL byte")
            text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        return text
