"""Moving a date or time by a quantity. https://hl7.org/fhirpath/N1/#datetime-arithmetic"""

from calendar import monthrange
from decimal import Decimal

from gateway.fhirpath.errors import FhirPathError
from gateway.fhirpath.values.quantity import CALENDAR, Quantity
from gateway.fhirpath.values.temporal import Date, DateTime, Parts, Temporal, Time, days, from_minutes

__all__ = ["shifted"]

_CODES = {"wk": "week", "d": "day", "h": "hour", "min": "minute", "s": "second", "ms": "millisecond"}
_MILLISECONDS = {"week": 604_800_000, "day": 86_400_000, "hour": 3_600_000, "minute": 60_000, "second": 1000}
_DEPTH = {"year": 1, "month": 2, "week": 3, "day": 3, "hour": 4, "minute": 5, "second": 6, "millisecond": 6}


def shifted(moment: Temporal, by: Quantity, sign: int) -> Temporal | None:
    """Return the moment moved, its precision kept; None when it leaves the years 1 to 9999.

    FhirPathError for a unit that is no stretch of the calendar: `'cm'`, but also `'mo'` and `'a'`, which are
    averages. A fraction of anything above a second is ignored.
    """
    unit = CALENDAR.get(by.unit) or _CODES.get(by.unit)
    if unit is None or (isinstance(moment, Time) and _DEPTH[unit] <= 3):
        raise FhirPathError(f"a date or time cannot be moved by '{by.unit}'")
    if isinstance(moment, Time):
        return Time(_shifted_time(moment.parts, _milliseconds(by, unit) * sign))
    parts = _shifted_date(moment.parts, by, unit, sign)
    if not 1 <= parts[0] <= 9999:
        return None
    return DateTime(parts, moment.zone) if isinstance(moment, DateTime) else Date(parts)


def _milliseconds(by: Quantity, unit: str) -> int:
    if unit == "millisecond":
        return int(by.value)
    return int(by.value * 1000) if unit == "second" else int(by.value) * _MILLISECONDS[unit]


def _shifted_date(parts: Parts, by: Quantity, unit: str, sign: int) -> Parts:
    count = int(by.value) * sign
    if unit == "year":
        return _months(parts, count * 12)
    if unit == "month":
        return _months(parts, count) if len(parts) > 1 else _months(parts, _toward_zero(count, 12) * 12)
    milliseconds = _milliseconds(by, unit) * sign
    if len(parts) < 3:  # to a partial date only whole months (or years) of 30 (or 365) days can be added
        months = _toward_zero(milliseconds, 30 * 86_400_000)
        years = _toward_zero(milliseconds, 365 * 86_400_000)
        return _months(parts, months if len(parts) == 2 else years * 12)
    return _exactly(parts, milliseconds)


def _toward_zero(count: int, size: int) -> int:
    return abs(count) // size * (1 if count >= 0 else -1)


def _months(parts: Parts, count: int) -> Parts:
    if len(parts) == 1:
        return (parts[0] + count // 12,)
    year, month = divmod(int(parts[0]) * 12 + int(parts[1]) - 1 + count, 12)
    if len(parts) == 2 or not 1 <= year <= 9999:
        return (year, month + 1, *parts[2:])
    return (year, month + 1, min(int(parts[2]), monthrange(year, month + 1)[1]), *parts[3:])


def _exactly(parts: Parts, milliseconds: int) -> Parts:
    year, month, day, *time = parts
    start = days(int(year), int(month), int(day)) * 86_400_000 + _in_day(tuple(time))
    minutes, rest = divmod(start + milliseconds, 60_000)
    moved = (*from_minutes(minutes), Decimal(rest).scaleb(-3))
    return _like(moved, parts)


def _shifted_time(parts: Parts, milliseconds: int) -> Parts:
    minutes, rest = divmod((_in_day(parts) + milliseconds) % 86_400_000, 60_000)
    return _like((*divmod(minutes, 60), Decimal(rest).scaleb(-3)), parts)


def _in_day(time: Parts) -> int:
    return int(sum(part * size for part, size in zip(time, (3_600_000, 60_000, 1000), strict=False)))


def _like(moved: Parts, parts: Parts) -> Parts:
    """Cut to the precision of `parts`; seconds written without a fraction stay so unless they now have one."""
    cut = moved[: len(parts)]
    seconds = cut[-1]
    if isinstance(seconds, Decimal) and isinstance(parts[-1], Decimal):
        places = -int(parts[-1].as_tuple().exponent)
        if places < 3 and seconds == seconds.quantize(Decimal(1).scaleb(-places)):
            cut = (*cut[:-1], seconds.quantize(Decimal(1).scaleb(-places)))
    return cut
