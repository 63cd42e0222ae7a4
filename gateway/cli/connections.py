"""All connections of a process, none of which is waited for: read, have answered, write, close.

As nginx in front would: slow and idle clients cost a little memory, up to a limit, and no time.
"""

from __future__ import annotations

import selectors
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from gateway.cli.exchange import PIECE, Exchange
from gateway.cli.local_socket import ADDRESS

ANSWER_SECONDS = 60.0
LINGER_SECONDS = 2.0
MAX_CONNECTIONS = 2000
MAX_HELD = 256 * 1024 * 1024  # bytes of requests that are not complete, of all connections together
MAX_UNREAD = 256 * 1024 * 1024  # bytes of one connection that are read and thrown away after its answer
_WANTS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connections:
    """What is open. `answer` is called with each request that is there whole, to put the answer into the exchange.

    Of requests larger than `max_body` the head is all that is waited for.
    """

    def __init__(self, answer: Callable[[Exchange], None], *, tls: ssl.SSLContext | None, max_body: int) -> None:
        self.selector = selectors.DefaultSelector()
        self._answer_it = answer
        self._tls = tls
        self._max_body = max_body
        self._open: set[Exchange] = set()
        self._large: deque[Exchange] = deque()
        self._held = 0

    @property
    def answering(self) -> bool:
        """Return whether answers are still on their way."""
        return bool(self._large) or any(exchange.is_answered for exchange in self._open)

    @property
    def has_large(self) -> bool:
        """Return whether a large request is there whole, and waits for `answer_large`."""
        return bool(self._large)

    def answer_large(self, since: float) -> None:
        """Have a large request answered, when nobody came after `since` of whom the request is still to come.

        It takes seconds, in which nobody else is looked at.
        """
        if self._large and not any(one.accepted > since and not one.is_whole for one in self._open):
            self._answer(self._large.popleft())

    def accept(self, listener: Any) -> Exchange | None:
        """Return the exchange with the next client in line; None when there is none, or no room for it."""
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return None  # another process was first, or the client left
        if len(self._open) >= MAX_CONNECTIONS:
            sock.close()
            return None
        sock.setblocking(False)  # noqa: FBT003 - the name of it in the socket module
        if self._tls:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        exchange = Exchange(sock, address or ADDRESS, listener, self._max_body)
        self._open.add(exchange)
        return exchange

    def turn(self, seconds: float) -> None:
        """Go on with every connection that is ready; wait some seconds at most for one to be. Drop who takes long."""
        began = time.monotonic()  # an answer may take long: who sent something meanwhile is read before he is dropped
        for key, _ in self.selector.select(seconds):
            key.data(key.fileobj)
        for exchange in [one for one in self._open if one.deadline < began]:
            self._drop(exchange)

    def receive(self, exchange: Exchange) -> None:
        """Read what is there of a request; have it answered when it is whole."""
        before = len(exchange.received)
        try:
            exchange.receive()
        except _WANTS as wanted:
            self._held += len(exchange.received) - before
            self._wait(exchange, self.receive, wanted, selectors.EVENT_READ)
        except OSError:
            self._held -= before
            exchange.received.clear()
            self._drop(exchange)
        else:
            self._held -= before
            exchange.is_whole = True
            if exchange.is_large and self._max_body:
                self._rest(exchange)
                self._large.append(exchange)
            else:
                self._answer(exchange)

    def _rest(self, exchange: Exchange) -> None:
        """Look at a connection no more until it is answered."""
        if exchange.sock in self.selector.get_map():
            self.selector.unregister(exchange.sock)

    def _answer(self, exchange: Exchange) -> None:
        exchange.is_answered = True
        self._answer_it(exchange)
        exchange.received.clear()
        exchange.deadline = time.monotonic() + ANSWER_SECONDS
        self._send(exchange)

    def _send(self, exchange: Exchange) -> None:
        try:
            exchange.send()
            exchange.sock.shutdown(socket.SHUT_WR)
        except _WANTS as wanted:
            self._wait(exchange, self._send, wanted, selectors.EVENT_WRITE)
        except OSError:
            self._drop(exchange)
        else:
            exchange.latest = time.monotonic() + ANSWER_SECONDS
            self._linger(exchange)

    def _linger(self, exchange: Exchange) -> None:
        """Read on until the client closes: closing on unread bytes would make the system throw the answer away.

        Who is still sending has not looked at the answer yet: it is read for as long as it goes on, up to two limits.
        """
        exchange.deadline = min(time.monotonic() + LINGER_SECONDS, exchange.latest)
        try:
            unread = len(exchange.sock.recv(PIECE))
            exchange.unread += unread
            if unread and exchange.unread <= MAX_UNREAD:
                raise BlockingIOError  # and more of it at another turn
        except _WANTS as wanted:
            self._wait(exchange, self._linger, wanted, selectors.EVENT_READ)
        except OSError:
            self._drop(exchange)
        else:
            self._drop(exchange)

    def _wait(self, exchange: Exchange, go_on: Callable[[Exchange], None], wanted: Exception, event: int) -> None:
        """Go on when the socket is ready for what is wanted of it; TLS may want the other thing."""
        if self._held > MAX_HELD:
            self._drop(exchange)
            return
        if isinstance(wanted, ssl.SSLError):
            event = selectors.EVENT_READ if isinstance(wanted, ssl.SSLWantReadError) else selectors.EVENT_WRITE
        known = exchange.sock in self.selector.get_map()
        (self.selector.modify if known else self.selector.register)(exchange.sock, event, lambda _: go_on(exchange))

    def _drop(self, exchange: Exchange) -> None:
        self._held -= len(exchange.received)
        self._open.discard(exchange)
        self._rest(exchange)
        exchange.sock.close()
