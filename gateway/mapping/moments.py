"""Dates and times of messages to FHIR's, in the precision they were written with.

A time without an offset is the provider's zone. The hour that exists twice in October is read as its
first passage (summer time), the hour that does not exist in March as winter time; both are reported.
http://www.hl7.eu/HL7v2x/v251/std251/ch02a.html (DTM), https://hl7.org/fhir/R4/datatypes.html#dateTime
"""

import re
from datetime import date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from gateway.mapping.findings import Finding

_HL7 = re.compile(
    r"(?P<y>\d{4})(?:(?P<m>\d\d)(?:(?P<d>\d\d)(?:(?P<H>\d\d)(?:(?P<M>\d\d)(?:(?P<S>\d\d)(?P<f>\.\d{1,6})?)?)?)?)?)?"
    r"(?P<z>[+-]\d{4})?"
)
_ISO = re.compile(
    r"(?P<y>\d{4})-(?P<m>\d\d)(?:-(?P<d>\d\d)(?:[T ](?P<H>\d\d):(?P<M>\d\d)(?::(?P<S>\d\d)(?P<f>\.\d{1,9})?)?"
    r"(?P<z>Z|[+-]\d\d:?\d\d)?)?)?"
)
_DUTCH = re.compile(
    r"(?P<d>\d{1,2})[-/.](?P<m>\d{1,2})[-/.](?P<y>\d{4}|\d\d)(?:[ T]+(?P<H>\d{1,2})[:.](?P<M>\d\d)(?::(?P<S>\d\d))?"
    r"(?: ?(?:uur|u))?(?P<f>(?!))?(?P<z>(?!))?)?"
)
_TOKENS = re.compile(r"yyyy|yy|MM|M|dd|d|HH|H|mm|ss|SSS|Z|'[^']*'|.", re.DOTALL)
_DIGITS = {
    "yyyy": r"(?P<y>\d{4})", "yy": r"(?P<y>\d\d)", "MM": r"(?P<m>\d\d)", "M": r"(?P<m>\d{1,2})", "dd": r"(?P<d>\d\d)",
    "d": r"(?P<d>\d{1,2})", "HH": r"(?P<H>\d\d)", "H": r"(?P<H>\d{1,2})", "mm": r"(?P<M>\d\d)", "ss": r"(?P<S>\d\d)",
    "SSS": r"(?P<f>\d{1,9})", "Z": r"(?P<z>Z|[+-]\d\d:?\d\d)?",
}  # fmt: skip
_EXPECTED = "yyyy-mm-dd hh:mm"


def date_time(text: str, zone: "Zone", format_: str | None = None) -> str:
    """Return the dateTime that `text` writes. Raises Finding: bad-value, or ambiguous-time with what is used instead.

    >>> date_time("202601", zone("Europe/Amsterdam")), date_time("12-04-2024 08:15", zone("Europe/Amsterdam"))
    ('2026-01', '2024-04-12T08:15:00+02:00')
    """
    if format_ is None and len(text) == 14 and text.isdecimal() and text.isascii():
        hour, minute, second = text[8:10], text[10:12], text[12:]
        if hour <= "23" and minute <= "59" and second <= "59":
            return zone.stamp(f"{_day(text[:8])}T{hour}:{minute}:{second}")
    return _compose(_read(text, format_, "date-time"), zone)


def day(text: str, format_: str | None = None) -> str:
    """Return the date that `text` writes, its time left out; Raises Finding bad-value.

    >>> day("20240412081600"), day("1941")
    ('2024-04-12', '1941')
    """
    return _date(_read(text, format_, "date"))


def instant(text: str, zone: "Zone", format_: str | None = None) -> str:
    """Return the instant that `text` writes. Raises Finding: bad-value when hours or minutes are missing."""
    moment = date_time(text, zone, format_)
    if "T" not in moment:
        raise Finding("bad-value", "instant")
    return moment


def format_problem(format_: str) -> str | None:
    """Return what is wrong with a format such as `dd-MM-yyyy HH:mm`, or None."""
    if not re.search("y", format_):
        return "a date format names the year (yyyy)"
    try:
        _pattern(format_)
    except re.error:
        return "a date format names each part once: yyyy MM dd HH mm ss SSS Z"
    return None


def _read(text: str, format_: str | None, expected: str) -> dict[str, str | None]:
    stripped = text.strip()
    patterns = (_pattern(format_),) if format_ else (_HL7, _ISO, _DUTCH)
    for pattern in patterns:
        if match := pattern.fullmatch(stripped):
            return match.groupdict()
    raise Finding("bad-value", expected, expected=format_ or _EXPECTED, format=format_)


def _date(part: dict[str, str | None]) -> str:
    year, month, day_ = part["y"] or "", part.get("m"), part.get("d")
    if len(year) == 2:
        year = "20" + year  # capacity and referrals are of this century
    if month is None:
        return year if year != "0000" else _day("00000000")
    whole = _day(f"{year}{month:>02}{day_ or 1:>02}")
    return whole if day_ else whole[:7]


def _compose(part: dict[str, str | None], zone: "Zone") -> str:
    stamp = _date(part)
    hour, minute = part.get("H"), part.get("M")
    if hour is None or minute is None:  # FHIR has no hour without minutes: the precision goes down, never up
        _clock(f"{hour or '00':>02}0000")
        return stamp
    fraction = part.get("f") or ""
    clock = _clock(f"{hour:>02}{minute}{part.get('S') or '00'}") + (
        f".{fraction}" if fraction and fraction[0] != "." else fraction
    )
    if part.get("z"):
        return stamp + clock + _offset(str(part["z"]))
    return zone.stamp(stamp + clock)


def _offset(text: str) -> str:
    if text in {"Z", "+0000", "+00:00"}:
        return "Z" if text == "Z" else "+00:00"
    digits = text[1:].replace(":", "")
    if int(digits) > 1400 or int(digits[2:]) > 59:
        raise Finding("bad-value", "no-such-date")
    return f"{text[0]}{digits[:2]}:{digits[2:]}"


@lru_cache(maxsize=2048)
def _day(digits: str) -> str:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        raise Finding("bad-value", "no-such-date") from None


def _clock(digits: str) -> str:
    if digits[:2] > "23" or digits[2:4] > "59" or digits[4:] > "59":
        raise Finding("bad-value", "no-such-date")
    return f"T{digits[:2]}:{digits[2:4]}:{digits[4:]}"


@lru_cache(maxsize=256)
def _pattern(format_: str) -> re.Pattern[str]:
    """Return the expression for a format. From the hour (after a leading year: from the month) parts may be missing."""
    pattern, opened, literal, offset = "", 0, "", ""
    for letters in _TOKENS.findall(format_):
        part = _DIGITS.get(letters)
        if part is None:
            literal += re.escape(letters.strip("'"))
        elif letters == "Z":
            offset = part
        else:
            optional = letters[0] in "HmsS" or (bool(pattern) and format_[0] == "y")
            pattern += ("(?:" if optional else "") + literal + part
            opened += optional
            literal = ""
    return re.compile(pattern + ")?" * opened + literal + offset)


@cache
def zone(name: str) -> "Zone":
    """Return the time zone of a name that is known to be one."""
    return Zone(name)


class Zone:
    """The offsets of one time zone, remembered by the hour."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rules = ZoneInfo(name)
        self.hours: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Zone({self.name!r})"

    def stamp(self, local: str) -> str:
        """Return `2024-04-12T08:15:00` with its offset. Raises Finding ambiguous-time."""
        known = self.hours.get(local[:13])
        return local + known if known is not None else local + self._offset(local)

    def _offset(self, local: str) -> str:
        moment = datetime.strptime(local[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=self.rules)
        self._check(moment, local)
        written = _written(moment)
        if _written(moment.replace(minute=0)) == _written(moment.replace(minute=59, fold=1)) == written:
            if len(self.hours) > 4096:
                self.hours.clear()
            self.hours[local[:13]] = written
        return written

    def _check(self, moment: datetime, local: str) -> None:
        first, second = moment.utcoffset(), moment.replace(fold=1).utcoffset()
        if first == second or first is None or second is None:
            return
        if first > second:
            raise Finding("ambiguous-time", "twice", severity="warning", instead=local + _written(moment))
        shifted = moment + (second - first)
        instead = shifted.strftime("%Y-%m-%dT%H:%M") + local[16:] + _written(shifted)
        raise Finding("ambiguous-time", "never", severity="warning", instead=instead)


def _written(local: datetime) -> str:
    offset = local.utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"
