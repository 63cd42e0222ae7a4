"""What each partner asked, delivered and took over in a period, and what was counted twice, for who settles costs.

A placement has one registering party: who asked. A request that was accepted by two destinations at a time would be
paid twice, and so would one that was made twice; both are told apart, with the ids of the requests alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from gateway.kpi.compute.choices import doubled
from gateway.kpi.compute.parts import Asked
from gateway.kpi.compute.placed import ACCEPTED, WITHDRAWN, asked_in, placement
from gateway.kpi.definitions import definition
from gateway.kpi.facts import Facts, Request, Span
from gateway.kpi.loading.load import Loading
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.services import Services

_REFUSED = "rejected"


@dataclass(slots=True)
class Use:
    """What one partner did: requests it made, and of these placed; offers it got, and what became of them.

    `taken_over` are those that it accepted of another subregion; `messages` are those that it sent.
    """

    partner: str
    asked: int = 0
    placed: int = 0
    offered: int = 0
    delivered: int = 0
    refused: int = 0
    taken_over: int = 0
    messages: int = 0


class Usage(NamedTuple):
    """The use of each partner, and requests that would be counted twice: made twice, or accepted by two at a time."""

    partners: tuple[Use, ...]
    asked_twice: tuple[str, ...]
    accepted_twice: tuple[str, ...]


def usage(span: Span, to: Services, *, region: str = "") -> Usage:
    """Return what partners did in a span, as it is known now. Raises BadSettings, Unavailable."""
    known, folder = microseconds(to.clock()), to.settings.kpis
    twice = definition("K-16", folder)
    with to.store.reading() as db:
        loading = Loading(db, span, known, to)
        requests = loading.facts(twice).requests
        facts = Facts(requests, messages=loading.facts(definition("K-12", folder)).messages)
        owners = loading.senders()
    return of(Asked(twice, facts, span, min(known, span[1]), region), owners)


def of(asked: Asked, senders: dict[str, str]) -> Usage:
    """Return the same of facts; `senders` are the partners that send as each provider."""
    found: dict[str, Use] = {}
    every = asked_in(asked)
    for request in every:
        _count(request, asked, found)
    for one in asked.facts.messages:
        if asked.within(one.region):
            _of(senders.get(one.provider, one.provider), found).messages += one.messages
    twice = doubled(asked)
    return Usage(
        tuple(found[name] for name in sorted(found)),
        tuple(one.id for one in every if one.id in twice),
        tuple(one.id for one in every if _standing(one, asked.until) > 1),
    )


def _count(request: Request, asked: Asked, found: dict[str, Use]) -> None:
    where = placement(request, asked.until)
    asker = _of(request.requester, found)
    asker.asked += 1
    asker.placed += where is not None
    for offer in request.offers:
        if offer.sent >= asked.until:
            continue
        destination = _of(offer.owner, found)
        destination.offered += 1
        destination.refused += offer.status_at(asked.until) == _REFUSED
        if where is not None and where.offer.id == offer.id:
            destination.delivered += 1
            destination.taken_over += bool(offer.region and request.region and offer.region != request.region)


def _standing(request: Request, until: int) -> int:
    """Return how many destinations have accepted a request, and not withdrawn that."""
    return sum(
        offer.when(*ACCEPTED, before=until) is not None and offer.status_at(until) not in WITHDRAWN
        for offer in request.offers
    )


def _of(partner: str, found: dict[str, Use]) -> Use:
    return found.setdefault(partner or "unknown", Use(partner or "unknown"))


def rows(every: Iterable[Use]) -> Sequence[dict[str, str | int]]:
    """Return the use of partners for programs."""
    names = ("partner", "asked", "placed", "offered", "delivered", "refused", "taken_over", "messages")
    return [{name: getattr(one, name) for name in names} for one in every]
