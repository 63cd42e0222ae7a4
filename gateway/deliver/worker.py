"""The process that tells: it looks for queues with something to do, and has each emptied by a thread.

Not more than two threads are at one origin, and not more than half of them at origins that are slow: a receiver that
does not answer keeps nobody else waiting. What is done is written in the store at each step, so whoever is killed is
followed by another, of this node or the next, when the lease is over.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from gateway.deliver import feeds, parcels, subscriptions
from gateway.deliver.announce import AT_A_TIME, Announcer
from gateway.deliver.turn import LEASE, Turn
from gateway.errors import Conflict, GatewayError
from gateway.notify.sending import NotSent
from gateway.referral import ageing, holds
from gateway.store import queues
from gateway.store.records import microseconds

if TYPE_CHECKING:
    from gateway.services import Services
    from gateway.store.interface import Database

_log = logging.getLogger("gateway.deliver")

_THREADS = 16
_AT_ONE_ORIGIN = 2
_SLOW_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_FORGET_SECONDS = 60 * 60.0
_IN_ERROR = 2  # times as long as delivery is tried an event is kept for who is in error
_REST_SECONDS = 2.0  # when the store cannot be used

WORK: Mapping[str, Callable[[Turn], None]] = MappingProxyType(
    {"endpoint": parcels.deliver, "subscription": subscriptions.deliver, "feed": feeds.deliver}
)
"""Who does the work of which kind of queue."""


def serve(to: Services) -> None:
    """Tell what is to be told, until SIGTERM or SIGINT; what is under way then is finished."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: told.set())
    Worker(to, told).run()


class Worker:
    """Empties queues until `stop` is set."""

    def __init__(self, to: Services, stop: threading.Event) -> None:
        self._to = to
        self._stop = stop
        self._mutex = threading.Lock()
        self._at_work: Counter[str] = Counter()  # by origin
        self._slow: set[str] = set()
        self._done = threading.Event()
        self._forgets_at = 0.0

    def run(self) -> None:
        """End what is due, announce and deliver; returns when all threads are done."""
        announcer = threading.Thread(target=self._announce, name="announcer")
        announcer.start()
        with ThreadPoolExecutor(_THREADS, "deliver") as pool:
            while not self._stop.is_set():
                self._done.clear()
                if not _tried(lambda: self._begin(pool)):
                    self._wait(self._done if self._at_work else self._stop)
        announcer.join()

    def _announce(self) -> None:
        announcer = Announcer(self._to)
        while not self._stop.is_set() and not _tried(lambda: feeds.register(self._to)):
            pass
        while not self._stop.is_set():
            self._forget_now_and_then()
            _tried(lambda: holds.end_due(self._to))
            is_more = _tried(lambda: ageing.note_due(self._to) == ageing.AT_A_TIME)
            is_more |= _tried(lambda: announcer.announce() >= AT_A_TIME)  # few at a time would keep writers waiting
            if not is_more:
                self._stop.wait(_LOOK_SECONDS)
        announcer.close()

    def _forget_now_and_then(self) -> None:
        """Delete what was told long ago, and what waits too long for who is in error, once an hour."""
        if time.monotonic() < self._forgets_at:
            return
        self._forgets_at = time.monotonic() + _FORGET_SECONDS
        settings = self._to.settings
        if settings.inbox_days:
            self._delete(queues.forget, settings.inbox_days)
        self._delete(queues.drop, _IN_ERROR * settings.delivery_days)

    def _delete(self, delete: Callable[[Database, int], int], days: int) -> None:
        before = microseconds(self._to.clock() - timedelta(days=days))

        def some() -> int:
            with self._to.store.changing(durable=False) as db:
                return delete(db, before)

        while _tried(some) and not self._stop.is_set():
            pass

    def _wait(self, event: threading.Event) -> None:
        event.wait(_LOOK_SECONDS)

    def _begin(self, pool: ThreadPoolExecutor) -> int:
        """Take leases for the threads that are free, and return how many."""
        free = _THREADS - self._at_work.total()
        if free <= 0:
            return 0
        with self._to.store.reading(snapshot=False) as db:
            due = queues.due(db, microseconds(self._to.clock()), self._busy(), free)
        return sum(self._taken(pool, name, origin) for name, origin in due)

    def _busy(self) -> list[str]:
        """Return the origins at which nothing more may be begun."""
        with self._mutex:
            busy = {origin for origin, count in self._at_work.items() if count >= _AT_ONE_ORIGIN}
            if sum(self._at_work[origin] for origin in self._slow) >= _THREADS // 2:
                busy |= self._slow
        return sorted(busy)

    def _taken(self, pool: ThreadPoolExecutor, name: str, origin: str) -> bool:
        if origin in self._busy():  # more than one of it was due
            return False
        now, holder = self._to.clock(), self._to.new_id()
        with self._to.store.changing(durable=False) as db:
            queue = queues.lease(db, name, microseconds(now), microseconds(now + LEASE), holder)
        if queue is None:
            return False
        with self._mutex:
            self._at_work[origin] += 1
        pool.submit(self._work, Turn(queue, holder, self._to, self._stop.is_set))
        return True

    def _work(self, turn: Turn) -> None:
        origin, begun = turn.queue.origin, time.monotonic()
        try:
            _tried(lambda: _work_at(turn))
        finally:
            each = (time.monotonic() - begun) / max(turn.count, 1)
            with self._mutex:
                (self._slow.add if each > _SLOW_SECONDS else self._slow.discard)(origin)
                self._at_work[origin] -= 1
                self._at_work += Counter()  # without those that are 0
            self._done.set()


def _work_at(turn: Turn) -> None:
    try:
        WORK[turn.queue.kind](turn)
    except GatewayError:
        raise  # of the store: the lease goes by itself
    except Exception:
        turn.failed(NotSent("a mistake of the gateway, which its log describes"))
        raise


def _tried(work: Callable[[], object]) -> bool:
    """Return whether something was done; what goes wrong is logged, and tried again when its time comes."""
    try:
        return bool(work())
    except Conflict:
        return False  # another node was first
    except GatewayError as error:
        _log.warning("not-told: %s; it is tried again", error)
        time.sleep(_REST_SECONDS)
    except Exception:  # noqa: BLE001 - whatever it is, what else waits must be told
        _log.exception("not-told: a mistake of the gateway; it is tried again")
        time.sleep(_REST_SECONDS)
    return False
