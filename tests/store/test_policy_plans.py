"""What the policy asks of each resource is looked up in indexes: no statement reads a table whole because of it."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest

from bench.slots import fill
from gateway.access.partners import Partner, Partners
from gateway.access.policy import visible
from gateway.fhir.search import parse
from gateway.granting import Granting
from gateway.store import Identity, Store, search
from gateway.store.search import Scope, seen
from tests.conftest import NOW
from tests.policy_world import CENTRE, EVERYBODY, HOME
from tests.store.test_search_plans import explaining, whole_reads

ASKED = [
    ("Slot", "status=free&start=ge2026-02-01&start=lt2026-02-03"),
    ("Slot", "status=free&service-type=http://example.org/bed|icu&start=ge2026-02-01&start=lt2026-02-03"),
    ("Location", "name=spoed"),
    ("HealthcareService", ""),
    ("Task", "status=requested"),
    ("Task", ""),
    ("ServiceRequest", "status=active"),
    ("ServiceRequest", ""),
    ("Patient", ""),
    ("Patient", "family=jansen"),
    ("Observation", "patient=Patient/p&code=http://loinc.org|8867-4"),
    ("Observation", ""),
    ("Appointment", "status=booked"),
    ("ServiceRequest", "_revinclude=Task:focus&_include=ServiceRequest:subject"),
]


@pytest.mark.parametrize("partner", [HOME, CENTRE], ids=lambda one: one.kind)
def test_no_search_under_the_policy_reads_a_table_or_an_index_whole(store: Store, partner: Partner) -> None:
    """Of the definitions by which a store was indexed there are a handful, which may be read whole."""
    fill(store, 5000)
    caller = Granting().granted(partner.caller(), Partners(EVERYBODY), NOW)
    found = []
    for type_, query in ASKED:
        request = parse(type_, [*parse_qsl(query), ("_count", "20")])
        with explaining(store) as db:
            scope = Scope("https://gateway.example/fhir", visible=visible(caller, "s"))
            search.read(db, request, scope)
            seen(db, [Identity(type_, "x")], Scope(visible=visible(caller)))
            found += [(type_, query, step) for _, step in whole_reads(db.said) if "index_definition" not in step]

    assert found == []
