"""K-11, K-12, K-17 to K-20 and K-22: who reports and how well, what people say, tracks, holds, and the service."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.kpi.compute.parts import Asked, Made, answer, mean, minutes, shared
from gateway.kpi.compute.placed import placement
from gateway.kpi.facts import MINUTE, Answer, Arrived, Expected, Held, Probe, Track
from gateway.kpi.results import Computed, Figure
from gateway.kpi.spans import cut, length, months_after

_GOOD_MARK = 8


def coverage(asked: Asked) -> Computed:
    """K-11: cells that were reported, of those that should be."""
    found = [one for one in asked.facts.expected if asked.within(one.region)]

    def make(parts: Sequence[Expected]) -> Made:
        told = sum(one.reported for one in parts)
        return (shared("covered", told, len(parts)),), len(parts), {one.provider for one in parts}

    return answer(asked, found, lambda one: {"region": one.region, "care": one.care, "provider": one.provider}, make)


def standardised(asked: Asked) -> Computed:
    """K-12: messages that arrived as they should, of all; and of the wanted fields those that were right."""
    found = [one for one in asked.facts.messages if asked.within(one.region)]

    def make(parts: Sequence[Arrived]) -> Made:
        n = sum(one.messages for one in parts)
        figures = (
            shared("right", sum(one.right for one in parts), n),
            shared("fields-right", sum(one.fields_right for one in parts), sum(one.fields for one in parts)),
        )
        return figures, n, {one.provider for one in parts}

    return answer(asked, found, lambda one: {"provider": one.provider, "format": one.format}, make)


def patients(asked: Asked) -> Computed:
    """K-17: what patients say on one question, and how many of those who were placed said something."""
    requests = {one.id: one for one in asked.facts.requests}
    found = [one for one in asked.facts.answers if asked.during(one.at) and asked.within(one.region)]
    placed = {
        one.id: one
        for one in asked.facts.requests
        if asked.within(one.region) and (where := placement(one, asked.until)) and asked.during(where.at)
    }
    if not placed:
        asked.reasons["no-response-rate"] += 1

    def make(parts: Sequence[Answer]) -> Made:
        marks = [one.mark for one in parts]
        regions = {one.region for one in parts}
        of = [one for one in placed.values() if len(parts) == len(found) or one.region in regions]
        answered = {one.request for one in parts} & {one.id for one in of}
        figures = (
            Figure("mean", mean(marks), len(marks)),
            shared("eight-or-more", sum(mark >= _GOOD_MARK for mark in marks), len(marks)),
            shared("response-rate", len(answered), len(of)),
        )
        about = [requests[one.request] for one in parts if one.request in requests]
        return figures, len(parts), {where.offer.owner for one in about if (where := placement(one, asked.until))}

    return answer(asked, found, lambda one: {"region": one.region}, make)


def professionals(asked: Asked) -> Computed:
    """K-18: what professionals say, by kind of partner, and how many partners of the kind said something."""
    found = [one for one in asked.facts.answers if asked.during(one.at) and asked.within(one.region)]
    kinds = asked.facts.asked

    def make(parts: Sequence[Answer]) -> Made:
        marks = [one.mark for one in parts]
        who = {one.request for one in parts}
        of = sum(kinds.get(kind, 0) for kind in {one.kind for one in parts})
        if len(parts) == len(found):
            of = sum(kinds.values())
        figures = Figure("mean", mean(marks), len(marks)), shared("response-rate", len(who), of)
        return figures, len(parts), who

    return answer(asked, found, lambda one: {"kind": one.kind}, make)


def tracks(asked: Asked) -> Computed:
    """K-19: tracks that ran, ended in time, and were reviewed by the day that was due."""
    found = [
        one
        for one in asked.facts.tracks
        if asked.within(one.region) and cut((one.start, one.end or max(asked.until, one.start + 1)), asked.span)
    ]
    months = asked.parameter("months")

    def make(parts: Sequence[Track]) -> Made:
        limits = [(one, months_after(one.start, months)) for one in parts]
        over = [
            (one, limit)
            for one, limit in limits
            if (one.end is not None and one.end <= asked.until) or limit < asked.until
        ]
        in_time = sum(one.end is not None and one.end <= limit for one, limit in over)
        due = [one for one in parts if one.review_due is not None and one.review_due < asked.until]
        reviewed = sum(one.reviewed is not None and one.reviewed <= (one.review_due or 0) for one in due)
        figures = (
            Figure("active", len(parts), len(parts)),
            shared("ended-in-time", in_time, len(over)),
            shared("reviewed-in-time", reviewed, len(due)),
        )
        return figures, len(parts), {one.provider for one in parts}

    if unknown := sum(one.end is not None and one.review_due is None for one in found):
        asked.reasons["no-review-date"] += unknown
    return answer(asked, found, lambda one: {"network": one.network}, make)


def holds(asked: Asked) -> Computed:
    """K-20: holds that ended by time, of all that ended in the span; and minutes held without a booking."""
    found = [
        one
        for one in asked.facts.holds
        if one.end is not None and asked.during(one.end) and one.end <= asked.until and asked.within(one.region)
    ]
    if still := sum(one.end is None for one in asked.facts.holds):
        asked.reasons["open-requests"] += still

    def make(parts: Sequence[Held]) -> Made:
        expired = sum(one.how == "expired" for one in parts)
        unused = length((one.start, one.end or one.start) for one in parts if one.how != "booked")
        figures = shared("expired", expired, len(parts)), Figure("minutes-unused", minutes(unused), len(parts))
        return figures, len(parts), {one.by for one in parts}

    return answer(asked, found, lambda one: {"region": one.region}, make)


def service(asked: Asked) -> Computed:
    """K-22: minutes in which each path succeeded within the limit, of those that were probed."""
    paths, limit = asked.words("paths"), asked.parameter("limit_ms")
    by_minute: dict[int, list[Probe]] = {}
    for one in asked.facts.probes:
        if asked.during(one.at) and one.at < asked.until:
            by_minute.setdefault(one.at // MINUTE, []).append(one)
    over = min(asked.span[1], asked.until)
    missing = max(0, -(-(over - asked.span[0]) // MINUTE) - len(by_minute))
    if missing:
        asked.reasons["not-probed"] += missing

    def make(minutes_: Sequence[list[Probe]]) -> Made:
        good = sum(all(_succeeds(one, paths, limit) for one in probes) for probes in minutes_)
        return (shared("available", good, len(minutes_)),), len(minutes_), {"service", "probe"}

    return answer(asked, [by_minute[minute] for minute in sorted(by_minute)], lambda _: {}, make)


def _succeeds(probe: Probe, paths: Sequence[str], limit: int) -> bool:
    took = dict(probe.took)
    return all((found := took.get(path)) is not None and found <= limit for path in paths)
