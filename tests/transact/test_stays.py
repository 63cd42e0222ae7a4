"""The beds of a visit are a function of the set of its events."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest

from gateway.mapping.declared import KINDS, Kind
from gateway.transact.stays import CLEANED, FREE, Event, In, Out, fold, kept


def event(at: int, kind: Kind, bed: str = "", was: str = "", left: str = CLEANED) -> Event:
    return Event(at, at, KINDS.index(kind), bed, was, left)


def beds(*events: Event) -> dict[str, str]:
    """Return for each bed `in`, or the state in which it was left."""
    return {bed: claim.state if isinstance(claim, Out) else "in" for bed, claim in fold(events).items()}


ADMITTED = event(1, "admit", "A")


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([ADMITTED], {"A": "in"}),
        ([ADMITTED, event(2, "transfer", "B", "A")], {"A": "H", "B": "in"}),
        ([ADMITTED, event(2, "transfer", "B")], {"A": "H", "B": "in"}),
        ([event(2, "transfer", "B")], {"B": "in"}),
        ([ADMITTED, event(2, "admit", "B")], {"A": "in", "B": "in"}),
        ([ADMITTED, event(2, "admit", "B"), event(3, "transfer", "C")], {"A": "in", "B": "in", "C": "in"}),
        ([ADMITTED, event(2, "transfer", "B", "C", FREE)], {"A": "in", "B": "in", "C": "U"}),
        ([ADMITTED, event(2, "transfer", "A", "A")], {"A": "in"}),
        ([ADMITTED, event(2, "discharge", "A", left=FREE)], {"A": "U"}),
        ([ADMITTED, event(2, "discharge", left=FREE)], {"A": "U"}),
        ([ADMITTED, event(2, "discharge", "B", left=FREE)], {"A": "H", "B": "U"}),
        ([ADMITTED, event(2, "discharge", "A"), event(3, "cancel-discharge")], {"A": "in"}),
        ([ADMITTED, event(1, "cancel-admit", "A", left=FREE)], {"A": "U"}),
        (
            [ADMITTED, event(2, "transfer", "B", "A"), event(2, "cancel-transfer", "A", "B", FREE)],
            {"A": "in", "B": "U"},
        ),
        ([event(2, "transfer", "", "A")], {"A": "H"}),
    ],
)
def test_the_beds_of_a_visit_in_every_order(events: list[Event], expected: dict[str, str]) -> None:
    assert [beds(*order) for order in permutations(events)] == [expected] * len(list(permutations(events)))


def test_an_event_that_was_recorded_later_comes_later() -> None:
    again = Event(1, 9, KINDS.index("admit"), "A")

    assert beds(ADMITTED, event(1, "cancel-admit", "A"), again) == {"A": "in"}


def test_a_visit_that_moved_remembers_the_bed_that_was_to_be_free() -> None:
    found = fold([ADMITTED, event(2, "transfer", "B", "A", FREE), event(3, "update", "B")])

    assert found["A"] == Out(2, FREE, cancelled=False, to="B", words=ADMITTED.words)
    assert found["B"] == In(3, "A", ADMITTED.words)


@pytest.mark.parametrize("seed", range(40))
def test_nothing_follows_from_what_is_not_kept(seed: int) -> None:
    random = Random(seed)
    kinds = KINDS + KINDS[:1] * 6
    events = [
        event(random.randint(0, 20), random.choice(kinds), random.choice("AAB"), random.choice(["", "A", "B"]))
        for _ in range(random.randint(3, 25))
    ]
    known: list[Event] = []
    for one in events:
        known = kept([*known, one])

    assert fold(known) == fold(events)
    assert known == kept(known)


def test_of_many_updates_two_are_kept() -> None:
    assert len(kept(event(n, "update", "A") for n in range(500))) == 2
