"""Where in a Bundle a finding is: what is said of an entry, or of the nth operation, as seen from the Bundle.

https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.expression
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from gateway.errors import GatewayError, Issue

_PLACE = re.compile(r"Bundle\.entry\[(\d+)\]")


def within(index: int, error: GatewayError) -> GatewayError:
    """Return `error` with its expressions seen from the Bundle: `Slot.start` is `Bundle.entry[3].resource.start`."""
    error.issues = tuple(replace(issue, expression=_seen(index, issue.expression)) for issue in error.issues)
    return error


def of_entries(indices: Sequence[int], issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Return what `transact` says of its nth operation as said of the entry that asked for it."""
    return tuple(replace(issue, expression=_of_entry(indices, issue.expression)) for issue in issues)


def _of_entry(indices: Sequence[int], expression: str | None) -> str | None:
    place = _PLACE.match(expression or "")
    if place:
        return f"Bundle.entry[{indices[int(place[1])]}]{(expression or '')[place.end() :]}"
    return _seen(indices[0], expression) if len(indices) == 1 else expression


def _seen(index: int, expression: str | None) -> str:
    entry = f"Bundle.entry[{index}]"
    if not expression or expression.startswith(entry):
        return expression or entry
    first, dot, rest = expression.partition(".")
    return f"{entry}.resource{dot}{rest}" if first[0].isupper() else f"{entry}.{expression}"
