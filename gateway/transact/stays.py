"""From the events of one visit, in whatever order they came, to the beds it is in and the beds it has left.

Pure: the same set of events gives the same beds. Events are taken by their own moment, then by when they were recorded,
then in the order update, admit, transfer, discharge, cancel: an event that is cancelled comes before what cancels it,
whichever came first here.

An event frees a bed in two ways only: by naming it, or by moving a visit that is known to be in one other bed and no
more. A visit that says of two beds to be in them is in both until an event says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gateway.mapping.declared import KINDS

FREE, CLEANED = "U", "H"


class Words(NamedTuple):
    """How a moment is written in the resources of a bed; '' where the message made none."""

    said: str = ""
    word: str = ""
    start: str = ""
    end: str = ""


class Event(NamedTuple):
    """One event of a visit, in the order in which events are taken. Beds are named by the id of their Location."""

    at: int
    recorded: int
    rank: int
    bed: str = ""
    was: str = ""
    left: str = CLEANED
    words: Words = Words()


class In(NamedTuple):
    """A visit is in a bed, last said at `at`; `origin` is the bed that it left for this one, if that was to be free."""

    at: int
    origin: str
    words: Words


class Out(NamedTuple):
    """A visit left a bed at `at`, which makes the bed `state`; `to` is where it went, if the bed was to be free."""

    at: int
    state: str
    cancelled: bool
    to: str
    words: Words


def fold(events: Iterable[Event]) -> dict[str, In | Out]:
    """Return for each bed that the events are about whether the visit is in it."""
    visit = _Visit()
    for event in sorted(set(events)):
        visit.take(event)
    return visit.beds


def kept(events: Iterable[Event]) -> list[Event]:
    """Return the events that the beds follow from, in order; whatever comes later, they follow from these as from all.

    Of updates in a row that say the same bed, only the first and the last count: a visit may have hundreds.
    """
    ordered = sorted(set(events))
    inner = zip(ordered, ordered[1:], ordered[2:], strict=False)
    needed = [one for before, one, after in inner if not (_updates(one, before) and _updates(one, after))]
    return [*ordered[:1], *needed, *ordered[1:][-1:]]


def _updates(one: Event, other: Event) -> bool:
    return one.rank == other.rank == 0 and one.bed == other.bed


class _Visit:
    def __init__(self) -> None:
        self.beds: dict[str, In | Out] = {}
        self.discharged: list[str] = []

    def take(self, event: Event) -> None:
        match KINDS[event.rank]:
            case "update" | "admit":
                self._enter(event.bed, event)
            case "transfer" | "cancel-transfer":
                self._move(event, cancelled=KINDS[event.rank] == "cancel-transfer")
            case "discharge":
                self.discharged = self._inside()
                self._go(event, cancelled=False)
            case "cancel-discharge":
                for bed in [event.bed] if event.bed else self.discharged:
                    self._enter(bed, event)
            case "cancel-admit":
                self._go(event, cancelled=True)

    def _inside(self) -> list[str]:
        return [bed for bed, claim in self.beds.items() if isinstance(claim, In)]

    def _enter(self, bed: str, event: Event, origin: str = "") -> None:
        if bed:
            before = self.beds.get(bed)
            kept = before.origin if isinstance(before, In) else ""
            self.beds[bed] = In(event.at, origin or kept, event.words)

    def _leave(self, bed: str, event: Event, state: str, *, cancelled: bool, to: str = "") -> None:
        self.beds[bed] = Out(event.at, state, cancelled, to if state == FREE else "", event.words)

    def _move(self, event: Event, *, cancelled: bool) -> None:
        others = [bed for bed in self._inside() if bed != event.bed]
        left = event.was or (others[0] if len(others) == 1 else "")
        if left == event.bed:
            left = ""
        if left:
            self._leave(left, event, event.left, cancelled=cancelled, to=event.bed)
        self._enter(event.bed, event, left if event.left == FREE else "")

    def _go(self, event: Event, *, cancelled: bool) -> None:
        inside = self._inside()
        sure = not event.bed and len(inside) == 1
        unnamed = event.left if sure or event.left != FREE else CLEANED
        for bed in inside:
            self._leave(bed, event, unnamed, cancelled=cancelled)
        if event.bed:
            self._leave(event.bed, event, event.left, cancelled=cancelled)
