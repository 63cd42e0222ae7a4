"""K-08, K-09 and K-10: how pressure is spread over time, and how fresh the numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from math import asin, cos, radians, sin, sqrt
from typing import Literal, NamedTuple

from gateway.kpi.compute.parts import Asked, Labels, Made, answer, minutes
from gateway.kpi.facts import Reported, Span
from gateway.kpi.results import Computed, Figure
from gateway.kpi.spans import cut, length, percentile, union, within

_EARTH_KM = 6371.0
_SHUT = frozenset({"stop", "closed"})
_NOT_GREEN = frozenset({"stop", "closed", "threatened"})


def variation(asked: Asked) -> Computed:
    """K-08: the weighted coefficient of variation of occupancy over providers, as the mean over time."""
    found = [one for one in _reported(asked) if one.open and one.occupied is not None]
    asked.flawed("no-source-time", "clock-ahead", "reported-twice", "no-care-type")
    asked.reasons["stale"] += _stale(found, asked.span)
    fewest = asked.parameter("providers")

    def make(parts: Sequence[Reported]) -> Made:
        sums = _varied(parts, asked.span, fewest) if len({one.care for one in parts}) == 1 else _Varied(0, 0, 0)
        known = sums.time > 0
        figures = (
            Figure("variation", sums.variation / sums.time if known else None, len({one.provider for one in parts})),
            Figure("mean-occupancy", sums.occupancy / sums.time if known else None),
        )
        return figures, len({one.cell for one in parts}), {one.provider for one in parts}

    made = answer(asked, found, _labels, make)
    by_care = made.cells[1:] or made.cells
    if few := sum(one.figure("variation").value is None for one in by_care):
        return made._replace(reasons={**made.reasons, "too-few-providers": few})
    return made


class _Varied(NamedTuple):
    """Sums over time, in microseconds, of what was so while there were providers enough."""

    time: int
    variation: float
    occupancy: float


def _varied(parts: Iterable[Reported], span: Span, fewest: int) -> _Varied:
    """Return the sums over a span; each provider's places count together, and what is stale does not."""
    turns = sorted(_turns(parts, span))
    held: dict[str, tuple[float, float]] = {}
    places = occupied = squares = 0.0
    found, since = _Varied(0, 0.0, 0.0), span[0]
    for at, _, provider, more, taken in turns:
        if at > since and len(held) >= fewest and places > 0:
            mean = occupied / places
            deviation = sqrt(max(0.0, squares / places - mean * mean))
            varied = deviation / mean if mean else 0.0
            took = at - since
            found = _Varied(found.time + took, found.variation + varied * took, found.occupancy + mean * took)
        since = at
        before = held.pop(provider, (0.0, 0.0))
        after = round(before[0] + more, 9), round(before[1] + taken, 9)
        if after[0] > 0:
            held[provider] = after
        places, occupied = _sum(held, 0), _sum(held, 1)
        squares = sum(two * two / one for one, two in held.values())
    return found


def _sum(held: dict[str, tuple[float, float]], which: int) -> float:
    return sum(one[which] for one in held.values())


def _turns(parts: Iterable[Reported], span: Span) -> Iterator[tuple[int, int, str, float, float]]:
    """Yield when places of a provider begin and end to count: the end first, at one moment."""
    for one in parts:
        inside = cut((one.known, min(one.until, one.stale_from)), span)
        if inside and one.open and one.occupied is not None:
            yield inside[0], 1, one.provider, one.open, one.occupied
            yield inside[1], 0, one.provider, -one.open, -one.occupied


def imbalance(asked: Asked) -> Computed:
    """K-09: minutes in which one provider was red while a comparable one near it had a fresh free place."""
    every = _reported(asked)
    if unknown := len({one.cell for one in every if one.position is None}):
        asked.reasons["no-position"] += unknown
    asked.reasons["stale"] += _stale(every, asked.span)
    asked.flawed("no-source-time", "clock-ahead", "reported-twice", "no-care-type")

    def make(parts: Sequence[Reported]) -> Made:
        cares = sorted({one.care for one in parts})
        spent = sum(length(_uneven([one for one in parts if one.care == care], asked)) for care in cares)
        figures = (Figure("minutes", minutes(spent), len({one.cell for one in parts})),)
        return figures, len({one.cell for one in parts}), {one.provider for one in parts}

    return answer(asked, every, _labels, make)


def _uneven(parts: Sequence[Reported], asked: Asked) -> list[Span]:
    """Return when it was so, of one kind of care."""
    levels, free = frozenset(asked.words("red_levels")), asked.parameter("free")
    red = [one for one in parts if one.position and (one.stop in _SHUT or one.level in levels)]
    green = [
        one
        for one in parts
        if one.position
        and one.stop not in _NOT_GREEN
        and one.level not in levels
        and one.available is not None
        and one.available >= free
    ]
    shut, open_ = _by_cell(red, "stale_from"), _by_cell(green, "fresh_until")
    near = asked.parameter("distance_km")
    return union(
        part
        for one, when in shut.items()
        for other, also in open_.items()
        if one.cell != other.cell and _distance(one, other) <= near
        for both in within(when, also)
        if (part := cut(both, asked.span))
    )


class _At(NamedTuple):
    cell: str
    position: tuple[float, float]


def _by_cell(parts: Iterable[Reported], end: Literal["stale_from", "fresh_until"]) -> dict[_At, list[Span]]:
    """Return when each place was as these say, up to when that is too old to count."""
    found: dict[_At, list[Span]] = {}
    for one in parts:
        if one.position is not None:
            until = min(one.until, one.stale_from if end == "stale_from" else one.fresh_until)
            found.setdefault(_At(one.cell, one.position), []).append((one.known, until))
    return {cell: union(spans) for cell, spans in found.items()}


def _distance(one: _At, other: _At) -> float:
    """Return how far two places are from each other as the crow flies, in kilometres.

    https://en.wikipedia.org/wiki/Haversine_formula
    """
    (north, east), (other_north, other_east) = (map(radians, where) for where in (one.position, other.position))
    half = sin((other_north - north) / 2) ** 2 + cos(north) * cos(other_north) * sin((other_east - east) / 2) ** 2
    return 2 * _EARTH_KM * asin(min(1.0, sqrt(half)))


def freshness(asked: Asked) -> Computed:
    """K-10: the share of time for which numbers were fresh, by open places; and the age of what was read."""
    every = _reported(asked)
    if unknown := len({one.cell for one in every if one.open is None}):
        asked.reasons["no-open-count"] += unknown
    asked.flawed("no-source-time", "clock-ahead", "reported-twice", "no-care-type")
    ages = asked.facts.ages
    if not ages:
        asked.reasons["no-reads"] += 1

    def make(parts: Sequence[Reported]) -> Made:
        total = fresh = Fraction(0)
        for one in parts:
            inside = cut((one.known, one.until), asked.span)
            if inside and one.open:
                weight = Fraction(one.open)
                total += weight * (inside[1] - inside[0])
                fresh += weight * length(filter(None, [cut((one.known, one.fresh_until), inside)]))
        is_whole = len(parts) == len(every)
        figures = (
            Figure("fresh", fresh / total if total else None, len({one.cell for one in parts})),
            *(
                Figure(f"age-p{rank}", minutes(percentile(ages, rank)) if is_whole else None, len(ages))
                for rank in (50, 95)
            ),
        )
        return figures, len({one.cell for one in parts}), {one.provider for one in parts}

    return answer(asked, every, _labels, make)


def _reported(asked: Asked) -> list[Reported]:
    """Return what was known at some moment of the span, in the region."""
    return sorted(
        (one for one in asked.facts.reported if cut((one.known, one.until), asked.span) and asked.within(one.region)),
        key=lambda one: (one.cell, one.known),
    )


def _stale(every: Iterable[Reported], span: Span) -> int:
    """Return how many places were stale for a part of a span, and so left out."""
    return len({one.cell for one in every if cut((max(one.stale_from, one.known), one.until), span)})


def _labels(one: Reported) -> Labels:
    return {"region": one.region, "care": one.care, "provider": one.provider}
