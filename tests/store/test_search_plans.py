"""No search reads a whole table or a whole index: what EXPLAIN says of every statement, on both engines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import pytest

from bench.slots import fill
from gateway.fhir.search import SearchRequest, parse, parse_several, within
from gateway.store import Identity, Store, history, search
from gateway.store.history import Span
from gateway.store.records import Engine
from gateway.store.search import CANDIDATES, Position, Scope
from gateway.store.search.sql import TRUE
from gateway.validation.terms import Terms
from gateway.validation.terms.searched import SearchedCodes

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CODES = SearchedCodes(Terms(None))
IN_A_WINDOW = "start=ge2026-02-01&start=lt2026-02-03"
SHAPES = [
    ("Slot", f"status=free&{IN_A_WINDOW}"),
    ("Slot", f"status=free,busy-tentative&{IN_A_WINDOW}"),
    ("Slot", f"{IN_A_WINDOW}"),
    ("Slot", f"status=free&service-type=http://example.org/bed|icu&{IN_A_WINDOW}"),
    ("Slot", f"status=free&service-type=icu&{IN_A_WINDOW}"),
    ("Slot", f"status=free&{IN_A_WINDOW}&Schedule.actor:HealthcareService=service-1&_include=Slot:schedule"),
    ("Slot", "status=free&schedule=schedule-1"),
    ("Slot", "schedule.actor:HealthcareService.active=true&status=busy-tentative"),
    ("Slot", "identifier=http://example.org/slot|17"),
    ("Slot", "identifier=17"),
    ("Slot", "_id=slot-3,slot-4"),
    ("Slot", "_lastUpdated=gt2026-01-01&status=busy-tentative"),
    ("Schedule", "actor=HealthcareService/service-1"),
    ("Schedule", "actor:HealthcareService.name=spoed&active=true"),
    ("Schedule", "_has:Slot:schedule:identifier=http://example.org/slot|17&_revinclude=Slot:schedule"),
    ("HealthcareService", "_id=service-1&_revinclude=Schedule:actor&_revinclude:iterate=Slot:schedule"),
    ("Patient", "identifier=http://fhir.nl/fhir/NamingSystem/bsn|999900006"),
    ("Patient", "name=jansen"),
    ("Patient", "family=jansen&birthdate=1980-05-17"),
    ("Patient", "name:exact=Jansen"),
    ("Patient", "birthdate=ge1980-01-01&birthdate=lt1980-06-01"),
    ("Patient", "_has:Encounter:patient:status=in-progress"),
    ("Patient", "general-practitioner.name=jansen"),
    ("Patient", ""),
    ("Patient", "_sort=-_lastUpdated"),
    ("Patient", "_sort=birthdate"),
    ("Patient", "_sort=-family"),
    ("Encounter", "date=ge2026-01-05&date=lt2026-01-06"),
    ("Encounter", "patient.identifier=http://fhir.nl/fhir/NamingSystem/bsn|999900006&status=in-progress"),
    ("Encounter", "location.organization.identifier=http://fhir.nl/fhir/NamingSystem/ura|00000001"),
    ("Task", "owner:identifier=http://fhir.nl/fhir/NamingSystem/ura|00000001&status=requested"),
    ("ServiceRequest", "subject=Patient/1&authored=ge2026-01-01"),
    ("Location", "name=spoed&status=active&organization=o1"),
    ("Location", "_profile:below=http://example.org"),
    ("PractitionerRole", "organization.partof.name=ziekenhuis&specialty=0100"),
    ("Observation", "component-code-value-quantity=http://loinc.org|8480-6$gt140"),
    ("Observation", "component-code-value-quantity=8480-6$gt140&component-code-value-quantity=8462-4$gt90"),
    ("Observation", "combo-code-value-quantity=http://loinc.org|$gt140|http://unitsofmeasure.org|mm[Hg]"),
    ("Observation", "code-value-date=http://loinc.org|8480-6$ge2026-01-05&status=final"),
    ("Observation", "value-quantity=5|http://unitsofmeasure.org|mg"),
    ("Observation", "code:text=bloed&subject=Patient/1"),
    ("Observation", "combo-code:text=bloed"),
    ("Observation", "_text=koorts hoest*&status=final"),
    ("Observation", "_text=koorts pijn,hoest"),
    ("Observation", "patient._text=koorts"),
    ("Observation", "_text:missing=false&status=final"),
    ("Patient", "_has:Observation:patient:code-value-concept=http://x|a$http://x|b"),
    ("Patient", "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|12"),
    ("DocumentReference", "relationship=DocumentReference/1$replaces"),
    ("Encounter", "status:in=http://hl7.org/fhir/ValueSet/encounter-status&class:below=" + ACT + "|IMP"),
    ("Encounter", "status:not-in=http://hl7.org/fhir/ValueSet/encounter-status&patient=1"),
    ("Location", "_source:above=http://example.org/a/b"),
    ("Patient/1/Observation", "status=final"),
    ("Patient/1/Encounter", "_sort=-date"),
    ("Patient/1/Patient", ""),
    ("Practitioner/1/Observation", "code=8480-6"),
]
SEVERAL = [
    "_lastUpdated=gt2026-01-01",
    "_type=Slot,Schedule&_lastUpdated=gt2026-01-01&_sort=-_lastUpdated",
    "_type=Slot,Schedule,Observation&_sort=_id&_include=Slot:schedule",
    "_tag=http://x|a&_total=accurate",
]


class Explaining:
    """A Database that keeps what EXPLAIN says of every statement it is asked to run."""

    def __init__(self, db: Any) -> None:
        self._db = db
        self.engine: Engine = db.engine
        self.seals = db.seals
        self.said: list[tuple[str, list[str]]] = []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        explain = "explain query plan" if self.engine == "sqlite" else "explain"
        self.said.append((sql, [str(row[-1]) for row in self._db.rows(f"{explain} {sql}", parameters)]))
        found: list[tuple[Any, ...]] = self._db.rows(sql, parameters)
        return found


@contextmanager
def explaining(store: Store) -> Iterator[Explaining]:
    with store.reading() as db:
        if store.engine == "postgresql":
            # A small table is rightly read whole, and so is its index by the joins that read both sides once;
            # without those choices, only what no index can serve still is.
            for choice in ("seqscan", "hashjoin", "mergejoin"):
                db.connection.execute(f"set local enable_{choice} = off")  # type: ignore[attr-defined]
        yield Explaining(db)


def whole_reads(said: Sequence[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    """Return the steps that read a table or an index from one end to the other, each with its statement.

    Counting without a condition is let through: it stops after some hundred rows.
    """
    searches = [(sql, plan) for sql, plan in said if "where true limit" not in sql]
    return [(sql, step) for sql, plan in searches for step in (*_sqlite_scans(plan), *_postgresql_scans(plan))]


def _sqlite_scans(plan: list[str]) -> Iterator[str]:
    """Yield what SQLite scans, apart from the results of its own subqueries."""
    made = {step.split()[-1] for step in plan if step.startswith(("MATERIALIZE", "CO-ROUTINE"))}
    for step in plan:
        if step.startswith("SCAN ") and step.split()[1] not in made | {"CONSTANT", "found"}:
            yield step


def _postgresql_scans(plan: list[str]) -> Iterator[str]:
    for number, step in enumerate(plan):
        ranged = any("Index Cond" in following for following in plan[number + 1 : number + 2])
        if "Seq Scan" in step or (("Index Scan" in step or "Index Only Scan" in step) and not ranged):
            yield step.strip()


@pytest.mark.parametrize("candidates", [CANDIDATES, 0])
def test_no_shape_reads_a_table_or_an_index_whole(store: Store, candidates: int) -> None:
    fill(store, 20_000)
    found = []
    for resource_type, query in SHAPES:
        with explaining(store) as db:
            request = _asked(resource_type, f"{query}&_count=20".lstrip("&"))
            results = search.read(db, request, Scope("https://gateway.example/fhir", candidates=candidates))
            if results.next:
                search.read(db, request, Scope(candidates=candidates), results.next)
            found += [(resource_type, query, *step) for step in whole_reads(db.said)]

    # Where nothing is few, the walk along time is all there is; it stops when the page is full.
    assert [step for step in found if candidates or "slot_by_time" not in step[-1]] == []


def _asked(address: str, query: str) -> SearchRequest:
    """Return a search of a type, or of one in a compartment: `Patient/1/Observation`."""
    *compartment, resource_type = address.split("/")
    request = parse(resource_type, parse_qsl(query, strict_parsing=True), codes=CODES)
    return within(request, *compartment) if compartment else request


@pytest.mark.parametrize("candidates", [CANDIDATES, 0])
def test_no_search_of_several_types_reads_a_table_or_an_index_whole(store: Store, candidates: int) -> None:
    fill(store, 3000)
    found = []
    types = ("HealthcareService", "Schedule", "Slot", "Observation")
    for compartment in (None, ("Patient", "1")):
        for query in SEVERAL:
            pairs = [("_count", "20"), *parse_qsl(query if compartment is None else "_sort=_lastUpdated")]
            request = parse_several(types, pairs, compartment=compartment)
            with explaining(store) as db:
                results = search.read_several(db, request, Scope(candidates=candidates), None)
                if results.next:
                    search.read_several(db, request, Scope(candidates=candidates), results.next)
                found += [(query, *step) for step in whole_reads(db.said)]

    # Where nothing is few, the walks along time and key are all there is; they stop when the page is full.
    walks = ("slot_by_time", "current_by_time", "current_by_key")
    assert [step for step in found if candidates or not any(walk in step[-1] for walk in walks)] == []


def test_no_page_of_a_history_reads_a_table_or_an_index_whole(store: Store) -> None:
    fill(store, 3000)
    with store.reading() as reading:
        known = history.types(reading)  # the first of an index, once a type
    with explaining(store) as db:
        for at in (None, (0, 2**60)):
            for types in (["Slot"], known):
                first = history.of_types(db, dict.fromkeys(types, TRUE), Span(20, at=at))
                assert len(first.found) == 20
                history.of_types(db, dict.fromkeys(types, TRUE), Span(20, at=at, after=first.next))
        history.of_instance(db, Identity("Slot", "slot-3"), Span(20))

    assert known == ["HealthcareService", "Location", "Schedule", "Slot"]
    merged = (
        "Subquery Scan",
        "SCAN w",
        "SCAN (subquery",
        "SCAN 20 CONSTANT ROWS",
    )  # what the walks along each type gave
    assert [step for step in whole_reads(db.said) if not step[-1].startswith(merged)] == []


def test_a_walk_without_a_condition_follows_an_index_and_stops(store: Store) -> None:
    """Every Slot in order of time: there is nothing to narrow, and nothing is sorted."""
    fill(store, 3000)
    with explaining(store) as db:
        request = parse("Slot", [("_count", "20")])
        first = search.read(db, request, Scope())
        assert first.next == Position(first.next.values, first.next.key) if first.next else False
        search.read(db, request, Scope(), first.next)

    plans = [line for _, plan in db.said for line in plan]
    assert any("slot_by_time" in line for line in plans)
    assert not any("Sort Key: m." in line or "USE TEMP B-TREE FOR ORDER BY" in line for line in plans[:6])


def test_one_exact_condition_is_counted_where_a_page_does_not_hold_all_of_it(store: Store) -> None:
    fill(store, 20_000)
    asked = {}
    for size in (1, 50):
        with explaining(store) as db:
            request = _asked("Schedule", f"actor=HealthcareService/service-1&_count={size}")
            asked[size] = search.read(db, request, Scope()).total, len(db.said)

    (total, statements), whole = asked[1], asked[50]
    assert total is not None
    assert 1 < total <= 50
    assert whole == (total, statements - 1)
