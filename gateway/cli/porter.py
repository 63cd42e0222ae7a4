"""Turns away whom the HTTP workers cannot serve in time, so that nobody waits in a line that is too long.

The workers compute, one request at a time, and then look at nobody. Who comes meanwhile stands in the system's own
queue. This process looks how long that is, and tells who is too many to come back: 503 with Retry-After, from the head
of the request alone. It takes those who have waited longest, who would give up first.
"""

from __future__ import annotations

import logging
import signal
import socket
import ssl
import time
from collections.abc import Callable
from itertools import count
from types import FrameType

from gateway.cli.connections import LINGER_SECONDS, Connections
from gateway.cli.exchange import Exchange, queue
from gateway.cli.not_http import response
from gateway.errors import Issue, Overloaded

log = logging.getLogger("gateway.http")

LOOK_SECONDS = 0.1
_SPREAD = 7  # seconds over which those who are turned away come back, not all at once
_LIVE = b"GET /health/live "
_turns = count()


def turned_away(request: bytes | bytearray, *, is_tls: bool) -> bytes:
    """Return the answer to a request that is not taken up: 503, and after how many seconds to come back.

    That the gateway lives is still said: who is busy must not be started anew.
    """
    if request.startswith(_LIVE):
        return response(200, b'{"status":"live"}', is_tls=is_tls, content_type="application/json")
    seconds = Overloaded.retry_after - _SPREAD // 2 + next(_turns) % _SPREAD
    text = f"too many requests are waiting; this one was not read; try again in {seconds} seconds"
    return response(Overloaded.status, [Issue(Overloaded.issue_code, text)], f"Retry-After: {seconds}", is_tls=is_tls)


class Porter:
    """Looks at the queue of a listening socket, and answers who is too many."""

    def __init__(
        self,
        listener: socket.socket,
        *,
        most: int,
        tls: ssl.SSLContext | None = None,
        told: Callable[[int], None] = lambda _number: None,
    ) -> None:
        listener.setblocking(False)  # noqa: FBT003 - the name of it in the socket module
        self._listener = listener
        self._most = most
        self._connections = Connections(self._answer, tls=tls, max_body=0)
        self._is_tls = tls is not None
        self._is_told = False
        self._is_relieved = False
        self._count = told

    def run(self) -> None:
        """Look until SIGTERM or SIGINT; then answer who is still in the queue, for no worker will any more.

        After SIGHUP they are left there: others have begun to serve them.
        """
        signal.signal(signal.SIGHUP, self._relieve)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._tell)
        while not self._is_told:
            self.look(self._most)
        until = time.monotonic() + LINGER_SECONDS
        while time.monotonic() < until and (self._waiting() or self._connections.answering):
            self.look(self._most if self._is_relieved else 0)

    def _waiting(self) -> int:
        return 0 if self._is_relieved else queue(self._listener)

    def look(self, most: int) -> int:
        """Turn away all who are more than `most` in the queue, go on with who was, and return how many there were."""
        turned = 0
        for _ in range(queue(self._listener) - most):
            exchange = self._connections.accept(self._listener)
            if exchange is not None:
                turned += 1
                self._connections.receive(exchange)
        if turned:
            log.warning("turned-away", extra={"requests": turned})
            self._count(turned)
        self._connections.turn(LOOK_SECONDS)
        return turned

    def _tell(self, _number: int, _frame: FrameType | None) -> None:
        self._is_told = True

    def _relieve(self, _number: int, _frame: FrameType | None) -> None:
        self._is_relieved = True

    def _answer(self, exchange: Exchange) -> None:
        exchange.answer += turned_away(exchange.received, is_tls=self._is_tls)
