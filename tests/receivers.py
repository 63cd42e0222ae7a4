"""A real receiver over HTTPS, with a certificate of the development authority, that answers as it is told to."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from gateway.notify.endpoints import Allowed
from gateway.notify.outward import Outward

Answer = Callable[["Handler", int], None]
"""What a receiver does with the request that it is sent for the n-th time (from 1) at a path."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    client: str = ""


def fine(handler: Handler, _: int) -> None:
    status(200)(handler, 0)


def status(code: int, **headers: str) -> Answer:
    def answer(handler: Handler, _: int) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def failing(times: int, code: int = 500) -> Answer:
    """Answer so often with an error, then with success."""
    return lambda handler, n: (status(code) if n <= times else fine)(handler, n)


def never(handler: Handler, _: int) -> None:
    handler.receiver.over.wait(60)
    handler.close_connection = True


def dripping(handler: Handler, _: int) -> None:
    """Answer a header that never ends, a byte at a time."""
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not handler.receiver.over.wait(0.1):
            handler.wfile.write(b".")
            handler.wfile.flush()
    handler.close_connection = True


def huge(handler: Handler, _: int) -> None:
    """Begin to answer 10 GB."""
    piece = b"x" * 1_000_000
    sent = 0
    with contextlib.suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while not handler.receiver.over.is_set():
            handler.wfile.write(piece)
            sent += len(piece)
    handler.receiver.written[handler.path] = sent
    handler.close_connection = True


def nonsense(handler: Handler, _: int) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    handler.close_connection = True


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        certificate = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        client = _names(certificate or {}).get("commonName", "")
        request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body, client)
        self.receiver.note(request)
        self.receiver.answer_to(self.path)(self, self.receiver.times[self.path])

    do_POST = do_PUT = do_GET = do_DELETE = _answer  # noqa: N815 - the names of BaseHTTPRequestHandler

    def log_message(self, *_: object) -> None:
        pass


def _names(certificate: Any) -> dict[str, str]:
    return {name: value for ((name, value),) in certificate.get("subject", ())}


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    """Serves HTTP, or HTTPS, on an address of this machine."""

    def __init__(self, context: ssl.SSLContext | None, handler: type[BaseHTTPRequestHandler], port: int) -> None:
        self._context = context
        super().__init__(("127.0.0.1", port), handler)

    def finish_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        if self._context is None:
            super().finish_request(request, client_address)
            return
        with contextlib.suppress(OSError), self._context.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        pass


@dataclass
class Receiver:
    """What was received, in order; `answers` are by path, others are answered 200."""

    port: int = 0
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)
    written: dict[str, int] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)
    scheme: str = "https"
    changed: threading.Condition = field(default_factory=threading.Condition)

    @property
    def base(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def answer_to(self, path: str) -> Answer:
        return self.answers.get(path, fine)

    def note(self, request: Request) -> None:
        with self.changed:
            self.requests.append(request)
            self.times[request.path] += 1
            self.changed.notify_all()

    def bodies(self, path: str) -> list[bytes]:
        return [request.body for request in self.requests if request.path == path]

    def wait_for(self, condition: Callable[[Receiver], bool], seconds: float = 60) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: condition(self), seconds), (self.times, self.requests[-3:])


@contextmanager
def receiving(
    certificates: Path | None, *, port: int = 0, clients: bool = False, over: Receiver | None = None
) -> Iterator[Receiver]:
    """Receive until the end; `clients`: only from who shows a certificate, `over`: on with what that one received."""
    receiver = over or Receiver(scheme="https" if certificates else "http")
    receiver.over.clear()
    handler = type("Bound", (Handler,), {"receiver": receiver})
    server = Server(context_of(certificates, clients=clients) if certificates else None, handler, port)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def context_of(certificates: Path, *, clients: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(certificates / "ca.pem")
    return context


def outward(certificates: Path, *receivers: Receiver, seconds: float = 10.0, client: str = "") -> Outward:
    """Return the way of a gateway to these receivers."""
    return Outward(
        Allowed(frozenset(receiver.base for receiver in receivers)),
        authorities=certificates / "ca.pem",
        certificate=certificates / f"{client}.pem" if client else None,
        key=certificates / f"{client}.key" if client else None,
        seconds=seconds,
    )
