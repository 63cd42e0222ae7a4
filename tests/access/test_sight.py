"""What a partner is registered to see, as an operator writes it."""

from __future__ import annotations

import pytest

from gateway.access.sight import read
from gateway.errors import GatewayError
from gateway.fhir.search import AllOf, AnyOf

URA = "http://fhir.nl/fhir/NamingSystem/ura"


def test_a_type_by_itself_is_all_of_it() -> None:
    seen = read(("Location", "Slot"))

    assert seen.types == {"Location", "Slot"}
    assert not seen.conditions


def test_a_type_with_searches_is_what_matches_one_of_them() -> None:
    seen = read((f"Task?owner:identifier={URA}|1&status=accepted", "Task?_id=a", "Location"))

    assert seen.types == {"Task", "Location"}
    assert list(seen.conditions) == ["Task"]
    assert isinstance(rule := seen.conditions["Task"], AnyOf)
    assert [len(each.conditions) for each in rule.conditions if isinstance(each, AllOf)] == [2, 1]


def test_a_type_that_stands_there_by_itself_too_is_all_of_it() -> None:
    assert not read(("Task?_id=a", "Task")).conditions


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("Slots", "is no resource type of R4; did you mean 'Slot'?"),
        ("Slots?status=free", "R4 has no such resource type; did you mean 'Slot'?"),
        ("Slot?", "asks nothing; the type alone is all of it"),
        ("Slot?stat=free", "stat"),
        ("Slot?status=vrij", "busy-tentative"),
        ("Slot?status=free&_count=3", "_count"),
        ("Slot?_sort=start", "_sort"),
        (
            "Task?owner:Organization.identifier=00000001",
            "a code is asked with its system, `system|code`: Organization.identifier",
        ),
        ("Patient?_has:Task:patient:code=x", "a code is asked with its system, `system|code`: Task.code"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_the_reason(word: str, problem: str) -> None:
    with pytest.raises(GatewayError) as refused:
        read((word,))

    assert problem in str(refused.value)
