"""lowBoundary(), highBoundary(), precision(). https://hl7.org/fhirpath/#lowboundaryprecision-integer-decimal--date--datetime--time"""

from calendar import monthrange
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from typing import Any

from gateway.fhirpath.runtime.system import is_number, system
from gateway.fhirpath.runtime.text import number
from gateway.fhirpath.values import Date, DateTime, Quantity, Temporal, Time
from gateway.fhirpath.values.temporal import Parts

__all__ = ["high_boundary", "low_boundary", "precision"]

MAX_PLACES = 31
MAX_DIGITS = 26  # of the whole number; a Decimal of FHIRPath has 28
_DATE_DIGITS = {4: 1, 6: 2, 8: 3, 10: 4, 12: 5, 14: 6, 17: 6}
_TIME_DIGITS = {2: 1, 4: 2, 6: 3, 9: 3}
_ZONES = {"low": 14 * 60, "high": -12 * 60}  # where it is first, and where it is last, a given time of day


def low_boundary(value: Any, precision: Any = None) -> Any:
    """Return the least a value can stand for, at a precision; None if that is none."""
    return _boundary(system(value), number(precision), "low")


def high_boundary(value: Any, precision: Any = None) -> Any:
    """Return the most a value can stand for, at a precision; None if that is none."""
    return _boundary(system(value), number(precision), "high")


def _boundary(value: Any, precision: int | None, side: str) -> Any:
    if is_number(value):
        return _number(Decimal(value), 8 if precision is None else precision, side)
    if isinstance(value, Quantity):
        found = _boundary(value.value, precision, side)
        return None if found is None else Quantity(found, value.unit, value.calendar)
    if isinstance(value, Time):
        return _time(value, 9 if precision is None else precision, side)
    if isinstance(value, Date) and precision is not None and precision <= 8:
        parts = _dates(value.parts, side)[: _DATE_DIGITS.get(precision, 0)]
        return Date(parts) if parts else None
    return _date_time(value, 17 if precision is None else precision, side) if isinstance(value, Temporal) else None


def _number(value: Decimal, places: int, side: str) -> Decimal | None:
    """Return the boundary of a number, cut (low) or rounded (high) by its size, as the official tests have it."""
    if not 0 <= places < MAX_PLACES or value.adjusted() + places >= MAX_DIGITS:
        return None
    outward = (side == "high") != value.is_signed()
    half = Decimal(5).scaleb(min(0, _exponent(value)) - 1)
    size = abs(value) + half if outward else abs(value) - half
    found = abs(size).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP if outward else ROUND_DOWN)
    return found.copy_negate() if value.is_signed() != size.is_signed() else found


def _exponent(value: Decimal) -> int:
    exponent = value.as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _dates(parts: Parts, side: str) -> Parts:
    year = int(parts[0])
    month = int(parts[1]) if len(parts) > 1 else (1 if side == "low" else 12)
    day = int(parts[2]) if len(parts) > 2 else (1 if side == "low" else monthrange(year, month)[1])
    return (year, month, day)


def _times(parts: Parts, side: str) -> Parts:
    last: Parts = (23, 59, Decimal("59.999"))
    filled = parts + (tuple(type(part)(0) for part in last) if side == "low" else last)[len(parts) :]
    seconds = Decimal(filled[2])
    end = (
        Decimal("0.999") if side == "high" and seconds == seconds.to_integral_value() and _exponent(seconds) == 0 else 0
    )
    return (*filled[:2], (seconds + end).quantize(Decimal("0.001")))


def _cut(parts: Parts, count: int, digits: int) -> Parts:
    if digits in {14, 6} and len(parts) >= count:
        return (*parts[: count - 1], Decimal(int(parts[count - 1])))
    return parts[:count]


def _time(value: Time, digits: int, side: str) -> Time | None:
    count = _TIME_DIGITS.get(digits)
    return None if count is None else Time(_cut(_times(value.parts, side), count, digits))


def _date_time(value: Temporal, digits: int, side: str) -> DateTime | None:
    count = _DATE_DIGITS.get(digits)
    if count is None:
        return None
    parts = _cut(_dates(value.parts, side) + _times(value.parts[3:], side), count, digits)
    zone = value.zone if isinstance(value, DateTime) else None
    return DateTime(parts, None if count < 4 else _ZONES[side] if zone is None else zone)


def precision(value: Any) -> int | None:
    """Return how many decimal places, or digits of a date or time, were written."""
    value = system(value)
    if isinstance(value, Temporal):
        return value.digits
    return max(0, -_exponent(Decimal(value))) if is_number(value) else None
