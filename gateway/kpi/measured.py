"""A result as a MeasureReport: a group a figure, and in it a stratum a cell. https://hl7.org/fhir/R4/measurereport.html

A number that is not told says why: `masked` where it is too small for who looks, `unknown` where there is none. The
period of FHIR has its end in it, so that is the last millisecond.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from gateway.fhir.datetime import dutch_time, format_instant
from gateway.fhir.types import Resource
from gateway.kpi.definitions import Shown
from gateway.kpi.results import Cell, Figure, Result
from gateway.kpi.told import clock, rounded
from gateway.store.records import moment

_OURS = "https://msb-gateway.example/fhir"
QUALITY = f"{_OURS}/StructureDefinition/kpi-quality"
_FIGURE, _REASON = f"{_OURS}/CodeSystem/kpi-figure", f"{_OURS}/CodeSystem/kpi-reason"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_POPULATION = "http://terminology.hl7.org/CodeSystem/measure-population"
_UCUM = "http://unitsofmeasure.org"
_MILLISECOND = 1000


def measure(result: Result) -> str:
    """Return the canonical of the definition that a result was made by, with its version."""
    return f"{_OURS}/Measure/{result.definition.id}|{result.definition.version}"


def measure_report(result: Result, id_: str | None = None) -> Resource:
    """Return a result as a resource; `pending` as long as things still count to its period."""
    since, until = result.span[0], result.span[1] - _MILLISECOND
    end = moment(until).astimezone(dutch_time()).isoformat(timespec="milliseconds")
    is_settled = all(code != "not-settled" for code, _ in result.reasons)
    return {
        "resourceType": "MeasureReport",
        **({"id": id_} if id_ else {}),
        "extension": [_quality(result)],
        "status": "complete" if is_settled else "pending",
        "type": "summary",
        "measure": measure(result),
        "date": clock(result.computed_at),
        "period": {"start": clock(since), "end": end},
        "group": [_group(result, number, one) for number, one in enumerate(result.definition.figures)],
    }


def _quality(result: Result) -> Resource:
    region = [{"url": "region", "valueString": result.region}] if result.region else []
    reasons = [
        {"url": "reason", "valueQuantity": {"value": number, "system": _REASON, "code": code}}
        for code, number in result.reasons
    ]
    known = {"url": "known", "valueInstant": format_instant(moment(result.known))}
    return {"url": QUALITY, "extension": [{"url": "badge", "valueCode": result.badge}, known, *region, *reasons]}


def _group(result: Result, number: int, shown: Shown) -> Resource:
    whole = result.cells[0]
    split = [list(cells) for _, cells in groupby(result.cells[1:], key=_kind)]
    found = {
        "id": f"figure-{number + 1}",
        "code": {"coding": [{"system": _FIGURE, "code": shown.code}], "text": shown.name["nl"]},
        **_told(result, whole, shown),
    }
    if split:
        found["stratifier"] = [_stratifier(result, cells, shown) for cells in split]
    return found


def _stratifier(result: Result, cells: Sequence[Cell], shown: Shown) -> Resource:
    return {
        "code": [{"text": kind} for kind in _kind(cells[0])],
        "stratum": [{**_named(cell), **_told(result, cell, shown)} for cell in cells],
    }


def _named(cell: Cell) -> Resource:
    """Return what a stratum is of: codes, for a number among them is that of an organisation and of nobody else."""
    if len(cell.about) == 1:
        return {"value": _coded(cell.about[0][1])}
    return {"component": [{"code": {"text": kind}, "value": _coded(value)} for kind, value in cell.about]}


def _coded(value: str) -> Resource:
    return {"coding": [{"code": " ".join(value.split())}]}


def _told(result: Result, cell: Cell, shown: Shown) -> Resource:
    figure = cell.figure(shown.code)
    populations = list(_populations(cell, figure))
    value = rounded(result, figure)
    quantity = {"value": value, "unit": shown.unit, "system": _UCUM, "code": shown.unit}
    score = quantity if value is not None else _absent(cell)
    return {**({"population": populations} if populations else {}), "measureScore": score}


def _populations(cell: Cell, figure: Figure) -> Iterator[Resource]:
    """Yield of how many a figure is made, and how many of these it counts."""
    if cell.hidden:
        yield {"code": _population("denominator"), "_count": _absent(cell)}
        return
    for code, count in (("denominator", figure.n), ("numerator", figure.part)):
        if count is not None:
            yield {"code": _population(code), "count": count}


def _population(code: str) -> Resource:
    return {"coding": [{"system": _POPULATION, "code": code}]}


def _absent(cell: Cell) -> dict[str, Any]:
    return {"extension": [{"url": _ABSENT, "valueCode": "masked" if cell.hidden else "unknown"}]}


def _kind(cell: Cell) -> tuple[str, ...]:
    return tuple(kind for kind, _ in cell.about)
