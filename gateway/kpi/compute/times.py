"""K-01 and K-05: what a placement took, in calls and in time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

from gateway.kpi.compute.parts import Asked, Made, answer, minutes, share
from gateway.kpi.compute.placed import Placement, asked_in, is_open, labels, on_hold, placement, providers
from gateway.kpi.facts import Request
from gateway.kpi.results import Computed, Figure
from gateway.kpi.spans import percentile


def calls(asked: Asked) -> Computed:
    """K-01: the calls of the baseline less those that were made, of each placed request."""
    baseline = asked.definition.parameters["baseline"]
    found = [one for one in asked_in(asked) if placement(one, asked.until)]
    if unknown := sum(one.care not in baseline for one in found):
        asked.reasons["no-baseline"] += unknown

    def make(requests: Sequence[Request]) -> Made:
        made = [sum(at < asked.until for at in one.calls) for one in requests]
        compared = all(one.care in baseline for one in requests) and requests
        net = sum(Fraction(baseline[one.care]) - n for one, n in zip(requests, made, strict=True)) if compared else None
        return (
            (
                Figure("net", net, len(requests)),
                Figure("calls-per-placement", share(sum(made), len(made)), len(made), sum(made)),
                Figure("without-calls", share(made.count(0), len(made)), len(made), made.count(0)),
            ),
            len(requests),
            providers(requests),
        )

    return answer(asked, found, labels, make)


def to_placement(asked: Asked) -> Computed:
    """K-05: from the request to the first acceptance that held, and to arrival; with and without time on hold."""
    found = asked_in(asked)
    if waiting := sum(is_open(one, asked.until) for one in found):
        asked.reasons["open-requests"] += waiting
    if unseen := sum(bool(placement(one, asked.until)) and _arrived(one, asked) is None for one in found):
        asked.reasons["no-arrival"] += unseen

    asked.reasons["clock-ahead"] += sum(
        where.at < one.authored for one in found if (where := placement(one, asked.until))
    )

    def make(requests: Sequence[Request]) -> Made:
        return tuple(_times(asked, requests)), len(requests), providers(requests)

    return answer(asked, found, labels, make)


def _times(asked: Asked, requests: Sequence[Request]) -> Iterator[Figure]:
    placed = [(one, where) for one in requests if (where := placement(one, asked.until))]
    yield from _both("", "", [max(0, where.at - one.authored) for one, where in placed])
    yield from _both("", "-without-hold", [_without_hold(one, where) for one, where in placed])
    arrivals = [max(0, at - one.authored) for one, _ in placed if (at := _arrived(one, asked)) is not None]
    yield from _both("arrival-", "", arrivals)
    waiting = [asked.until - one.authored for one in requests if is_open(one, asked.until)]
    yield Figure("open", len(waiting), len(requests))
    yield Figure("oldest-open", minutes(max(waiting, default=None)), len(waiting))


def _both(before: str, after: str, took: Sequence[int]) -> Iterator[Figure]:
    for name, rank in (("median", 50), ("p90", 90)):
        yield Figure(f"{before}{name}{after}", minutes(percentile(took, rank)), len(took))


def _without_hold(request: Request, where: Placement) -> int:
    return max(0, where.at - request.authored) - on_hold(where.offer, (request.authored, where.at))


def _arrived(request: Request, asked: Asked) -> int | None:
    where = placement(request, asked.until)
    every = (request.arrived, where.offer.arrived if where else None)
    return min((at for at in every if at is not None and at < asked.until), default=None)
