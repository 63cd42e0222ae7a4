"""Bad input 132: messages that arrive in another order than that of what they tell, over MLLP and TLS."""

from __future__ import annotations

from itertools import count, permutations
from urllib.parse import quote

import pytest

from tests.attacks.target import Target, on_both
from tests.order.histories import Told
from tests.order.hospital import SITE, START, message

pytestmark = [pytest.mark.slow, on_both, pytest.mark.threat(132)]

STORIES = count(1000)
"""Each test has a ward, visits and patients of its own."""


def send(target: Target, *messages: bytes) -> None:
    for each in messages:
        assert b"MSA|AA|" in target.mllp(each)


def bed(target: Target, story: int) -> str:
    """Return the state of bed A of a ward."""
    found = target.get(f"/fhir/Location?identifier={quote(f'{SITE}/W{story}/1/A')}")
    (entry,) = found.json()["entry"]
    return str(entry["resource"]["operationalStatus"]["code"])


@pytest.mark.parametrize("order", [*permutations(("O", "U", "H"))])
def test_older_after_newer_does_not_overwrite(target: Target, order: tuple[str, ...]) -> None:
    story, minutes = next(STORIES), {"O": 9, "U": 3, "H": 6}

    send(target, *(Told("A20", minutes[state], state, "A").written(story) for state in order))

    assert bed(target, story) == "O"


@pytest.mark.parametrize("reverse", [False, True])
def test_a_cancel_before_its_admission_leaves_nobody_in_the_bed(target: Target, *, reverse: bool) -> None:
    story = next(STORIES)
    told = [Told("A01", 1, "V", "A"), Told("A11", 2, "V", "A")]

    send(target, *(each.written(story) for each in sorted(told, reverse=reverse)))

    assert bed(target, story) != "O"


@pytest.mark.parametrize("reverse", [False, True])
def test_what_comes_under_the_number_that_went_revives_nobody(target: Target, *, reverse: bool) -> None:
    story = next(STORIES)
    old, new = (f"{story}{name}^^^ZKH_DUINRAND^PI" for name in ("OLD", "NEW"))
    told = [
        message("A40", f"{story}-merge", START, f"PID|1||{new}||Eigen^E", f"MRG|{old}"),
        message("A31", f"{story}-update", START.replace(minute=9), f"PID|1||{old}||Eigen^E||19410307|F"),
    ]

    send(target, *(reversed(told) if reverse else told))

    (entry,) = target.get(f"/fhir/Patient?identifier={story}OLD").json()["entry"]
    assert entry["resource"]["active"] is False
    assert entry["resource"]["link"][0]["type"] == "replaced-by"
