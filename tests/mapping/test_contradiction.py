"""Two rows of one table about the same bed: the newer holds, and of the same moment the one that is not free."""

from datetime import UTC, datetime
from itertools import permutations

import pytest

from gateway.mapping.library import Library
from gateway.mapping.run import run
from gateway.mapping.tables import CHUNK
from tests import conftest

HEADER = "Locatie;Afdeling;Kamer;Bed;Bedstatus;Operationeel;Peilmoment"
RECEIVED = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


@pytest.fixture
def library() -> Library:
    return conftest.library()


def said(library: Library, *rows: tuple[str, str]) -> tuple[str, str, list[str]]:
    lines = [HEADER, *(f"DUINRAND-W;3B;312;1;{state};J;01-09-2026 {clock}" for state, clock in rows), ""]
    (found,) = run(library, "\r\n".join(lines).encode(), provider="duinrand", received_at=RECEIVED)
    made = [resource for resource, _, _ in found.resources]
    slot = next(r for r in made if r["resourceType"] == "Slot")
    bed = next(r for r in made if r["resourceType"] == "Location" and "operationalStatus" in r)
    return slot["status"], bed["operationalStatus"]["code"], [issue.code for issue in found.issues]


@pytest.mark.parametrize("rows", list(permutations([("BEZET", "08:15"), ("VRIJ", "08:15")])))
def test_of_the_same_moment_the_one_that_is_not_free_holds(library: Library, rows: list[tuple[str, str]]) -> None:
    assert said(library, *rows) == ("busy", "O", ["duplicate-resource", "duplicate-resource"])


@pytest.mark.parametrize("rows", list(permutations([("BEZET", "08:15"), ("VRIJ", "07:30"), ("SCHOONMAAK", "08:00")])))
def test_the_newest_holds_in_whichever_order_they_stand(library: Library, rows: list[tuple[str, str]]) -> None:
    assert said(library, *rows)[:2] == ("busy", "O")


def test_a_bed_that_came_free_since_is_free(library: Library) -> None:
    assert said(library, ("BEZET", "08:00"), ("VRIJ", "08:15"))[:2] == ("free", "U")


def test_the_trace_names_the_row_that_holds(library: Library) -> None:
    rows = "DUINRAND-W;3B;312;1;BEZET;J;01-09-2026 08:15\r\nDUINRAND-W;3B;312;1;VRIJ;J;01-09-2026 08:15\r\n"
    (found,) = run(library, f"{HEADER}\r\n{rows}".encode(), provider="duinrand", received_at=RECEIVED)

    (entry,) = found.trace.explain("Slot.status")

    assert entry.value == "busy"
    assert {place.path for place, _ in entry.sources} == {'row 2 column "Bedstatus"'}


def test_rows_that_stand_far_apart_contradict_each_other_too(library: Library) -> None:
    bed = "DUINRAND-W;3B;312;1;{};J;01-09-2026 {}"
    others = [f"DUINRAND-W;3B;400;{n};VRIJ;J;01-09-2026 08:15" for n in range(2 * CHUNK)]
    lines = [HEADER, bed.format("BEZET", "08:15"), *others, bed.format("VRIJ", "07:30"), ""]

    chunks = list(run(library, "\r\n".join(lines).encode(), provider="duinrand", received_at=RECEIVED))

    made = [resource for chunk in chunks for resource, _, _ in chunk.resources]
    (of_bed,) = [r for r in made if r["resourceType"] == "Slot" and r["status"] == "busy"]
    assert [r["status"] for r in made if r["id"] == of_bed["id"] and r["resourceType"] == "Slot"] == ["busy"]
    assert sum(chunk.rows for chunk in chunks) == len(others) + 2
    assert [str(issue.place.path) for issue in chunks[-1].issues if issue.place] == [f"row {len(others) + 3}"]


def test_rows_taken_one_by_one_contradict_each_other_too(library: Library) -> None:
    rows = "DUINRAND-W;3B;312;1;BEZET;J;01-09-2026 08:15\r\nDUINRAND-W;3B;312;1;VRIJ;J;01-09-2026 08:15\r\n"
    (chunk,) = run(library, f"{HEADER}\r\n{rows}".encode(), provider="duinrand", received_at=RECEIVED)
    assert chunk.apart is not None

    apart = list(chunk.apart())

    assert [r["status"] for one in apart for r, _, _ in one.resources if r["resourceType"] == "Slot"] == ["busy"]
