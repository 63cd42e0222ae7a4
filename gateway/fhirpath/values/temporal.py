"""Dates, date-times and times that keep the precision they were written with.

https://hl7.org/fhirpath/N1/#date , #datetime, #time and #comparison
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

__all__ = ["Date", "DateTime", "Temporal", "Time", "order", "read_date", "read_date_time", "read_time"]

Parts = tuple[int | Decimal, ...]
_TIME = r"(\d\d)(?::(\d\d)(?::(\d\d(?:\.\d+)?))?)?"
_DATE = r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?"
_READ_DATE = re.compile(_DATE)
_READ_TIME = re.compile(_TIME)
_READ_DATE_TIME = re.compile(_DATE + r"(?:T(?:" + _TIME + r")?)?(Z|[+-]\d\d:\d\d)?")
_CYCLE = 146097  # days in 400 years
_EPOCH = date(2000, 1, 1).toordinal()
_WIDEST_OFFSET = 14 * 60  # minutes; no place on earth is further from UTC


@dataclass(frozen=True, slots=True)
class Temporal:
    """`parts` from the coarsest to the finest that was written; seconds are a Decimal with their fraction."""

    parts: Parts

    @property
    def digits(self) -> int:
        """Return how many digits were written: 4 for a year, 17 for a date-time with milliseconds."""
        return sum(c.isdigit() for c in self._written())

    def _written(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Date(Temporal):
    """`@2026`, `@2026-01`, `@2026-01-05`."""

    def __str__(self) -> str:
        return date_text(self.parts)


@dataclass(frozen=True, slots=True)
class DateTime(Temporal):
    """`@2026T` to `@2026-01-05T10:30:00.000+01:00`; `zone` is the offset in minutes, None when none was written."""

    zone: int | None = None

    def __str__(self) -> str:
        if len(self.parts) <= 3:
            return date_text(self.parts)
        return f"{self._written()}{zone_text(self.zone)}"

    def _written(self) -> str:
        time = time_text(self.parts[3:])
        return date_text(self.parts[:3]) + (f"T{time}" if time else "")


@dataclass(frozen=True, slots=True)
class Time(Temporal):
    """`@T10`, `@T10:30`, `@T10:30:00.000`."""

    def __str__(self) -> str:
        return time_text(self.parts)


def date_text(parts: Parts) -> str:
    """Return `2026-01-05` or as much of it as there is."""
    return "-".join(f"{part:0{width}d}" for part, width in zip(parts, (4, 2, 2), strict=False))


def time_text(parts: Parts) -> str:
    """Return `10:30:00.000` or as much of it as there is."""
    return ":".join(f"{part:02d}" if isinstance(part, int) else _seconds_text(part) for part in parts)


def _seconds_text(seconds: Decimal) -> str:
    whole, _, fraction = f"{seconds:f}".partition(".")
    return f"{int(whole):02d}" + (f".{fraction}" if fraction else "")


def zone_text(zone: int | None) -> str:
    """Return `+01:00`, `Z` for UTC, nothing for None."""
    if not zone:
        return "" if zone is None else "Z"
    hours, minutes = divmod(abs(zone), 60)
    return f"{'-' if zone < 0 else '+'}{hours:02d}:{minutes:02d}"


@lru_cache(maxsize=4096)
def read_date(text: str) -> Date | None:
    """Return the date that a text writes, or None."""
    found = _READ_DATE.fullmatch(text)
    parts = _date_parts(found.groups()) if found else None
    return Date(parts) if parts else None


@lru_cache(maxsize=4096)
def read_date_time(text: str) -> DateTime | None:
    """Return the date-time that a text writes (a date alone is one, with less precision), or None."""
    found = _READ_DATE_TIME.fullmatch(text)
    if not found:
        return None
    date, time, zone = _date_parts(found.groups()[:3]), _time_parts(found.groups()[3:6]), found[7]
    if date is None or time is None or (time and len(date) < 3) or (zone and not time):
        return None
    return DateTime(date + time, _zone(zone))


@lru_cache(maxsize=1024)
def read_time(text: str) -> Time | None:
    """Return the time of day that a text writes, or None."""
    found = _READ_TIME.fullmatch(text)
    parts = _time_parts(found.groups()) if found else None
    return Time(parts) if parts else None


def from_datetime(moment: datetime) -> DateTime:
    """Return an aware Python datetime as a date-time to the millisecond."""
    offset = moment.utcoffset()
    seconds = Decimal(moment.second * 1000 + moment.microsecond // 1000).scaleb(-3)
    zone = None if offset is None else int(offset.total_seconds() // 60)
    return DateTime((moment.year, moment.month, moment.day, moment.hour, moment.minute, seconds), zone)


def _zone(text: str | None) -> int | None:
    if text is None or text == "Z":
        return None if text is None else 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    return -minutes if text[0] == "-" else minutes


def _date_parts(groups: tuple[str | None, ...]) -> Parts | None:
    parts = tuple(int(group) for group in groups if group)
    if parts[0] < 1 or (len(parts) > 1 and not 1 <= parts[1] <= 12):
        return None
    return None if len(parts) > 2 and not 1 <= parts[2] <= monthrange(parts[0], parts[1])[1] else parts


def _time_parts(groups: tuple[str | None, ...]) -> Parts | None:
    hour, minute, second = groups
    parts: Parts = tuple(int(group) for group in (hour, minute) if group)
    if second:
        parts += (Decimal(second),)
    return parts if all(part < limit for part, limit in zip(parts, (24, 60, 60), strict=False)) else None


def order(left: Temporal, right: Temporal) -> int | None:
    """Return -1, 0 or 1, or None when their precision or time zones leave it open.

    >>> order(Date((2018, 3)), Date((2018, 3, 1))) is None
    True
    """
    if isinstance(left, DateTime) and isinstance(right, DateTime) and len(left.parts) > 3 < len(right.parts):
        if (left.zone is None) != (right.zone is None):
            return _order_apart(left, right)
        if left.zone != right.zone:
            return _order_parts(_to_utc(left), _to_utc(right))
    return _order_parts(left.parts, right.parts)


def _order_parts(left: Parts, right: Parts) -> int | None:
    for a, b in zip(left, right, strict=False):
        if a != b:
            return -1 if a < b else 1
    return 0 if len(left) == len(right) else None


def _order_apart(left: DateTime, right: DateTime) -> int | None:
    """Order two of which one names no zone: certain only when they lie further apart than any offset."""
    difference = _minutes(left) - (left.zone or 0) - (_minutes(right) - (right.zone or 0))
    if abs(difference) <= _WIDEST_OFFSET:
        return None
    return -1 if difference < 0 else 1


def _minutes(moment: DateTime) -> int:
    year, month, day, hour, *rest = moment.parts
    return days(int(year), int(month), int(day)) * 1440 + int(hour) * 60 + (int(rest[0]) if rest else 0)


def _to_utc(moment: DateTime) -> Parts:
    if len(moment.parts) < 5 and not (moment.zone or 0) % 60:
        return from_minutes(_minutes(moment) - (moment.zone or 0))[:4]
    return from_minutes(_minutes(moment) - (moment.zone or 0)) + moment.parts[5:]


def days(year: int, month: int, day: int) -> int:
    """Return a count of days that differs from another day's by the days between them, in any year."""
    return date(2000 + year % 400, month, day).toordinal() + year // 400 * _CYCLE


def from_minutes(minutes: int) -> Parts:
    """Return year, month, day, hour, minute of a count of minutes made from `days`."""
    day, minute = divmod(minutes, 1440)
    cycles, rest = divmod(day - _EPOCH, _CYCLE)
    there = date.fromordinal(_EPOCH + rest)
    return (there.year - 2000 + 400 * cycles, there.month, there.day, *divmod(minute, 60))
