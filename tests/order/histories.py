"""Short histories of a few beds, each with the states that the beds are in at its end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

from tests.order.hospital import SITE, START, message


class Told(NamedTuple):
    """What happens to a visit; of an A20, `visit` is the state that the bed is in."""

    event: str
    minute: float
    visit: str
    bed: str
    was: str = ""

    def written(self, story: int) -> bytes:
        """Return it as a message; each story has a ward and visits of its own."""
        control_id = f"{story}-{self.event}-{self.minute}-{self.visit}-{self.bed}"
        at = START + timedelta(minutes=self.minute)
        if self.event == "A20":
            return message("A20", control_id, at, f"NPU|{place(story, self.bed)}|{self.visit}")
        pid = f"PID|1||{story}{self.visit}^^^ZKH_DUINRAND^PI||Jansen^J||19500101|M"
        pv1 = f"PV1|1|I|{place(story, self.bed)}|||{place(story, self.was)}|||||||||||||{story}{self.visit}"
        return message(self.event, control_id, at, pid, pv1)


class Written(Protocol):
    """Something that happens, as a message."""

    def written(self, story: int) -> bytes:
        """Return it as a message; each story has a ward and visits of its own."""


class History(NamedTuple):
    """What happens, and the beds at the end.

    `cleaning` is for a provider that cleans a bed that was left, but not that of a cancelled stay; `freeing` for one
    that does it the other way round.
    """

    name: str
    told: Sequence[Written]
    cleaning: str
    freeing: str


def place(story: int, bed: str) -> str:
    """Return a bed as PL has it; each story has a ward of its own."""
    return f"W{story}^1^{bed}^{SITE}" if bed else ""


HISTORIES = [
    History(
        "cancel before its event",
        [
            Told("A01", 0, "V", "A"),
            Told("A02", 1, "V", "B", "A"),
            Told("A12", 2, "V", "A", "B"),
            Told("A03", 3, "V", "A"),
            Told("A13", 4, "V", "A"),
        ],
        "A:O B:U",
        "A:O B:H",
    ),
    History(
        "an admission that never was, in a bed that was dirty",
        [
            Told("A20", 0, "U", "A"),
            Told("A20", 1, "H", "A"),
            Told("A01", 2, "V", "A"),
            Told("A08", 3, "V", "A"),
            Told("A11", 4, "V", "A"),
        ],
        "A:H",
        "A:H",
    ),
    History(
        "a discharge after the next one came",
        [
            Told("A01", 0, "V", "A"),
            Told("A08", 1, "V", "A"),
            Told("A01", 2, "W", "A"),
            Told("A03", 3, "V", "A"),
            Told("A20", -1, "U", "A"),
        ],
        "A:O",
        "A:O",
    ),
    History(
        "a late discharge of who was there before",
        [
            Told("A01", 0, "V", "A"),
            Told("A03", 1, "V", "A"),
            Told("A20", 2, "U", "A"),
            Told("A01", 3, "W", "A"),
            Told("A08", 0.5, "V", "A"),
        ],
        "A:O",
        "A:O",
    ),
    History(
        "a swap, and one goes home",
        [
            Told("A01", 0, "V", "A"),
            Told("A01", 1, "W", "B"),
            Told("A02", 2, "V", "B", "A"),
            Told("A02", 3, "W", "A", "B"),
            Told("A03", 4, "V", "B"),
        ],
        "A:O B:H",
        "A:O B:U",
    ),
    History(
        "half a swap",
        [
            Told("A01", 0, "V", "A"),
            Told("A01", 1, "W", "B"),
            Told("A02", 2, "V", "B", "A"),
            Told("A08", 3, "W", "B"),
            Told("A20", -1, "U", "A"),
        ],
        "A:H B:O",
        "A:reserved B:O",
    ),
    History(
        "half a swap, and the other goes home",
        [
            Told("A01", 0, "V", "A"),
            Told("A01", 1, "W", "B"),
            Told("A02", 2, "V", "B", "A"),
            Told("A03", 3, "W", "B"),
            Told("A08", 4, "V", "B"),
        ],
        "A:H B:O",
        "A:U B:O",
    ),
    History(
        "transfers that do not say from where",
        [
            Told("A01", 0, "V", "A"),
            Told("A02", 1, "V", "B"),
            Told("A02", 2, "V", "C"),
            Told("A08", 3, "V", "C"),
            Told("A03", 4, "V", "C"),
        ],
        "A:H B:H C:H",
        "A:U B:U C:U",
    ),
    History(
        "all of it in one second",
        [
            Told("A01", 0, "V", "A"),
            Told("A20", 0, "U", "A"),
            Told("A03", 0, "V", "A"),
            Told("A13", 0, "V", "A"),
            Told("A08", 0, "V", "A"),
        ],
        "A:O",
        "A:O",
    ),
    History(
        "a bed board and visits",
        [
            Told("A01", 0, "V", "A"),
            Told("A20", 1, "U", "A"),
            Told("A20", 2, "O", "A"),
            Told("A03", 3, "V", "A"),
            Told("A20", 4, "C", "A"),
        ],
        "A:C",
        "A:C",
    ),
    History(
        "one patient in two beds",
        [
            Told("A01", 0, "V", "A"),
            Told("A01", 1, "V", "B"),
            Told("A08", 2, "V", "A"),
            Told("A20", -1, "U", "B"),
            Told("A08", 3, "V", "B"),
        ],
        "A:O B:O",
        "A:O B:O",
    ),
]
