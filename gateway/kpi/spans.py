"""Half-open spans of time, and the days of Europe/Amsterdam, of which one has 23 hours and one has 25.

A day begins at midnight there, whatever that is in UTC: 2024-03-31 has 23 hours, 2024-10-27 has 25.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import TypeVar

from gateway.fhir.datetime import dutch_time
from gateway.kpi.facts import Span
from gateway.store.records import microseconds, moment

N = TypeVar("N", int, float)


def window(first: date, end: date) -> Span:
    """Return the span from the beginning of a day to that of another one, which is not in it."""
    return _midnight(first), _midnight(end)


def days(span: Span) -> Iterator[Span]:
    """Yield each day of a span, cut to it."""
    begin, end = span
    day = moment(begin).astimezone(dutch_time()).date()
    while (start := _midnight(day)) < end:
        day += timedelta(days=1)
        yield max(start, begin), min(_midnight(day), end)


def day_count(span: Span) -> float:
    """Return how many days a span is: a day of 23 or 25 hours is one, and a part of it the share of its own length."""
    return sum((end - begin) / _length(begin) for begin, end in days(span))


def at_clock(day: date, clock: time) -> int:
    """Return the moment of a clock in the Netherlands; one that is there twice is the first, one that is not the next
    that is.
    """
    return microseconds(datetime.combine(day, clock, tzinfo=dutch_time()))


def cut(span: Span, to: Span) -> Span | None:
    """Return the part of a span within another, None where there is none."""
    begin, end = max(span[0], to[0]), min(span[1], to[1])
    return (begin, end) if begin < end else None


def union(spans: Iterable[Span], gap: int = 0) -> list[Span]:
    """Return spans that do not touch; those with less than `gap` between them are one."""
    found: list[Span] = []
    for begin, end in sorted(one for one in spans if one[0] < one[1]):
        if found and (begin <= found[-1][1] or begin - found[-1][1] < gap):
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((begin, end))
    return found


def within(spans: Iterable[Span], others: Iterable[Span]) -> list[Span]:
    """Return the parts of spans that lie in others."""
    every = list(others)
    return union(part for one in spans for other in every if (part := cut(one, other)))


def length(spans: Iterable[Span]) -> int:
    """Return how long spans are together, in microseconds."""
    return sum(end - begin for begin, end in spans)


def percentile(values: Sequence[N], share: int) -> N | None:
    """Return a percentile by nearest rank: the smallest value that so many of a hundred do not exceed; None of none.

    >>> percentile([12, 25, 40, 55, 300], 90)
    300
    """
    if not values:
        return None
    return sorted(values)[max(1, ceil(len(values) * share / 100)) - 1]


def months_after(at: int, months: int) -> int:
    """Return the same day of the month so many months later in the Netherlands, or its last day."""
    there = moment(at).astimezone(dutch_time())
    year, month = divmod(there.month - 1 + months, 12)
    for day in range(there.day, there.day - 4, -1):
        try:
            found = datetime(
                there.year + year, month + 1, day, there.hour, there.minute, there.second, tzinfo=dutch_time()
            )
        except ValueError:
            continue
        return microseconds(found)
    raise AssertionError(months)  # every month has a day 28


def _midnight(day: date) -> int:
    return at_clock(day, time(0))


def _length(begin: int) -> int:
    day = moment(begin).astimezone(dutch_time()).date()
    return _midnight(day + timedelta(days=1)) - _midnight(day)
