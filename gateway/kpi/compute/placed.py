"""What became of a request up to a moment: placed, open, on hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gateway.kpi.compute.parts import Asked, Labels
from gateway.kpi.facts import Offer, Request, Span
from gateway.kpi.spans import cut, length, union

ACCEPTED = ("accepted", "in-progress", "completed")
WITHDRAWN = frozenset({"cancelled", "rejected", "entered-in-error"})
"""What an offer that was accepted is not any more, when it ends as this."""
TIMED_OUT = "timed-out"


class Placement(NamedTuple):
    """Where a request was placed, and when that was agreed."""

    offer: Offer
    at: int


def placement(request: Request, until: int) -> Placement | None:
    """Return the first acceptance that was not withdrawn before a moment, None where there is none."""
    found = [
        Placement(offer, at)
        for offer in request.offers
        if (at := offer.when(*ACCEPTED, before=until)) is not None and offer.status_at(until) not in WITHDRAWN
    ]
    return min(found, key=lambda one: (one.at, one.offer.id), default=None)


def asked_in(asked: Asked) -> list[Request]:
    """Return the requests of the span and region, the first asked first."""
    found = [one for one in asked.facts.requests if asked.during(one.authored) and asked.within(one.region)]
    return sorted(found, key=lambda one: (one.authored, one.id))


def is_open(request: Request, until: int) -> bool:
    """Return whether a request waits at a moment: it has no place, and did not end without one."""
    return placement(request, until) is None and (request.ended is None or request.ended >= until)


def on_hold(offer: Offer, within: Span) -> int:
    """Return for how long an offer waited for an answer of who asked."""
    moments = [*offer.states[1:], None]
    spans = [
        (one.at, after.at if after else within[1])
        for one, after in zip(offer.states, moments, strict=True)
        if one.status == "on-hold"
    ]
    return length(part for one in union(spans) if (part := cut(one, within)))


def labels(request: Request) -> Labels:
    """Return by what a request is split."""
    return {"region": request.region, "care": request.care, "urgency": request.priority}


def providers(requests: Sequence[Request]) -> set[str]:
    """Return who some requests are about: who asked, and who was asked."""
    return {one.requester for one in requests} | {offer.owner for one in requests for offer in one.offers}
