"""How long a figure counts: the table that ships, that of a region, the clock of a night that has an hour too many."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_app
from gateway.data import shipped
from gateway.errors import BadSettings
from gateway.fhir.json import decode
from gateway.services import Services
from gateway.settings.ages import Figure, ages, read
from gateway.store import Identity
from gateway.store.records import microseconds, moment
from gateway.transact import Put, transact
from tests.conftest import NOW
from tests.rest.test_stale import CALLER, EXTENSION, slot

HEAD = "table: freshness\nversion: 2\nowner: ROAZ Test\nstatus: active\nzone: Europe/Amsterdam\n"
UNKNOWN = "  unknown: {fresh: 1, stale: 2}\n"


def table(tmp_path: Path, kinds: str = UNKNOWN, rules: str = "[]") -> Path:
    path = tmp_path / "ages.yaml"
    path.write_text(f"{HEAD}kinds:\n{kinds}rules: {rules}\n", encoding="utf-8")
    return path


def told(kind: str, at: str) -> list[str]:
    """Return both moments of what is so at a moment, as a clock in Amsterdam shows them."""
    known = ages(None)
    found = known.moments(kind, microseconds(datetime.fromisoformat(at).astimezone(UTC)))
    return [moment(one).astimezone(known.zone).isoformat(timespec="minutes") for one in found]


@pytest.mark.parametrize(
    ("kind", "minutes"),
    [("ehr", (10, 30)), ("ambulance", (5, 15)), ("crisis", (30, 90)), ("manual", (240, 720)), ("unknown", (5, 15))],
)
def test_minutes_are_those_of_the_kind(kind: str, minutes: tuple[int, int]) -> None:
    assert ages(None).moments(kind, 0) == tuple(each * 60_000_000 for each in minutes)


@pytest.mark.parametrize(
    ("kind", "at", "fresh", "stale"),
    [
        ("daily", "2026-01-05T10:00+01:00", "2026-01-06T00:00+01:00", "2026-01-06T10:00+01:00"),
        ("daily", "2026-01-05T00:00+01:00", "2026-01-06T00:00+01:00", "2026-01-06T10:00+01:00"),
        ("daily", "2026-03-28T10:00+01:00", "2026-03-29T00:00+01:00", "2026-03-29T10:00+02:00"),
        ("daily", "2026-10-25T02:30+02:00", "2026-10-26T00:00+01:00", "2026-10-26T10:00+01:00"),
        ("daily", "2026-10-24T10:00+02:00", "2026-10-25T00:00+02:00", "2026-10-25T10:00+01:00"),
        ("district-nursing", "2026-01-05T08:15+01:00", "2026-01-05T12:00+01:00", "2026-01-05T17:00+01:00"),
        ("district-nursing", "2026-01-05T12:00+01:00", "2026-01-05T17:00+01:00", "2026-01-05T23:00+01:00"),
        ("district-nursing", "2026-03-28T23:30+01:00", "2026-03-29T07:00+02:00", "2026-03-29T12:00+02:00"),
        ("district-nursing", "2026-10-25T02:30+01:00", "2026-10-25T07:00+01:00", "2026-10-25T12:00+01:00"),
        ("district-nursing", "2026-01-05T02:00+01:00", "2026-01-05T07:00+01:00", "2026-01-05T12:00+01:00"),
    ],
)
def test_days_and_their_parts_are_those_of_amsterdam(kind: str, at: str, fresh: str, stale: str) -> None:
    assert told(kind, at) == [fresh, stale]


@pytest.mark.parametrize(
    ("figure", "kind"),
    [
        (Figure(provided="ehr"), "ehr"),
        (Figure(provided="ehr", method="manual"), "manual"),
        (Figure(provided="ehr", care=frozenset({"wijkverpleging-acuut"}), method="manual"), "district-nursing"),
        (Figure(provided="ehr", care=frozenset({"micu"})), "ambulance"),
        (Figure(provided="manual", care=frozenset({"hap-visite"})), "crisis"),
        (Figure(provided="ehr", is_of_day=True), "daily"),
        (Figure(provided="ehr", mapping="xml/daily_figures"), "daily"),
        (Figure(provided="what is it"), "unknown"),
        (Figure(), "unknown"),
    ],
)
def test_a_kind_follows_from_what_is_known_of_a_figure(figure: Figure, kind: str) -> None:
    assert ages(None).kind(figure) == kind


def test_the_table_that_ships_says_whose_it_is() -> None:
    assert (ages(None).owner, ages(None).version) == ("Netwerk Acute Zorg West", "0.1.0")
    assert (shipped("profiles") / "tables" / "freshness.yaml").is_file()


def test_the_table_of_a_region_holds_in_place_of_ours(services: Services, tmp_path: Path) -> None:
    rules = '[{source: dev, method: automatic, kind: "night"}]'
    path = table(tmp_path, UNKNOWN + "  night: {fresh: 60, stale: 90}\n", rules)
    to = replace(services, settings=replace(services.settings, freshness=path))
    transact([Put(slot(NOW)), Put(slot(NOW, "s2", method="manual"))], CALLER, to)

    assert [_stale_at(to, id_) for id_ in ("s1", "s2")] == ["2026-01-05T10:30:00.000+00:00", "2026-01-05T09:02:00.000+00:00"]  # fmt: skip  # noqa: E501


def test_nothing_counts_longer_than_its_source_says(services: Services) -> None:
    until = {"url": f"{EXTENSION}capacity-valid-until", "valueDateTime": "2026-01-05T17:30:00+01:00"}
    place = slot(NOW, method="manual")
    place["extension"].append(until)
    transact([Put(place)], CALLER, services)

    assert _stale_at(services, "s1") == "2026-01-05T16:30:00.000+00:00"


@pytest.mark.parametrize(("minutes", "basis"), [(-2, "source"), (-3, "clock-skew"), (3, "source")])
def test_a_moment_that_has_yet_to_come_counts_as_that_of_receipt(services: Services, minutes: int, basis: str) -> None:
    said = moment(microseconds(NOW) - minutes * 60_000_000)
    transact([Put(slot(said))], CALLER, services)

    assert _said(services, "s1")["basis"] == basis
    counts = NOW if basis == "clock-skew" else said
    assert _stale_at(services, "s1") == moment(microseconds(counts) + 30 * 60_000_000).isoformat(
        timespec="milliseconds"
    )


@pytest.mark.parametrize(
    ("kinds", "rules", "texts"),
    [
        ("  Ehr: {fresh: 9, stale: 5}\n" + UNKNOWN, "[]", ["small letters", "minutes"]),
        (UNKNOWN + '  day: {until: "25:00"}\n', "[]", ["HH:MM"]),
        (UNKNOWN + '  parts: {parts: ["12:00", "07:00"]}\n', "[]", ["in order"]),
        (UNKNOWN + "  other: {stale: 7}\n", "[]", ["a kind says"]),
        ("  ehr: {fresh: 1, stale: 2}\n", "[]", ["kinds.unknown says"]),
        ("  unknown: {fresh: 9, stale: 90}\n  ehr: {fresh: 5, stale: 30}\n", "[]", ["fresh is that", "stale is that"]),
        (UNKNOWN, "[{kind: unknown}]", ["one or more of"]),
        (UNKNOWN, "[{kind: x, precision: hour, care: 3}]", ["one of kinds", "a text", "precision is day"]),
    ],
)
def test_a_table_that_cannot_be_used_stops_the_start_with_all_that_is_wrong(
    services: Services, tmp_path: Path, kinds: str, rules: str, texts: list[str]
) -> None:
    settings = replace(services.settings, freshness=table(tmp_path, kinds, rules))

    with pytest.raises(BadSettings) as caught:
        create_app(replace(services, settings=settings))
    found = [str(issue.diagnostics) for issue in caught.value.issues]
    assert len(found) == len(texts)
    assert all(text in said for text, said in zip(texts, found, strict=True)), found


@pytest.mark.parametrize("content", ["table: [", "", "rules: []", "[]"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ages.yaml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(BadSettings):
        read(path)


def _said(to: Services, id_: str) -> dict[str, Any]:
    stored = to.store.read(Identity("Slot", id_))
    assert stored is not None
    parts = next(one for one in decode(stored.body)["extension"] if one["url"].endswith("freshness"))["extension"]
    return {part["url"]: next(value for name, value in part.items() if name != "url") for part in parts}


def _stale_at(to: Services, id_: str) -> str:
    return str(_said(to, id_)["staleAt"])
