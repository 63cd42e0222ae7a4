"""The worked examples once more, of what was written through the door in at those times and is read from history."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import pytest

from gateway.kpi.facts import MINUTE
from gateway.kpi.spans import window
from gateway.services import Services
from gateway.store.records import microseconds
from tests.kpi.worlds import World, call, request, service, site, stop, task, values, when

DAY = window(date(2024, 4, 12), date(2024, 4, 13))
D = "2024-04-12 "


@pytest.fixture
def world(services: Services) -> World:
    return World(services)


def department(id_: str, at: str, measured: str, said: dict[str, object]) -> dict[str, object]:
    return service(id_, "seh", by="ziekenhuis", at=at, measured=measured, stop=said)


def test_1_stops_of_two_departments(world: World) -> None:
    world.put("2024-04-11 08:00", site("A", "ziekenhuis"), site("B", "ander"))
    world.put(
        "2024-04-11 23:10", department("b", "B", "2024-04-11 23:10", stop("stop", "2024-04-11 23:10", D + "01:10"))
    )
    world.put(D + "00:40", department("b", "B", D + "00:40", stop("open", D + "00:40")))
    world.put(D + "08:20", department("a1", "A", D + "08:20", stop("stop", D + "08:20", D + "10:20")))
    world.put(D + "09:30", department("a2", "A", D + "09:30", stop("stop", D + "09:30", D + "11:30")))
    world.put(D + "09:50", department("a1", "A", D + "09:50", stop("open", D + "09:50")))
    world.put(D + "11:00", department("a2", "A", D + "11:00", stop("open", D + "11:00")))

    spent, begun = world.kpi("K-02", DAY), world.kpi("K-03", DAY)

    assert values(spent) == {"minutes": 200, "hours": pytest.approx(200 / 60), "minutes-per-day": 100}
    assert {
        cell.about[0][1]: cell.figure("minutes").value for cell in spent.cells[1:] if cell.about[0][0] == "place"
    } == {
        "A": 160,
        "B": 40,
    }
    assert values(begun)["stops"] == 1
    assert (spent.badge, begun.badge) == ("good", "good")


def test_1_an_extension_is_no_new_stop_and_an_end_that_nobody_reported_is_the_announced_one(world: World) -> None:
    world.put("2024-04-11 08:00", site("A", "ziekenhuis"))
    world.put(D + "08:20", department("a", "A", D + "08:20", stop("stop", D + "08:20", D + "10:20")))
    world.put(D + "10:00", department("a", "A", D + "10:00", stop("stop", D + "10:00", D + "12:20")))

    result = world.kpi("K-03", DAY)

    assert values(result) == {"stops": 1, "mean-length": 240, "median-length": 240}
    assert (result.badge, dict(result.reasons)) == ("limited", {"end-announced": 1})


def spread(world: World, second: str) -> None:
    """Three providers say what they have at noon, the second one what it had at another time."""
    for name, by, places, taken in [("a", "ziekenhuis", 20, 19), ("b", "vvt", 10, 6), ("c", "ander", 10, 8)]:
        measured = second if name == "b" else D + "12:00"
        world.put(D + "12:00", site(name, by))
        world.put(
            D + "12:00",
            service(f"s{name}", "ic", by=by, at=name, measured=measured, counts={"staffed": places, "occupied": taken}),
        )


NOON = microseconds(when(D + "12:00")), microseconds(when(D + "12:03"))


def test_2_spread_of_pressure(world: World) -> None:
    spread(world, D + "12:00")

    found = values(world.kpi("K-08", NOON))

    assert found["mean-occupancy"] == pytest.approx(0.825)
    assert round(float(found["variation"]), 3) == 0.174


def test_2_with_one_stale_there_are_too_few(world: World) -> None:
    spread(world, D + "10:00")

    result = world.kpi("K-08", NOON)

    assert values(result)["variation"] is None
    assert (result.badge, dict(result.reasons)) == ("insufficient", {"too-few-providers": 1, "stale": 1})


def test_3_phone_calls(world: World) -> None:
    for number, calls in enumerate([1, 0, 6]):
        name = f"r{number}"
        world.put(D + "09:00", request(name, D + "09:00"), task(name))
        world.put(D + "09:20", *(call(f"{name}-{one}", name, D + "09:05") for one in range(calls)))
        world.put(D + "09:30", task(name, "accepted"))

    result = world.kpi("K-01", DAY, baseline={"elv-hoog": Fraction(5)})

    assert values(result) == {"net": 8, "calls-per-placement": Fraction(7, 3), "without-calls": Fraction(1, 3)}


def test_4_time_to_placement(world: World) -> None:
    for number, took in enumerate([12, 25, 40, 55, 300]):
        world.put(D + "09:00", request(f"r{number}", D + "09:00"), task(f"r{number}"))
        hour, minute = divmod(9 * 60 + took, 60)
        world.put(f"{D}{hour:02}:{minute:02}", task(f"r{number}", "accepted"))
    world.put(D + "14:30", request("open", D + "14:30"), task("open"))

    result = world.kpi("K-05", DAY, at=D + "16:00")

    found = values(result)
    assert (found["median"], found["p90"], found["open"], found["oldest-open"]) == (40, 300, 1, 90)
    assert result.whole.figure("median").n == 5
    assert result.badge == "provisional"


def test_5_promised_is_delivered(world: World) -> None:
    for number in range(6):
        world.partner_of(f"o{number}", f"1000000{number}")
        free, measured = (0 if number == 5 else 1), (D + "08:00" if number == 4 else D + "08:58")
        world.put(D + "09:00", site(f"p{number}", f"1000000{number}"))
        world.put(
            D + "09:00",
            service(
                f"s{number}",
                "ic",
                by=f"1000000{number}",
                at=f"p{number}",
                measured=measured,
                counts={"available": free},
            ),
        )
    became = ["accepted", "accepted", "accepted", "rejected", "accepted", "rejected"]
    for number, status in enumerate(became):
        offer = {"request": f"r{number}", "to": f"1000000{number}"}
        world.put(D + "09:01", request(f"r{number}", D + "09:01", care="ic"), task(f"t{number}", **offer))
        reason = "no-capacity" if status == "rejected" else ""
        world.put(D + "09:20", task(f"t{number}", status, reason=reason, **offer))

    kept = world.kpi("K-07", DAY).whole.figure("kept")

    assert (kept.part, kept.n, kept.value) == (3, 4, Fraction(3, 4))


def test_6_fresh_by_open_places(world: World) -> None:
    for name, by, places, measured in [
        ("a", "ziekenhuis", 14, "11:56"),
        ("b", "vvt", 6, "11:35"),
        ("c", "ander", 20, "00:20"),
    ]:
        world.put(D + "12:00", site(name, by))
        world.put(
            D + "12:00", service(f"s{name}", "ic", by=by, at=name, measured=D + measured, counts={"staffed": places})
        )

    result = world.kpi("K-10", (NOON[0], NOON[0] + MINUTE))

    assert values(result)["fresh"] == Fraction(14, 40)


def test_7_across_subregions(world: World) -> None:
    world.put(D + "08:57", site("own", "vvt"))
    world.put(D + "08:57", service("s", "elv-hoog", at="own", measured=D + "08:57", counts={"available": 1}))
    for number in range(10):
        to, care = ("ander" if number < 3 else "vvt"), ("elv-hoog" if number == 0 else "grz")
        world.put(D + "09:00", request(f"r{number}", D + "09:00", care=care), task(f"r{number}", to=to))
        world.put(D + "09:10", task(f"r{number}", "accepted", to=to))

    assert values(world.kpi("K-14", DAY)) == {
        "across": Fraction(3, 10),
        "avoidable": Fraction(1, 10),
        "outside-network": 0,
    }
