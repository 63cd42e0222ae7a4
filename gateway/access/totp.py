"""Codes that an authenticator shows: six digits of the time and a secret, others every half minute.

https://www.rfc-editor.org/rfc/rfc6238, https://www.rfc-editor.org/rfc/rfc4226
"""

from __future__ import annotations

import hmac
import os
from base64 import b32decode, b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

SECONDS = 30
"""So long is a code shown."""
STEPS = (0, -1, 1)
"""The steps whose codes are taken: that of now, and its neighbours, for no two clocks are alike."""

_DIGITS = 6
_LONG_ENOUGH = 16  # bytes: https://www.rfc-editor.org/rfc/rfc4226#section-4


def new_secret() -> str:
    """Return a secret, as authenticators take it."""
    return b32encode(os.urandom(20)).decode("ascii")


def check(secret: str) -> None:
    """Raise ValueError for what is no secret, or too short a one."""
    try:
        content = b32decode(secret)
    except ValueError as error:
        raise ValueError("must be base32") from error
    if len(content) < _LONG_ENOUGH:
        raise ValueError(f"must be of {_LONG_ENOUGH} bytes at least")


def code(secret: str, step: int, digest: str = "sha1", digits: int = _DIGITS) -> str:
    """Return the code of a step."""
    mark = hmac.digest(b32decode(secret), step.to_bytes(8), digest)
    at = mark[-1] & 15
    number = int.from_bytes(mark[at : at + 4]) & 0x7FFF_FFFF
    return f"{number % 10**digits:0{digits}}"


def step_of(said: str, secret: str, at: datetime) -> int | None:
    """Return the step whose code this is, now or nearly; None when there is none. All of them are compared."""
    now = int(at.timestamp()) // SECONDS
    found = None
    for step in STEPS:
        if hmac.compare_digest(said.encode(), code(secret, now + step).encode()):
            found = now + step
    return found


def address(secret: str, name: str, issuer: str) -> str:
    """Return what an authenticator reads of a QR code. https://github.com/google/google-authenticator/wiki/Key-Uri-Format"""
    return f"otpauth://totp/{quote(issuer)}:{quote(name)}?{urlencode({'secret': secret, 'issuer': issuer})}"
