"""A list of all beds closes what it no longer has; half a list and an older one change nothing."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import Conflict, MappingFailed
from gateway.ingest import ingest
from gateway.mapping.overlays import read
from gateway.mapping.spans import Problems
from gateway.services import Services, random_id
from gateway.store import inbox, open_store
from tests.inbox.lists import gateway, picture, row, table, take
from tests.messages import bed_message


@pytest.fixture
def to(services: Services) -> Services:
    return gateway(services)


def statuses(to: Services) -> dict[str, str]:
    return {path.split("/")[-1]: status for path, (status, _) in picture(to).items()}


def resources(to: Services, type_: str) -> list[Any]:
    with to.store.reading() as db:
        sql = "select r.body from current c join resource r on r.key = c.key and r.version = c.version where c.type = ?"
        return [json.loads(bytes(body)) for (body,) in db.rows(sql, (type_,))]


def codes(ingested: Any) -> list[str]:
    return [issue.code for issue in ingested.issues]


def test_a_bed_that_is_listed_no_longer_is_not_offered_and_is_never_deleted(to: Services) -> None:
    take(table([row(1), row(2), row(3)]), to)

    second = take(table([row(1, at="09:45"), row(2, "BEZET", at="09:45")]), to)

    assert second.refusal is None
    assert statuses(to) == {"1": "free", "2": "busy", "3": "busy-unavailable"}
    assert codes(second) == ["bed-not-listed"]
    (bed,) = (one for one in resources(to, "Location") if one["identifier"][0]["value"].endswith("/3"))
    assert (bed["status"], bed["operationalStatus"]["code"]) == ("suspended", "C")
    words = {one["url"].rpartition("/")[2]: one for one in bed["extension"]}
    assert words["capacity-source-word"]["valueString"] == "VRIJ"
    assert words["capacity-measured-at"]["valueDateTime"].startswith("2026-01-05T09:45")


def test_a_bed_that_is_listed_again_is_what_the_list_says(to: Services) -> None:
    for beds, at in (((1, 2), "09:40"), ((1,), "09:45"), ((1, 2), "09:50")):
        take(table([row(bed, at=at) for bed in beds]), to)

    assert statuses(to) == {"1": "free", "2": "free"}


def test_a_bed_that_stays_away_makes_no_more_versions(to: Services) -> None:
    take(table([row(1), row(2)]), to)
    take(table([row(1, at="09:45")]), to)
    before = picture(to)["ZUID/IC/K1/2"]

    third = take(table([row(1, at="09:50")]), to)

    assert picture(to)["ZUID/IC/K1/2"] == before
    assert codes(third) == []


@pytest.mark.parametrize(("provider", "found"), [("zuid-keep", []), ("zuid-report", ["bed-not-listed"]), ("dev", [])])
def test_the_provider_says_what_becomes_of_it(to: Services, provider: str, found: list[str]) -> None:
    take(table([row(1), row(2)]), to, provider)

    second = take(table([row(1, at="09:45")]), to, provider)

    assert codes(second) == found
    assert statuses(to) == {"1": "free", "2": "free"}


def test_only_the_places_that_a_list_is_about_are_closed(to: Services) -> None:
    take(table([row(1), row(2, site="NOORD")]), to)
    take(table([row(3, at="09:45", ward="SEH")]), to)
    assert statuses(to) == {"1": "busy-unavailable", "2": "free", "3": "free"}


def test_a_list_may_be_whole_for_its_wards_or_for_everything(to: Services) -> None:
    for provider in ("zuid-ward", "zuid-all"):
        take(table([row(f"{provider}-1"), row(f"{provider}-2", site="NOORD")]), to, provider)
        take(table([row(f"{provider}-3", at="09:45", ward="SEH")]), to, provider)

    found = statuses(to)

    assert {bed: found[f"zuid-ward-{bed}".upper()] for bed in "123"} == {"1": "free", "2": "free", "3": "free"}
    assert [found[f"ZUID-ALL-{bed}"] for bed in "123"] == ["busy-unavailable", "busy-unavailable", "free"]


BEDS = [row(bed, at="09:45") for bed in range(1, 9)]
HALVES = {
    "the last line is cut": (table([*BEDS[:-1], BEDS[-1][:14]], end=""), "zuid"),
    "the last line is cut in its moment": (table([*BEDS[:-1], BEDS[-1][:-4]], end=""), "zuid"),
    "the last line has no end, as it had before": (table(BEDS, end=""), "zuid"),
    "less than half is left": (table(BEDS[:3]), "zuid"),
    "nothing is left": (table([]), "zuid"),
    "the total is lost": (table(BEDS), "zuid-total"),
    "the total is another": (table([*BEDS, "Totaal;;;9"]), "zuid-total"),
}


@pytest.mark.parametrize(("half", "provider"), HALVES.values(), ids=HALVES.keys())
def test_half_a_list_changes_nothing(to: Services, half: bytes, provider: str) -> None:
    first = [row(bed) for bed in range(1, 9)]
    take(table([*first, "Totaal;;;8"] if provider == "zuid-total" else first), to, provider)
    before = picture(to)
    assert len(before) == 8

    ingested = take(half, to, provider)

    assert isinstance(ingested.refusal, MappingFailed)
    assert codes(ingested) == ["snapshot-incomplete"]
    assert picture(to) == before
    assert [one.state for one in inbox.entered(to.store, limit=1)] == ["refused"]


def test_a_long_list_is_refused_before_the_first_rows_are_stored(to: Services) -> None:
    beds = [row(bed) for bed in range(450)]

    assert take(table([*beds, "ZUID;IC;K1"], end=""), to).refusal is not None

    assert picture(to) == {}


def test_a_list_of_yesterday_is_refused_and_says_which_is_newer(to: Services) -> None:
    take(table([row(1, "BEZET")]), to)

    ingested = take(table([row(1, at="04-01-2026 09:40"), row(2, at="04-01-2026 09:40")]), to)

    assert isinstance(ingested.refusal, Conflict)
    (issue,) = ingested.issues
    assert issue.code == "snapshot-older"
    assert "2026-01-04T09:40+01:00" in issue.diagnostics
    assert "2026-01-05T09:40+01:00" in issue.diagnostics
    assert statuses(to) == {"1": "busy"}


def test_the_same_list_again_gets_the_first_answer_and_has_no_effect(to: Services) -> None:
    take(table([row(1), row(2)]), to)
    lists = table([row(1, at="09:45")]), table([row(1, at="09:50"), row(2, at="09:50")])
    first = take(lists[0], to)
    take(lists[1], to)
    before, rows = picture(to), len(inbox.entered(to.store))

    again = take(lists[0], to)

    assert again.refusal is None
    assert [(one.made, codes(one)) for one in again.messages] == [(one.made, codes(one)) for one in first.messages]
    assert picture(to) == before
    assert len(inbox.entered(to.store)) == rows


def test_what_is_newer_than_the_list_stays(to: Services) -> None:
    beds = [row(bed, site="ZKH_DUINRAND", ward="3B").replace("K1", "312") for bed in (1, 2)]
    take(table(beds), to)
    message = bed_message("1", bed="2", state="H", at="20260105094800")
    assert ingest(message, provider="zuid", content_type=None, caller=development_caller(), to=to).refusal is None

    take(table([beds[0].replace("09:40", "09:45")]), to)

    assert statuses(to) == {"1": "free", "2": "busy-unavailable"}
    (bed,) = (one for one in resources(to, "Location") if one["identifier"][0]["value"].endswith("/2"))
    assert bed["operationalStatus"]["code"] == "H"


def test_a_row_that_cannot_be_read_offers_nothing(to: Services) -> None:
    take(table([row(1), row(2)]), to)

    take(table([row(1, at="09:45"), row(2, "PAARS", at="09:45")]), to)

    assert statuses(to) == {"1": "free", "2": "busy-unavailable"}


def test_two_lists_at_once_leave_the_picture_of_the_newer_one(to: Services, database_url: str) -> None:
    older = table([row(bed, at="09:40") for bed in range(150)])
    newer = table([row(bed, at="09:45") for bed in range(50, 200)])
    stores = [open_store(database_url, durability="normal") for _ in range(2)]
    doors = [replace(to, store=store, new_id=random_id) for store in stores]
    take(table([row(bed, at="09:30") for bed in range(200)]), to)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(take, (older, newer), doors))

    assert answers[1].refusal is None
    assert answers[0].refusal is None or isinstance(answers[0].refusal, Conflict)
    found = statuses(to)
    assert {bed for bed, status in found.items() if status == "free"} == {str(bed) for bed in range(50, 200)}
    assert {found[str(bed)] for bed in range(50)} == {"busy-unavailable"}
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("closed", "must be one of close, keep, report"),
        ("{absent: close, scoop: site}", "has no 'scoop'; did you mean 'scope'?"),
        ("{atLeast: half}", "must be a percentage"),
        ("{scope: bed}", "must be one of everything, site, ward"),
        ("{total: perhaps}", "must be true or false"),
    ],
)
def test_a_setting_that_cannot_be_is_told(said: str, told: str) -> None:
    problems = Problems()

    read(f"provider: zuid\nsnapshot: {{csv/bed_extract: {said}}}\n", "zuid.yaml", "zuid", problems)

    assert [told in str(issue) for issue in problems.issues] == [True]
