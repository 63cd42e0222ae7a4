"""Snapshots: a result that was frozen stays what it is, whatever comes to light later; it is computed anew beside it.

A snapshot is a MeasureReport under an id that its indicator, definition, region and period make, and is stored once.
What the gateway freezes for itself is owned by nobody, so no partner sees it; what is for others has small cells hidden
and an id of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING

from gateway.errors import Conflict, Issue
from gateway.fhir.datetime import dutch_time
from gateway.kpi.measured import measure, measure_report
from gateway.kpi.results import Result, for_outsiders
from gateway.store import Identity
from gateway.store.records import moment
from gateway.transact import Put, transact
from gateway.transact.reserved import SNAPSHOT

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.services import Services

_FROZEN = "this was frozen before, and stays as it is: MeasureReport/{}"


def snapshot_id(result: Result, *, outside: bool = False) -> str:
    """Return the id of the snapshot of a result: the same for whatever is computed of that anew."""
    first, last = (moment(at).astimezone(dutch_time()) for at in (result.span[0], result.span[1] - 1))
    named = "\n".join((measure(result), result.region, *map(str, result.span)))
    digest = sha256(named.encode()).hexdigest()[:10]
    days = f"{first:%Y%m%d}-{last:%Y%m%d}"
    return f"{SNAPSHOT}{result.definition.id}-{days}-{digest}{'-public' if outside else ''}"


def freeze(results: Sequence[Result], caller: Caller, to: Services, *, outside: bool = False) -> list[str]:
    """Store results as snapshots, all or none, and return their ids; for others with what is small hidden.

    Raises Conflict for one that was frozen before, and for one to which things still count.
    """
    early = [one.definition.id for one in results if any(code == "not-settled" for code, _ in one.reasons)]
    if early:
        text = f"{', '.join(early)}: what happens still counts to this period; freeze it when that is over"
        raise Conflict([Issue("kpi-not-settled", text)])
    told = {snapshot_id(one, outside=outside): for_outsiders(one) if outside else one for one in results}
    there = [id_ for id_ in told if to.store.read(Identity("MeasureReport", id_)) is not None]
    if there:
        raise Conflict([Issue("kpi-frozen", _FROZEN.format(id_)) for id_ in there])
    transact([Put(measure_report(one, id_), if_match="") for id_, one in told.items()], caller, to)
    return list(told)
