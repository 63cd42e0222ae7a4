"""Dates and times: every form that messages write, the precision kept, the nights the clock changes."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mapping.findings import Finding
from gateway.mapping.moments import date_time, day, format_problem, instant, zone

AMSTERDAM = zone("Europe/Amsterdam")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024", "2024"),
        ("202404", "2024-04"),
        ("20240412", "2024-04-12"),
        ("2024041208", "2024-04-12"),
        ("202404120816", "2024-04-12T08:16:00+02:00"),
        ("20240412081602", "2024-04-12T08:16:02+02:00"),
        ("20240112081602", "2024-01-12T08:16:02+01:00"),
        ("20240412081602.1234", "2024-04-12T08:16:02.1234+02:00"),
        ("20240412081602+0000", "2024-04-12T08:16:02+00:00"),
        ("202404120816-0530", "2024-04-12T08:16:00-05:30"),
        ("2024-04-12", "2024-04-12"),
        ("2024-04-12T08:16", "2024-04-12T08:16:00+02:00"),
        ("2024-04-12 08:16:05", "2024-04-12T08:16:05+02:00"),
        ("2024-04-12T08:16:05Z", "2024-04-12T08:16:05Z"),
        ("2024-04-12T08:16:05.5+02:00", "2024-04-12T08:16:05.5+02:00"),
        ("12-04-2024", "2024-04-12"),
        ("12-4-2024 7:58", "2024-04-12T07:58:00+02:00"),
        ("12/04/2024 07.58 uur", "2024-04-12T07:58:00+02:00"),
        ("11-04-24", "2024-04-11"),
        (" 20240412 ", "2024-04-12"),
        ("20240229", "2024-02-29"),
    ],
)
def test_a_moment_is_read_and_keeps_its_precision(text: str, expected: str) -> None:
    assert date_time(text, AMSTERDAM) == expected


@pytest.mark.parametrize(
    "text",
    ["vandaag", "2024-13", "20240230", "00000000", "20240412246000", "20240412240000", "2024-04-12T08:61", "31-04-2024",
     "20240412081602+1500", "20240412081602+0199", "1", "20240", "2024041", "٢٠٢٤٠٤١٢٠٨١٦٠٢", "0000", "99-99-9999"],
)  # fmt: skip
def test_what_is_no_moment_is_a_finding(text: str) -> None:
    with pytest.raises(Finding) as raised:
        date_time(text, AMSTERDAM)

    assert raised.value.code == "bad-value"
    assert raised.value.instead is None


@pytest.mark.parametrize(
    ("text", "format_", "expected"),
    [
        ("12-04-2024 08:15", "dd-MM-yyyy HH:mm", "2024-04-12T08:15:00+02:00"),
        ("12-04-2024", "dd-MM-yyyy HH:mm", "2024-04-12"),
        ("04/12/2024", "MM/dd/yyyy", "2024-04-12"),
        ("202404", "yyyyMMddHHmmssZ", "2024-04"),
        ("20240412081602+0200", "yyyyMMddHHmmssZ", "2024-04-12T08:16:02+02:00"),
        ("2024-04-12 08:15:30.250", "yyyy-MM-dd HH:mm:ss.SSS", "2024-04-12T08:15:30.250+02:00"),
        ("7 4 24", "d M yy", "2024-04-07"),
        ("2024T08", "yyyy'T'MM", "2024-08"),
    ],
)
def test_a_format_says_how_to_read(text: str, format_: str, expected: str) -> None:
    assert format_problem(format_) is None
    assert date_time(text, AMSTERDAM, format_) == expected


def test_what_does_not_have_the_format_is_a_finding_that_names_it() -> None:
    with pytest.raises(Finding) as raised:
        date_time("2024-04-12", AMSTERDAM, "dd-MM-yyyy")

    assert raised.value.say("en") == "not a date and time: write dd-MM-yyyy"


@pytest.mark.parametrize(
    ("format_", "wrong"), [("HH:mm", "names the year"), ("yyyy yyyy", "each part once"), ("dd-MM-yyyy", None)]
)
def test_a_format_is_checked(format_: str, wrong: str | None) -> None:
    problem = format_problem(format_)

    assert (problem is None) == (wrong is None)
    assert wrong is None or wrong in (problem or "")


def test_a_date_leaves_the_time_out_and_an_instant_needs_it() -> None:
    assert day("20240412081602") == "2024-04-12"
    assert day("1941") == "1941"
    assert instant("202404120816", AMSTERDAM) == "2024-04-12T08:16:00+02:00"
    with pytest.raises(Finding):
        instant("20240412", AMSTERDAM)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20241027013000", "2024-10-27T01:30:00+02:00"),
        ("20241027031500", "2024-10-27T03:15:00+01:00"),
        ("20241027023000+0100", "2024-10-27T02:30:00+01:00"),
        ("20240331013000", "2024-03-31T01:30:00+01:00"),
        ("20240331033000", "2024-03-31T03:30:00+02:00"),
    ],
)
def test_around_the_clock_change_there_is_one_reading(text: str, expected: str) -> None:
    assert date_time(text, AMSTERDAM) == expected


@pytest.mark.parametrize(
    ("text", "instead"),
    [
        ("20241027023045", "2024-10-27T02:30:45+02:00"),
        ("20241027020000", "2024-10-27T02:00:00+02:00"),
        ("20240331023045", "2024-03-31T03:30:45+02:00"),
        ("31-3-2024 2:30", "2024-03-31T03:30:00+02:00"),
    ],
)
def test_the_hour_that_is_twice_or_never_is_read_by_the_rule_and_told(text: str, instead: str) -> None:
    with pytest.raises(Finding) as raised:
        date_time(text, AMSTERDAM)

    assert (raised.value.code, raised.value.severity, raised.value.instead) == ("ambiguous-time", "warning", instead)


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_a_finding(text: str) -> None:
    readers: list[Callable[[], str]] = [
        lambda: date_time(text, AMSTERDAM),
        lambda: day(text),
        lambda: instant(text, AMSTERDAM),
    ]
    for read in readers:
        try:
            said = read()
        except Finding as finding:
            said = finding.say("nl")
        assert said


@given(st.datetimes())
def test_every_moment_of_hl7_comes_back_as_it_was(moment: object) -> None:
    text = f"{moment:%Y%m%d%H%M%S}".zfill(14)
    try:
        read = date_time(text, zone("UTC"))
    except Finding:
        assert text.startswith("0000")
    else:
        assert read == f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}+00:00"
