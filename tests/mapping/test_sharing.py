"""What rows of a table share is made once, and nobody can tell."""

from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.fhir.json import encode
from gateway.mapping.compiler.constants import lifted
from gateway.mapping.library import Library
from gateway.mapping.memory import MOST, Memory
from gateway.mapping.run import Messages
from gateway.mapping.tables import CHUNK
from tests.mapping.writing import written

RECEIVED = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
HEAD = """\
map: https://msb-gateway.example/fhir/StructureMap/table
version: 1.0.0
source: {format: csv, columns: [Site, Bed], timezone: Europe/Amsterdam}
each: record
"""
BODY = """\
let:
  site: record.Site.trim().upper()
  path: site & '/' & record.Bed
  at: record.Moment.toDateTime()
  free: record.Free.yes()
  beds: record.Number.decimal()
  parts: record.Note.split(',')
require:
  - {that: site.exists(), say: "Site is empty"}
  - {that: "iif(site.matches('^[0-9]{9}$'), false, true)", say: "a number stands where the site does"}
emit:
  - resourceType: Location
    id: "{{ id('site', site) }}"
    identifier: [{system: "https://x.example/site", value: "{{ site }}"}]
    name: "{{ record.Site }}"
    physicalType: {coding: [{system: "https://x.example/kind", code: si, display: Site}]}
    alias: ["{% for part in parts %}": "{{ part.trim() }}"]
  - resourceType: Slot
    id: "{{ id('slot', path) }}"
    meta: {tag: [{system: "https://x.example/tag", code: fixed}]}
    serviceType:
      - "{% if record.Note.exists() %}":
          {coding: [{code: "{{ record.Note.lower() }}"}], text: "{{ record.Note & site }}"}
    schedule: {reference: "Schedule/{{ id('site', site) }}"}
    status: "{{ iif(free, 'free', 'busy') }}"
    start: "{{ at.toInstant() }}"
    end: "{{ (at + 12 hours).toInstant() }}"
    comment: "{{ beds.toString() & ' ' & iif(free, 'yes', 'no') }}"
"""


@cache
def library() -> Library:
    with TemporaryDirectory() as folder:
        return written(Path(folder), BODY, head=HEAD)


def chunks(rows: list[str]) -> list[Any]:
    job = Messages(library(), library().provider("dev"), RECEIVED)
    data = "\n".join(["Site;Bed;Moment;Free;Number;Note", *rows]).encode()
    return list(job.table(BytesIO(data)))


_ROW = st.tuples(
    st.sampled_from(["", "A", "a ", "B", "999900006"]),
    st.just("bed"),
    st.sampled_from(["05-01-2026 08:15", "2026-01-05 08:15", "05-01-2026", "25-10-2026 02:30", "soon", ""]),
    st.sampled_from(["J", "nee", "1", "", "?"]),
    st.sampled_from(["0,5", "0,50", "0.5", "1", "01", "x", ""]),
    st.sampled_from(["", "note", "NOTE", "1", "a,b", " a , b "]),
)


@given(st.lists(_ROW, max_size=12))
def test_rows_of_one_table_become_what_each_becomes_alone(rows: list[tuple[str, ...]]) -> None:
    numbered = [";".join((site, f"{bed} {n}", *rest)) for n, (site, bed, *rest) in enumerate(rows)]

    together = {
        url: encode(r) for mapped in chunks(numbered) for r, _, url in mapped.resources if r["resourceType"] == "Slot"
    }
    alone = {
        url: encode(r)
        for row in numbered
        for mapped in chunks([row])
        for r, _, url in mapped.resources
        if r["resourceType"] == "Slot"
    }

    assert together == alone


def test_a_number_is_written_as_it_came_though_another_row_has_the_same_in_other_digits() -> None:
    (mapped,) = chunks([f"A;{n};05-01-2026 08:15;J;{number};" for n, number in enumerate(("0,5", "0,50", "0,5"))])

    slots = [r for r, _, _ in mapped.resources if r["resourceType"] == "Slot"]
    assert [slot["comment"] for slot in slots] == ["0.5 yes", "0.50 yes", "0.5 yes"]


def test_every_row_tells_of_its_own_mistake() -> None:
    (mapped,) = chunks(
        ["A;1;soon;J;1;", "A;2;05-01-2026 08:15;J;1;", "A;3;soon;J;1;", "999900006;4;;;;", "999900006;5;;;;"]
    )

    assert [(i.code, i.place and i.place.line) for i in mapped.issues if i.code != "row-quarantined"] == [
        ("bad-value", 2), ("bad-value", 4), ("required-missing", 5), ("required-missing", 6),
    ]  # fmt: skip


def test_what_rows_share_is_one_object_within_a_chunk_and_another_in_the_next() -> None:
    first, second = chunks([f"A;{n};05-01-2026 08:15;J;1;note" for n in range(CHUNK + 1)])

    slots = [r for mapped in (first, second) for r, _, _ in mapped.resources if r["resourceType"] == "Slot"]
    assert slots[0]["serviceType"] is slots[CHUNK - 1]["serviceType"]
    assert slots[0]["serviceType"] is not slots[CHUNK]["serviceType"]
    assert slots[0]["serviceType"] == slots[CHUNK]["serviceType"]


def test_a_function_to_which_nothing_comes_twice_is_left_as_it_is() -> None:
    asked: list[str] = []

    def fresh(text: str) -> str:
        asked.append(text)
        return text

    def steady(text: str) -> str:
        asked.append(text)
        return text

    memory = Memory(MOST)
    once, often = memory.remembered(fresh), memory.remembered(steady)
    for n in range(MOST * 2):
        once(str(n))
        often("same")
    memory.forget()

    assert len(asked) == MOST * 2 + 1
    assert memory.remembered(fresh) is fresh
    assert memory.remembered(steady) is not steady


@pytest.mark.parametrize(
    ("written_", "constants", "left"),
    [
        ("o['a'] = {'b': [1, {'c': 'd'}]}", ["C1 = {'b': [1, {'c': 'd'}]}"], "o['a'] = C1"),
        ("o = {'b': [1]}\no['x'] = y", ["C1 = [1]"], "o = {'b': C1}\no['x'] = y"),
        ("l.append({'é': 'é'}); f(x, ['é'])", ["C1 = ['é']", "C2 = {'é': 'é'}"], "l.append(C2); f(x, C1)"),
        ("o = {}\no['a'] = []", [], "o = {}\no['a'] = []"),
        ("f([1], [1])", ["C1 = [1]"], "f(C1, C1)"),
    ],
)  # fmt: skip
def test_displays_of_constants_are_made_once(written_: str, constants: list[str], left: str) -> None:
    assert lifted(written_, "C") == (constants, left)
