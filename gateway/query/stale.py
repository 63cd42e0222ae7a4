"""What leaves says of no place that it is free by a word that is stale, whether or not that was stored by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.fhir.freshness import told
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store import Stored
    from gateway.store.search import Found, Results


def version(stored: Stored, to: Services) -> Stored:
    """Return the newest version as it is told now; what it does not say itself has no number to be known by."""
    body = told(stored.type, stored.body, microseconds(to.clock()))
    return stored if body is stored.body else replace(stored, body=body, version=0)


def results(found: Results, to: Services) -> Results:
    """Return a page as it is told now."""
    now = microseconds(to.clock())
    return replace(found, matches=rows(found.matches, now), includes=rows(found.includes, now))


def rows(found: Sequence[Found], now: int) -> list[Found]:
    """Return what was found as it is told at a moment."""
    return [row if row.type != "Slot" else row._replace(body=told(row.type, row.body, now)) for row in found]
