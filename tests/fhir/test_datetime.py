"""Dates as spans: as long as they are imprecise, local where they have no offset."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from gateway.fhir.datetime import Moment, format_instant, read


def span(low: str, high: str) -> Moment:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    low_us, high_us = ((datetime.fromisoformat(t) - epoch) // timedelta(microseconds=1) for t in (low, high))
    return Moment(low_us, high_us)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2026", "2026-01-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        ("2026-12", "2026-12-01T00:00+01:00", "2027-01-01T00:00+01:00"),
        ("2026-07-01", "2026-07-01T00:00+02:00", "2026-07-02T00:00+02:00"),
        ("2024-02-29", "2024-02-29T00:00+01:00", "2024-03-01T00:00+01:00"),
        ("2026-03-29", "2026-03-29T00:00+01:00", "2026-03-30T00:00+02:00"),
        ("2026-01-05T10:00", "2026-01-05T10:00+01:00", "2026-01-05T10:01+01:00"),
        ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z", "2026-01-05T10:00:01Z"),
        ("2026-01-05T10:00:00.5-02:30", "2026-01-05T12:30:00.5Z", "2026-01-05T12:30:00.6Z"),
        ("2026-01-05T10:00:00.123+01:00", "2026-01-05T09:00:00.123Z", "2026-01-05T09:00:00.124Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "2017-01-01T00:00:01Z"),
        ("2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:01+02:00"),
    ],
)
def test_a_text_is_the_span_it_leaves_open(text: str, low: str, high: str) -> None:
    assert read(text) == span(low, high)


def test_a_finer_text_than_a_microsecond_is_one_microsecond() -> None:
    assert read("2026-01-05T10:00:00.123456789Z") == span("2026-01-05T10:00:00.123456Z", "2026-01-05T10:00:00.123457Z")


def test_another_zone_can_be_the_local_one() -> None:
    assert read("2026-01-05", ZoneInfo("UTC")) == span("2026-01-05T00:00Z", "2026-01-06T00:00Z")


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_the_first_and_the_last_year_can_be_read(year: str) -> None:
    moment = read(year)

    assert moment
    assert moment.low < moment.high


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "26", "2026-13", "2026-02-30", "2026-02-29", "2026-1-5", "0000", "2026-01-05T24:00:00Z"),
        *("2026-01-05T10", "2026-01-05T10:00:00+15:00", "2026-01-05T10:00:00+01:60", "2026-01-05 10:00", "٢٠٢٦"),
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read(text) is None


def test_an_instant_has_milliseconds_and_its_own_offset() -> None:
    at = datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))

    assert format_instant(at) == "2026-01-05T10:00:00.123+01:00"


def test_an_instant_without_offset_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="aware"):
        format_instant(datetime(2026, 1, 5))  # noqa: DTZ001 - what must be refused
