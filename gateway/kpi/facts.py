"""What indicators are computed from: plain records, without a name or number of a patient. Times are microseconds UTC.

A span is half open: what ends at a moment and what begins then do not overlap. None is unknown, and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

MINUTE = 60_000_000
HOUR = 60 * MINUTE

Span = tuple[int, int]


class Stop(NamedTuple):
    """That an emergency department took nobody but exceptions, as one channel said; `start` to `end`.

    `announced`: its end was never reported, and is the one that was announced. `is_open`: it goes on, as far as known.
    """

    place: str
    start: int
    end: int
    region: str = ""
    announced: bool = False
    is_open: bool = False
    provider: str = ""


class Department(NamedTuple):
    """A place of a kind of care that can announce stops: when it is open (none: always), and what it is called."""

    place: str
    region: str = ""
    provider: str = ""
    hours: tuple[Span, ...] | None = None
    name: str = ""


class State(NamedTuple):
    """What an offer was from a moment on: the status of its Task, and the reason."""

    at: int
    status: str
    reason: str = ""


class Offer(NamedTuple):
    """A request offered to one destination, with everything that became of it.

    `stop`: the status of the destination's department when it was sent, as it was copied then ('': nothing was);
    `exceptions` are those of that stop. `step` is that of the ladder. `arrived` is when the patient did.
    """

    id: str
    request: str
    owner: str
    sent: int
    states: tuple[State, ...]
    region: str = ""
    care: str = ""
    stop: str = ""
    exceptions: tuple[str, ...] = ()
    step: str = ""
    arrived: int | None = None
    registered: bool = True

    def status_at(self, at: int) -> str:
        """Return its status just before a moment, '' where it was not sent yet."""
        return next((one.status for one in reversed(self.states) if one.at < at), "")

    def when(self, *statuses: str, before: int) -> int | None:
        """Return when it first had one of some statuses, None where that was not before a moment."""
        return next((one.at for one in self.states if one.status in statuses and one.at < before), None)

    def last(self, before: int) -> State | None:
        """Return its last state before a moment."""
        return next((one for one in reversed(self.states) if one.at < before), None)


class Request(NamedTuple):
    """One need. `patient` is a hash that means nothing outside of one computation.

    `replaces` and `follows` are requests: one that it corrects, one of which it is the planned next step. `ended` is
    when it ended without a place; `ready` when the patient was ready to go; `calls` are phone calls about it.
    """

    id: str
    authored: int
    priority: str = "routine"
    care: str = ""
    requester: str = ""
    region: str = ""
    patient: str = ""
    replaces: frozenset[str] = frozenset()
    follows: frozenset[str] = frozenset()
    group: str = ""
    direction: str = ""
    ready: int | None = None
    ended: int | None = None
    offers: tuple[Offer, ...] = ()
    calls: tuple[int, ...] = ()
    arrived: int | None = None


class Held(NamedTuple):
    """A place that was held, from `start` until it ended as `how` says ('': it has not ended)."""

    place: str
    start: int
    end: int | None
    how: str = ""
    by: str = ""
    region: str = ""
    request: str = ""


class Reported(NamedTuple):
    """The places of a kind of care at one place, as one source said and from when to when that was the newest known.

    `said_at` is when it was so at the source; None: nobody said. It is fresh before `fresh_until`, and stale from
    `stale_from` on.
    """

    cell: str
    known: int
    until: int
    said_at: int | None = None
    fresh_until: int = 0
    stale_from: int = 0
    provider: str = ""
    care: str = ""
    region: str = ""
    source: str = ""
    method: str = ""
    open: float | None = None
    occupied: float | None = None
    available: float | None = None
    stop: str = ""
    level: str = ""
    position: tuple[float, float] | None = None


class Answer(NamedTuple):
    """What somebody answered to the one question, and for which request or as which kind of partner."""

    at: int
    mark: float
    request: str = ""
    kind: str = ""
    region: str = ""


class Track(NamedTuple):
    """A preventive track of extra care: from when to when, for which network, and when its review was due and done."""

    id: str
    network: str
    start: int
    end: int | None
    review_due: int | None = None
    reviewed: int | None = None
    region: str = ""
    provider: str = ""


class Probe(NamedTuple):
    """What one look at the service found: of each path the milliseconds that it took, None where it failed."""

    at: int
    took: tuple[tuple[str, float | None], ...]


class Arrived(NamedTuple):
    """How well the messages of a provider in a format arrived."""

    provider: str
    format: str
    messages: int
    right: int
    fields: int
    fields_right: int
    region: str = ""


class Expected(NamedTuple):
    """A cell that should report, or a partner that has none though it should (`cell` is its own name then)."""

    cell: str
    provider: str
    care: str = ""
    region: str = ""
    reported: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """What was read for one computation; what an indicator does not need is empty.

    `ages` are those, in microseconds, of what was read at the moment it was; `asked` counts those who were asked a
    question, by kind. `flaws` counts what was not understood or is missing, by a code of `results.REASONS`.
    """

    requests: tuple[Request, ...] = ()
    stops: tuple[Stop, ...] = ()
    departments: tuple[Department, ...] = ()
    reported: tuple[Reported, ...] = ()
    holds: tuple[Held, ...] = ()
    answers: tuple[Answer, ...] = ()
    tracks: tuple[Track, ...] = ()
    probes: tuple[Probe, ...] = ()
    messages: tuple[Arrived, ...] = ()
    expected: tuple[Expected, ...] = ()
    ages: tuple[int, ...] = ()
    asked: Mapping[str, int] = field(default_factory=dict)
    flaws: Mapping[str, int] = field(default_factory=dict)
