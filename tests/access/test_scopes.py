"""SMART scopes of both versions: what they say, and what is none."""

import pytest

from gateway.access.scopes import Scope, read


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("system/Slot.rs", "rs"),
        ("system/Slot.cruds", "cruds"),
        ("system/Slot.read", "rs"),
        ("system/Slot.write", "cud"),
        ("user/Slot.*", "cruds"),
    ],
)
def test_both_versions_say_which_interactions(text: str, letters: str) -> None:
    assert read(text) == Scope(text.partition("/")[0], "Slot", frozenset(letters))


def test_a_query_narrows_a_scope_of_version_2() -> None:
    assert read("system/ServiceRequest.c?category=http://x.example|1&status=active").query == (
        ("category", "http://x.example|1"),
        ("status", "active"),
    )


def test_every_type_is_a_type() -> None:
    scope = read("system/*.r")

    assert scope.admits("Slot", "r")
    assert not scope.admits("Slot", "c")
    assert not read("system/Slot.r").admits("Patient", "r")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "must be as"),
        ("openid", "must be as"),
        ("patient/Slot.rs", "of system or user"),
        ("system/Slot.rs ", "must be as"),
        ("system/Slot.", "must be as"),
        ("system/Slots.rs", "R4 has no resource type Slots"),
        ("system/Slot.sr", "in that order"),
        ("system/Slot.reads", "in that order"),
        ("system/Slot.rr", "in that order"),
        ("system/Slot.read?status=free", "version 1 has no query"),
        ("system/Slot.rs?", "must be as"),
        ("system/Slot.rs?status", "its query must be"),
        ('system/Slot.rs?status="free"', "must be as"),
        ("system/Slot.rs?status=free\n", "must be as"),
    ],
)
def test_what_can_mean_nothing_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read(text)
