"""The bed extract of Ziekenhuis Duinrand lists all beds of a site, by its overlay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import report
from gateway.errors import Conflict, MappingFailed
from gateway.ingest import Ingested
from gateway.mapping.library import Library
from gateway.services import Services
from tests.inbox.lists import picture, take
from tests.mapping.writing import written
from tests.shared import SHARED

HEADER = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Specialisme;Categorie;Label;Isolatie;Beademing;Operationeel;Peilmoment"


def row(bed: int, state: str, at: str, *, site: str = "DUINRAND-W") -> str:
    return f"{site};IC;IC1;{bed};{state};INT;IC-VOLW;IC non-Covid;N;J;J;{at}"


def extract(*rows: str) -> bytes:
    return ("\ufeff" + "\r\n".join((HEADER, *rows)) + "\r\n").encode()


def sent(data: bytes, to: Services) -> Ingested:
    return take(data, to, "duinrand")


def statuses(to: Services) -> dict[str, str]:
    return {path.split("/")[-1]: status for path, (status, _) in picture(to).items()}


NOW, FIVE_MINUTES_LATER, YESTERDAY = "05-01-2026 09:40", "05-01-2026 09:45", "04-01-2026 09:40"
FOUR = [row(bed, "VRIJ", NOW) for bed in (1, 2, 3, 4)]


def test_a_bed_that_the_next_extract_does_not_list_is_closed(services: Services) -> None:
    sent(extract(*FOUR), services)
    ingested = sent(extract(*(row(bed, "VRIJ", FIVE_MINUTES_LATER) for bed in (1, 2, 3))), services)

    assert statuses(services) == {"1": "free", "2": "free", "3": "free", "4": "busy-unavailable"}
    assert "ontbreekt een bed dat eerder wel in de lijst stond" in report.text(ingested, "nl")


def test_another_site_of_the_hospital_says_nothing_of_these_beds(services: Services) -> None:
    sent(extract(*FOUR), services)
    sent(extract(row(9, "VRIJ", FIVE_MINUTES_LATER, site="DUINRAND-Z")), services)

    assert set(statuses(services).values()) == {"free"}


def test_the_file_of_yesterday_is_refused(services: Services) -> None:
    sent(extract(*FOUR), services)
    before = picture(services)
    ingested = sent(extract(*(row(bed, "BEZET", YESTERDAY) for bed in (1, 2, 3))), services)

    assert isinstance(ingested.refusal, Conflict)
    assert "deze lijst zegt hoe het was op 04-01-2026 09:40" in report.text(ingested, "nl")
    assert picture(services) == before


@pytest.mark.parametrize(
    "half", [extract(row(1, "VRIJ", FIVE_MINUTES_LATER)), extract(*FOUR)[:-25]], ids=["a quarter", "cut in a row"]
)
def test_half_a_file_is_refused(services: Services, half: bytes) -> None:
    sent(extract(*FOUR), services)
    before = picture(services)
    ingested = sent(half, services)

    assert isinstance(ingested.refusal, MappingFailed)
    assert "(in het Engels)" not in report.text(ingested, "nl")
    assert picture(services) == before


def test_the_same_file_again_changes_nothing(services: Services) -> None:
    sent(extract(*FOUR), services)
    before = picture(services)
    sent(extract(*FOUR), services)

    assert picture(services) == before


def test_the_extract_of_the_test_data_and_one_bed_less(services: Services) -> None:
    if SHARED is None:
        pytest.skip("the shared test data is not here")
    to = replace(services, clock=lambda: datetime(2024, 4, 12, 6, 20, tzinfo=UTC))
    data = (SHARED / "data/feeds/F03_bedextract_5min.csv").read_bytes()
    sent(data, to)
    bed = "DUINRAND-W/IC/IC1/2"
    before = picture(to)[bed]
    lines = data.replace(b"08:15", b"08:20").splitlines(keepends=True)
    ingested = sent(b"".join([*lines[:2], *lines[3:]]), to)  # without bed 2, which is free

    assert ingested.refusal is None
    assert (before[0], picture(to)[bed][0]) == ("free", "busy-unavailable")


def test_an_overlay_can_only_call_tables_of_beds_lists_of_all_beds(tmp_path: Path) -> None:
    overlay = "provider: zuid\norganisation: {name: Zuid}\nsnapshot: {%s: close}\n"

    def said(name: str) -> str:
        folder = tmp_path / name.replace("/", "-")
        (folder / "providers").mkdir(parents=True)
        (folder / "providers" / "zuid.yaml").write_text(overlay % name)
        csv = "map: https://example.org/StructureMap/w\nversion: 1.0.0\nsource: {format: csv, columns: [A]}\n"
        body = 'emit: [{resourceType: Basic, id: "{{ id(\'a\', record.A) }}", code: {text: "{{ record.A }}"}}]\n'
        library: Library = written(folder, body, head=csv, name="counts")
        library.check()
        return "; ".join(str(issue) for issue in library.problems.issues)

    assert "no mapping of a table is called 'csv/count'; did you mean 'csv/counts'?" in said("csv/count")
    assert "'csv/counts' makes no beds" in said("csv/counts")
