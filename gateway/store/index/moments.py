"""Reads the dates of resources as spans, quickly: instants with an offset are most of what is indexed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.fhir.datetime import read

Span = tuple[int, int]  # [low, high) in UTC microseconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND, _SECOND_US = timedelta(microseconds=1), 1_000_000


@lru_cache(maxsize=8192)  # a feed repeats its times: the same days and shifts, for every bed
def span(text: str) -> Span | None:
    """Return the span that a FHIR date, dateTime or instant names, as `gateway.fhir.datetime.read` does.

    >>> span("1970-01-01T01:00:00+01:00")
    (0, 1000000)
    """
    if len(text) in {20, 25} and text[4] == "-" and text[10] == "T" and text[19] in "Z+-":
        try:
            low = (datetime.fromisoformat(text) - _EPOCH) // _MICROSECOND
        except ValueError:
            return _read(text)
        return low, low + _SECOND_US
    return _read(text)


def _read(text: str) -> Span | None:
    moment = read(text)
    return (moment.low, moment.high) if moment else None
