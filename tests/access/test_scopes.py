"""SMART scopes of both versions: what they say, what is none, and what of them is granted."""

from __future__ import annotations

import pytest

from gateway.access.scopes import Scope, granted, read, rights


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
    assert str(read("system/ServiceRequest.c?category=x")) == "system/ServiceRequest.c?category=x"


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
        ("system/Slot.rs?status=free", "system/Slot.rs", ""),
        ("system/Slot.rs", "system/Slot.rs?status=free", ""),
        ("system/Slot.rs?status=free", "system/Slot.rs?status=free", ""),
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
