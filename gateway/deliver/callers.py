"""On whose behalf a subscriber is told: it sees what it may see at that moment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from gateway.access.policy import Caller
from gateway.access.scopes import granted

if TYPE_CHECKING:
    from gateway.notify.subscription import Wanted
    from gateway.services import Services


def caller_of(wanted: Wanted, to: Services) -> Caller:
    """Return who asked for a subscription, as the door out knows callers. Raises Unavailable.

    A partner sees what it was granted then, as far as it is registered for it now; one that is gone sees nothing.
    """
    kept = wanted.caller
    types = kept.get("types")
    caller = Caller(
        organisation=kept.get("organisation", ""),
        name=kept.get("name", ""),
        development=bool(kept.get("development")),
        providers=frozenset(kept.get("providers", ())),
        types=None if types is None else frozenset(types),
        purpose=kept.get("purpose", "TREAT"),
    )
    return _as_now(caller, kept["partner"], kept.get("scopes", ()), to) if kept.get("partner") else caller


def _as_now(caller: Caller, id_: str, scopes: list[str], to: Services) -> Caller:
    partner = to.registry.partners().get(id_)
    if partner is None or partner.disabled:
        return replace(caller, partner=id_, types=frozenset())
    known = replace(partner.caller(granted(tuple(scopes), partner.scopes)), purpose=caller.purpose)
    return to.registry.granted(known, to.clock())


def gateway() -> Caller:
    """Return the gateway itself, which sets the status of Subscriptions and nothing else."""
    return Caller("msb-gateway", "deliver", types=frozenset({"Subscription"}))
