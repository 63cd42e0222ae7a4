"""Passwords as they are kept: not at all, but what scrypt makes of them, each with its own salt.

https://www.rfc-editor.org/rfc/rfc7914, https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
"""

from __future__ import annotations

import hmac
import os
import re
from base64 import b64decode, b64encode
from hashlib import scrypt

_COST, _BLOCK, _LANES = 15, 8, 3  # 2^15: 32 MiB for a quarter of a second
_KEPT = re.compile(r"scrypt\$(1[0-7])\$8\$([1-9])\$([A-Za-z0-9+/]{22,44}={0,2})\$([A-Za-z0-9+/]{43}=)")


def kept(password: str) -> str:
    """Return what is kept of a password."""
    salt = os.urandom(16)
    mark = _mark(password, salt, _COST, _LANES)
    return f"scrypt${_COST}${_BLOCK}${_LANES}${b64encode(salt).decode()}${b64encode(mark).decode()}"


def check(text: str) -> None:
    """Raise ValueError for what is not what is kept of a password."""
    if not _KEPT.fullmatch(text):
        raise ValueError("must be what `gateway people add` keeps of a password")


def fits(password: str, text: str) -> bool:
    """Return whether it is the password of which `text` is kept; it takes as long when it is not."""
    found = _KEPT.fullmatch(text)
    assert found is not None
    cost, lanes, salt, mark = found.groups()
    return hmac.compare_digest(_mark(password, b64decode(salt), int(cost), int(lanes)), b64decode(mark))


NOBODYS = f"scrypt${_COST}${_BLOCK}${_LANES}${b64encode(bytes(16)).decode()}${b64encode(bytes(32)).decode()}"
"""What is kept of no password at all: to be compared with where there is nobody, which takes as long."""


def _mark(password: str, salt: bytes, cost: int, lanes: int) -> bytes:
    need = 128 * _BLOCK * (2**cost + lanes) + 1_000_000
    return scrypt(password.encode("utf-8", "replace"), salt=salt, n=2**cost, r=_BLOCK, p=lanes, maxmem=need, dklen=32)
