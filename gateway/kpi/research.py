"""Requests for research, under pseudonyms: what was asked, how urgent, what became of it and how long that took.

A pseudonym is made with a key that the operator keeps: the same patient or organisation has the same one in every
export by that key, and nobody who lacks it finds who that is. No moment is told but the week, no reason but its code;
what is told of fewer than five requests together (kind of care, urgency, region, week) loses its region and its week.
"""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from gateway.errors import BadSettings
from gateway.fhir.datetime import dutch_time
from gateway.kpi.compute.placed import TIMED_OUT, placement
from gateway.kpi.facts import MINUTE, Request, Span
from gateway.kpi.loading.directory import Directory
from gateway.kpi.loading.referrals import requests
from gateway.kpi.results import FEWEST_REQUESTS
from gateway.store.records import microseconds, moment

if TYPE_CHECKING:
    from gateway.services import Services

KEY_BYTES = 32
COLUMNS = (
    "request", "patient", "week", "region", "care", "urgency", "offers", "refused", "timed_out", "placed",
    "across", "minutes_to_placement", "minutes_to_arrival", "calls",
)  # fmt: skip


def research(span: Span, key: bytes, to: Services) -> list[dict[str, Any]]:
    """Return a row for each request that was authored in a span. BadSettings for a key that is too short."""
    if len(key) < KEY_BYTES:
        raise BadSettings(f"the key of pseudonyms has {KEY_BYTES} bytes or more")
    known = microseconds(to.clock())
    with to.store.reading() as db:
        found = requests(Directory(db, known), (span[0], known + 1), known, salt=key)
    every = [one for one in found if span[0] <= one.authored < span[1]]
    return coarsened([_row(one, key, known) for one in sorted(every, key=lambda one: _pseudonym(one.id, key))])


def coarsened(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows of which those that are too few of their kind do not say in which week and region it was."""
    kinds = Counter(map(_kind, rows))
    return [row if kinds[_kind(row)] >= FEWEST_REQUESTS else {**row, "week": "", "region": ""} for row in rows]


def _kind(row: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("week", "region", "care", "urgency"))


def _row(one: Request, key: bytes, known: int) -> dict[str, Any]:
    where = placement(one, known)
    last = list(_last(one, known))
    year, week, _ = moment(one.authored).astimezone(dutch_time()).isocalendar()
    arrived = one.arrived if one.arrived is not None else where and where.offer.arrived
    return {
        "request": _pseudonym(one.id, key),
        "patient": _pseudonym(one.patient, key) if one.patient else "",
        "week": f"{year}-W{week:02}",
        "region": one.region,
        "care": one.care,
        "urgency": one.priority,
        "offers": len(one.offers),
        "refused": sum(status == "rejected" and reason != TIMED_OUT for status, reason in last),
        "timed_out": sum(reason == TIMED_OUT for _, reason in last),
        "placed": where is not None,
        "across": bool(where and where.offer.region and one.region and where.offer.region != one.region),
        "minutes_to_placement": (where.at - one.authored) // MINUTE if where else None,
        "minutes_to_arrival": (arrived - one.authored) // MINUTE if arrived is not None else None,
        "calls": len(one.calls),
    }


def _last(one: Request, known: int) -> Iterator[tuple[str, str]]:
    for offer in one.offers:
        if (state := offer.last(known)) is not None:
            yield state.status, state.reason


def _pseudonym(name: str, key: bytes) -> str:
    return hmac.new(key, name.encode(), sha256).hexdigest()[:20]
