"""On whose behalf a subscriber is told: it sees what it may see at that moment."""

from __future__ import annotations

from gateway.access.policy import Caller
from gateway.notify.subscription import Wanted


def caller_of(wanted: Wanted) -> Caller:
    """Return who asked for a subscription, as the door out knows callers."""
    kept = wanted.caller
    types = kept.get("types")
    return Caller(
        organisation=kept.get("organisation", ""),
        name=kept.get("name", ""),
        development=bool(kept.get("development")),
        providers=frozenset(kept.get("providers", ())),
        types=None if types is None else frozenset(types),
        purpose=kept.get("purpose", "TREAT"),
    )


def gateway() -> Caller:
    """Return the gateway itself, which sets the status of Subscriptions and nothing else."""
    return Caller("msb-gateway", "deliver", types=frozenset({"Subscription"}))
