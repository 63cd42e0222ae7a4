"""No statement that looks at Consents reads a whole table or index: what EXPLAIN says, under the policy that ships."""

from __future__ import annotations

from urllib.parse import parse_qsl

import psycopg
import pytest

from gateway.access.policy import visible
from gateway.fhir.search import parse
from gateway.services import Services
from gateway.store import Identity, history, search
from gateway.store.history import Span
from gateway.store.search import CANDIDATES, Scope, sees
from gateway.transact import Put, transact
from tests.consents import consent, recipient
from tests.policy_world import HOME, HOSPITAL, asking, observation, patient, peopled
from tests.store.test_search_plans import explaining, whole_reads

PATIENTS = 300
PERMITTED = 12
ASKED = [
    ("Patient", ""),
    ("Patient", "_id=p1,p200"),
    ("Patient", "family=jansen"),
    ("Patient", "_has:Observation:patient:code=http://loinc.org|8867-4"),
    ("Observation", ""),
    ("Observation", "code=http://loinc.org|8867-4&_include=Observation:patient"),
    ("Observation", "patient=Patient/p3"),
    ("Observation", "patient.family=jansen"),
    ("Observation", "_lastUpdated=gt2020-01-01"),
    ("Patient", "_summary=count"),
]


@pytest.fixture
def records(services: Services) -> Services:
    """Return a store in which a nursing home may see what a hospital knows of twelve patients out of many."""
    return _filled(peopled(services))


def _filled(to: Services) -> Services:
    made = [patient(f"p{number}") for number in range(PATIENTS)]
    made += [observation(f"o{number}", f"p{number}") for number in range(PATIENTS)]
    made += [consent(f"c{number}", "permit", recipient(HOME.ura), of=f"p{number}") for number in range(PERMITTED)]
    made += [consent(f"d{number}", "deny", recipient("00000099"), of=f"p{number}") for number in range(PATIENTS)]
    transact([Put(each) for each in made], asking(HOSPITAL, to), to)
    return to


@pytest.mark.parametrize("candidates", [CANDIDATES, 0])
def test_no_search_reads_a_table_or_an_index_whole(records: Services, candidates: int) -> None:
    scope = Scope(visible=visible(asking(HOME, records), "s"), candidates=candidates)
    found = []
    for type_, query in ASKED:
        request = parse(type_, [("_count", "5"), *parse_qsl(query)])
        with explaining(records.store) as db:
            results = search.read(db, request, scope)
            if results.next:
                search.read(db, request, scope, results.next)
            found += [(type_, query, *step) for step in whole_reads(db.said)]

    # Where nothing is few, the walk along time is all there is; it stops when the page is full.
    walks = ("current_by_time", "current_by_key")
    assert [step for step in found if candidates or not any(walk in step[-1] for walk in walks)] == []


def test_no_look_at_one_resource_or_history_does(records: Services) -> None:
    scope = Scope(visible=visible(asking(HOME, records), "r"))
    with explaining(records.store) as db:
        assert search.seen(db, [Identity("Observation", f"o{n}") for n in (1, 200)], scope) == {
            Identity("Observation", "o1")
        }
        page = history.of_types(db, {"Observation": sees("Observation", "r.key", scope)}, Span(20))
        assert len(page.found) == PERMITTED

    merged = ("Subquery Scan", "SCAN w", "SCAN (subquery", f"SCAN {PERMITTED} CONSTANT ROWS")
    assert [step for step in whole_reads(db.said) if not step[-1].startswith(merged)] == []


def test_statistics_of_an_empty_store_multiply_nothing(services: Services, database_url: str) -> None:
    """PostgreSQL that takes every table for empty asks about each patient once: not for each row of a join, for hours.

    The limit is some hundred times what each search takes.
    """
    if database_url.startswith("sqlite:"):
        pytest.skip("SQLite joins as it is written")
    to = peopled(services)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("analyze")
    scope = Scope(visible=visible(asking(HOME, _filled(to)), "s"))

    for type_, query in ASKED:
        with to.store.reading() as db:
            db.rows("set local statement_timeout = 20000")
            search.read(db, parse(type_, [("_count", "5"), *parse_qsl(query)]), scope)
