"""Who sees the small cells of a result: who works for the region that it is of, and who it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.kpi.results import Result, for_outsiders

if TYPE_CHECKING:
    from gateway.access.policy import Caller

INSIDE = frozenset({"roaz", "rtp", "zcc"})
"""The kinds of partner that run a region: they see everything of theirs."""


def seen_by(result: Result, caller: Caller) -> Result:
    """Return a result as a caller sees it.

    The operator sees everything, and so does who runs the whole region that it is of. A result of all regions is of
    more than anybody's region. Of others, cells of few requests or providers are hidden, unless these are the caller's
    own.
    """
    if caller.partner is None and caller.types is None:
        return result
    runs = caller.role in INSIDE and any(_holds(own, result.region) for own in caller.regions)
    return result if runs else for_outsiders(result, {caller.organisation})


def _holds(region: str, other: str) -> bool:
    """Return whether a region is another, or that is a part of it."""
    return bool(other) and (other == region or other.startswith(f"{region}/"))
