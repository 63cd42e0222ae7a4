"""SMART scopes of both versions: what they say, what is none, and what of them is granted."""

from __future__ import annotations

import pytest

from gateway.access import scope_queries
from gateway.access.scopes import Scope, giving, granted, narrowed, problem, read, rights
from gateway.fhir.search import AnyOf
from gateway.query import auditlog, installed, messages

SLOT = "system/Slot.rs?"


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("system/Slot.rs", "rs"),
        ("system/Slot.cruds", "cruds"),
        ("system/Slot.read", "rs"),
        ("system/Slot.write", "cud"),
        ("system/Slot.*", "cruds"),
    ],
)
def test_both_versions_say_which_interactions(text: str, letters: str) -> None:
    assert read(text) == Scope("Slot", frozenset(letters))


def test_a_scope_is_written_as_version_2_does() -> None:
    assert str(read("system/Slot.write")) == "system/Slot.cud"
    assert str(read("system/ServiceRequest.c?category=x|y")) == "system/ServiceRequest.c?category=x|y"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "openid",
        "patient/Slot.rs",
        "user/Slot.rs",
        "system/Slot.rs ",
        "system/Slot.",
        "system/slot.rs",
        "system/Slot.sr",
        "system/Slot.rr",
        "system/Slot.reads",
        "system/Slot.rs?",
        "system/Slot.rs\n",
        "system/**.rs",
        "system/Slot.rs?status=free\n",
        'system/Slot.rs?status="free"',
        "system/Slot.rs?status=fr\\ee",
        "system/Slot.read?status=free",
        "system/Slot.*?status=free",
    ],
)
def test_what_is_no_scope_of_a_machine_is_none(text: str) -> None:
    assert read(text) is None


@pytest.mark.parametrize(
    ("asked", "registered", "given"),
    [
        ("system/Slot.rs", "system/Slot.rs", "system/Slot.rs"),
        ("system/Slot.read", "system/Slot.rs", "system/Slot.read"),
        ("system/Slot.cruds", "system/Slot.rs", "system/Slot.rs"),
        ("system/Slot.*", "system/Slot.read", "system/Slot.rs"),
        ("system/*.rs", "system/Slot.rs system/Location.r", "system/Slot.rs system/Location.r"),
        ("system/Slot.rs", "system/*.cruds", "system/Slot.rs"),
        ("system/Slot.rs", "system/Slot.r system/*.s", "system/Slot.rs"),
        ("system/Slot.rs system/Slot.rs", "system/Slot.rs", "system/Slot.rs"),
        ("system/Slot.c", "system/Slot.rs", ""),
        ("system/Patient.rs", "system/Slot.rs", ""),
        ("openid fhirUser system/Slot.r", "system/*.cruds", "system/Slot.r"),
        # a query narrows
        ("system/Slot.rs?status=free", "system/Slot.rs", "system/Slot.rs?status=free"),
        ("system/Slot.rs?status=free", "system/*.cruds", "system/Slot.rs?status=free"),
        ("system/Slot.cruds?status=free", "system/Slot.rs", "system/Slot.rs?status=free"),
        ("system/Slot.rs?status=free", "system/Slot.rs?status=free", "system/Slot.rs?status=free"),
        ("system/Slot.rs", "system/Slot.rs?status=free", "system/Slot.rs?status=free"),
        ("system/Slot.read", "system/Slot.r?status=free", "system/Slot.r?status=free"),
        ("system/*.rs", "system/Slot.rs?status=free system/Task.r", "system/Slot.rs?status=free system/Task.r"),
        ("system/Slot.rs", "system/Slot.r system/Slot.rs?status=free", "system/Slot.r system/Slot.s?status=free"),
        ("system/Slot.rs", "system/*.rs system/Slot.rs?status=free", "system/Slot.rs"),
        ("system/Slot.cr", "system/Slot.c?status=free system/Slot.r", "system/Slot.c?status=free system/Slot.r"),
        ("system/Slot.c?status=free", "system/Slot.rs?status=free", ""),
        ("system/Slot.rs?status=busy", "system/Slot.rs?status=free", ""),
        ("system/Task.rs?status=ready", "system/Slot.rs?status=free", ""),
        # the same one, in another order and writing
        (f"{SLOT}start=ge2026&status=free", f"{SLOT}status=free&start=ge2026", f"{SLOT}start=ge2026&status=free"),
        (f"{SLOT}status=busy,free", f"{SLOT}status=free,busy", f"{SLOT}status=busy,free"),
        (f"{SLOT}%73tatus=free", f"{SLOT}status=free", f"{SLOT}%73tatus=free"),
        # one that asks more finds no others; one that asks less would
        (f"{SLOT}status=free&start=ge2026", f"{SLOT}status=free", f"{SLOT}status=free&start=ge2026"),
        (f"{SLOT}status=free", f"{SLOT}status=free&start=ge2026", ""),
        (f"{SLOT}status=free,busy", f"{SLOT}status=free", ""),
        # one that cannot be asked gives nothing, wherever it stands
        (f"{SLOT}nonsense=x", "system/Slot.rs", ""),
        ("system/Slot.rs", f"{SLOT}nonsense=x", ""),
        (f"{SLOT}schedule.actor:Location.name=x", "system/*.cruds", ""),
        ("", "system/*.cruds", ""),
    ],
)
def test_granted_is_what_is_asked_and_registered(asked: str, registered: str, given: str) -> None:
    assert " ".join(granted(tuple(asked.split()), tuple(registered.split()))) == given


def test_rights_are_the_types_of_each_letter() -> None:
    found = rights(frozenset({"system/Slot.rs", "system/*.r", "system/Patient.c?x=y", "nonsense"}))
    nothing: frozenset[str] = frozenset()
    slots = frozenset({"Slot"})
    assert dict(found) == {"c": nothing, "r": None, "u": nothing, "d": nothing, "s": slots, "seen": None}


def test_a_query_gives_a_right_on_some_of_a_type() -> None:
    scopes = frozenset({"system/Slot.rs?status=free", "system/Slot.r?status=busy", "system/Task.rs", "system/*.s"})
    assert rights(scopes)["r"] == frozenset({"Slot", "Task"})
    found = narrowed(scopes)
    assert {letter: set(of) for letter, of in found.items() if of} == {"r": {"Slot"}}  # all of it is searched
    either = found["r"]["Slot"]
    assert isinstance(either, AnyOf)
    assert len(either.conditions) == 2
    assert giving(scopes, "r", "Slot") == ["system/Slot.r?status=busy", "system/Slot.rs?status=free"]


def test_who_has_all_of_a_type_is_not_narrowed() -> None:
    assert not any(narrowed(frozenset({"system/Slot.rs", "system/Slot.r?status=busy"})).values())
    assert not any(narrowed(frozenset({"system/*.r", "system/Slot.r?status=busy"})).values())


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("system/*.rs?_lastUpdated=ge2026", "names none"),
        ("system/AuditEvent.rs?action=R", "made here when it is asked for"),
        ("system/Observation.rs?category=laboratory", "a code is asked with its system"),
        ("system/Slot.rs?schedule.actor=Location/1", "no chains"),
        ("system/Patient.rs?_has:Task:patient:status=ready", "no chains and no _has"),
        ("system/Slot.rs?status=free&_sort=start", "_sort is of a search"),
        ("system/Slot.rs?_include=Slot:schedule", "_include is of a search"),
        ("system/Slot.rs?status=nonsense", "none of the codes"),
        ("system/Slot.rs?nonsense=x", "no parameter"),
        ("system/Patient.rs?identifier=http://fhir.nl/fhir/NamingSystem/bsn%7C999900006", "may not hold a BSN"),
        ("system/Slot.rs?status:in=http://example.org/vs", "value sets are looked up for a search"),
    ],
)
def test_a_query_that_cannot_be_compared_is_told(scope: str, said: str) -> None:
    found = read(scope)
    assert found is not None
    assert said in problem(found)
    assert "999900006" not in problem(found)
    assert granted((scope,), ("system/*.cruds",)) == ()


def test_of_what_is_made_when_it_is_asked_no_query_is_compared() -> None:
    assert {auditlog.TYPE, messages.TYPE, *installed.TYPES} == scope_queries.MADE
