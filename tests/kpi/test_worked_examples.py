"""The worked examples of the definitions, on facts alone, to the digit; `test_from_the_store.py` has them in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import pytest

from gateway.fhir.datetime import dutch_time
from gateway.kpi.compute.formulas import compute
from gateway.kpi.definitions import definition
from gateway.kpi.facts import MINUTE, Department, Facts, Offer, Reported, Request, State, Stop, Track
from gateway.kpi.results import Result
from gateway.kpi.spans import window
from gateway.store.records import microseconds

DAY = window(date(2024, 4, 12), date(2024, 4, 13))
LATER = DAY[1] + 30 * 24 * 60 * MINUTE


def at(clock: str, day: int = 12) -> int:
    hour, _, minute = clock.partition(":")
    return microseconds(datetime(2024, 4, day, int(hour), int(minute), tzinfo=dutch_time()))


def figures(number: str, facts: Facts, known: int = LATER, **parameters: Any) -> Result:
    known_as = definition(number)
    defined = replace(known_as, parameters={**known_as.parameters, **parameters})
    return compute(defined, facts, DAY, known, now=known)


def values(result: Result) -> dict[str, Any]:
    return {one.code: one.value for one in result.whole.figures}


def sent(id_: str, *states: tuple[int, str], owner: str = "vvt", reason: str = "", **others: Any) -> Offer:
    every = tuple(State(when, status, reason if status == "rejected" else "") for when, status in states)
    return Offer(id_, f"r{id_}", owner, every[0].at, every, **others)


def request(id_: str, *offers: Offer, authored: int = at("09:00"), **others: Any) -> Request:
    return Request(f"r{id_}", authored, requester="hap", offers=offers, **others)


def placed(id_: str, took: int = 10, authored: int = at("09:00"), **others: Any) -> Request:
    offer = sent(id_, (authored, "requested"), (authored + took * MINUTE, "accepted"))
    return request(id_, offer, authored=authored, **others)


STOPS = Facts(
    stops=(
        Stop("A", at("08:20"), at("09:50")),
        Stop("A", at("09:30"), at("11:00")),
        Stop("B", at("23:10", 11), at("00:40")),
    ),
    departments=(Department("A", "west", "a"), Department("B", "west", "b")),
)


def test_1_time_of_stops_is_that_of_their_union_cut_to_the_window() -> None:
    found = figures("K-02", STOPS)

    assert values(found) == {"minutes": 200, "hours": pytest.approx(200 / 60), "minutes-per-day": 100}
    assert {cell.about: cell.figure("minutes").value for cell in found.cells if cell.about} == {
        (("region", "west"),): 200,
        (("place", "A"),): 160,
        (("place", "B"),): 40,
    }


def test_1_stops_that_begin_in_the_window_are_one() -> None:
    assert values(figures("K-03", STOPS)) == {"stops": 1, "mean-length": 160, "median-length": 160}


def test_2_spread_is_a_weighted_coefficient_of_variation() -> None:
    places = [("a", 20, 19), ("b", 10, 6), ("c", 10, 8)]
    reported = tuple(
        Reported(one, DAY[0], DAY[1], DAY[0], DAY[1], DAY[1], one, "ic", open=open_, occupied=taken)
        for one, open_, taken in places
    )

    found = values(figures("K-08", Facts(reported=reported)))

    assert found["mean-occupancy"] == pytest.approx(0.825)
    assert found["variation"] == pytest.approx(0.020625**0.5 / 0.825)
    assert round(found["variation"], 3) == 0.174


def test_2_with_one_stale_there_are_too_few() -> None:
    reported = tuple(
        Reported(one, DAY[0], DAY[1], DAY[0], DAY[0], stale, one, "ic", open=open_, occupied=taken)
        for one, open_, taken, stale in [("a", 20, 19, DAY[1]), ("b", 10, 6, DAY[0]), ("c", 10, 8, DAY[1])]
    )

    found = figures("K-08", Facts(reported=reported))

    assert values(found)["variation"] is None
    assert (found.badge, dict(found.reasons)) == ("insufficient", {"too-few-providers": 1, "stale": 1})


def test_3_calls_of_the_baseline_less_those_that_were_made() -> None:
    requests = tuple(placed(str(n), care="elv-hoog", calls=(at("09:05"),) * calls) for n, calls in enumerate([1, 0, 6]))

    found = values(figures("K-01", Facts(requests=requests), baseline={"elv-hoog": Fraction(5)}))

    assert found == {"net": 8, "calls-per-placement": Fraction(7, 3), "without-calls": Fraction(1, 3)}


def test_3_without_a_baseline_there_is_no_estimate() -> None:
    found = figures("K-01", Facts(requests=(placed("1", calls=(at("09:05"),)),)))

    assert values(found) == {"net": None, "calls-per-placement": 1, "without-calls": 0}
    assert dict(found.reasons) == {"no-baseline": 1}


def test_4_time_to_placement_and_what_is_open() -> None:
    requests = [placed(str(n), took) for n, took in enumerate([12, 25, 40, 55, 300])]
    still = request("open", sent("open", (at("14:30"), "requested")), authored=at("14:30"))

    found = figures("K-05", Facts(requests=(*requests, still)), known=at("16:00"))

    told = values(found)
    assert found.whole.figure("median").n == 5
    assert (told["median"], told["p90"], told["open"], told["oldest-open"]) == (40, 300, 1, 90)


def test_5_promised_is_delivered() -> None:
    fresh: dict[str, Any] = {"fresh_until": DAY[1], "stale_from": DAY[1]}
    shown = [
        *(
            Reported(f"c{n}", DAY[0], DAY[1], DAY[0], provider=f"o{n}", care="ic", available=1, **fresh)
            for n in range(4)
        ),
        Reported("c4", DAY[0], DAY[1], DAY[0], DAY[0], DAY[1], "o4", "ic", available=1),
        Reported("c5", DAY[0], DAY[1], DAY[0], provider="o5", care="ic", available=0, **fresh),
    ]
    became = ["accepted", "accepted", "accepted", "rejected", "accepted", "rejected"]
    requests = tuple(
        request(
            str(n),
            sent(str(n), (at("09:00"), "requested"), (at("09:05"), status), owner=f"o{n}", reason="no-capacity"),
            care="ic",
        )
        for n, status in enumerate(became)
    )

    found = figures("K-07", Facts(requests=requests, reported=tuple(shown)))

    kept = found.whole.figure("kept")
    assert (kept.part, kept.n, kept.value) == (3, 4, Fraction(3, 4))
    assert values(found)["refused-no-capacity"] == Fraction(1, 4)


def test_6_fresh_is_weighted_by_open_places() -> None:
    now = at("12:00")
    reported = []
    for cell, places, age in [("a", 14, 4), ("b", 6, 25), ("c", 20, 700)]:
        said = now - age * MINUTE
        reported.append(Reported(cell, said, DAY[1], said, said + 10 * MINUTE, said + 30 * MINUTE, cell, open=places))

    found = compute(definition("K-10"), Facts(reported=tuple(reported)), (now, now + MINUTE), LATER, now=LATER)

    assert values(found)["fresh"] == Fraction(35, 100)


def test_7_placed_across_subregions() -> None:
    mine, other = "west/gouda", "west/haaglanden"
    requests = []
    for n in range(10):
        there = other if n < 3 else mine
        offer = sent(str(n), (at("09:00"), "requested"), (at("09:10"), "accepted"), region=there)
        requests.append(request(str(n), offer, care="elv-hoog" if n == 0 else "grz", region=mine))
    shown = Reported("c", DAY[0], DAY[1], DAY[0], DAY[1], DAY[1], "x", "elv-hoog", mine, available=1)

    found = values(figures("K-14", Facts(requests=tuple(requests), reported=(shown,))))

    assert found == {"across": Fraction(3, 10), "avoidable": Fraction(1, 10), "outside-network": 0}


def test_8_tracks_that_ran() -> None:
    months = 30 * 24 * 60 * MINUTE
    ran = [Track(str(n), "n1", DAY[0] - months, None, DAY[1]) for n in range(5)]
    ended = Track("5", "n1", DAY[0] - 5 * months, at("12:00"), at("13:00"), at("12:30"))

    found = values(figures("K-19", Facts(tracks=(*ran, ended)), known=DAY[1]))

    assert found == {"active": 6, "ended-in-time": 1, "reviewed-in-time": 1}


def test_a_clock_that_is_ahead_makes_no_time_negative() -> None:
    early = request("1", sent("1", (at("09:00"), "requested"), (at("09:00"), "accepted")), authored=at("09:30"))

    found = figures("K-05", Facts(requests=(early,)))

    assert (values(found)["median"], values(found)["median-without-hold"]) == (0, 0)
    assert dict(found.reasons)["clock-ahead"] == 1


def test_a_department_that_is_not_always_open_has_no_stop_while_it_is_closed() -> None:
    hours = ((at("08:00"), at("18:00")),)
    night = Facts(stops=(Stop("A", at("17:00"), at("23:00")),), departments=(Department("A", "west", "a", hours),))

    assert values(figures("K-02", night))["minutes"] == 60
