"""K-02, K-03 and K-04: stops of emergency departments, and who came during one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.kpi.compute.parts import Asked, Made, answer, mean, minutes, shared
from gateway.kpi.facts import HOUR, MINUTE, Department, Offer, Request, Span, Stop
from gateway.kpi.results import Computed, Figure
from gateway.kpi.spans import cut, day_count, length, percentile, union, within


class _Shut(NamedTuple):
    """When a department had a stop, of all its channels together; `whole` is not cut to the span."""

    department: Department
    inside: list[Span]
    whole: list[Span]


def time(asked: Asked) -> Computed:
    """K-02: for how long departments had a stop, by union of their channels, within their hours."""
    found = _shut(asked, gap=0)
    days = day_count(asked.span)

    def make(parts: Sequence[_Shut]) -> Made:
        spent = sum(length(one.inside) for one in parts)
        per_day = minutes(spent / (days * len(parts))) if parts and days else None
        figures = (
            Figure("minutes", minutes(spent), len(parts)),
            Figure("hours", spent / HOUR, len(parts)),
            Figure("minutes-per-day", per_day, len(parts)),
        )
        return figures, len(parts), {one.department.provider or one.department.place for one in parts}

    return answer(asked, found, _labels, make)


def number(asked: Asked) -> Computed:
    """K-03: stops that began in the span; what is told again, or made longer, is none."""
    found = _shut(asked, gap=asked.parameter("gap_minutes") * MINUTE)

    def make(parts: Sequence[_Shut]) -> Made:
        begun = [end - begin for one in parts for begin, end in one.whole if asked.during(begin)]
        figures = (
            Figure("stops", len(begun), len(parts)),
            Figure("mean-length", minutes(mean(begun)), len(begun)),
            Figure("median-length", minutes(percentile(begun, 50)), len(begun)),
        )
        return figures, len(parts), {one.department.provider or one.department.place for one in parts}

    return answer(asked, found, _labels, make)


class _Brought(NamedTuple):
    request: Request
    offer: Offer


def brought(asked: Asked) -> Computed:
    """K-04: of those who were brought to a department, how many while it had a stop: as was copied when it was sent."""
    cares, statuses = asked.words("care"), asked.words("statuses")
    every = [
        _Brought(request, offer)
        for request in asked.facts.requests
        for offer in request.offers
        if (offer.care or request.care) in cares and asked.during(offer.sent) and asked.within(request.region)
    ]
    if unknown := sum(not one.offer.stop for one in every):
        asked.reasons["stop-not-copied"] += unknown
    found = [one for one in every if one.offer.stop]

    def make(parts: Sequence[_Brought]) -> Made:
        during = [one.offer for one in parts if one.offer.stop in statuses]
        excepted = sum(bool(one.exceptions) for one in during)
        figures = (
            shared("share-during-stop", len(during), len(parts)),
            Figure("excepted", excepted, len(during)),
            Figure("not-excepted", len(during) - excepted, len(during)),
        )
        return figures, len(parts), {one.offer.owner for one in parts}

    return answer(
        asked, found,
        lambda one: {"region": one.request.region, "exception": ", ".join(one.offer.exceptions) or "none"}, make,
    )  # fmt: skip


def _shut(asked: Asked, gap: int) -> list[_Shut]:
    """Return when each department had a stop."""
    told: dict[str, list[Stop]] = {}
    for stop in asked.facts.stops:
        told.setdefault(stop.place, []).append(stop)
    found = []
    for department in sorted(asked.facts.departments):
        if asked.within(department.region):
            stops = [one for one in told.get(department.place, ()) if one.start < asked.span[1]]
            found.append(_of(department, stops, gap, asked))
    return found


def _of(department: Department, stops: Sequence[Stop], gap: int, asked: Asked) -> _Shut:
    whole = union(((one.start, min(one.end, asked.until)) for one in stops), gap)
    if department.hours is not None:
        whole = within(whole, department.hours)
    for one in stops:
        if cut((one.start, one.end), asked.span):
            asked.reasons["end-announced"] += one.announced
            asked.reasons["stop-goes-on"] += one.is_open
    inside = [part for one in whole if (part := cut(one, asked.span))]
    return _Shut(department, inside, whole)


def _labels(one: _Shut) -> dict[str, str]:
    return {"region": one.department.region, "place": one.department.name or one.department.place}
