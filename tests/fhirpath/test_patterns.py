"""Patterns of matches() and replaceMatches(): what is refused, and that what is left ends."""

import time

import pytest

from gateway.fhirpath import FhirPathError, compile  # noqa: A004 -- as re.compile
from gateway.fhirpath.runtime.patterns import LONGEST, pattern


@pytest.mark.parametrize(
    "written",
    [
        "(a+)+", "(a*)*", "(a+)*b", "([a-z]+)+$", "(.*,)*", r"(\s*\w+\s*)+", "(a|ab|b)*", "(a?){30}a{30}",
        "(x+x+)+y", "(?i)(a+A)*", "(?i:a+A)*", "((a+)b?)+", r"(\w+\d)+", "(a+?)+?",
    ],
)  # fmt: skip
def test_a_repeat_of_a_repeat_is_refused(written: str) -> None:
    with pytest.raises(FhirPathError, match="repeats what repeats itself"):
        pattern(written)


@pytest.mark.parametrize(
    "written",
    [
        "^[A-Z]([A-Za-z0-9_]){0,254}$", r"(\.\d+)*", r"\d{4}-\d\d", "(a|b)+", "([a-z]+,)*", r"^(\d+|[a-z]+)-x$",
        "(ab)+",
        r"[^\s\.,]{1,64}(\.[^\s\.,]{1,64}(\[\])?)*", "(a{2})+", ".*Library.*", "(?i)(a+B)*", r"(?:\d+;)+", "",
    ],
)  # fmt: skip
def test_what_is_harmless_is_not_refused(written: str) -> None:
    pattern(written)


@pytest.mark.parametrize("written", ["(", "[", "a{2,1}", "(?P<a>x)(?P<a>y)", "\\"])
def test_what_is_no_pattern(written: str) -> None:
    with pytest.raises(FhirPathError, match="not a regular expression"):
        pattern(written)


def test_too_many_repeats_in_a_row_are_refused() -> None:
    with pytest.raises(FhirPathError, match="too many repeats"):
        pattern(".*.*.*.*x")
    assert pattern(r"\d+-\d+-\d+-\d+").longest == LONGEST[1]


def test_a_long_pattern_is_refused() -> None:
    with pytest.raises(FhirPathError, match="longer than"):
        pattern("a" * 2000)


def test_the_more_repeats_the_shorter_the_text() -> None:
    assert [pattern(p).longest for p in ("abc", "a.*c", ".*a.*", ".*.*.*")] == list(LONGEST)
    with pytest.raises(FhirPathError, match="at most"):
        compile("%text.matches('.*a.*b')")({}, text="x" * 5000)


@pytest.mark.parametrize("written", [r"^(\d+)$", "(a|b)*c", r"^(\w+,)*$", ".*x", r"(\.\d+)*y"])
def test_the_worst_text_ends_soon(written: str) -> None:
    worst = {"(": ".1" * 10_000, ".": "a" * 20_000}.get(written[0], "1" * 20_000)
    subject = worst[: pattern(written).longest]
    start = time.process_time()
    compile("%text.matches(%pattern)")({}, text=subject, pattern=written)
    assert time.process_time() - start < 5


def test_a_wrong_pattern_in_an_expression_is_found_when_it_is_compiled() -> None:
    with pytest.raises(FhirPathError) as raised:
        compile("name.family.matches('(a+)+')", root="Patient")
    assert raised.value.position == len("name.family.")
