"""One connection: frames in, answers out in the same order, never more at a time than it can hold."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from gateway.errors import Issue, Overloaded
from gateway.mllp.frames import Frame, Frames, Sender, framed

log = logging.getLogger("gateway.mllp")

Reply = Callable[[Frame], Awaitable[bytes]]

FULL: Issue = Overloaded.later("there are too many connections; this message was not read").issues[0]
_WAITING = 32  # frames that may wait for their answer before no more is read
_LINGER_SECONDS = 2.0  # for the last answer to arrive before the connection is closed
_BEGUN_SECONDS = 2.0  # for the rest of a message, or the first of a sender that has just come, when all is to stop


@dataclass(frozen=True, slots=True)
class Limits:
    """What a connection may cost. Silence between messages is normal at night; within a message it is not.

    `waiting` messages, of different connections, may wait for a thread, `wait_seconds` each: more are refused.
    """

    max_bytes: int = 30_000_000
    connections: int = 256
    waiting: int = 128
    wait_seconds: float = 10.0
    refusal_seconds: float = 0.5  # before a refusal for want of room: who sends again at once must not fill the room
    idle_seconds: float = 3600.0
    frame_seconds: float = 30.0


class Connection(asyncio.Protocol):
    """Frames that came in wait in line; one task answers them one by one."""

    def __init__(self, reply: Reply, limits: Limits, connections: "set[Connection]") -> None:
        self._reply = reply
        self._limits = limits
        self._connections = connections
        self._frames = Frames(limits.max_bytes)
        self._waiting: deque[Frame] = deque()
        self._held = 0  # bytes
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport
        self._is_made = False
        self._settled = asyncio.Event()  # something was heard, and of no message the rest is still to come
        self._sender = Sender()
        self._timer: asyncio.TimerHandle | None = None
        self._heard = 0.0
        self._writable = asyncio.Event()
        self._ending = False
        self._lost = False
        self._turned_away = False

    @property
    def waiting(self) -> int:
        """How many frames wait for their turn."""
        return len(self._waiting)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection; when there are too many, only tell it so: its first message is refused."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._is_made = True
        tls = transport.get_extra_info("ssl_object")
        certificate = tls.getpeercert(True) if tls else None  # noqa: FBT003 - in DER: its name in the ssl module
        self._sender = Sender(certificate, str((transport.get_extra_info("peername") or ("",))[0]))
        self._writable.set()
        self._connections.add(self)
        if len(self._connections) > self._limits.connections:
            log.warning("too-many-connections", extra={"connections": len(self._connections)})
            self._turned_away = True
            if len(self._connections) > 2 * self._limits.connections:
                transport.abort()
                return
        self._hear()
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Put the frames that are complete in line."""
        self._hear()
        if self._ending:
            return
        for frame in self._frames.feed(data):
            self._queue(frame)
        if self._frames.open:
            self._settled.clear()
        else:
            self._settled.set()
        if len(self._waiting) > _WAITING or self._held > self._limits.max_bytes:
            self._transport.pause_reading()
        if self._frames.broken or (self._turned_away and self._waiting):
            self._ending = True
        self._work()

    def eof_received(self) -> bool:
        """Answer what came before the sender stopped sending, then close."""
        self._cut_short()
        self._ending = True
        self._settled.set()
        self._work()
        return self._transport.get_extra_info("sslcontext") is None  # TLS cannot be closed by one side only

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop listening. What came in whole is still taken: its sender may never send it again."""
        self._lost = True
        self._settled.set()
        self._forget_if_done()
        self._writable.set()
        if self._timer:
            self._timer.cancel()
        if exc:
            log.info("connection-lost", extra={"error": type(exc).__name__, "waiting": len(self._waiting)})

    def pause_writing(self) -> None:
        """Answer no more while the sender does not read."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Go on answering."""
        self._writable.set()

    async def finish(self) -> None:
        """Answer what came in whole, and close. What is still half after a moment is the sender's to send again.

        That moment is for who has just come, too: closing on what somebody is about to send resets the connection.
        """
        with suppress(TimeoutError):
            await asyncio.wait_for(self._settled.wait(), _BEGUN_SECONDS)
        if not self._is_made:  # its handshake came to nothing
            return
        self._ending = True
        if not self._transport.is_closing():
            self._transport.pause_reading()
        while self._task:
            await asyncio.wait([self._task])
        self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()
        if self._task:
            self._task.cancel()

    def _work(self) -> None:
        """Have the waiting frames answered, unless somebody is at it already."""
        if self._task is None and (self._waiting or self._ending):
            self._task = asyncio.get_running_loop().create_task(self._answer_all())

    def _forget_if_done(self) -> None:
        if self._lost and self._task is None:
            self._connections.discard(self)

    def _queue(self, frame: Frame) -> None:
        frame = frame._replace(wrong=FULL if self._turned_away else frame.wrong, sender=self._sender)
        self._waiting.append(frame)
        self._held += len(frame.content)

    async def _answer_all(self) -> None:
        while self._waiting:
            frame = self._waiting.popleft()
            self._held -= len(frame.content)
            await self._send(await self._reply(frame))
            if len(self._waiting) <= _WAITING // 2 and not self._ending and not self._transport.is_closing():
                self._transport.resume_reading()
        self._task = None
        self._forget_if_done()
        if self._ending:
            self._end()

    async def _send(self, answer: bytes) -> None:
        """Send an answer, and wait while the other side does not read."""
        if self._transport.is_closing():
            return
        self._transport.write(framed(answer))
        try:
            await asyncio.wait_for(self._writable.wait(), self._limits.frame_seconds)
        except TimeoutError:
            log.warning("answers-not-read")
            self._transport.abort()
        self._hear()

    def _end(self) -> None:
        """Close so that the last answer arrives: unread bytes would make the system throw it away."""
        if (
            (self._frames.broken or self._turned_away)
            and self._transport.can_write_eof()
            and not self._transport.is_closing()
        ):
            self._transport.write_eof()
            asyncio.get_running_loop().call_later(_LINGER_SECONDS, self._transport.close)
        else:
            self._transport.close()

    def _hear(self) -> None:
        self._heard = asyncio.get_running_loop().time()

    def _watch(self) -> None:
        """Close the connection when nothing was heard for too long; look again when that could be."""
        loop = asyncio.get_running_loop()
        is_brief = self._frames.open or self._turned_away
        allowed = self._limits.frame_seconds if is_brief else self._limits.idle_seconds
        left = self._heard + allowed - loop.time()
        if left > 0 or self._task:
            soon = min(self._limits.frame_seconds, self._limits.idle_seconds)
            self._timer = loop.call_later(min(left, soon) if left > 0 else soon, self._watch)
            return
        log.info("silence", extra={"within_message": self._frames.open})
        self._cut_short()
        self._ending = True
        self._work()

    def _cut_short(self) -> None:
        frame = self._frames.cut_short()
        if frame:
            self._queue(frame)
