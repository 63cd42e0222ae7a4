"""K-06, K-13, K-15, K-16 and K-21: whether it was right the first time, what was refused, how far it went, what was
asked twice, and who waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from gateway.kpi.compute.parts import Asked, Labels, Made, answer, minutes, share, shared
from gateway.kpi.compute.placed import ACCEPTED, TIMED_OUT, Placement, asked_in, labels, placement, providers
from gateway.kpi.facts import HOUR, Offer, Request
from gateway.kpi.results import Computed, Figure
from gateway.kpi.spans import cut, day_count, percentile

_REFUSED, _FAILED = "rejected", "failed"


def first_time(asked: Asked) -> Computed:
    """K-06: placed by the first offer, and neither replaced nor moved soon after unless that was planned."""
    again = asked.parameter("again_hours") * HOUR
    placed = {one.id: where for one in asked_in(asked) if (where := placement(one, asked.until))}
    found = [one for one in asked_in(asked) if one.id in placed]
    after = _Later(asked)
    if unknown := sum(not one.patient for one in found):
        asked.reasons["no-patient"] += unknown

    def make(requests: Sequence[Request]) -> Made:
        right = sum(
            _is_first(one, placed[one.id]) and not after.moved(one, placed[one.id].at + again) for one in requests
        )
        return (shared("share", right, len(requests)),), len(requests), providers(requests)

    return answer(asked, found, labels, make)


def _is_first(request: Request, where: Placement) -> bool:
    first = min(request.offers, key=lambda one: (one.sent, one.id))
    return first.sent == where.offer.sent or first.id == where.offer.id


class _Later:
    """Which requests came after one for the same patient."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self._of: dict[str, list[Request]] = {}
        self._replaces: dict[str, list[Request]] = {}
        for one in asked.facts.requests:
            if one.patient:
                self._of.setdefault(one.patient, []).append(one)
            for other in one.replaces:
                self._replaces.setdefault(other, []).append(one)

    def moved(self, request: Request, before: int) -> bool:
        """Return whether a request was replaced, or its patient moved, before a moment."""
        every = [*self._replaces.get(request.id, ()), *self._of.get(request.patient, ())]
        return any(
            one.id != request.id
            and request.authored <= one.authored < min(before, self._asked.until)
            and request.id not in one.follows
            for one in every
        )


class _Decided(NamedTuple):
    request: Request
    offer: Offer
    status: str
    reason: str


def refusals(asked: Asked) -> Computed:
    """K-13: refused of what was decided; an answer that never came is told apart."""
    found = list(_decided(asked))

    def make(parts: Sequence[_Decided]) -> Made:
        late = [one for one in parts if one.reason == TIMED_OUT]
        decided = [one for one in parts if one.reason != TIMED_OUT]
        refused = sum(one.status == _REFUSED for one in decided)
        placed = {one.request.id for one in parts if placement(one.request, asked.until)}
        of_placed = sum(one.status == _REFUSED and one.request.id in placed for one in decided)
        figures = (
            shared("refused", refused, len(decided)),
            Figure("timed-out", len(late), len(parts)),
            Figure("refusals-per-placement", share(of_placed, len(placed)), len(placed), of_placed),
        )
        return figures, len(parts), {one.offer.owner for one in parts}

    def named(one: _Decided) -> Labels:
        reason = one.reason or ("none" if one.status != _REFUSED else "")
        return {**labels(one.request), "reason": reason, "provider": one.offer.owner}

    return answer(asked, found, named, make)


def _decided(asked: Asked) -> Iterator[_Decided]:
    for request in asked_in(asked):
        for offer in request.offers:
            last = offer.last(asked.until)
            was_accepted = offer.when(*ACCEPTED, before=asked.until) is not None
            if last is None:
                continue
            if last.status == _REFUSED or (last.status == _FAILED and last.reason == TIMED_OUT):
                yield _Decided(request, offer, last.status, last.reason)
            elif was_accepted:
                yield _Decided(request, offer, ACCEPTED[0], "")


class _Step(NamedTuple):
    request: Request
    step: str
    took: int


def ladder(asked: Asked) -> Computed:
    """K-15: the highest step that each request reached, and for how long each step went on."""
    order = asked.words("steps")
    found: list[_Step] = []
    unknown = 0
    for request in asked_in(asked):
        steps = [one for one in request.offers if one.step in order]
        unknown += len(request.offers) - len(steps)
        if steps:
            highest = max(steps, key=lambda one: order.index(one.step)).step
            found += [_Step(request, name, took) for name, took in _steps(request, steps, asked)]
            found.append(_Step(request, highest, -1))
    if unknown:
        asked.reasons["no-ladder-step"] += unknown

    def make(parts: Sequence[_Step]) -> Made:
        reached = [one for one in parts if one.took < 0]
        times = [one.took for one in parts if one.took >= 0]
        figures = (
            Figure("reached", len(reached), len({one.request.id for one in parts})),
            Figure("median-minutes", minutes(percentile(times, 50)), len(times)),
        )
        return figures, len({one.request.id for one in parts}), providers([one.request for one in parts])

    return answer(asked, found, lambda one: {"step": one.step, "region": one.request.region}, make)


def _steps(request: Request, offers: Sequence[Offer], asked: Asked) -> Iterator[tuple[str, int]]:
    """Yield how long each step went on: until the next one began, or the request was placed or ended."""
    begun: dict[str, int] = {}
    for one in sorted(offers, key=lambda one: one.sent):
        begun.setdefault(one.step, one.sent)
    where = placement(request, asked.until)
    over = min(at for at in (where.at if where else None, request.ended, asked.until) if at is not None)
    moments = [*list(begun.values())[1:], over]
    for (name, since), until in zip(begun.items(), moments, strict=True):
        yield name, max(0, until - since)


def doubles(asked: Asked) -> Computed:
    """K-16: requests for one patient and kind of care that overlap in time and are not linked."""
    found = asked_in(asked)
    if unknown := sum(not one.patient for one in found):
        asked.reasons["no-patient"] += unknown
    twice = doubled(asked)

    def make(requests: Sequence[Request]) -> Made:
        n = sum(one.id in twice for one in requests)
        return (
            (Figure("doubled", n, len(requests)), shared("share", n, len(requests))),
            len(requests),
            providers(requests),
        )

    return answer(asked, found, labels, make)


def doubled(asked: Asked) -> set[str]:
    """Return the requests that ask for the same person and kind of care as another one at the same time, not linked."""
    by: dict[tuple[str, str], list[Request]] = {}
    for one in asked.facts.requests:
        if one.patient and one.authored < asked.span[1]:
            by.setdefault((one.patient, one.care), []).append(one)
    found: set[str] = set()
    for alike in by.values():
        for one, other in combinations(alike, 2):
            if not _linked(one, other) and cut(_waits(one, asked), _waits(other, asked)):
                found |= {one.id, other.id}
    return found


def _linked(one: Request, other: Request) -> bool:
    same = bool(one.group) and one.group == other.group
    return same or other.id in one.replaces | one.follows or one.id in other.replaces | other.follows


def _waits(request: Request, asked: Asked) -> tuple[int, int]:
    """Return from when to when a request asked for a place: at least for a moment."""
    where = placement(request, asked.until)
    over = min(at for at in (where.at if where else None, request.ended, asked.until) if at is not None)
    return request.authored, max(over, request.authored + 1)


def waiting(asked: Asked) -> Computed:
    """K-21: who is ready to go and has no place at the end of the span, and the bed days of all who waited in it."""
    direction = str(asked.definition.parameters["direction"]).rpartition("|")[2]
    every = [one for one in asked.facts.requests if one.direction == direction and asked.within(one.region)]
    if unknown := sum(one.ready is None and one.authored < asked.span[1] for one in every):
        asked.reasons["no-ready-date"] += unknown
    now = min(asked.span[1], asked.until)
    found = [_Waits(one, when) for one in every if (when := _ready(one, asked))]

    def make(parts: Sequence[_Waits]) -> Made:
        still = sum(one.when[1] >= now for one in parts)
        days = sum(day_count(inside) for one in parts if (inside := cut(one.when, (asked.span[0], now))))
        figures = Figure("waiting", still, len(parts)), Figure("bed-days", days, len(parts))
        return figures, len(parts), providers([one.request for one in parts])

    return answer(asked, found, lambda one: labels(one.request), make)


class _Waits(NamedTuple):
    request: Request
    when: tuple[int, int]


def _ready(request: Request, asked: Asked) -> tuple[int, int] | None:
    """Return from when to when somebody who was ready waited, None where that was not in the span."""
    if request.ready is None:
        return None
    now = min(asked.span[1], asked.until)
    where = placement(request, now)
    over = min(at for at in (where.at if where else None, request.ended, now) if at is not None)
    when = max(request.ready, request.authored), over
    return when if when[0] < now and cut(when, (asked.span[0], now)) else None
