"""How often each partner may ask: counted by all processes of all nodes that share a store.

A partner may send the requests of a minute at once, and then goes on as fast as its rate. Kept is one moment a partner,
until which what it asked has used its rate up (GCRA, as ATM counts cells). The processes of a node share it in a file
without a name, and lock the place of a partner while they count. https://man7.org/linux/man-pages/man2/fcntl.2.html

Where nodes share PostgreSQL, the count stands there, and a node takes some requests from it at a time: so one request
of many pays for a statement, and never more are let through than was agreed. While the database does not answer in time
each node counts for itself, from what it let through itself.
"""

from __future__ import annotations

import fcntl
import logging
import math
import mmap
import os
import struct
import tempfile
import threading
import weakref
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from gateway.errors import TooManyRequests, Unavailable
from gateway.store import rates

if TYPE_CHECKING:
    from gateway.store import Store
    from gateway.store.rates import Share

_log = logging.getLogger(__name__)

_MINUTE = 60.0
_PLACES = 65_536
_PLACE = struct.Struct("=dddd")
_MOMENT = struct.Struct("=d")
_TOO_FAR = 1e-6
_ALONE_SECONDS = 10.0  # for which a node counts for itself, once the database did not answer
_SHARES = 20  # a node takes this part of a minute's worth at once

Take = Callable[[str, int, int], "Share"]


class _Counted(NamedTuple):
    """What is known of a partner here: until when its rate is used up by this node, how many requests of those that
    were taken from the common count are left and until when they are good, and until when there are none.
    """

    used: float = 0.0
    left: float = 0.0
    good: float = 0.0
    closed: float = 0.0


class Rates:
    """The rates of all partners, for this process and those that are forked from it. `take` counts for other nodes."""

    def __init__(self, seconds: Callable[[], float], take: Take | None = None) -> None:
        self._seconds = seconds
        self._take = take
        self._mutex = threading.Lock()  # a process does not see its own locks
        with tempfile.TemporaryFile(prefix="msb-gateway-rates-") as file:  # without a name: nobody else opens it
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        os.truncate(self._file, _PLACE.size * (_PLACES + 1))
        self._shared = mmap.mmap(self._file, 0)  # what is written there all processes see

    @classmethod
    def of(cls, store: Store, seconds: Callable[[], float]) -> Rates:
        """Return the rates of the partners of a store."""

        def take(name: str, rate: int, most: int) -> Share:
            with store.changing(durable=False) as db:
                return rates.take(db, name, rate, most)

        return cls(seconds, take if store.engine == "postgresql" else None)

    def take(self, partner: str, rate: int) -> None:
        """Count a request of a partner that may send `rate` of them in a minute. Raises TooManyRequests."""
        at, name = _place(partner)
        with self._mutex:
            fcntl.lockf(self._file, fcntl.LOCK_EX, _PLACE.size, at)
            try:
                wait = self._taken(at, name, rate, self._seconds())
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN, _PLACE.size, at)
        if wait > 0:
            raise _too_many(wait)

    def _taken(self, at: int, name: str, rate: int, now: float) -> float:
        """Count one request more, and return for how many seconds it is too many; 0 where it is not."""
        if self._take is None or now < self._alone():
            return self._taken_here(at, rate, now)
        found = _Counted(*_PLACE.unpack_from(self._shared, at))
        try:
            counted, wait = _counted(self._take, found, name, rate, now)
        except Unavailable:
            self._count_alone(now)
            return self._taken_here(at, rate, now)
        if counted is not found:
            _PLACE.pack_into(self._shared, at, *counted)
        return wait

    def _taken_here(self, at: int, rate: int, now: float) -> float:
        """Do the same where nobody else is asked: until when the rate is used up stands first in the place."""
        used = max(_MOMENT.unpack_from(self._shared, at)[0], now) + _MINUTE / rate
        too_far: float = used - now - _MINUTE
        if too_far > _TOO_FAR:
            return too_far
        _MOMENT.pack_into(self._shared, at, used)
        return 0.0

    def _alone(self) -> float:
        """Return until when this node counts for itself."""
        return float(_MOMENT.unpack_from(self._shared)[0])

    def _count_alone(self, now: float) -> None:
        _log.warning("rates-not-shared: the store did not answer in time; each node counts for itself for a while")
        _MOMENT.pack_into(self._shared, 0, now + _ALONE_SECONDS)


def _counted(take: Take, found: _Counted, name: str, rate: int, now: float) -> tuple[_Counted, float]:
    """Return what is known with one request more, taken from the common count where none is left. Unavailable."""
    if now < found.closed:
        return found, found.closed - now
    counted = found._replace(used=min(max(found.used, now) + _MINUTE / rate, now + _MINUTE))
    if found.left >= 1 and now < found.good:
        return counted._replace(left=found.left - 1), 0.0
    share = take(name, rate, math.ceil(rate / _SHARES))
    if share.granted:
        return counted._replace(left=share.granted - 1.0, good=now + _MINUTE), 0.0
    wait = max(share.wait, 1e-3)
    return found._replace(left=0.0, closed=now + wait), wait


@lru_cache(maxsize=4096)
def _place(partner: str) -> tuple[int, str]:
    """Return where a partner is counted here, and its name in the database: a name may be a person's."""
    digest = sha256(partner.encode())
    return (int.from_bytes(digest.digest()[:4]) % _PLACES + 1) * _PLACE.size, digest.hexdigest()


def _too_many(seconds: float) -> TooManyRequests:
    after = max(1, math.ceil(seconds))
    error = TooManyRequests(f"this partner asks more often than was agreed; try again in {after} seconds")
    error.retry_after = after
    return error
