"""How the gateway sends, as its operator set it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gateway.notify.endpoints import Allowed
from gateway.telemetry import OFF, Telemetry


@dataclass(frozen=True, slots=True)
class Outward:
    """Where the gateway may send, whom it trusts, what it shows, how many seconds it waits, and who records it."""

    allowed: Allowed
    authorities: Path | None = None  # None: those of the package certifi
    certificate: Path | None = None
    key: Path | None = None
    seconds: float = 10.0
    telemetry: Telemetry = OFF


NOWHERE = Outward(Allowed())
