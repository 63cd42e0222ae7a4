"""How the gateway sends, as its operator set it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.notify.endpoints import Allowed


@dataclass(frozen=True, slots=True)
class Outward:
    """Where the gateway may send, whom it trusts, what it shows, and how many seconds it waits in all."""

    allowed: Allowed
    authorities: Path | None = None  # None: those of the package certifi
    certificate: Path | None = None
    key: Path | None = None
    seconds: float = 10.0


NOWHERE = Outward(Allowed())
