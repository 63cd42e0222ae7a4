"""Messages that contradict each other as no hospital would: whatever their order, the end is one and the same."""

from __future__ import annotations

from random import Random

import pytest

from tests.order.conftest import Opened
from tests.order.histories import Told
from tests.order.test_order import shown_by_story, take

EVENTS = ["A01", "A02", "A02", "A03", "A08", "A11", "A12", "A13", "A20", "A20"]
ORDERS = 6


def contradictions(random: Random, count: int) -> list[Told]:
    """Return events of three visits in three beds within a few minutes, none of them twice."""
    found: dict[tuple[str, float, str, str], Told] = {}
    while len(found) < count:
        event, minute, bed = random.choice(EVENTS), random.randint(0, 4), random.choice("ABC")
        visit = random.choice("UHOC" if event == "A20" else "VWX")
        was = random.choice(["", "A", "B", "C"]) if event in {"A02", "A12"} else ""
        told = Told(event, minute, visit, bed, was)
        found.setdefault(told[:4], told)
    return list(found.values())


@pytest.mark.slow
@pytest.mark.parametrize("provider", ["dev", "noordwal"])
@pytest.mark.parametrize("seed", range(2))
def test_contradictions_end_alike_in_any_order(open_services: Opened, provider: str, seed: int) -> None:
    random = Random(f"{provider} {seed}")
    for _ in range(25):
        told, to = contradictions(random, random.randint(3, 9)), open_services()
        for story in range(ORDERS):
            for one in random.sample(told, len(told)):
                assert take(one.written(story), to, provider).refusal is None
        first, *others = shown_by_story(to)
        assert all(other == first for other in others), told
