"""Who shares a network or a region with a partner, as the registry has it now.

A region and its parts are shared: `west` with `west/haaglanden`, but `west/haaglanden` not with `west/midden`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from gateway.access.partners import Partner, Partners
from gateway.access.rules import Whose

Codes = Mapping[str, frozenset[str]]
"""Owners by the kind of partner that they are."""


def near(partner: Partner, partners: Partners) -> Mapping[Whose, Codes]:
    """Return the codes of the owners that share a network, or a region, with a partner; it shares them with itself."""
    active = [one for one in partners if not one.disabled]
    return {
        "network": _codes([one for one in active if set(one.networks) & set(partner.networks)]),
        "region": _codes([one for one in active if _is_shared(one.regions, partner.regions)]),
    }


def _codes(partners: Collection[Partner]) -> Codes:
    found: dict[str, set[str]] = {}
    for one in partners:
        found.setdefault(one.kind, set()).add(one.code)
    return {kind: frozenset(codes) for kind, codes in found.items()}


def _is_shared(some: Collection[str], others: Collection[str]) -> bool:
    return any(one == other or _is_part(one, other) or _is_part(other, one) for one in some for other in others)


def _is_part(part: str, whole: str) -> bool:
    return part.startswith(f"{whole}/")
