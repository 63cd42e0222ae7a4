"""Indicators of a period, computed from the store: the same whenever that is done, for the same moment of knowing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from gateway.errors import BadRequest
from gateway.kpi.compute.formulas import compute
from gateway.kpi.facts import Span
from gateway.kpi.loading.load import Loading
from gateway.store.auditing.index import catch_up
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.kpi.definitions import Definition
    from gateway.kpi.results import Result
    from gateway.services import Services


def results(
    wanted: Iterable[Definition], span: Span, to: Services, *, region: str = "", known: int | None = None
) -> list[Result]:
    """Return indicators of a span, in one state of the store.

    `known`: of what came up to that moment; by default, of everything there is. Raises BadRequest for a span that has
    not begun or is empty, Unavailable.
    """
    now = microseconds(to.clock())
    known = now if known is None else min(known, now)
    if span[0] >= span[1] or span[0] > known:
        raise BadRequest("the period ends after it begins, and has begun", code="bad-value")
    chosen = list(wanted)
    if any("reads" in one.needs for one in chosen):
        catch_up(to.store)
    with to.store.reading() as db:
        loading = Loading(db, span, known, to)
        return [compute(one, loading.facts(one), span, known, now=now, region=region) for one in chosen]
