"""What is laid beside a figure can be taken away again to the byte, and no moment makes a stale place free."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.freshness import URL, Freshness, age_class, aged, bare, instant, laid, stated, stripped, told
from gateway.fhir.json import decode, encode

_MINUTE = 60_000_000
_NOW = 1_767_603_600_000_000  # 2026-01-05T09:00:00Z
_OTHERS = st.lists(
    st.sampled_from([
        {"url": "https://example.org/a", "valueString": 'weg ]}, "x'},
        {"url": "https://example.org/b", "extension": [{"url": "c", "valueInteger": 1}]},
        {"url": "https://example.org/deep", "extension": [{"url": URL, "valueString": "van een ander"}]},
    ]),
    max_size=3,
)  # fmt: skip
_KNOWN = st.builds(
    Freshness,
    st.integers(_NOW, _NOW + 60 * _MINUTE).map(lambda at: at - at % 1000),
    st.integers(_NOW, _NOW + 60 * _MINUTE).map(lambda at: at - at % 1000),
    st.sampled_from(["ehr", "manual"]),
    st.sampled_from(["source", "received", "clock-skew"]),
    st.sampled_from([0, _NOW]),
)


def slot(others: list[dict[str, Any]], *, last: bool, status: str = "free") -> dict[str, Any]:
    said = {"extension": others} if others else {}
    rest = {"status": status, "comment": "x"}
    return {"resourceType": "Slot", "id": "a", **(said if not last else {}), **rest, **(said if last else {})}


@given(others=_OTHERS, known=_KNOWN, last=st.booleans())
def test_what_is_laid_is_taken_away_to_the_byte(others: list[dict[str, Any]], known: Freshness, last: bool) -> None:
    said = slot(others, last=last)
    there = laid(said, known)

    assert stripped(encode(there)) == encode(said)
    assert bare(there) == said
    assert stated(there) == known
    assert bare(aged(there)) == said
    assert decode(stripped(encode(aged(there)))) == said


@given(others=_OTHERS, known=_KNOWN, minutes=st.integers(-10, 70))
def test_no_moment_makes_a_stale_place_free(others: list[dict[str, Any]], known: Freshness, minutes: int) -> None:
    now = _NOW + minutes * _MINUTE
    found = decode(told("Slot", encode(laid(slot(others, last=False), known)), now))

    assert (found["status"] == "free") == (now < known.stale_at)
    assert age_class(found, now) == known.at(now)
    assert told("Slot", encode(found), now) == encode(found)


def test_a_free_place_of_which_nobody_knows_the_age_is_free_for_nobody() -> None:
    found = decode(told("Slot", encode(slot([], last=False)), _NOW))

    assert (found["status"], age_class(found, _NOW)) == ("busy-unavailable", "verouderd")


@pytest.mark.parametrize("status", ["busy", "busy-tentative", "busy-unavailable"])
def test_what_offers_nothing_is_told_as_it_is(status: str) -> None:
    body = encode(laid(slot([], last=False, status=status), Freshness(0, 0, "ehr")))

    assert told("Slot", body, _NOW) is body
    assert told("Location", body, _NOW) is body


def test_somebody_elses_moment_further_down_makes_nothing_fresh() -> None:
    later = laid({}, Freshness(_NOW + _MINUTE, _NOW + 60 * _MINUTE, "ehr"))["extension"]
    place = laid({**slot([], last=False), "serviceType": [{"extension": later}]}, Freshness(0, _NOW, "ehr"))

    assert decode(told("Slot", encode(place), _NOW))["status"] == "busy-unavailable"


def test_a_moment_is_written_so_that_texts_compare_as_moments() -> None:
    moments = [0, 999_000, 1_000_000, _NOW, _NOW + 1000]

    assert sorted(map(instant, moments)) == list(map(instant, moments))
    assert {len(instant(at)) for at in moments} == {29}
