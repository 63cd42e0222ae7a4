"""FHIR dates and times as spans of time, and instants as text.

A date says less than a moment: `2026-01` is the whole of January. What has no offset is local time in
the Netherlands. https://hl7.org/fhir/R4/search.html#date
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

_DATE = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?(?P<offset>Z|[+-]\d\d:\d\d)?)?)?)?",
    re.ASCII,
)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - spans are reckoned in local time first, the offset is subtracted after
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US, _MINUTE_US = 1_000_000, 60_000_000
_LATEST_US = 253_402_300_800_000_000  # the end of the year 9999, the last that FHIR can write


@dataclass(frozen=True, slots=True)
class Moment:
    """A span `[low, high)` in microseconds since 1970-01-01T00:00Z, as long as the text is imprecise."""

    low: int
    high: int


@cache
def dutch_time() -> ZoneInfo:
    """Return the zone of what is written without an offset."""
    return ZoneInfo("Europe/Amsterdam")


def read(text: str, zone: ZoneInfo | None = None) -> Moment | None:
    """Return the span that a FHIR date, dateTime or instant names, or None when `text` is none of them.

    Minutes without seconds and times without an offset are taken too, as a search may hold them; the hour that exists
    twice in October is then the first of the two. https://hl7.org/fhir/R4/datatypes.html#dateTime
    """
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        low, high = _local_span(match)
    except ValueError:
        return None
    offset = match["offset"]
    if offset is None:
        return Moment(low - _offset_at(low, zone), high - _offset_at(high, zone))
    shift = _offset(offset)
    return None if shift is None else Moment(low - shift, high - shift)


def format_instant(at: datetime) -> str:
    """Return an aware datetime as a FHIR instant with milliseconds: `2026-01-05T10:00:00.000+01:00`.

    >>> format_instant(datetime.fromisoformat('2026-01-05T09:00Z'))
    '2026-01-05T09:00:00.000+00:00'
    """
    if at.tzinfo is None:
        raise ValueError("an instant has an offset: give an aware datetime")
    return at.isoformat(timespec="milliseconds")


def _local_span(match: re.Match[str]) -> tuple[int, int]:
    """Return the span in microseconds of local time. Raises ValueError for what is not on the calendar or the clock."""
    year, month, day = int(match["year"]), match["month"], match["day"]
    if month is None:
        return _midnight(year, 1, 1), _midnight(year + 1, 1, 1)
    if day is None:
        return _midnight(year, int(month), 1), _midnight(year + int(month) // 12, int(month) % 12 + 1, 1)
    start = _midnight(year, int(month), int(day))
    if match["hour"] is None:
        return start, start + 24 * 60 * _MINUTE_US
    low = start + _clock(match)
    return low, low + _precision(match)


def _midnight(year: int, month: int, day: int) -> int:
    if year > 9999:
        return _LATEST_US
    return (datetime.combine(date(year, month, day), time()) - _EPOCH) // _MICROSECOND


def _clock(match: re.Match[str]) -> int:
    """Return the microseconds since midnight; second 60 is allowed, for leap seconds."""
    hour, minute, second = int(match["hour"]), int(match["minute"]), int(match["second"] or 0)
    if hour > 23 or minute > 59 or second > 60:
        raise ValueError("not on the clock")
    return (hour * 60 + minute) * _MINUTE_US + second * _SECOND_US + int((match["fraction"] or "0")[:6].ljust(6, "0"))


def _precision(match: re.Match[str]) -> int:
    if match["second"] is None:
        return _MINUTE_US
    digits: int = len(match["fraction"] or "")
    return int(10 ** max(0, 6 - digits))


def _offset(text: str) -> int | None:
    if text == "Z":
        return 0
    minutes = int(text[1:3]) * 60 + int(text[4:6])
    if minutes > 14 * 60 or int(text[4:6]) > 59:
        return None
    return (-minutes if text[0] == "-" else minutes) * _MINUTE_US


def _offset_at(local_us: int, zone: ZoneInfo | None) -> int:
    try:
        local = _EPOCH + timedelta(microseconds=local_us)
    except OverflowError:  # the end of the year 9999
        return 60 * _MINUTE_US
    return ((zone or dutch_time()).utcoffset(local) or timedelta()) // _MICROSECOND
