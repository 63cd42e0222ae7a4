"""The listener: accepts connections, has messages answered in threads, and stops without losing one."""

import asyncio
import logging
import signal
import socket
import ssl
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from uuid import uuid4
from weakref import WeakSet

from gateway.access.tls import server_context
from gateway.errors import BadSettings, GatewayError, Issue, MalformedMessage, Overloaded
from gateway.formats import hl7v2
from gateway.mllp.connection import Connection, Limits
from gateway.mllp.frames import HEAD, Frame, Sender

log = logging.getLogger("gateway.mllp")

Answer = Callable[[bytes, Sender], bytes]
"""Makes the answer of a message and of who sent it."""
Refused = Callable[[Issue], None]

GRACE_SECONDS = 20.0
"""So long may it take, after a signal, to answer what was received."""

_BACKLOG = 256
_HANDSHAKE_SECONDS = 10.0
_TURNS = 3  # of the event loop, in which what was accepted becomes a Connection and what lies in its buffer is read
_TOO_MANY: Issue = Overloaded.later("too many messages are waiting; this one was not read").issues[0]
_TOO_LATE: Issue = Overloaded.later("the gateway did not come to this message in time; it was not read").issues[0]
_FAILED = Issue("exception", "the gateway failed on this message; it was not taken")


def serve(
    listener: socket.socket,
    answer: Answer,
    *,
    tls: ssl.SSLContext | None = None,
    limits: Limits | None = None,
    refused: Refused = lambda _issue: None,
) -> None:
    """Answer MLLP on a bound socket until SIGTERM or SIGINT, then finish what was received and return.

    `answer` is called in threads, for one message of a connection at a time; when it raises, the sender gets AR, with
    the reason of a GatewayError. `refused` is told of each message that was not read.
    Raises BadSettings when `listener` can be reached from outside and `tls` is not given.
    """
    check_reach(listener, tls)
    asyncio.run(_until_told(Listener(answer, limits=limits, refused=refused), listener, tls))


def run_listener(
    host: str,
    port: int,
    answer: Answer,
    *,
    certificate: Path | None = None,
    key: Path | None = None,
    client_ca: Path | None = None,
) -> None:
    """Bind, then `serve`. With `certificate` and `key` it speaks TLS; with `client_ca` clients must show a certificate.

    Raises BadSettings when the address or the certificates cannot be used.
    """
    tls = server_context(certificate, key, client_ca) if certificate and key else None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise BadSettings(f"MLLP cannot listen on {host}:{port}: {error.strerror}") from error
    with bound:
        serve(bound, answer, tls=tls)


def check_reach(listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    """Raise BadSettings when a socket without TLS can be reached from another machine."""
    if tls is not None or listener.family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = listener.getsockname()[0]
    if not ip_address(host.split("%")[0]).is_loopback:
        raise BadSettings(
            f"MLLP without TLS may listen on loopback only, not on {host}; give certificates, or 127.0.0.1"
        )


async def _until_told(server: "Listener", listener: socket.socket, tls: ssl.SSLContext | None) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await server.start(listener, tls)
    await told.wait()
    await server.stop()


class Listener:
    """All connections of one listening socket."""

    def __init__(
        self,
        answer: Answer,
        *,
        limits: Limits | None = None,
        threads: int = 8,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_id: Callable[[], str] = lambda: str(uuid4()),
        refused: Refused = lambda _issue: None,
    ) -> None:
        self.limits = limits or Limits()
        self._answer = answer
        self._clock = clock
        self._new_id = new_id
        self._tell_refused = refused
        self._threads = ThreadPoolExecutor(threads, "mllp")
        self._most = threads + self.limits.waiting
        self.begun = 0
        """How many messages were given to a thread, or wait for one."""
        self._connections: set[Connection] = set()
        self._accepted: WeakSet[Connection] = WeakSet()  # these, and those whose handshake is not done
        self._server: asyncio.Server

    async def start(self, listener: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        """Begin to accept connections. Raises BadSettings as `check_reach` does."""
        check_reach(listener, tls)
        self._server = await asyncio.get_running_loop().create_server(
            self._accept,
            sock=listener,
            ssl=tls,
            ssl_handshake_timeout=_HANDSHAKE_SECONDS if tls else None,
        )

    async def stop(self, grace: float = GRACE_SECONDS) -> None:
        """Accept no more, answer what was received, and close; what is not answered within `grace` is cut off."""
        self._server.close()
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        finishing = [asyncio.create_task(connection.finish()) for connection in self._accepted]
        if finishing:
            _, late = await asyncio.wait(finishing, timeout=grace)
            for task in late:
                task.cancel()
        for connection in [*self._connections]:
            connection.abort()
        await asyncio.sleep(0)  # a turn in which what was cut off ends
        self._threads.shutdown(wait=False, cancel_futures=True)

    @property
    def connections(self) -> int:
        """How many connections are open, or closed and still at work."""
        return len(self._connections)

    @property
    def waiting(self) -> int:
        """How many messages came in and are not being answered yet."""
        return sum(connection.waiting for connection in self._connections)

    def _accept(self) -> Connection:
        connection = Connection(self._reply, self.limits, self._connections)
        self._accepted.add(connection)
        return connection

    async def _reply(self, frame: Frame) -> bytes:
        """Return the answer to a frame; what cannot wait for a thread any more is refused, and not at once."""
        if frame.wrong:
            return self._refused(frame, frame.wrong)
        if self.begun >= self._most:
            await asyncio.sleep(self.limits.refusal_seconds)
            return self._refused(frame, _TOO_MANY)
        self.begun += 1
        try:
            until = time.monotonic() + self.limits.wait_seconds
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._answered, frame, until)
        finally:
            self.begun -= 1

    def _refused(self, frame: Frame, wrong: Issue) -> bytes:
        log.warning("frame-refused", extra={"code": wrong.code, "bytes": len(frame.content)})
        self._tell_refused(wrong)
        return self._refusal(frame.content[:HEAD], wrong)

    def _answered(self, frame: Frame, until: float) -> bytes:
        """Return the answer; whatever happens there is one. What waited for too long is not begun any more."""
        if time.monotonic() > until:
            return self._refused(frame, _TOO_LATE)
        try:
            return self._answer(frame.content, frame.sender)
        except GatewayError as error:  # who sends it is not known, or may not: nothing of it was read
            return self._refused(frame, error.issues[0])
        except Exception as error:  # noqa: BLE001 - the loop that must go on: the sender is told, the log has the place
            trace = traceback.format_tb(error.__traceback__)  # without the error's text, which may hold a value
            log.error("answer-failed", extra={"error": type(error).__name__, "trace": trace})  # noqa: TRY400 - see above
            return self._refusal(frame.content, _FAILED)

    def _refusal(self, content: bytes, issue: Issue) -> bytes:
        """Return AR, naming the message if its first segment came over."""
        try:
            message = hl7v2.parse(content.lstrip(b"\r\n").replace(b"\n", b"\r").split(b"\r", 1)[0])
        except MalformedMessage:
            message = None
        return hl7v2.acknowledge(message, "AR", [issue], control_id=self._new_id()[:20], at=self._clock())
