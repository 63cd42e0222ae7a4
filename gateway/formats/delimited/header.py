"""The header: which column stands where, whatever the order, the case and the spaces."""

from collections.abc import Callable, Sequence
from operator import itemgetter

from gateway.formats.delimited.layout import Layout, normal

Pick = Callable[[Sequence[str | None]], tuple[str | None, ...]]


class Header:
    """The columns of a file as written, and the number of each by name and by alias."""

    __slots__ = ("_known", "_numbers", "_picks", "columns", "names", "twice")

    def __init__(self, cells: Sequence[str], layout: Layout) -> None:
        self.columns = tuple(cell.strip() for cell in cells)
        self.names = tuple(normal(cell) for cell in cells)
        self._known = frozenset(self.names) - {""}
        numbers: dict[str, int] = {}
        self.twice: list[str] = []
        for number, (column, name) in enumerate(zip(self.columns, self.names, strict=True)):
            if name in numbers:
                self.twice.append(column)
            elif name:
                numbers[name] = number
        for column, others in layout.aliases.items():
            found = [numbers[name] for name in map(normal, (column, *others)) if name in numbers]
            if found:
                numbers[normal(column)] = found[0]
        as_written = {column: numbers[name] for column, name in zip(self.columns, self.names, strict=True) if name}
        self._numbers = numbers | as_written
        self._picks: dict[tuple[str, ...], Pick] = {}

    def number(self, column: str) -> int | None:
        """Return where the column stands, from 0; None when the file has no such column."""
        number = self._numbers.get(column)
        return self._numbers.get(normal(column)) if number is None else number

    def pick(self, columns: tuple[str, ...]) -> "Pick":
        """Return what takes the cells of some columns out of the cells of a row and one empty cell more."""
        found = self._picks.get(columns)
        if found is None:
            numbers = [self.number(column) for column in columns]
            found = self._picks[columns] = _pick([len(self.columns) if n is None else n for n in numbers])
        return found

    def knows(self, name: str) -> bool:
        """Return whether some column is called so."""
        return normal(name) in self._known

    def like(self, first: str, cells: Sequence[str]) -> bool:
        """Return whether these cells, of which `first` holds something, are a header too, in whatever order."""
        if not self.knows(first):
            return False
        names = {normal(cell) for cell in cells} - {""}
        return len(names) > 1 and names == self._known


def _pick(numbers: Sequence[int]) -> Pick:
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda cells: tuple(cells[number] for number in numbers)
