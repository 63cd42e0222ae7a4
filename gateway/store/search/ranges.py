"""Dates, numbers and quantities with a prefix, as conditions on the columns `low` and `high` of an index row `x`.

What a prefix means when both sides are ranges: https://hl7.org/fhir/R4/search.html#prefix
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gateway.fhir.search import DateRange, NumberRange, QuantityRange
from gateway.store.index.model import DAY_US, LONGER, LONGEST, MONTH_US
from gateway.store.search.sql import Sql, every, sql


def date_branch(asked: DateRange, *, instant: bool) -> Sql:
    """Return the condition on the row [low, high); of an instant only `low` counts, which is then a point in time."""
    return (_DATE_POINT if instant else _DATE)[asked.prefix](*_approximate(asked))


def date_branches(asked: DateRange, *, instant: bool) -> list[Sql]:
    """Return the same as ranges of an index, of which `ne` has two; a row may be in both."""
    if asked.prefix != "ne":
        return [date_branch(asked, instant=instant)]
    before, after = sql("x.low < {}", asked.low), sql("x.low >= {}" if instant else "x.high > {}", asked.high)
    return [before, after]


def points(column: str, asked: DateRange) -> list[Sql]:
    """Return the conditions on a column that holds a point in time, each a range of its index; one of them holds."""
    if asked.prefix != "ne":
        return [point(column, asked)]
    names = {"column": column}
    return [sql("{column} < {}", asked.low, **names), sql("{column} >= {}", asked.high, **names)]


def point(column: str, asked: DateRange) -> Sql:
    """Return the condition on a column that holds a point in time."""
    condition = _DATE_POINT[asked.prefix](*_approximate(asked))
    return Sql(condition.text.replace("x.low", column), condition.parameters)


def overlapped(all_asked: Sequence[DateRange]) -> tuple[int, int] | None:
    """Return the window (from, to) when together they ask for a span that ends after `from` and begins before `to`."""
    if any(asked.prefix not in {"ge", "gt", "le", "lt", "ap"} for asked in all_asked):
        return None
    spans = [(asked.prefix, *_approximate(asked)) for asked in all_asked]
    after = [high if prefix == "gt" else low for prefix, low, high in spans if prefix in {"ge", "gt", "ap"}]
    before = [low if prefix == "lt" else high for prefix, low, high in spans if prefix in {"le", "lt", "ap"}]
    return (max(after), min(before)) if after and before else None


def overlapping(param: str, window: tuple[int, int]) -> list[tuple[str, Sql]]:
    """Return the ranges of index_date that hold every span overlapping a window: the name they are under, and where.

    Among the longest the end is asked for first, so the index by beginning is kept out of it: `low + 0`.
    """
    start, end = window
    early = start - DAY_US
    return [
        (param, sql("x.low > {} and x.low < {}", early, end)),
        (param + LONGER, sql("x.low > {} and x.low <= {}", start - MONTH_US, early)),
        (param + LONGEST, sql("x.high > {} and (x.low + 0) <= {}", start, early)),
    ]


def _approximate(asked: DateRange) -> tuple[int, int]:
    """Return the span, for `ap` wider by its own length and at least a day on either side."""
    if asked.prefix != "ap":
        return asked.low, asked.high
    margin = max(asked.high - asked.low, 24 * 3600 * 1_000_000)
    return asked.low - margin, asked.high + margin


_DATE_POINT: Mapping[str, Callable[[int, int], Sql]] = {
    "eq": lambda low, high: sql("x.low >= {} and x.low < {}", low, high),
    "ap": lambda low, high: sql("x.low >= {} and x.low < {}", low, high),
    "ne": lambda low, high: sql("(x.low < {} or x.low >= {})", low, high),
    "gt": lambda _, high: sql("x.low >= {}", high),
    "sa": lambda _, high: sql("x.low >= {}", high),
    "ge": lambda low, _: sql("x.low >= {}", low),
    "lt": lambda low, _: sql("x.low < {}", low),
    "eb": lambda low, _: sql("x.low < {}", low),
    "le": lambda _, high: sql("x.low < {}", high),
}
# `x.high > low` (and `x.low < high`) of ge and le add nothing to their meaning, but are a range of an index.
_DATE: Mapping[str, Callable[[int, int], Sql]] = {
    "eq": lambda low, high: sql("x.low >= {} and x.low < {} and x.high <= {}", low, high, high),
    "ap": lambda low, high: sql("x.low < {} and x.high > {}", high, low),
    "ne": lambda low, high: sql("(x.low < {} or x.high > {})", low, high),
    "gt": lambda _, high: sql("x.high > {}", high),
    "sa": lambda _, high: sql("x.low >= {}", high),
    "ge": lambda low, high: sql("x.high > {} and (x.low >= {} or x.high > {})", low, low, high),
    "lt": lambda low, _: sql("x.low < {}", low),
    "eb": lambda low, _: sql("x.high <= {}", low),
    "le": lambda low, high: sql("x.low < {} and (x.low < {} or x.high <= {})", high, low, high),
}


def number_branch(asked: NumberRange) -> Sql:
    """Return the condition on a row [low, high], which is a point except for a Range."""
    low, high, value = asked.low, asked.high, asked.value
    match asked.prefix:
        case "eq":
            return sql("x.low >= {} and x.low < {} and x.high < {}", low, high, high)
        case "ne":
            return sql("not (x.low >= {} and x.high < {})", low, high)
        case "ap":
            return sql("x.low <= {} and x.high >= {}", high, low)
        case "gt" | "ge" | "lt" | "le":
            column, comparison = _OUTER[asked.prefix]
            return sql("{} {} {}", Sql(column), Sql(comparison), value)
        case "sa" | "eb":
            return sql("x.low > {}", value) if asked.prefix == "sa" else sql("x.high < {}", value)


_OUTER = {"gt": ("x.high", ">"), "ge": ("x.high", ">="), "lt": ("x.low", "<"), "le": ("x.low", "<=")}


def quantity_branch(asked: QuantityRange) -> Sql:
    """Return the condition on value and unit."""
    system = [] if asked.system is None else [sql("x.system = {}", asked.system)]
    code = [] if asked.code is None else [sql("x.code = {}", asked.code)]
    return every([*system, *code, number_branch(asked.number)])
