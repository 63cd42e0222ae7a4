"""For how long a place is held: the table that ships, that of a region, and one that cannot be used."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gateway.app import create_app
from gateway.data import shipped
from gateway.errors import BadSettings
from gateway.referral.durations import durations, read
from gateway.services import Services
from tests.referral.test_holds import World, request, slot

ELV: dict[str, Any] = {
    "serviceType": [{"coding": [{"system": "https://msb-gateway.example/fhir/CodeSystem/care-type", "code": "elv"}]}]
}
HEAD = "table: hold-durations\nversion: 2\nowner: ROAZ Test\nstatus: active\nrows:\n"


def table(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "holds.yaml"
    path.write_text(HEAD + "".join(f"  - {{{row}}}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("priority", "minutes"), [("stat", 15), ("asap", 30), ("urgent", 60), ("routine", 240), (None, 240)]
)
def test_the_table_that_ships_goes_by_urgency(priority: str | None, minutes: int) -> None:
    known = durations(None)

    assert known.minutes(request(priority=priority), slot()) == minutes
    assert (known.owner, known.version) == ("Netwerk Acute Zorg West", "0.1.0")
    assert (shipped("profiles") / "tables" / "hold-durations.yaml").is_file()


def test_the_first_row_that_fits_holds(tmp_path: Path) -> None:
    known = read(table(tmp_path, "care: elv, priority: stat, minutes: 5", "care: elv, minutes: 7", "minutes: 9"))

    found = [known.minutes(request(priority=p), slot(**care)) for p in ("stat", "asap") for care in (ELV, {})]
    assert found == [5, 9, 7, 9]


def test_the_table_of_a_region_holds_in_place_of_ours(services: Services, tmp_path: Path) -> None:
    path = table(tmp_path, "minutes: 5")
    world = World(replace(services, settings=replace(services.settings, hold_durations=path)))
    world.hold()

    assert world.said()["until"] == "2026-01-05T09:05:00.000+00:00"


@pytest.mark.parametrize(
    ("rows", "texts"),
    [
        (["minutes: 0", "minuten: 5", "priority: soon, minutes: 5", "care: [elv], minutes: true"],
         ["rows[0]: minutes is", "rows[1]: minuten", "rows[1]: minutes is", "rows[2]: priority is",
          "rows[3]: minutes is", "rows[3]: care is", "the last row"]),
        (["priority: stat, minutes: 5"], ["the last row fits everything"]),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_stops_the_start_with_all_that_is_wrong(
    services: Services, tmp_path: Path, rows: list[str], texts: list[str]
) -> None:
    settings = replace(services.settings, hold_durations=table(tmp_path, *rows))

    with pytest.raises(BadSettings) as caught:
        create_app(replace(services, settings=settings))
    found = [issue.diagnostics for issue in caught.value.issues]
    assert len(found) == len(texts)
    assert all(text in said for text, said in zip(texts, found, strict=True)), found


@pytest.mark.parametrize("content", ["table: [", "", "rows: []", "[]"])
def test_a_file_that_is_no_table_is_told(tmp_path: Path, content: str) -> None:
    path = tmp_path / "holds.yaml"
    path.write_text(content, encoding="utf-8")

    with pytest.raises(BadSettings):
        read(path)
