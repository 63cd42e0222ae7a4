"""Until when a figure of capacity is fresh, and from when it is stale: one question, of whatever table answers it."""

from __future__ import annotations

from collections.abc import Callable

from gateway.fhir import freshness
from gateway.fhir.types import Resource
from gateway.kpi.loading import said
from gateway.settings.ages import Ages, Figure

Moments = Callable[[Resource, int], tuple[int, int]]
"""Returns both moments, of a resource and of the moment at which it was so at its source."""

_DAY = len("2026-01-05")


def by_table(table: Ages) -> Moments:
    """Return what answers by what the gateway laid beside a figure, or else by this table."""

    def moments(resource: Resource, at: int) -> tuple[int, int]:
        laid = freshness.stated(resource)
        if laid is not None:
            return laid.fresh_until, laid.stale_at
        figure = Figure(
            care=frozenset({said.care(resource)}),
            source=str(said.extension(resource, "capacity-source") or ""),
            method=str(said.extension(resource, "capacity-method") or ""),
            is_of_day=len(str(said.extension(resource, "capacity-measured-at") or "")) == _DAY,
        )
        return table.moments(table.kind(figure), at)

    return moments
