"""How often each partner may ask: counted by all processes of this gateway together.

A partner may send the requests of a minute at once, and then goes on as fast as its rate. Kept is one moment a partner,
until which what it asked has used its rate up (GCRA, as ATM counts cells). The processes share it in a file without a
name, and lock the place of a partner while they count. https://man7.org/linux/man-pages/man2/fcntl.2.html
"""

from __future__ import annotations

import fcntl
import math
import os
import struct
import tempfile
import threading
import weakref
from collections.abc import Callable
from hashlib import sha256

from gateway.errors import TooManyRequests

_MINUTE = 60.0
_PLACES = 65_536
_MOMENT = struct.Struct("=d")


class Rates:
    """The rates of all partners, for this process and those that are forked from it."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._mutex = threading.Lock()  # a process does not see its own locks
        with tempfile.TemporaryFile(prefix="msb-gateway-rates-") as file:  # without a name: nobody else opens it
            self._file = os.dup(file.fileno())
        os.truncate(self._file, _PLACES * _MOMENT.size)
        weakref.finalize(self, os.close, self._file)

    def take(self, partner: str, rate: int) -> None:
        """Count a request of a partner that may send `rate` of them in a minute. Raises TooManyRequests."""
        at = int.from_bytes(sha256(partner.encode()).digest()[:4]) % _PLACES * _MOMENT.size
        with self._mutex:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _MOMENT.size, at)
            try:
                now = self._seconds()
                (used,) = _MOMENT.unpack(os.pread(self._file, _MOMENT.size, at))
                used = max(used, now) + _MINUTE / rate
                if used <= now + _MINUTE + 1e-6:
                    os.pwrite(self._file, _MOMENT.pack(used), at)
                    return
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _MOMENT.size, at)
        raise _too_many(used - now - _MINUTE)


def _too_many(seconds: float) -> TooManyRequests:
    after = max(1, math.ceil(seconds))
    error = TooManyRequests(f"this partner asks more often than was agreed; try again in {after} seconds")
    error.retry_after = after
    return error
