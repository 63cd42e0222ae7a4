"""Cuts text into cells. Quotes protect delimiters and line ends; two quotes stand for one.

https://www.rfc-editor.org/rfc/rfc4180#section-2
"""

import csv
import re
from typing import NamedTuple


class Cut(NamedTuple):
    """The cells that ended, the text of a cell whose quote is still open, and whether quotes stand astray."""

    cells: list[str]
    opened: str | None = None
    astray: bool = False


class Cutter:
    """Cuts lines by one delimiter and one quote character."""

    def __init__(self, delimiter: str, quote: str) -> None:
        self._delimiter = delimiter
        self._quote = quote
        mark = re.escape(quote)
        self._inside = re.compile(rf"(?:[^{mark}]++|{mark}{mark})*+")

    def plain(self, text: str) -> list[str] | None:
        """Return the cells when the text obeys the standard, which is nearly always; None when it does not."""
        if self._quote not in text:
            return text.split(self._delimiter)
        try:
            return next(csv.reader((text,), delimiter=self._delimiter, quotechar=self._quote, strict=True))
        except csv.Error:
            return None

    def cut(self, text: str, opened: str | None = None) -> Cut:
        """Return what is in a line; `opened` is the text of the cell that an earlier line left open."""
        cells: list[str] = []
        at, astray = 0, False
        while True:
            if opened is None and text.startswith(self._quote, at):
                opened, at = "", at + 1
            if opened is not None:
                inside = self._inside.match(text, at)
                within = inside[0] if inside else ""
                opened += within.replace(self._quote * 2, self._quote)
                at += len(within)
                if at == len(text):
                    return Cut(cells, opened, astray)
                at += 1
            end = text.find(self._delimiter, at)
            rest = text[at:] if end < 0 else text[at:end]
            astray = astray or (opened is not None and bool(rest.strip()))
            cells.append(rest if opened is None else opened + rest.rstrip())
            if end < 0:
                return Cut(cells, None, astray)
            at, opened = end + 1, None
