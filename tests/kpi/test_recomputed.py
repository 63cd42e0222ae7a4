"""The same answer at any time: what is computed anew, what came late, what was frozen, and who sees what of it."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from gateway import query
from gateway.access.policy import Caller, development_caller
from gateway.errors import BadRequest, Conflict, ResourceNotFound
from gateway.fhir.json import decode, encode
from gateway.kpi.freezing import freeze
from gateway.kpi.measured import measure_report
from gateway.kpi.results import Cell, Figure, Result, for_outsiders
from gateway.kpi.seeing import seen_by
from gateway.kpi.spans import window
from gateway.kpi.told import row
from gateway.report import indicators
from gateway.services import Services
from gateway.store import Identity, open_store
from gateway.transact import Delete, Patch, Put, transact
from gateway.validation import Validator
from tests import keys
from tests.kpi.worlds import World, request, service, site, stop, task, values

DAY = window(date(2024, 4, 12), date(2024, 4, 13))
D = "2024-04-12 "


@pytest.fixture
def world(services: Services) -> World:
    return World(services)


def placed(world: World, id_: str, at: str = "09:10", **others: Any) -> None:
    world.put(D + "09:00", request(id_, D + "09:00", **others), task(id_))
    world.put(D + at, task(id_, "accepted"))


def bytes_of(result: Result) -> bytes:
    return encode({**row(result), "computedAt": None, "known": None})


def test_the_same_whenever_it_is_computed_and_what_comes_after_it_settled_changes_nothing(world: World) -> None:
    for number in range(3):
        placed(world, f"r{number}")
    world.put(D + "10:00", request("open", D + "10:00"), task("open"))
    first = bytes_of(world.kpi("K-05", DAY, at="2024-04-17 00:00"))

    world.put("2024-04-20 09:00", task("open", "accepted"), request("new", "2024-04-20 09:00"))
    world.put("2024-04-20 10:00", task("r0", "completed"))

    assert bytes_of(world.kpi("K-05", DAY, at="2024-04-21 00:00")) == first
    assert bytes_of(world.kpi("K-05", DAY, at="2025-04-21 00:00")) == first


def test_what_comes_late_about_the_period_changes_what_is_computed_and_not_what_was_known(world: World) -> None:
    world.put(D + "08:00", site("A", "ziekenhuis"))
    said = service("a", "seh", by="ziekenhuis", at="A", measured=D + "08:00", stop=stop("open", D + "08:00"))
    world.put(D + "08:00", said)
    before = world.kpi("K-02", DAY, at="2024-04-14 00:00")
    late = service(
        "b", "seh", by="ziekenhuis", at="A", measured=D + "11:00", stop=stop("stop", D + "10:00", D + "11:00")
    )

    world.put("2024-04-15 09:00", late)

    assert values(before)["minutes"] == 0
    assert values(world.kpi("K-02", DAY, at="2024-04-16 00:00"))["minutes"] == 60
    as_was = world.kpi("K-02", DAY, at="2024-04-16 00:00", known="2024-04-14 00:00")
    assert bytes_of(as_was) == bytes_of(before)


def test_what_was_frozen_stays_and_nobody_changes_it(world: World) -> None:
    placed(world, "r")
    result = world.kpi("K-05", DAY, at="2024-04-17 00:00")
    (id_,) = freeze([result], development_caller(), world.to)
    stored = world.to.store.read(Identity("MeasureReport", id_))
    assert stored is not None
    assert decode(stored.body)["status"] == "complete"

    said = {"lastModified": "2024-04-12T09:30:00+02:00"}
    world.put("2024-04-18 09:00", request("late", D + "09:00"), task("late", "accepted", **said))
    again = world.kpi("K-05", DAY, at="2024-04-19 00:00")

    assert values(again)["median"] != values(result)["median"] or again.whole.n != result.whole.n
    with pytest.raises(Conflict, match="frozen before"):
        freeze([again], development_caller(), world.to)
    for op in (
        Put(measure_report(again, id_)),
        Delete("MeasureReport", id_),
        Patch("MeasureReport", id_, lambda one: {**one, "status": "error"}),
    ):
        with pytest.raises(Conflict, match="nobody changes or deletes it"):
            transact([op], development_caller(), world.to)
    unchanged = world.to.store.read(Identity("MeasureReport", id_))
    assert unchanged is not None
    assert unchanged.body == stored.body


def test_what_still_counts_is_not_frozen(world: World) -> None:
    placed(world, "r")

    with pytest.raises(Conflict, match="still counts"):
        freeze([world.kpi("K-05", DAY, at="2024-04-13 00:00")], development_caller(), world.to)


def test_what_is_deleted_by_retention_changes_no_figure(world: World) -> None:
    placed(world, "r")
    before = bytes_of(world.kpi("K-05", DAY, at="2024-04-17 00:00"))

    world.now = world.now.replace(year=2025)
    transact([Delete("Task", "r"), Delete("ServiceRequest", "r")], development_caller(), world.to)

    assert bytes_of(world.kpi("K-05", DAY, at="2025-04-20 00:00")) == before


def test_a_region_has_its_own_figures(world: World) -> None:
    placed(world, "a")
    placed(world, "b", by="ander")

    assert world.kpi("K-05", DAY, region="west/haaglanden").whole.n == 1
    assert world.kpi("K-05", DAY, region="west").whole.n == 2
    assert world.kpi("K-05", DAY, region="oost").whole.n == 0


def cell(about: str, n: int, providers: int = 3, owner: str = "x") -> Cell:
    named = (("care", about),) if about else ()
    return Cell(named, n, providers, (Figure("share", 1, n, n),), frozenset({owner}))


def hidden(result: Result) -> set[str]:
    return {one.about[0][1] if one.about else "" for one in result.cells if one.hidden}


def test_others_see_no_small_cells_and_cannot_work_them_out(world: World) -> None:
    placed(world, "r")
    found = world.kpi("K-06", DAY, region="west")
    result = replace(found, cells=(cell("", 40), cell("few", 4), cell("next", 6), cell("many", 30)))

    assert hidden(for_outsiders(result)) == {"few", "next"}  # 40 - 6 - 30 would tell the 4
    two = replace(result, cells=(cell("", 40), cell("few", 4), cell("one", 20, providers=1), cell("many", 16)))
    assert hidden(for_outsiders(two)) == {"few", "one"}
    assert hidden(for_outsiders(replace(result, cells=(cell("", 30), cell("all", 30))))) == set()
    told = json.dumps(row(for_outsiders(result)), default=str)
    assert ('"n": "<5"' in told, '"n": "*"' in told) == (True, True)
    assert '"n": 4,' not in told


def test_who_runs_the_region_and_who_it_is_about_see_small_cells(world: World) -> None:
    placed(world, "r")
    found = world.kpi("K-06", DAY, region="west/gouda")
    result = replace(found, cells=(cell("", 40), cell("a", 2, owner="mine"), cell("b", 3), cell("c", 35)))
    zcc = Caller("1", "zcc", partner="zcc", role="zcc", regions=frozenset({"west"}))

    assert hidden(seen_by(result, zcc)) == set()
    assert hidden(seen_by(result, development_caller())) == set()
    assert hidden(seen_by(result, replace(zcc, regions=frozenset({"oost"})))) == {"a", "b"}
    assert hidden(seen_by(replace(result, region=""), zcc)) == {"a", "b"}
    assert hidden(seen_by(result, replace(zcc, role="vvt", organisation="mine"))) == {"b", "c"}


def test_reports_are_valid_and_say_what_is_hidden(world: World) -> None:
    for number in range(6):
        placed(world, f"r{number}")
    placed(world, "few", care="grz")
    result = world.kpi("K-05", DAY)

    whole, outside = measure_report(result), measure_report(for_outsiders(result))

    for report in (whole, outside):
        decoded = decode(encode(report))
        assert [issue for issue in Validator().issues(decoded) if issue.severity in {"error", "warning"}] == []
    assert whole["group"][0]["measureScore"]["value"] == 10
    masked = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]
    by_care = outside["group"][0]["stratifier"][1]["stratum"]
    assert [one["measureScore"]["extension"] for one in by_care] == [masked, masked]  # the few, and who would tell them
    assert "count" not in by_care[0]["population"][0]
    assert (whole["measure"], whole["period"]["end"]) == (
        "https://msb-gateway.example/fhir/Measure/K-05|1.0.0",
        "2024-04-12T23:59:59.999+02:00",
    )


def test_a_table_has_a_row_for_each_figure_and_no_formula_in_it(world: World) -> None:
    world.put(D + "08:00", site("=A1", "ziekenhuis") | {"id": "A"})
    placed(world, "r", care="=cmd")

    rows = list(csv.reader(StringIO(indicators.table([world.kpi("K-05", DAY)], "nl")), delimiter=";"))

    assert rows[0][:3] == ["kpi", "versie", "van"]
    assert {len(one) for one in rows} == {16}
    assert rows[1][:8] == [
        "K-05",
        "1.0.0",
        "2024-04-12T00:00:00+02:00",
        "2024-04-13T00:00:00+02:00",
        "",
        "",
        "mediaan",
        "10",
    ]
    assert not any(value.startswith(("=", "+", "@")) for one in rows for value in one)


def test_a_text_in_dutch(world: World) -> None:
    placed(world, "r")

    told = indicators.text([world.kpi("K-05", DAY)], "nl")

    assert "K-05 Tijd tot plaatsing (1.0.0)" in told
    assert "periode: 2024-04-12T00:00:00+02:00 - 2024-04-13T00:00:00+02:00; alle regio's" in told
    assert "kwaliteit: beperkt: aankomst niet vastgelegd (1)" in told
    assert "mediaan 10 min, p90 10 min" in told


def test_no_patient_is_in_what_is_told(world: World) -> None:
    bsn = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900043"}}
    placed(world, "r", subject=bsn)

    for number in ("K-05", "K-16", "K-06"):
        result = world.kpi(number, DAY)
        every = indicators.json([result]) + indicators.bundle([result]) + indicators.table([result], "en")
        assert "999900043" not in every + indicators.text([result], "nl")


def test_a_period_that_has_not_begun_is_refused(world: World) -> None:
    with pytest.raises(BadRequest):
        world.kpi("K-05", window(date(2024, 7, 1), date(2024, 7, 2)))


def test_a_snapshot_belongs_to_nobody_so_no_partner_sees_it(world: World) -> None:
    placed(world, "r")
    (id_,) = freeze([world.kpi("K-05", DAY)], development_caller(), world.to)

    world.to.registry.partners()
    for name in ("vvt", "hap", "ander"):
        partner = world.to.registry.partners().get(name)
        assert partner is not None
        caller = world.to.registry.granted(partner.caller(["system/*.cruds"]), world.now)
        with pytest.raises(ResourceNotFound):
            query.read("MeasureReport", id_, caller, world.to)


def test_of_a_sealed_store_the_figures_are_the_same(database_url: str, services: Services, tmp_path: Path) -> None:
    with closing(open_store(database_url, durability="normal", seals=keys.seals(keys.key_file(tmp_path)))) as store:
        world = World(replace(services, store=store))
        bsn = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": "999900043"}}
        for name in ("a", "b"):
            placed(world, name, subject=bsn)

        results = [world.kpi(number, DAY) for number in ("K-05", "K-16")]

    assert (values(results[0])["median"], values(results[1])["doubled"]) == (10, 2)
