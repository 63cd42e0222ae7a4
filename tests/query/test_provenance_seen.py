"""Who is told from which message something came: who sees it, and of what is asked no more than that is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.access.partners import Partner
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.query import messages, search
from gateway.services import Services
from gateway.store.search import Scope, sees_one_of
from gateway.store.search.sql import Sql
from tests.messages import bed_message
from tests.policy_world import BASE, FAR, HOME, HOSPITAL, asking, peopled


@pytest.fixture
def world(services: Services) -> Services:
    """Return a world in which the hospital said of a bed that it is free."""
    to = peopled(services)
    caller = asking(HOSPITAL, to, providers=frozenset({"dev"}))
    assert ingest(bed_message("A20-1"), provider="dev", content_type=None, caller=caller, to=to).refusal is None
    return to


def only(type_: str, to: Services) -> str:
    (entry,) = json.loads(search(parse(type_, []), asking(HOSPITAL, to), to, base=BASE))["entry"]
    return f"{type_}/{entry['resource']['id']}"


def found(partner: Partner, targets: str, to: Services) -> list[str]:
    """Return the types of what a partner finds the provenance of."""
    bundle = json.loads(search(parse("Provenance", [("target", targets)]), asking(partner, to), to, base=BASE))
    references = (entry["resource"]["target"][0]["reference"] for entry in bundle.get("entry", []))
    return sorted(reference.removeprefix(f"{BASE}/").partition("/")[0] for reference in references)


@pytest.mark.parametrize("written", [lambda one: one, lambda one: f"{BASE}/{one}"], ids=["relative", "absolute"])
def test_it_is_told_of_what_is_seen_whatever_types_are_asked(world: Services, written: Callable[[str], str]) -> None:
    slot, schedule = written(only("Slot", world)), written(only("Schedule", world))
    assert found(HOME, slot, world) == ["Slot"]
    assert found(HOME, f"{slot},{schedule}", world) == ["Schedule", "Slot"]
    assert found(HOME, f"{slot},Patient/none", world) == ["Slot"]
    assert found(HOME, slot.rpartition("/")[2], world) == ["Slot"]
    assert [found(FAR, target, world) for target in (slot, schedule, slot.rpartition("/")[2])] == [[], [], []]


def test_only_what_is_asked_for_is_looked_at(world: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy asks something of nearly every type, which for all of them takes a tenth of a second."""
    looked_at: list[set[str]] = []

    def noted(types: list[str], column: str, key: str, scope: Scope) -> Sql:
        looked_at.append(set(types))
        return sees_one_of(types, column, key, scope)

    monkeypatch.setattr(messages, "sees_one_of", noted)
    found(HOME, "Slot/a,Schedule/b", world)
    assert looked_at == [{"Slot", "Schedule"}]


def test_a_scope_for_one_type_tells_of_no_other(world: Services) -> None:
    """What is asked narrows what is seen, and never widens it."""
    narrow = replace(asking(HOME, world), scopes=frozenset({"system/Provenance.rs", "system/Schedule.rs"}))
    asked = parse("Provenance", [("target", f"{only('Slot', world)},{only('Schedule', world)}")])
    bundle = json.loads(search(asked, narrow, world, base=BASE))
    assert [entry["resource"]["target"][0]["reference"].partition("/")[0] for entry in bundle["entry"]] == ["Schedule"]
