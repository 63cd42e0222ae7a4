"""Which formula makes which indicator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from gateway.kpi.compute import choices, others, pressure, promised, stopping, times
from gateway.kpi.compute.parts import Asked
from gateway.kpi.definitions import Definition
from gateway.kpi.facts import HOUR, Facts, Span
from gateway.kpi.results import Computed, Result

FORMULAS: Mapping[str, Callable[[Asked], Computed]] = MappingProxyType(
    {
        "K-01": times.calls,
        "K-02": stopping.time,
        "K-03": stopping.number,
        "K-04": stopping.brought,
        "K-05": times.to_placement,
        "K-06": choices.first_time,
        "K-07": promised.delivered,
        "K-08": pressure.variation,
        "K-09": pressure.imbalance,
        "K-10": pressure.freshness,
        "K-11": others.coverage,
        "K-12": others.standardised,
        "K-13": choices.refusals,
        "K-14": promised.across,
        "K-15": choices.ladder,
        "K-16": choices.doubles,
        "K-17": others.patients,
        "K-18": others.professionals,
        "K-19": others.tracks,
        "K-20": others.holds,
        "K-21": choices.waiting,
        "K-22": others.service,
    }
)


def settled(definition: Definition, span: Span) -> int:
    """Return until when what happens counts to a span."""
    return span[1] + definition.settles * HOUR


def compute(definition: Definition, facts: Facts, span: Span, known: int, *, now: int, region: str = "") -> Result:
    """Return an indicator of a span, of facts that were known at a moment; what happened after it settled is not in it.

    `now` is when it is computed, and nothing else depends on it.
    """
    until = min(settled(definition, span), known)
    asked = Asked(definition, facts, span, until, region)
    if known < settled(definition, span):
        asked.reasons["not-settled"] += 1
    cells, reasons = FORMULAS[definition.id](asked)
    return Result(definition, span, region, known, now, cells, tuple(sorted(reasons.items())))
