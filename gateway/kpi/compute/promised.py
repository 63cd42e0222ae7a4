"""K-07 and K-14: what was known of free places when it was asked, and where the patient went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.kpi.compute.parts import Asked, Labels, Made, answer, shared
from gateway.kpi.compute.placed import ACCEPTED, Placement, asked_in, labels, placement, providers
from gateway.kpi.facts import Offer, Reported, Request
from gateway.kpi.results import Computed, Figure

_NO_CAPACITY = "no-capacity"


class _Sent(NamedTuple):
    request: Request
    offer: Offer


class _Placed(NamedTuple):
    request: Request
    where: Placement


def delivered(asked: Asked) -> Computed:
    """K-07: of the offers that were sent while a fresh free place was shown, those that were accepted."""
    shown = _Shown(asked)
    found = [
        _Sent(request, offer)
        for request in asked.facts.requests
        if asked.within(request.region)
        for offer in request.offers
        if asked.during(offer.sent) and shown.by(offer.owner, offer.care or request.care, offer.sent)
    ]
    asked.flawed("no-source-time", "clock-ahead", "reported-twice", "no-care-type")

    def make(parts: Sequence[_Sent]) -> Made:
        kept = sum(one.offer.when(*ACCEPTED, before=asked.until) is not None for one in parts)
        last = [one.offer.last(asked.until) for one in parts]
        full = sum(one is not None and (one.status, one.reason) == ("rejected", _NO_CAPACITY) for one in last)
        figures = shared("kept", kept, len(parts)), shared("refused-no-capacity", full, len(parts))
        return figures, len(parts), {one.offer.owner for one in parts}

    return answer(asked, found, lambda one: labels(one.request), make)


def across(asked: Asked) -> Computed:
    """K-14: placed in another subregion, and of these what could have stayed."""
    shown = _Shown(asked)
    placed = [_Placed(one, where) for one in asked_in(asked) if (where := placement(one, asked.until))]
    outside = [one for one in placed if not one.where.offer.registered]
    found = [one for one in placed if one.where.offer.registered]
    if unknown := sum(not one.request.region or not one.where.offer.region for one in found):
        asked.reasons["no-region"] += unknown
    asked.flawed("no-source-time", "clock-ahead", "reported-twice", "no-care-type")

    def make(parts: Sequence[_Placed]) -> Made:
        known = [one for one in parts if one.where.offer.registered]
        crossed = [one for one in known if _crosses(one)]
        avoidable = sum(shown.near(one.request) for one in crossed)
        figures = (
            shared("across", len(crossed), len(known)),
            shared("avoidable", avoidable, len(known)),
            Figure("outside-network", len(parts) - len(known), len(parts)),
        )
        return figures, len(parts), providers([one.request for one in parts])

    return answer(asked, [*found, *outside], _labels, make)


def _crosses(one: _Placed) -> bool:
    mine, theirs = one.request.region, one.where.offer.region
    return bool(mine and theirs and mine != theirs)


def _labels(one: _Placed) -> Labels:
    return labels(one.request)


class _Shown:
    """What was shown of free places at any moment."""

    def __init__(self, asked: Asked) -> None:
        self._free = asked.parameter("free")
        self._by: dict[tuple[str, str], list[Reported]] = {}
        self._near: dict[tuple[str, str], list[Reported]] = {}
        for one in asked.facts.reported:
            self._by.setdefault((one.provider, one.care), []).append(one)
            self._near.setdefault((one.region, one.care), []).append(one)

    def by(self, provider: str, care: str, at: int) -> bool:
        """Return whether a provider showed a fresh free place of a kind of care."""
        return self._any(self._by.get((provider, care), ()), at)

    def near(self, request: Request) -> bool:
        """Return whether the subregion of who asked showed a fresh free place when it was asked."""
        return self._any(self._near.get((request.region, request.care), ()), request.authored)

    def _any(self, every: Sequence[Reported], at: int) -> bool:
        return any(
            one.known <= at < min(one.until, one.fresh_until)
            and one.available is not None
            and one.available >= self._free
            and one.stop not in {"stop", "closed"}
            for one in every
        )
