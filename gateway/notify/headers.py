"""The headers that a subscriber asks to be sent: checked, masked in the Subscription, and read again when it is told.

They may hold a password or a token. So they are taken out before anything is stored, and no answer has them.
https://hl7.org/fhir/R4/subscription-definitions.html#Subscription.channel.header
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

MASK = "********"
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}):[ \t]*([ -~]{1,4000}?)[ \t]*")
_OURS = frozenset({
    "host", "content-length", "content-type", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect",
    "proxy-authorization", "accept-encoding", "idempotency-key", "cookie",
})  # fmt: skip
_MOST = 10


def problems(headers: Sequence[Any]) -> Iterator[str]:
    """Yield what is wrong with the headers of a channel; never what stands in them."""
    if len(headers) > _MOST:
        yield f"at most {_MOST} headers are sent"
    found = [_HEADER.fullmatch(header) if isinstance(header, str) else None for header in headers]
    if not all(found):
        yield "a header is `Name: value`, of printed characters of ASCII"
    if any(match and match[1].lower() in _OURS for match in found):
        yield "headers that belong to the connection or to the content are the gateway's own"
    if are_masked(headers) is None:
        yield f"give all headers anew, or none of them: {MASK} stands for one that was given before"


def are_masked(headers: Sequence[Any]) -> bool | None:
    """Return whether the headers are those that were read back; None where some are and some are not."""
    masked = [str(header).rstrip().endswith(f": {MASK}") for header in headers]
    return None if any(masked) and not all(masked) else bool(masked) and all(masked)


def masked(headers: Sequence[str]) -> list[str]:
    """Return the headers as they are shown: their names."""
    return [f"{header.partition(':')[0].strip()}: {MASK}" for header in headers]


def read(headers: Sequence[str]) -> dict[str, str]:
    """Return the headers as they are sent."""
    matches = (_HEADER.fullmatch(header) for header in headers)
    return {match[1]: match[2] for match in matches if match}
