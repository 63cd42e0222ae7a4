"""Tables: a row is mapped by itself, a broken one is told and never stops the file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.errors import MalformedMessage, MappingFailed, UnsupportedMessage
from gateway.mapping.library import Library
from gateway.mapping.mapped import Mapped
from gateway.mapping.run import run
from gateway.mapping.tables import CHUNK
from tests.mapping.writing import written

HEAD = """\
map: https://msb-gateway.example/fhir/StructureMap/table
version: 1.0.0
source: {format: csv, columns: [Plek, Vrij], timezone: Europe/Amsterdam, aliases: {Vrij: [Beschikbaar]}}
each: record
"""
BODY = """\
let:
  place: record.Plek
  when: record['Per wanneer']
require:
  - {that: place.exists(), say: "Plek is empty"}
emit:
  - resourceType: Location
    id: "{{ id('place', place) }}"
    name: "{{ place }}"
    alias: ["{{ record.Vrij.decimal().toString() }}", "{{ when.toDate() }}"]
"""
RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return written(tmp_path, BODY, head=HEAD)


def taken(library: Library, *rows: str, header: str = "Plek;Vrij;Per wanneer") -> list[Mapped]:
    data = "\r\n".join([header, *rows, ""]).encode()
    return list(run(library, data, provider="dev", content_type="text/csv", received_at=RECEIVED))


def names(found: list[Mapped]) -> list[str]:
    return [resource["name"] for mapped in found for resource, _, _ in mapped.resources]


def test_each_row_becomes_its_resources(library: Library) -> None:
    (found,) = taken(library, "A;2;", 'B;"0,5";12-4-2024')

    assert [r["alias"] for r, _, _ in found.resources] == [["2"], ["0.5", "2024-04-12"]]
    assert (found.rows, list(found.issues)) == (2, [])


def test_columns_stand_in_any_order_and_under_their_other_names(library: Library) -> None:
    (found,) = taken(library, "3;A", header="Beschikbaar;Plek")

    assert [r["alias"] for r, _, _ in found.resources] == [["3"]]


def test_a_broken_row_is_set_apart_and_told_with_row_and_column(library: Library) -> None:
    (found,) = taken(library, "A;2;", "B;veel;morgen", ";1;", "C;3;")

    assert names([found]) == ["A", "C"]
    assert [(i.code, i.severity, i.place.path if i.place else "", i.value) for i in found.issues] == [
        ("bad-value", "error", 'row 3 column "Vrij"', "veel"),
        ("bad-value", "error", 'row 3 column "Per wanneer"', "morgen"),
        ("row-quarantined", "error", "row 3", None),
        ("ragged-row", "warning", "row 4", None),
        ("required-missing", "error", 'row 4 column "Plek"', None),
        ("row-quarantined", "error", "row 4", None),
    ]  # fmt: skip
    assert found.rows == 2
    assert not any("veel" in str(issue) for issue in found.issues)


def test_a_file_of_which_half_is_broken_gives_the_other_half(library: Library) -> None:
    rows = [f"place {n};{n if n % 2 else 'x'};" for n in range(1000)]

    found = taken(library, *rows)

    assert names(found) == [f"place {n}" for n in range(1, 1000, 2)]
    assert sum(issue.code == "row-quarantined" for mapped in found for issue in mapped.issues) == 500


def test_a_long_file_becomes_chunks(library: Library) -> None:
    found = taken(library, *(f"{n};1;" for n in range(CHUNK * 2 + 1)))

    assert [mapped.rows for mapped in found] == [CHUNK, CHUNK, 1]


def test_a_row_that_contradicts_an_earlier_one_is_told_and_the_last_one_holds(library: Library) -> None:
    (found,) = taken(library, "A;1;", "A;1;", "A;2;")

    assert [r["alias"] for r, _, _ in found.resources] == [["2"]]
    assert [(i.code, i.severity, i.place.path if i.place else "") for i in found.issues] == [
        ("duplicate-resource", "warning", "row 4")
    ]


def test_every_row_has_its_trace(library: Library) -> None:
    (found,) = taken(library, "A;1;", "B;2;")

    assert [str(place) for entry in found.trace.explain("Location.name") for place, _ in entry.sources] == [
        'row 2 column "Plek" (line 2, byte 23)', 'row 3 column "Plek" (line 3, byte 29)',
    ]  # fmt: skip


def test_on_error_fail_refuses_the_whole_file(tmp_path: Path) -> None:
    library = written(tmp_path, BODY, head=HEAD + "on-error: fail\n")

    with pytest.raises(MappingFailed) as raised:
        taken(library, "A;1;", "B;x;")

    assert [issue.code for issue in raised.value.issues] == ["bad-value", "row-quarantined"]


def test_a_table_that_no_mapping_knows_is_refused(library: Library) -> None:
    with pytest.raises(UnsupportedMessage, match="no mapping accepts this table of 2 columns"):
        taken(library, "1;2", header="Kamer;Bed")


def test_a_table_without_rows_is_taken_without_resources(library: Library) -> None:
    found = taken(library)

    assert [mapped.resources for mapped in found] == [[]]


def test_what_is_no_table_is_malformed(library: Library) -> None:
    with pytest.raises(MalformedMessage):
        list(run(library, b"", provider="dev", content_type="text/csv", received_at=RECEIVED))


@pytest.mark.slow
def test_forty_thousand_rows_are_taken_in_a_stream(library: Library) -> None:
    data = b"Plek;Vrij\r\n" + b"".join(b"plek %d;%d\r\n" % (n, n % 7) for n in range(40_000))

    assert sum(mapped.rows for mapped in run(library, data, received_at=RECEIVED, trace=False)) == 40_000
