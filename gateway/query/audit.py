"""The audit row of an access: who, when, why, and which resources were seen.

It names resources and search parameters, never their content nor the values that were searched for.
https://hl7.org/fhir/R4/auditevent.html
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from gateway.access.policy import Caller
from gateway.fhir.datetime import format_instant
from gateway.fhir.json import encode


def audit_row(caller: Caller, at: datetime, action: str, seen: Iterable[str], parameters: Iterable[str]) -> bytes:
    """Return the encoded row."""
    return encode(
        {
            "action": action,
            "at": format_instant(at),
            **caller.noted(),
            "parameters": list(parameters),
            "entities": list(seen),
        }
    )
