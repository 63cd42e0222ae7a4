"""What operations read is found by indexes alone: `$everything`, `$lastn` and `$meta`, on both engines."""

from __future__ import annotations

from typing import Any

import pytest

from bench.slots import fill
from gateway.fhir import tables
from gateway.fhir.search import parse
from gateway.fhir.types import resource_types
from gateway.store import Identity, Store, gathering, labels
from gateway.store.gathering import Wanted
from gateway.store.search import Scope
from gateway.store.search.lastn import newest
from tests.store.test_search_plans import explaining, whole_reads

WANTED = [
    Wanted(frozenset(resource_types()), 50),
    Wanted(frozenset(resource_types()), 50, after=7, since=1, span=(0, 2**60)),
    Wanted(frozenset({"Slot"}), 2),
]


@pytest.fixture
def filled(store: Store) -> Store:
    fill(store, 3000)
    return store


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("kind", ["Patient", "Encounter"])
def test_a_compartment_is_read_by_its_indexes(filled: Store, kind: str, wanted: Wanted) -> None:
    with explaining(filled) as db:
        gathering.compartment(db, Identity(kind, "1"), tables.compartments()[kind], wanted)
        assert whole_reads(known(db.said)) == []


@pytest.mark.parametrize("wanted", WANTED)
@pytest.mark.parametrize("of", [Identity("Location", "1"), Identity("HealthcareService", "service-1")])
def test_what_hangs_below_is_read_by_its_indexes(filled: Store, of: Identity, wanted: Wanted) -> None:
    with explaining(filled) as db:
        found = gathering.below(db, of, wanted)
        assert whole_reads(known(db.said)) == []
    assert found.found or of.type == "Location"


def test_the_newest_are_read_by_indexes(filled: Store) -> None:
    with explaining(filled) as db:
        newest(db, parse("Observation", [("patient", "1"), ("category", "vital-signs")]), Scope(), 1, 100)
        assert whole_reads(known(db.said)) == []


def test_labels_are_read_by_indexes(filled: Store) -> None:
    with explaining(filled) as db:
        labels.codings(db, "Slot", "_tag")
        labels.profiles(db, "Slot")
        assert whole_reads(db.said) == []


def known(said: Any) -> Any:
    """Return the plans without what reads the results of a statement's own parts, by the names these have here."""
    own = ("CTE Scan", "SCAN w", "SCAN k", "SCAN u", "SCAN p", "SCAN s", "SCAN b")
    return [(sql, [step for step in plan if not step.strip().lstrip("-> ").startswith(own)]) for sql, plan in said]
