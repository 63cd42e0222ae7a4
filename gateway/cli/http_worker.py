"""A gunicorn worker that computes for one request at a time and waits for all of them at once.

gunicorn's sync worker has the best throughput for what we do, but waits for each client in turn: two slow
senders and the gateway is closed. This one reads requests and writes answers without ever waiting, as
nginx in front would, and takes a request up when all of it is there.
"""

from __future__ import annotations

import logging
import os
import selectors
import signal
import time
import traceback
from collections import deque
from http import HTTPStatus
from typing import Any

from gunicorn import http
from gunicorn.http import wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.sync import SyncWorker

from gateway.cli.connections import LINGER_SECONDS, Connections
from gateway.cli.exchange import Exchange, silence
from gateway.cli.not_http import refusal
from gateway.cli.porter import turned_away
from gateway.cli.supervisor import STOPPING

log = logging.getLogger("gateway.http")

_MAX_FRESH, _FRESH_SECONDS = 2, 0.02
_CLEAR_SECONDS = 0.25  # before a large request: who was accepted shortly before it must not wait for it


class _Answer(wsgi.Response):  # type: ignore[misc] # gunicorn has no types
    """An answer that does not tell which server gives it."""

    def default_headers(self) -> list[str]:
        """Return the lines of its head that are not the app's."""
        return [line for line in super().default_headers() if not line.startswith("Server:")]


class HttpWorker(SyncWorker):  # type: ignore[misc] # gunicorn has no types
    """Answers complete requests one after another.

    Its `app` is an HttpServer: `tls`, `max_body` and `wait_seconds` come from there.
    """

    def init_signals(self) -> None:
        """Listen to signals, also to those that came since it was forked."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)

    def run(self) -> None:
        """Answer until told to stop or the parent is gone, and then who came just before; send that, and close."""
        self._connections = Connections(self._answer, tls=self.app.tls, max_body=self.app.max_body)
        self._fresh: deque[Exchange] = deque()
        self._is_accepting = False
        self._connections.selector.register(self.PIPE[0], selectors.EVENT_READ, self._wake)
        while self.alive and self.is_parent_alive():
            self._accept_if(wanted=len(self._unread()) < _MAX_FRESH and not self._connections.has_large)
            self._turn()
        self._accept_if(wanted=False)
        until = time.monotonic() + LINGER_SECONDS
        while (self._connections.answering or self._unread()) and time.monotonic() < until:
            self._turn()

    def _unread(self) -> deque[Exchange]:
        """Return the connections that were accepted just now and of which the request is still to come."""
        now = time.monotonic()
        while self._fresh and (self._fresh[0].is_answered or self._fresh[0].accepted + _FRESH_SECONDS < now):
            self._fresh.popleft()
        return self._fresh

    def _accept_if(self, *, wanted: bool) -> None:
        """Begin or cease to accept: what one worker accepted, the others cannot answer while it is busy."""
        if wanted != self._is_accepting:
            self._is_accepting = wanted
            for listener in self.sockets:
                listener.setblocking(False)  # noqa: FBT003 - the name of it in the socket module
                if wanted:
                    self._connections.selector.register(listener, selectors.EVENT_READ, self._accept)
                else:
                    self._connections.selector.unregister(listener)

    def _turn(self) -> None:
        self.notify()
        self._connections.turn(1.0 if self._is_accepting else _FRESH_SECONDS)
        self._connections.answer_large(time.monotonic() - _CLEAR_SECONDS)

    def _wake(self, pipe: int) -> None:
        os.read(pipe, 1)

    def _accept(self, listener: Any) -> None:
        exchange = self._connections.accept(listener)
        if exchange is not None:
            self._fresh.append(exchange)
            self._connections.receive(exchange)

    def _answer(self, exchange: Exchange) -> None:
        """Have the request answered, as gunicorn's sync worker does; one that waited too long is turned away."""
        if silence(exchange.sock) > self.app.wait_seconds:
            exchange.answer += turned_away(exchange.received, is_tls=self.app.tls is not None)
            return
        self.notify()
        request = None
        try:
            exchange.check_chunks()
            parser = http.get_parser(self.cfg, exchange, exchange.address)
            parser.unreader.unread(bytes(exchange.received))
            exchange.received.clear()
            request = next(parser)
            self.handle_request(exchange.server, request, exchange, exchange.address)
        except (StopIteration, NoMoreData):
            pass  # there was no request, or the answer broke off
        except Exception as error:  # noqa: BLE001 - as in gunicorn's own workers: a bad request gets an answer too
            self.handle_error(request, exchange, exchange.address, error)

    def handle_request(self, listener: Any, req: Any, client: Exchange, addr: Any) -> None:
        """Have the app answer a request. The connection is closed after it, as gunicorn's sync worker does."""
        answer, environ = wsgi.create(req, client, addr, listener, self.cfg, response_class=_Answer)
        answer.force_close()
        for part in self.wsgi(environ, answer.start_response):
            answer.write(part)
        answer.close()

    def handle_error(self, req: Any, client: Exchange, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Answer what is no HTTP. Of what was sent nothing is logged or answered: not its URL, not a header."""
        status, answer = refusal(exc, is_tls=self.app.tls is not None)
        client.answer = bytearray(answer)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
            frames = traceback.extract_tb(exc.__traceback__)
            places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            log.error("failed", extra={"error": type(exc).__name__, "trace": places})
        else:
            log.warning("refused", extra={"error": type(exc).__name__, "status": status.value})
