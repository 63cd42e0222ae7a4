"""The indicators without a worked example of their own, each of what was written through the door in."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from functools import partial
from typing import Any, cast

import pytest

from gateway import query
from gateway.access.policy import Caller
from gateway.kpi.facts import MINUTE
from gateway.kpi.freezing import freeze
from gateway.kpi.spans import window
from gateway.referral import holds
from gateway.services import Services
from gateway.store import Batch, Message, Sight
from gateway.store.records import State, microseconds
from gateway.transact import transact
from tests.kpi.worlds import (
    OPERATOR,
    OURS,
    World,
    coded,
    copied,
    extension,
    org,
    request,
    service,
    site,
    stop,
    task,
    values,
    when,
)

DAY = window(date(2024, 4, 12), date(2024, 4, 13))
D = "2024-04-12 "
NOON = microseconds(when(D + "12:00"))
FACT = f"{OURS}/CodeSystem/kpi-fact"


@pytest.fixture
def world(services: Services) -> World:
    return World(services)


def asked(world: World, id_: str, status: str, at: str = "09:00", answered: str = "09:10", **others: Any) -> None:
    """Ask one destination, which answers."""
    mine = {
        name: others.pop(name)
        for name in ("care", "by", "replaces", "basedOn", "subject", "category")
        if name in others
    }
    world.put(D + at, request(id_, D + at, **mine), task(id_, **{k: v for k, v in others.items() if k != "reason"}))
    world.put(D + answered, task(id_, status, **others))


def test_04_who_came_during_a_stop_as_was_copied_when_it_was_sent(world: World) -> None:
    excepted = copied(stop("stop", D + "08:00", D + "10:00", ("life-threatening",)))
    plain = copied(stop("stop", D + "08:00", D + "10:00"))
    open_ = copied(stop("open", D + "08:00"))
    for number, said in enumerate([excepted, plain, open_, open_, None]):
        extensions: dict[str, Any] = {"extension": [said]} if said else {}
        world.put(D + "09:00", request(f"r{number}", D + "09:00", care="seh"), task(f"r{number}", **extensions))

    result = world.kpi("K-04", DAY)

    share = result.whole.figure("share-during-stop")
    assert (share.part, share.n) == (2, 4)
    assert (values(result)["excepted"], values(result)["not-excepted"]) == (1, 1)
    assert dict(result.reasons) == {"stop-not-copied": 1}


def test_05_time_on_hold_and_arrival(world: World) -> None:
    world.put(D + "09:00", request("r", D + "09:00"), task("r"))
    world.put(D + "09:10", task("r", "on-hold"))
    world.put(D + "09:30", task("r", "received"))
    world.put(D + "09:40", task("r", "accepted"))
    arrival = {"type": coded(FACT, "arrival"), "valueDateTime": when(D + "11:00").isoformat()}
    world.put(D + "11:05", task("r", "completed", output=[arrival]))

    result = world.kpi("K-05", DAY)

    assert values(result) == {
        "median": 40, "p90": 40, "median-without-hold": 20, "p90-without-hold": 20,
        "arrival-median": 120, "arrival-p90": 120, "open": 0, "oldest-open": None,
    }  # fmt: skip
    assert result.badge == "good"


def test_05_what_was_accepted_and_withdrawn_is_no_placement_and_the_moment_is_the_senders(world: World) -> None:
    said = {"lastModified": when(D + "09:12").isoformat()}
    world.put(D + "09:00", request("r", D + "09:00"), task("t1", request="r"), task("t2", request="r", to="ander"))
    world.put(D + "09:05", task("t1", "accepted", request="r"))
    world.put(D + "09:08", task("t1", "cancelled", request="r", reason="withdrawn"))
    world.put(D + "10:00", task("t2", "accepted", request="r", to="ander", **said))

    assert values(world.kpi("K-05", DAY))["median"] == 12


def test_06_right_the_first_time(world: World) -> None:
    anna, bert, cees = ({"reference": f"Patient/{name}"} for name in ("anna", "bert", "cees"))
    asked(world, "a", "accepted", subject=anna)
    asked(world, "b", "accepted", subject=bert)
    asked(world, "c", "accepted", subject=cees)
    asked(world, "a2", "requested", "20:00", "20:05", subject=anna)  # moved again
    planned = [{"reference": "ServiceRequest/b"}]
    asked(world, "b2", "requested", "20:00", "20:05", subject=bert, basedOn=planned)  # as was planned
    world.put(D + "21:00", request("d", D + "21:00", subject={"reference": "Patient/dirk"}))
    world.put(D + "21:01", task("d1", request="d"))
    world.put(D + "21:02", task("d1", "rejected", request="d", reason="staff"))
    world.put(D + "21:10", task("d2", request="d", to="ander"))
    world.put(D + "21:20", task("d2", "accepted", request="d", to="ander"))

    share = world.kpi("K-06", DAY).whole.figure("share")

    assert (share.part, share.n) == (2, 4)  # bert and cees


def test_09_avoidable_imbalance(world: World) -> None:
    near, far = {"latitude": 52.08, "longitude": 4.31}, {"latitude": 51.44, "longitude": 5.47}
    world.put(D + "11:55", site("full", "ziekenhuis", position={"latitude": 52.01, "longitude": 4.36}))
    world.put(
        D + "11:55",
        service(
            "s1", "ic", by="ziekenhuis", at="full", measured=D + "11:55", stop=stop("stop", D + "11:55", D + "14:00")
        ),
    )
    world.put(D + "12:00", site("room", "vvt", position=near), site("away", "ander", position=far))
    for name, by in (("room", "vvt"), ("away", "ander")):
        world.put(D + "12:00", service(name, "ic", by=by, at=name, measured=D + "12:00", counts={"available": 2}))

    result = world.kpi("K-09", DAY)

    assert values(result) == {"minutes": 5}  # as long as the word of both counts
    assert values(world.kpi("K-09", DAY, distance_km=1)) == {"minutes": 0}


def test_10_age_at_read_is_that_of_the_version_that_was_shown(world: World) -> None:
    world.put(D + "12:00", site("a"))
    world.put(D + "12:00", service("s", "ic", at="a", measured=D + "11:56", counts={"staffed": 4}))
    for at in ("12:01", "12:05"):
        world.now = when(D + at)
        query.read("HealthcareService", "s", OPERATOR, world.to)
    world.put(D + "12:30", service("s", "ic", at="a", measured=D + "12:30", counts={"staffed": 5}))

    found = values(world.kpi("K-10", DAY))

    assert (found["age-p50"], found["age-p95"]) == (5, 9)


def test_11_a_cell_that_is_silent_and_a_partner_without_any_are_missing(world: World) -> None:
    world.put("2024-04-11 12:00", site("a"), site("b", "ander"))
    world.put("2024-04-11 12:00", service("told", "ic", at="a", measured="2024-04-11 12:00", counts={"available": 1}))
    world.put("2024-04-11 12:00", service("silent", "elv-hoog", at="b", by="ander"))
    world.put(D + "12:00", service("told", "ic", at="a", measured=D + "12:00", counts={"available": 1}))

    result = world.kpi("K-11", DAY)

    covered = result.whole.figure("covered")
    assert (covered.part, covered.n) == (1, 4)  # ic, elv-hoog, and the partners ziekenhuis and hap without a cell


def _written(message: Message, _: Sight) -> tuple[Batch, None]:
    return Batch(b"{}", message=message), None


def test_12_messages_as_they_should_be(world: World) -> None:
    for number, state in enumerate(["accepted", "accepted", "refused"]):
        message = Message("p", "hl7v2", b"x", NOON, cast("State", state), control_id=str(number), fields=(4, 3))
        world.to.store.write(partial(_written, message))

    found = values(world.kpi("K-12", DAY))

    assert found == {"right": Fraction(2, 3), "fields-right": Fraction(9, 12)}


def test_13_refusals_and_answers_that_never_came(world: World) -> None:
    asked(world, "a", "accepted")
    asked(world, "b", "rejected", reason="no-capacity")
    asked(world, "c", "rejected", reason="staff")
    asked(world, "d", "failed", reason="timed-out")
    asked(world, "e", "requested")

    result = world.kpi("K-13", DAY)

    refused = result.whole.figure("refused")
    assert (refused.part, refused.n) == (2, 3)
    assert values(result)["timed-out"] == 1
    reasons = {cell.about[0][1]: cell.n for cell in result.cells if cell.about and cell.about[0][0] == "reason"}
    assert reasons == {"no-capacity": 1, "none": 1, "staff": 1, "timed-out": 1}


def test_15_the_highest_step_and_the_time_of_each(world: World) -> None:
    def step(name: str) -> dict[str, Any]:
        return {"extension": [extension("ladder-step", valueCode=name)]}

    world.put(D + "09:00", request("r", D + "09:00"), task("t1", request="r", **step("own-subregion")))
    world.put(D + "09:30", task("t2", request="r", to="ander", **step("other-desk")))
    world.put(D + "09:50", task("t2", "accepted", request="r", to="ander", **step("other-desk")))

    cells = {cell.about: cell for cell in world.kpi("K-15", DAY).cells}

    assert cells[("step", "own-subregion"),].figure("median-minutes").value == 30
    assert cells[("step", "other-desk"),].figure("median-minutes").value == 20
    assert cells[("step", "other-desk"),].figure("reached").value == 1
    assert cells[("step", "own-subregion"),].figure("reached").value == 0


def test_16_the_same_person_by_number_asked_for_twice(world: World) -> None:
    bsn = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900043"}
    world.put(D + "08:00", {"resourceType": "Patient", "id": "p1", "identifier": [bsn]})
    asked(world, "a", "requested", subject={"reference": "Patient/p1"})
    asked(world, "b", "requested", subject={"identifier": bsn})
    asked(world, "c", "requested", subject={"reference": "Patient/other"})
    asked(world, "d", "requested", subject={"reference": "Patient/p1"}, care="grz")
    asked(
        world, "e", "requested", subject={"identifier": bsn}, care="grz", replaces=[{"reference": "ServiceRequest/d"}]
    )

    assert values(world.kpi("K-16", DAY)) == {"doubled": 2, "share": Fraction(2, 5)}


def answered(id_: str, questionnaire: str, mark: float, at: str, **others: Any) -> dict[str, Any]:
    return {
        "resourceType": "QuestionnaireResponse", "id": id_, "status": "completed", "authored": when(at).isoformat(),
        "questionnaire": f"{OURS}/Questionnaire/{questionnaire}",
        "item": [{"linkId": "mark", "answer": [{"valueDecimal": mark}]}], **others,
    }  # fmt: skip


def test_17_what_patients_say(world: World) -> None:
    for name in "abcd":
        asked(world, name, "accepted")
    for name, mark in (("a", 9), ("b", 6)):
        about = {"basedOn": [{"reference": f"ServiceRequest/{name}"}]}
        world.put(D + "20:00", answered(f"q{name}", "patient-satisfaction", mark, D + "20:00", **about))
    world.put(D + "20:00", answered("other", "professional-satisfaction", 1, D + "20:00"))

    found = values(world.kpi("K-17", DAY))

    assert found == {"mean": Fraction(15, 2), "eight-or-more": Fraction(1, 2), "response-rate": Fraction(2, 4)}


def test_18_what_professionals_say_by_kind_of_partner(world: World) -> None:
    for id_, who, mark in (("1", "vvt", 7), ("2", "vvt", 8), ("3", "hap", 4)):
        world.put(D + "20:00", answered(id_, "professional-satisfaction", mark, D + "20:00", author=org(who)))

    result = world.kpi("K-18", DAY)

    assert values(result) == {"mean": Fraction(19, 3), "response-rate": Fraction(2, 4)}
    cells = {cell.about[0][1]: cell for cell in result.cells[1:]}
    assert cells["vvt"].figure("response-rate").value == Fraction(1, 2)


def test_19_tracks(world: World) -> None:
    def track(id_: str, start: str, end: str = "", **others: Any) -> dict[str, Any]:
        period = {"start": start} | ({"end": end} if end else {})
        return request(
            id_, start + " 09:00", category=[coded(FACT, "preventive-track")],
            requisition={"value": "n1"}, occurrencePeriod=period, **others,
        )  # fmt: skip

    review: dict[str, Any] = {"code": coded(FACT, "track-review"), "restriction": {"period": {"end": "2024-04-20"}}}
    world.put("2023-11-01 09:00", track("in-time", "2023-11-01"))
    world.put("2023-09-01 09:00", track("too-long", "2023-09-01"))
    world.put("2024-04-01 09:00", track("new", "2024-04-01"), request("no-track", "2024-04-01 09:00"))
    world.put(D + "10:00", track("in-time", "2023-11-01", "2024-04-12", status="completed"))
    world.put(D + "10:05", task("t", request="in-time", **review))
    world.put(D + "10:10", task("t", "completed", request="in-time", **review))

    result = world.kpi("K-19", DAY)

    assert values(result)["active"] == 3
    ended, reviewed = result.whole.figure("ended-in-time"), result.whole.figure("reviewed-in-time")
    assert (ended.part, ended.n) == (1, 2)
    assert (reviewed.part, reviewed.n) == (0, 0)  # not due within the day
    month = world.kpi("K-19", window(date(2024, 4, 1), date(2024, 5, 1))).whole.figure("reviewed-in-time")
    assert (month.part, month.n) == (1, 1)


def test_20_holds_that_expired_and_minutes_without_use(world: World) -> None:
    zcc = Caller("00000003", "zcc")
    slot = {"resourceType": "Slot", "schedule": {"reference": "Schedule/x"}, "status": "free"}
    times = {"start": when(D + "08:00").isoformat(), "end": when("2024-04-13 08:00").isoformat()}
    measured = {"extension": [extension("capacity-measured-at", valueDateTime=when(D + "09:00").isoformat())]}
    world.put(D + "08:59", request("r", D + "08:59", priority="stat"))
    world.put(D + "08:59", *({**slot, **times, **measured, "id": id_} for id_ in ("s1", "s2")))
    world.now = when(D + "09:00")
    for id_ in ("s1", "s2"):
        transact([holds.hold(id_, "ServiceRequest/r", None, zcc, world.to, None)], zcc, world.to)
    world.now = when(D + "09:05")
    transact([holds.release("s1", zcc, world.to, None)], zcc, world.to)
    world.now = when(D + "09:15")
    holds.end_due(world.to)

    result = world.kpi("K-20", DAY)

    expired = result.whole.figure("expired")
    assert (expired.part, expired.n, values(result)["minutes-unused"]) == (1, 2, 20)


def test_21_bed_days_of_who_is_ready_and_waits_also_over_the_day_of_25_hours(world: World) -> None:
    out = [coded(f"{OURS}/CodeSystem/referral-direction", "uit")]
    world.put("2024-10-20 09:00", request("a", "2024-10-20 09:00", category=out, occurrenceDateTime="2024-10-21"))
    world.put("2024-10-27 09:00", request("b", "2024-10-27 09:00", category=out, occurrenceDateTime="2024-10-27"))
    world.put("2024-10-27 09:00", request("in", "2024-10-27 09:00"), task("t", request="b"))
    world.put("2024-10-27 20:30", task("t", "accepted", request="b"))  # 11,5 of its 25 hours

    result = world.kpi("K-21", window(date(2024, 10, 27), date(2024, 10, 28)), at="2024-12-01 00:00")

    assert values(result)["waiting"] == 1
    assert float(values(result)["bed-days"]) == pytest.approx(1 + 11.5 / 25)


def test_22_minutes_in_which_everything_succeeded(world: World) -> None:
    paths = ("board-read", "capacity-write", "referral-write")
    for number, took in enumerate([(10, 10, 10), (10, 9000, 10), (10, 10, None)]):
        components = [
            {"code": coded(FACT, path), **({} if ms is None else {"valueQuantity": {"value": ms, "unit": "ms"}})}
            for path, ms in zip(paths, took, strict=True)
        ]
        at = when(f"{D}12:0{number}")
        world.put(
            D + "13:00",
            {
                "resourceType": "Observation", "id": f"o{number}", "status": "final", "code": coded(FACT, "probe"),
                "effectiveInstant": at.isoformat(), "component": components,
            },
        )  # fmt: skip

    result = world.kpi("K-22", (NOON, NOON + 5 * MINUTE))

    assert values(result) == {"available": Fraction(1, 3)}
    assert dict(result.reasons) == {"not-probed": 2}


def test_an_order_for_a_test_and_a_track_are_no_requests_for_a_place(world: World) -> None:
    asked(world, "r", "accepted")
    order = request("order", D + "09:00")
    del order["extension"]
    track = request("track", D + "09:00", category=[coded(FACT, "preventive-track")])
    review = task("review", "completed", request="track")
    del review["owner"]
    world.put(D + "09:00", order, track, review)

    result = world.kpi("K-05", DAY)

    assert (result.whole.n, values(result)["open"]) == (1, 0)


def test_02_hours_are_those_of_the_clock_in_the_netherlands(world: World) -> None:
    hours = [{"daysOfWeek": ["fri"], "availableStartTime": "08:00:00", "availableEndTime": "18:00:00"}]
    world.put(D + "07:00", site("A", "ziekenhuis"))
    said = stop("stop", D + "17:00", D + "23:00")
    world.put(
        D + "17:00", service("a", "seh", by="ziekenhuis", at="A", measured=D + "17:00", stop=said, availableTime=hours)
    )

    assert values(world.kpi("K-02", DAY))["minutes"] == 60


def test_08_of_two_sources_of_one_cell_the_last_to_speak_counts_and_it_is_told(world: World) -> None:
    world.put(D + "12:00", site("a"))
    for name, source, places, measured in (("s1", "vvt", 10, "11:58"), ("s2", "rtp", 30, "11:59")):
        one = service(name, "ic", at="a", measured=D + measured, counts={"staffed": places})
        one["extension"][0]["valueString"] = source
        world.put(D + "12:00", one)

    result = world.kpi("K-10", (NOON, NOON + MINUTE))

    assert dict(result.reasons)["reported-twice"] == 1
    assert result.whole.figure("fresh").n == 1


def test_a_number_of_an_organisation_is_no_number_of_a_patient(world: World) -> None:
    world.partner_of("other", "11122233", kind="vvt")
    world.put(D + "12:00", site("a", "11122233"), service("s", "ic", by="11122233", at="a", measured=D + "12:00"))
    result = world.kpi("K-11", DAY)

    freeze([result], OPERATOR, world.to)
