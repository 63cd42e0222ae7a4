"""A gunicorn worker that computes for one request at a time and waits for all of them at once.

gunicorn's sync worker has the best throughput for what we do, but waits for each client in turn: two slow
senders and the gateway is closed. This one reads requests and writes answers without ever waiting, as
nginx in front would, and takes a request up when all of it is there. Slow and idle clients cost a little
memory, up to a limit, and no time.
"""

from __future__ import annotations

import logging
import os
import re
import selectors
import socket
import ssl
import time
import traceback
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from gunicorn import http
from gunicorn.http.errors import InvalidChunkSize, NoMoreData
from gunicorn.workers.sync import SyncWorker

from gateway.cli.not_http import refusal

log = logging.getLogger("gateway.http")

HEAD_SECONDS = 15.0
BODY_SECONDS = 60.0
ANSWER_SECONDS = 60.0
LINGER_SECONDS = 2.0
MAX_CONNECTIONS = 2000
MAX_HELD = 256 * 1024 * 1024  # bytes of requests that are not complete, of all connections together
_MAX_HEAD = 1024 * 1024  # more than gunicorn's limits on headers allow: it says so
_PIECE = 256 * 1024
_MAX_FRESH, _FRESH_SECONDS = 2, 0.02
_WANTS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})(?:;[^\r\n]*)?")
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)


class Exchange:
    """One connection: a request that comes in, an answer that goes out. To gunicorn it is a socket."""

    def __init__(self, sock: socket.socket, address: Any, listener: Any, max_body: int) -> None:
        self.sock = sock
        self.address = address
        self.listener = listener
        self.accepted = time.monotonic()
        self.deadline = self.accepted + HEAD_SECONDS
        self.received = bytearray()
        self.answer = bytearray()
        self._max_body = max_body
        self._needed: int | None = None  # bytes of the whole request; None as long as its head is not there
        self._chunked = False
        self._at = 0  # where the next chunk begins
        self._is_broken = False  # what stands there is no chunk
        self.is_answered = False
        self._shaken = not isinstance(sock, ssl.SSLSocket)

    def __getattr__(self, name: str) -> Any:
        """Return what the socket has: its names, its peer's certificate."""
        return getattr(self.sock, name)

    def recv(self, _size: int) -> bytes:
        """Return nothing: what there is was given to the parser."""
        return b""

    def sendall(self, data: bytes) -> None:
        """Keep what is to be sent."""
        self.answer += data

    def receive(self) -> None:
        """Return when the request is there. Raises BlockingIOError and its kin when that has to be waited for."""
        if isinstance(self.sock, ssl.SSLSocket) and not self._shaken:
            self.sock.do_handshake()
            self._shaken = True
        while not self._is_complete():
            piece = self.sock.recv(_PIECE)
            if not piece:
                raise ConnectionResetError
            self.received += piece

    def check_chunks(self) -> None:
        """Raise InvalidChunkSize when what came as chunks is none."""
        if self._is_broken:
            raise InvalidChunkSize(b"")

    def send(self) -> None:
        """Return when the answer is sent. Raises BlockingIOError and its kin when that has to be waited for."""
        while self.answer:
            sent = self.sock.send(self.answer[:_PIECE])
            del self.answer[:sent]

    def _is_complete(self) -> bool:
        """Return whether gunicorn can go on without waiting. It judges the request; this only counts."""
        if self._needed is None and not self._read_head():
            return len(self.received) > _MAX_HEAD
        return self._is_last_chunk_there() if self._chunked else len(self.received) >= (self._needed or 0)

    def _read_head(self) -> bool:
        end = self.received.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self.received[: end + 4])
        length, self._chunked = _LENGTH.search(head), _CHUNKED.search(head) is not None
        body = int(length[1]) if length else 0
        if _CONTINUE.search(head):
            head = _CONTINUE.sub(b"", head)  # or gunicorn would answer it too
            self.received[: end + 4] = head
            if body <= self._max_body:
                self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._at = len(head)
        self._needed = len(head) + (body if body <= self._max_body else 0)  # too large: refused by its length alone
        self.deadline = time.monotonic() + BODY_SECONDS
        return True

    def _is_last_chunk_there(self) -> bool:
        """Return whether the body ends here, is no chunks, or is too large; only `_at` moves, from chunk to chunk."""
        while (line := self.received.find(b"\r\n", self._at)) >= 0:
            found = _CHUNK_SIZE.fullmatch(self.received, self._at, line)
            if found is None:
                self._is_broken = True
                return True
            size = int(found[1], 16)
            if size == 0:
                return self.received.find(b"\r\n\r\n", line) >= 0
            if len(self.received) < line + size + 4:
                break
            self._at = line + size + 4
        return len(self.received) > 2 * self._max_body


class HttpWorker(SyncWorker):  # type: ignore[misc] # gunicorn has no types
    """Answers complete requests one after another. Its `app` is an HttpServer: `tls` and `max_body` come from there."""

    def run(self) -> None:
        """Answer until told to stop or the parent is gone, then send what is answered and close."""
        self._selector = selectors.DefaultSelector()
        self._exchanges: set[Exchange] = set()
        self._held = 0
        self._fresh: deque[Exchange] = deque()
        self._is_accepting = False
        self._selector.register(self.PIPE[0], selectors.EVENT_READ, self._wake)
        while self.alive and self.is_parent_alive():
            self._accept_if(wanted=len(self._unread()) < _MAX_FRESH)
            self._turn()
        self._accept_if(wanted=False)
        until = time.monotonic() + LINGER_SECONDS
        while any(exchange.is_answered for exchange in self._exchanges) and time.monotonic() < until:
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
                    self._selector.register(listener, selectors.EVENT_READ, self._accept)
                else:
                    self._selector.unregister(listener)

    def _turn(self) -> None:
        self.notify()
        for key, _ in self._selector.select(1.0 if self._is_accepting else _FRESH_SECONDS):
            key.data(key.fileobj)
        now = time.monotonic()
        for exchange in [one for one in self._exchanges if one.deadline < now]:
            self._drop(exchange)

    def _wake(self, pipe: int) -> None:
        os.read(pipe, 1)

    def _accept(self, listener: Any) -> None:
        try:
            sock, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # another worker was first, or the client left
        if len(self._exchanges) >= MAX_CONNECTIONS:
            sock.close()
            return
        sock.setblocking(False)  # noqa: FBT003 - the name of it in the socket module
        if self.app.tls:
            sock = self.app.tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        exchange = Exchange(sock, address, listener, self.app.max_body)
        self._exchanges.add(exchange)
        self._fresh.append(exchange)
        self._receive(exchange)

    def _receive(self, exchange: Exchange) -> None:
        before = len(exchange.received)
        try:
            exchange.receive()
        except _WANTS as wanted:
            self._held += len(exchange.received) - before
            self._wait(exchange, self._receive, wanted, selectors.EVENT_READ)
        except OSError:
            self._held -= before
            exchange.received.clear()
            self._drop(exchange)
        else:
            self._held -= before
            self._answer(exchange)

    def _answer(self, exchange: Exchange) -> None:
        """Have the request answered, as gunicorn's sync worker does, and begin to send the answer."""
        request, exchange.is_answered = None, True
        try:
            exchange.check_chunks()
            parser = http.get_parser(self.cfg, exchange, exchange.address)
            parser.unreader.unread(bytes(exchange.received))
            exchange.received.clear()
            request = next(parser)
            self.handle_request(exchange.listener, request, exchange, exchange.address)
        except (StopIteration, NoMoreData):
            pass  # there was no request, or the answer broke off
        except Exception as error:  # noqa: BLE001 - as in gunicorn's own workers: a bad request gets an answer too
            self.handle_error(request, exchange, exchange.address, error)
        exchange.deadline = time.monotonic() + ANSWER_SECONDS
        self._send(exchange)

    def handle_error(self, req: Any, client: Exchange, addr: Any, exc: Exception) -> None:  # noqa: ARG002 - gunicorn's
        """Answer what is no HTTP. Of what was sent nothing is logged or answered: not its URL, not a header."""
        status, answer = refusal(exc)
        client.answer = bytearray(answer)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and status != HTTPStatus.NOT_IMPLEMENTED:
            frames = traceback.extract_tb(exc.__traceback__)
            places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
            log.error("failed", extra={"error": type(exc).__name__, "trace": places})
        else:
            log.warning("refused", extra={"error": type(exc).__name__, "status": status.value})

    def _send(self, exchange: Exchange) -> None:
        try:
            exchange.send()
            exchange.sock.shutdown(socket.SHUT_WR)
        except _WANTS as wanted:
            self._wait(exchange, self._send, wanted, selectors.EVENT_WRITE)
        except OSError:
            self._drop(exchange)
        else:
            exchange.deadline = time.monotonic() + LINGER_SECONDS
            self._linger(exchange)

    def _linger(self, exchange: Exchange) -> None:
        """Read on until the client closes: closing on unread bytes would make the system throw the answer away."""
        try:
            if exchange.sock.recv(_PIECE):
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
        known = exchange.sock in self._selector.get_map()
        (self._selector.modify if known else self._selector.register)(exchange.sock, event, lambda _: go_on(exchange))

    def _drop(self, exchange: Exchange) -> None:
        self._held -= len(exchange.received)
        self._exchanges.discard(exchange)
        if exchange.sock in self._selector.get_map():
            self._selector.unregister(exchange.sock)
        exchange.sock.close()
