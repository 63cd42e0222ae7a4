"""The state of a bed is a function of the set of facts about it, and errs on the side of not offering it."""

from __future__ import annotations

import pytest

from gateway.transact.beds import Bed, Said, Shown, pack, unpack
from gateway.transact.stays import In, Out, Words

WORDS = Words("2026-01-05T10:00:00+01:00", "A01", "", "")


def bed(
    said: dict[str, int] | None = None, inside: dict[str, int] | None = None, left: dict[str, Out] | None = None
) -> Bed:
    """Return a bed with the moment of each statement and of each visit in it."""
    made = Bed()
    for state, at in (said or {}).items():
        made.state(state, Said(at, WORDS))
    for visit, at in (inside or {}).items():
        made.visit(visit, In(at, "", WORDS))
    for visit, out in (left or {}).items():
        made.visit(visit, out)
    return made


def out(at: int, state: str = "H", *, cancelled: bool = False, to: str = "") -> Out:
    return Out(at, state, cancelled, to, WORDS)


@pytest.mark.parametrize(
    ("known", "state"),
    [
        (bed(said={"U": 1}), "U"),
        (bed(said={"U": 1, "O": 1}), "O"),
        (bed(said={"U": 2, "O": 1}), "U"),
        (bed(said={"U": 1}, inside={"v": 1}), "O"),
        (bed(said={"U": 2}, inside={"v": 1}), "U"),
        (bed(said={"U": 2}, inside={"v": 1, "w": 3}), "O"),
        (bed(said={"C": 2}, inside={"v": 1}), "C"),
        (bed(inside={"v": 1}, left={"w": out(5, "U")}), "O"),
        (bed(said={"O": 3}, left={"w": out(5, "U")}), "U"),
        (bed(said={"O": 7}, left={"w": out(5, "U")}), "O"),
        (bed(said={"C": 5}, left={"w": out(5, "U")}), "C"),
        (bed(said={"C": 3}, left={"w": out(5, "U")}), "U"),
        (bed(said={"C": 3}, left={"w": out(5, "U", cancelled=True)}), "C"),
        (bed(said={"H": 2, "U": 3}, left={"w": out(5, "U", cancelled=True)}), "U"),
        (bed(left={"v": out(3), "w": out(5, "U", cancelled=True)}), "H"),
        (bed(left={"v": out(5), "w": out(5, "U")}), "H"),
    ],
)
def test_what_a_bed_shows(known: Bed, state: str) -> None:
    shown = known.now(held=False)

    assert shown is not None
    assert shown.state == state


def test_of_a_bed_without_facts_nothing_is_shown() -> None:
    assert bed().now(held=False) is None


def test_a_bed_that_was_left_to_be_free_is_held_back_while_it_is_needed() -> None:
    left = bed(left={"v": out(5, "U", to="B")})

    assert left.waits_for == ("v", "B")
    assert [shown.state for held in (True, False) if (shown := left.now(held=held))] == ["reserved", "U"]
    assert bed(inside={"v": 1, "w": 2}).is_shared_by("v")
    assert not bed(inside={"v": 1}).is_shared_by("v")
    assert not bed(said={"U": 2}, inside={"v": 1, "w": 3}).is_shared_by("w")


def test_a_visit_is_in_a_bed_or_has_left_it() -> None:
    known = bed(inside={"v": 1})
    known.visit("v", out(2))
    known.visit("w", In(3, "", WORDS))
    known.visit("w", None)

    assert (known.inside, list(known.left)) == ({}, ["v"])


def test_few_departures_are_kept_the_last_ones() -> None:
    known = bed(left={f"v{n}": out(n) for n in range(100)})

    assert sorted(claim.at for claim in known.left.values()) == list(range(84, 100))


def test_a_bed_is_packed_and_unpacked_as_it_was() -> None:
    known = bed({"U": 1}, {"v": 2}, {"w": out(1)})
    known.slot, known.shown = "s", Shown("O", 2, WORDS)

    assert unpack(pack(known)) == known
    assert unpack(b"") == Bed()
