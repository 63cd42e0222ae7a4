"""Dates that keep their precision, quantities with units."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhirpath.values import Date, DateTime, Quantity, Time
from gateway.fhirpath.values.calendar import shifted
from gateway.fhirpath.values.quantity import read_quantity
from gateway.fhirpath.values.temporal import (
    days,
    from_datetime,
    from_minutes,
    order,
    read_date,
    read_date_time,
    read_time,
)
from gateway.fhirpath.values.ucum import comparable, compared, converted, divided, equivalent_quantities, multiplied


@pytest.mark.parametrize(
    "text",
    ["2026", "2026-01", "2026-01-05", "2026-01-05T10", "2026-01-05T10:30", "2026-01-05T10:30:00",
     "2026-01-05T10:30:00.120", "2026-01-05T10:30:00Z",
     "2026-01-05T10:30:00-05:30", "0001-01-01", "9999-12-31T23:59:59.999+14:00"],
)  # fmt: skip
def test_what_is_read_is_written_the_same(text: str) -> None:
    assert str(read_date_time(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "26", "2026-1", "2026-00", "2026-02-29", "2026-01-05T24:00", "2026-01T10:00", "2026-01Z", "10:30", "0000"],
)
def test_what_is_no_date(text: str) -> None:
    assert read_date(text) is None
    assert read_date_time(text) is None


@pytest.mark.parametrize(
    ("text", "found"), [("10", (10,)), ("10:30", (10, 30)), ("10:30:01.50", (10, 30, Decimal("1.50")))]
)
def test_times(text: str, found: tuple[int, ...]) -> None:
    assert read_time(text) == Time(found)
    assert str(read_time(text)) == text
    assert read_time("24:00") is read_time("10:30Z") is None


@given(st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)), st.integers(-840, 840))  # noqa: DTZ001 -- the zone comes after
def test_moments_are_ordered_as_python_orders_them(moment: datetime, minutes: int) -> None:
    one, other = moment.replace(tzinfo=UTC), moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    found = order(from_datetime(one), from_datetime(other))
    assert found == (one > other) - (one < other)


@given(st.dates(), st.integers(-3000, 3000))
def test_days_are_added_as_python_adds_them(day: date, count: int) -> None:
    moved = shifted(Date((day.year, day.month, day.day)), Quantity(count, "days", calendar=True), 1)
    try:
        wanted = str(day + timedelta(days=count))
    except OverflowError:
        assert moved is None
    else:
        assert str(moved) == wanted


@given(st.dates(), st.integers(0, 1439))
def test_days_and_minutes_there_and_back(day: date, minute: int) -> None:
    count = days(day.year, day.month, day.day) * 1440 + minute
    assert from_minutes(count) == (day.year, day.month, day.day, minute // 60, minute % 60)


def test_the_years_around_the_calendar_s_ends() -> None:
    late = DateTime((9999, 12, 31, 23, 0), -12 * 60)
    early = DateTime((1, 1, 1, 0, 0), 14 * 60)
    assert order(early, late) == -1


@pytest.mark.parametrize(
    ("moment", "count", "unit", "wanted"),
    [
        (Date((2026, 1, 31)), 1, "month", "2026-02-28"),
        (Date((2024, 2, 29)), -1, "year", "2023-02-28"),
        (Date((2026, 1, 31)), 13, "months", "2027-02-28"),
        (Date((2026,)), 11, "months", "2026"),
        (Date((2026,)), 366, "days", "2027"),
        (Date((2026, 1)), -31, "days", "2025-12"),
        (DateTime((2026, 3, 29, 1, 30), 60), 1, "hour", "2026-03-29T02:30+01:00"),
        (Time((0, 15)), -30, "minutes", "23:45"),
    ],
)
def test_calendar_arithmetic(moment: Date, count: int, unit: str, wanted: str) -> None:
    assert str(shifted(moment, Quantity(count, unit, calendar=True), 1)) == wanted


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1 'kg'", "1000 'g'"), ("1 'L'", "1000 'mL'"), ("1 'm2'", "10000 'cm2'"), ("1 'mm[Hg]'", "133.322 'Pa'"),
        ("1 'km/h'", "1000 'm/h'"), ("1 '/min'", "60 '/h'"), ("1 week", "7 days"), ("37 'Cel'", "310.15 'K'"),
        ("1 '10*3/uL'", "1000 '/uL'"), ("5 '%'", "0.05 '1'"), ("1 'g{protein}'", "1 'g'"), ("1 'N'", "1 'kg.m/s2'"),
        ("2 'mg.L-1'", "2 'mg/L'"), ("1 '[lb_av]'", "453.59237 'g'"), ("1 'mol'", "1000 'mmol'"), ("1 h'", None),
        ("1 'kg/m2'", "0.1 'g/cm2'"),
    ],
)  # fmt: skip
def test_units_are_converted(left: str, right: str | None) -> None:
    if right is None:
        assert read_quantity(left) is None
        return
    assert compared(read_quantity(left), read_quantity(right)) == 0


@pytest.mark.parametrize(
    ("left", "right"), [("kg", "m"), ("[iU]", "mg"), ("nonsense", "1"), ("kg", "kg2"), ("mo", "month")]
)
def test_units_that_do_not_fit(left: str, right: str) -> None:
    one, other = Quantity(1, left), Quantity(1, right, calendar=right == "month")
    assert not comparable(one, other)
    assert compared(one, other) is None
    assert converted(one, right) is None


def test_an_unknown_unit_is_comparable_with_itself() -> None:
    assert compared(Quantity(2, "[nonsense]"), Quantity(1, "[nonsense]")) == 1


@pytest.mark.parametrize("code", ["", ".", "m.", "m//s", "m^2", "(", "m-", "{", "/", "m1000", "{x}y"])
def test_a_wrong_unit_is_only_a_name(code: str) -> None:
    assert compared(Quantity(1, code), Quantity(1, code)) == 0
    assert compared(Quantity(1, code), Quantity(1, "s")) is None


def test_products_and_quotients() -> None:
    speed = divided(Quantity(10, "m"), Quantity(2, "s"))
    assert speed == Quantity(Decimal(5), "m/s")
    assert multiplied(Quantity(2, "m/s"), Quantity(3, "s")) == Quantity(6, "m/s.s")
    assert compared(multiplied(Quantity(2, "m/s"), Quantity(3, "s")), Quantity(6, "m")) == 0
    assert compared(divided(Quantity(6, "g"), Quantity(2, "g/L")), Quantity(3, "L")) == 0
    assert divided(Quantity(1, "m"), Quantity(0, "s")) is None


def test_equivalence_rounds_to_the_least_precise() -> None:
    assert equivalent_quantities(Quantity(4, "g"), Quantity(4040, "mg"))
    assert not equivalent_quantities(Quantity(Decimal("4.0"), "g"), Quantity(5040, "mg"))
    assert not equivalent_quantities(Quantity(4, "g"), None)


def test_a_quantity_as_json() -> None:
    assert Quantity(4, "mg").to_json() == {
        "value": 4,
        "unit": "mg",
        "system": "http://unitsofmeasure.org",
        "code": "mg",
    }
    assert Quantity(4, "days", calendar=True).to_json() == {"value": 4, "unit": "days"}
