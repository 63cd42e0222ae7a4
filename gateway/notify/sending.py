"""Sending to an endpoint, so that whatever answers there hurts nobody but itself.

No redirect is followed, no proxy or password of this machine is used, little of an answer is read, and all of it has an
end: connection, TLS, headers and answer together. The connection goes to the address that was checked; the name stays
that of the endpoint for TLS and Host, so the certificate is verified for it. https://requests.readthedocs.io
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.cookiejar import DefaultCookiePolicy
from types import TracebackType
from typing import Any, NamedTuple, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from gateway.notify.endpoints import Address, Endpoint, Refused
from gateway.notify.outward import Outward
from gateway.telemetry import Span, Value

_CONNECT_SECONDS = 5.0
_MOST_OF_AN_ANSWER = 16_384  # bytes


class NotSent(Exception):
    """It was not taken, and why, in words that hold nothing of what was sent or answered.

    `status` is that of the answer, where there was one; `after` the seconds that the receiver asked to be left alone.
    """

    def __init__(self, reason: str, *, status: int | None = None, after: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.status, self.after = reason, status, after


class Sent(NamedTuple):
    """What a receiver said; `content` is the beginning of its answer, `cache_control` how long it may be kept."""

    status: int
    content: bytes
    cache_control: str = ""


class Line:
    """A connection to one endpoint, opened when something is sent and kept for what follows."""

    def __init__(self, outward: Outward, url: str) -> None:
        self._outward = outward
        self._endpoint: Endpoint = outward.allowed.endpoint(url)
        self._deadline = _Deadline(outward.seconds)
        self._session: requests.Session | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            self._session.close()
        self._deadline.close()

    def send(self, body: bytes, headers: Mapping[str, str], *, method: str = "POST", url: str | None = None) -> Sent:
        """Send and return the answer, when it is one of success. Raises NotSent.

        `url` is one at the same origin.
        """
        url = self._endpoint.url if url is None else url
        if url != self._endpoint.url and self._outward.allowed.endpoint(url).origin != self._endpoint.origin:
            raise NotSent("it is at another origin than the endpoint")
        with self._span(method) as span, self._deadline.running(), _reasons(self._deadline):
            session = self._opened()
            response = session.request(
                method, url, data=body, stream=True, allow_redirects=False,
                headers={**_OURS, **span.headers(), **headers},
                timeout=(_CONNECT_SECONDS, self._outward.seconds),
            )  # fmt: skip
            with response:
                content = response.raw.read(_MOST_OF_AN_ANSWER, decode_content=False)
            if self._deadline.is_over:  # what was cut off looks like an end
                raise requests.Timeout
            span.note({"http.response.status_code": response.status_code})
            return _taken(response, content)

    def _span(self, method: str) -> Span:
        """Begin the span of a request; of the URL it tells the origin alone."""
        to = self._endpoint
        about: Mapping[str, Value] = {"http.request.method": method, "server.address": to.host, "server.port": to.port}
        return self._outward.telemetry.begin(method, "client", about)

    def _opened(self) -> requests.Session:
        if self._session is None:
            addresses = self._outward.allowed.addresses(self._endpoint)
            self._session = _session(self._outward, _connecting(addresses, self._endpoint.port, self._deadline))
        return self._session


_OURS = {"User-Agent": "msb-gateway", "Accept-Encoding": "identity", "Accept": "application/fhir+json"}


def _taken(response: requests.Response, content: bytes) -> Sent:
    status = response.status_code
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Sent(status, content, response.headers.get("Cache-Control", ""))
    after = response.headers.get("Retry-After", "")
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        raise NotSent(f"it answered {status}: a redirect, which is not followed", status=status)
    raise NotSent(f"it answered {status}", status=status, after=int(after[:6]) if after.isdigit() else None)


class _Deadline:
    """Cuts a connection when sending takes too long, whatever it is doing then."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lines: list[socket.socket] = []
        self.is_over = False

    def hold(self, sock: socket.socket) -> None:
        """Take note of a connection; TLS detaches the socket it is given, so a copy of it is kept."""
        self._lines.append(sock.dup())
        if self.is_over:
            self._cut()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let what is inside take so long and no longer."""
        self.is_over = False
        timer = threading.Timer(self._seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._forget_closed()

    def _cut(self) -> None:
        self.is_over = True
        for line in self._lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    def _forget_closed(self) -> None:
        """Keep the copy of the newest connection alone: it may be used again."""
        while len(self._lines) > 1:
            self._lines.pop(0).close()

    def close(self) -> None:
        """Let go of the copies."""
        while self._lines:
            self._lines.pop().close()


class _Connecting(NamedTuple):
    """How a socket to the endpoint is made: to an address that was checked."""

    addresses: Sequence[Address]
    port: int
    deadline: _Deadline

    def __call__(self) -> socket.socket:
        problem: OSError | None = None
        until = time.monotonic() + _CONNECT_SECONDS
        for address in self.addresses:
            try:
                sock = socket.create_connection((str(address), self.port), max(0.1, until - time.monotonic()))
            except OSError as error:
                problem = error
            else:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.deadline.hold(sock)
                return sock
        raise problem or OSError("no address")


def _connecting(addresses: Sequence[Address], port: int, deadline: _Deadline) -> _Connecting:
    return _Connecting(addresses, port, deadline)


class _Adapter(HTTPAdapter):
    """Makes connections of our own way."""

    def __init__(self, connect: _Connecting) -> None:
        self._connect = connect
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of urllib3 with connections that are pinned."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _pools(self._connect)


def _pools(connect: _Connecting) -> dict[str, type[HTTPConnectionPool]]:
    def connected(connection: HTTPConnection) -> socket.socket:
        try:
            sock = connect()
        except OSError as error:
            raise NewConnectionError(connection, "no connection") from error
        sock.settimeout(connection.timeout)
        return sock

    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self)

    class Sealed(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connected(self)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SealedPool(HTTPSConnectionPool):
        ConnectionCls = Sealed

    return {"http": PlainPool, "https": SealedPool}


def _session(outward: Outward, connect: _Connecting) -> requests.Session:
    session = requests.Session()
    session.trust_env = False  # no proxy, no .netrc, no CA bundle of the environment
    session.headers.clear()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))  # what a receiver says stays with it
    session.verify = str(outward.authorities) if outward.authorities else True
    if outward.certificate is not None and outward.key is not None:
        session.cert = (str(outward.certificate), str(outward.key))
    for prefix in ("https://", "http://"):
        session.mount(prefix, _Adapter(connect))
    return session


@contextmanager
def _reasons(deadline: _Deadline) -> Iterator[None]:
    """Say why it was not sent. Raises NotSent."""
    try:
        yield
    except Refused as error:
        raise NotSent(str(error)) from error
    except Exception as error:
        if not isinstance(error, requests.RequestException | OSError | ValueError) and not _is_of_urllib3(error):
            raise
        raise NotSent(_reason(error, deadline)) from error


def _is_of_urllib3(error: Exception) -> bool:
    return type(error).__module__.partition(".")[0] in {"urllib3", "http"}


def _reason(error: BaseException, deadline: _Deadline) -> str:
    if deadline.is_over or isinstance(error, requests.Timeout):
        return "it took too long"
    if isinstance(error, requests.exceptions.SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "TLS: the certificate does not fit, or ours is not taken"
    if isinstance(error, requests.ConnectionError):
        return "no connection, or it broke off"
    return "its answer is not HTTP"
