"""A result as numbers that are told: rounded as its definition says, shares in percent, nothing of what is hidden."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from gateway.fhir.datetime import dutch_time
from gateway.kpi.facts import Span
from gateway.kpi.results import FEWEST_REQUESTS, Cell, Figure, Result
from gateway.store.records import moment

_MARKS = {"small": f"<{FEWEST_REQUESTS}", "beside": "*"}

_PERCENT = "%"


def rounded(result: Result, figure: Figure) -> Decimal | None:
    """Return a figure as it is told, half a unit up; None where it cannot be told."""
    if figure.value is None:
        return None
    shown = result.definition.shown(figure.code)
    exact = Fraction(figure.value) * (100 if shown.unit == _PERCENT else 1)
    step = Decimal(1).scaleb(-shown.decimals)
    whole = Decimal(exact.numerator) / Decimal(exact.denominator)
    return whole.quantize(step, ROUND_HALF_UP) + 0  # no minus before a zero


def period(span: Span) -> tuple[str, str]:
    """Return a span as it stands on a clock in the Netherlands; its end is not in it."""
    return clock(span[0]), clock(span[1])


def clock(at: int) -> str:
    """Return a moment as it stands on a clock in the Netherlands, with its offset."""
    return moment(at).astimezone(dutch_time()).isoformat(timespec="seconds")


def mark(cell: Cell) -> str:
    """Return what is told in the place of numbers that are hidden: `<5`, or `*` beside one that is; '' where none is.

    >>> mark(Cell((), 0, 0, (), hidden="small"))
    '<5'
    """
    return _MARKS.get(cell.hidden, "")


def row(result: Result) -> dict[str, Any]:
    """Return a result for programs."""
    one = result.definition
    since, until = period(result.span)
    return {
        "kpi": one.id,
        "version": one.version,
        "owner": one.owner,
        "status": one.status,
        "name": dict(one.name),
        "period": {"from": since, "until": until},
        "region": result.region,
        "known": clock(result.known),
        "computedAt": clock(result.computed_at),
        "badge": result.badge,
        "reasons": [{"code": code, "count": number} for code, number in result.reasons],
        "cells": [_cell(result, cell) for cell in result.cells],
    }


def _cell(result: Result, cell: Cell) -> dict[str, Any]:
    figures = [
        {
            "figure": one.code,
            "value": rounded(result, one),
            "unit": result.definition.shown(one.code).unit,
            "n": one.n,
            "part": one.part,
        }
        for one in cell.figures
    ]
    count = mark(cell) or cell.n
    providers = None if cell.hidden else cell.providers
    return {
        "about": dict(cell.about),
        "n": count,
        "providers": providers,
        "hidden": bool(cell.hidden),
        "figures": figures,
    }
