"""One turn of a worker at one queue, for as long as it has the lease of it."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from gateway.deliver.pace import pause
from gateway.notify.sending import NotSent
from gateway.store import queues
from gateway.store.auditing.pruning import append
from gateway.store.queues import Delivery, Queue
from gateway.store.records import microseconds, moment
from gateway.telemetry import Span, Value

if TYPE_CHECKING:
    from gateway.services import Services

_log = logging.getLogger("gateway.deliver")

LEASE = timedelta(seconds=30)
"""Longer than anything takes that is done between two notes: whoever was killed is followed by another after it."""
_MARGIN = timedelta(seconds=20)
_MOST = 100  # deliveries in a turn: then another queue may have one


@dataclass(slots=True)
class Turn:
    """The lease of a queue. `is_stopping` tells whether to leave off between two deliveries."""

    queue: Queue
    holder: str
    to: Services
    is_stopping: Callable[[], bool]
    count: int = 0
    lease: timedelta = LEASE

    @property
    def now(self) -> int:
        """Return the time, as it is stored."""
        return microseconds(self.to.clock())

    def may_go_on(self) -> bool:
        """Return whether another delivery belongs to this turn."""
        return self.count < _MOST and not self.is_stopping()

    def span(self, part: Sequence[Delivery]) -> Span:
        """Begin the span of telling this, in the trace of the request that led to it; linked to them, if several did.

        Of what nothing in particular led to (a handshake, a sign of life) the trace is its own.
        """
        causes = list(dict.fromkeys(delivery.trace for delivery in part if delivery.trace))
        about: dict[str, Value] = {"gateway.deliveries": len(part), "gateway.attempt": self.queue.attempts + 1}
        single = len(causes) == 1
        return self.to.telemetry.begin(
            f"deliver {self.queue.kind}",
            "consumer",
            about,
            parent=causes[0] if single else "",
            links=() if single else causes,
        )

    def told(self, number: int, *, idle: int | None = None, row: bytes | None = None) -> bool:
        """Note what was told, at once, so that little is told twice; False when another has the lease.

        `idle`: when there is something to do next if nothing waits. `row`: of the audit, where something was sent.
        """
        self.count += 1
        now = self.now
        until = now + self.lease // timedelta(microseconds=1)
        with self.to.store.changing(durable=False) as db:
            is_ours = queues.note_told(db, self.queue.name, self.holder, number, now, until, idle)
            if is_ours:
                queues.empty(db, self.queue.name, number)
            if row is not None:  # it was sent, whoever has the lease now
                append(db, row)
        return is_ours

    def allow(self, seconds: float) -> bool:
        """Have a lease that is longer than a receiver may take; False when another has it meanwhile."""
        wanted = timedelta(seconds=seconds) + _MARGIN
        if wanted <= self.lease:
            return True
        self.lease = wanted
        with self.to.store.changing(durable=False) as db:
            until = self.now + wanted // timedelta(microseconds=1)
            return queues.renew(db, self.queue.name, until, self.holder)

    def failed(self, problem: NotSent) -> None:
        """Note that it went wrong, and when it is tried again; nothing of what was to be sent is logged."""
        now = self.to.clock()
        wait = pause(self.queue.attempts, random.random(), at_least=problem.after)  # noqa: S311 - no secret
        with self.to.store.changing(durable=False) as db:
            again = microseconds(now + wait)
            queues.note_failure(db, self.queue.name, self.holder, microseconds(now), again, problem.reason)
        _log.warning(
            "not-delivered: to %s, for the %d. time: %s; again in %.0f seconds",
            self.queue.origin,
            self.queue.attempts + 1,
            problem.reason,
            wait.total_seconds(),
        )

    def is_too_late(self, since: int | None) -> bool:
        """Return whether what failed since then is given up."""
        patience = timedelta(days=self.to.settings.delivery_days)
        return since is not None and self.to.clock() - moment(since) >= patience

    def rest(self) -> None:
        """Let go of the lease, and of what was due."""
        with self.to.store.changing(durable=False) as db:
            queues.rest(db, self.queue.name, self.holder)

    def end(self) -> None:
        """Let go of the lease."""
        with self.to.store.changing(durable=False) as db:
            queues.release(db, self.queue.name, self.holder)
