"""Half-open spans, days of the Netherlands, percentiles by nearest rank."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.kpi.facts import HOUR, MINUTE
from gateway.kpi.spans import cut, day_count, days, length, percentile, union, window, within


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 4, 12), 24)])
def test_a_day_has_as_many_hours_as_there_are_on_the_clock(day: date, hours: int) -> None:
    span = window(day, day + timedelta(days=1))

    assert span[1] - span[0] == hours * HOUR
    assert list(days(span)) == [span]
    assert day_count(span) == 1


def test_a_week_over_the_change_is_seven_days() -> None:
    span = window(date(2024, 3, 28), date(2024, 4, 4))

    assert len(list(days(span))) == 7
    assert day_count(span) == 7
    assert length(days(span)) == 7 * 24 * HOUR - HOUR


def test_half_of_a_short_day_is_half_a_day() -> None:
    begin, end = window(date(2024, 3, 31), date(2024, 4, 1))

    assert day_count((begin, begin + (end - begin) // 2)) == 0.5


def test_spans_are_half_open() -> None:
    assert cut((0, 10), (10, 20)) is None
    assert cut((0, 11), (10, 20)) == (10, 11)
    assert union([(0, 10), (10, 20), (30, 40), (50, 50)]) == [(0, 20), (30, 40)]
    assert within([(0, 100)], [(10, 20), (90, 110)]) == [(10, 20), (90, 100)]


@pytest.mark.parametrize(("between", "stops"), [(4, 1), (5, 2), (6, 2)])
def test_less_than_the_gap_between_them_makes_them_one(between: int, stops: int) -> None:
    assert len(union([(0, MINUTE), (MINUTE * (1 + between), MINUTE * 20)], 5 * MINUTE)) == stops


@pytest.mark.parametrize(
    ("values", "rank", "found"),
    [([12, 25, 40, 55, 300], 50, 40), ([12, 25, 40, 55, 300], 90, 300), ([1, 2], 50, 1), ([7], 95, 7), ([], 50, None)],
)
def test_a_percentile_is_by_nearest_rank(values: list[int], rank: int, found: int | None) -> None:
    assert percentile(values, rank) == found


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=200), st.integers(1, 100))
def test_a_percentile_is_one_of_the_values_and_not_exceeded_by_that_share(values: list[int], rank: int) -> None:
    found = percentile(values, rank)

    assert found in values
    assert sum(one <= found for one in values) * 100 >= rank * len(values)
    assert sum(one < found for one in values) * 100 < rank * len(values)


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=20), st.integers(0, 500))
def test_a_union_covers_what_its_parts_do(parts: list[tuple[int, int]], at: int) -> None:
    found = union(parts)

    assert any(begin <= at < end for begin, end in parts) == any(begin <= at < end for begin, end in found)
    assert all(one[1] < other[0] for one, other in pairwise(found))
    assert Fraction(length(found)) == len({n for begin, end in parts for n in range(begin, end)})
