"""One connection of an HTTP client: a request that comes in without anybody waiting for it, an answer that goes out."""

from __future__ import annotations

import re
import select
import socket
import ssl
import struct
import time
from typing import Any

from gunicorn.http.errors import InvalidChunkSize

from gateway.cli.local_socket import ADDRESS, is_local
from gateway.rest.lanes import is_large

HEAD_SECONDS = 15.0
BODY_SECONDS = 60.0
PIECE = 256 * 1024
_MAX_HEAD = 1024 * 1024  # more than gunicorn's limits on headers allow: it says so

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*\r\n", re.IGNORECASE)
_CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,12})(?:;[^\r\n]*)?")
_COMPRESSED = re.compile(rb"\r\ncontent-encoding:", re.IGNORECASE)
_CONTINUE = re.compile(rb"\r\nexpect:[ \t]*100-continue[ \t]*(?=\r\n)", re.IGNORECASE)

_TCP_INFO = getattr(socket, "TCP_INFO", None)  # Linux only: https://man7.org/linux/man-pages/man7/tcp.7.html
_SIZE, _LAST_DATA_RECEIVED, _UNACKNOWLEDGED = 104, 52, 24  # of struct tcp_info, in bytes


class Exchange:
    """One connection: a request that comes in, an answer that goes out. To gunicorn it is a socket."""

    def __init__(self, sock: socket.socket, address: Any, listener: Any, max_body: int) -> None:
        self.sock = sock
        self.address = address
        self.listener = listener
        self.accepted = time.monotonic()
        self.deadline = self.accepted + HEAD_SECONDS
        self.latest = 0.0  # until when it is read on after the answer
        self.unread = 0  # bytes that were
        self.received = bytearray()
        self.answer = bytearray()
        self._max_body = max_body
        self._needed: int | None = None  # bytes of the whole request; None as long as its head is not there
        self._chunked = self._compressed = False
        self._at = 0  # where the next chunk begins
        self._is_broken = False  # what stands there is no chunk
        self.is_whole = False
        self.is_answered = False
        self._shaken = not isinstance(sock, ssl.SSLSocket)

    def __getattr__(self, name: str) -> Any:
        """Return what the socket has: its names, its peer's certificate."""
        return getattr(self.sock, name)

    @property
    def server(self) -> Any:
        """Return the address that it was asked at."""
        return ADDRESS if is_local(self.sock) else self.listener.getsockname()

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
            piece = self.sock.recv(PIECE)
            if not piece:
                raise ConnectionResetError
            self.received += piece

    @property
    def is_large(self) -> bool:
        """Return whether what has come may take seconds to answer."""
        return is_large(len(self.received), compressed=self._compressed)

    def check_chunks(self) -> None:
        """Raise InvalidChunkSize when what came as chunks is none."""
        if self._is_broken:
            raise InvalidChunkSize(b"")

    def send(self) -> None:
        """Return when the answer is sent. Raises BlockingIOError and its kin when that has to be waited for."""
        while self.answer:
            sent = self.sock.send(self.answer[:PIECE])
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
        self._compressed = _COMPRESSED.search(head) is not None
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


def silence(sock: socket.socket) -> float:
    """Return for how many seconds nothing came from a client: so long a request that is complete has waited."""
    return _told(sock, _LAST_DATA_RECEIVED) / 1000


def queue(listener: socket.socket) -> int:
    """Return how many connections the system holds that nobody has accepted yet."""
    if is_local(listener):  # of which it only tells whether there is any: more than fit are not taken on
        return len(select.select([listener], [], [], 0)[0])
    return _told(listener, _UNACKNOWLEDGED)  # what the kernel tells there of a socket that listens


def _told(sock: socket.socket, at: int) -> int:
    """Return a number that the kernel tells of a TCP connection; 0 where it tells none."""
    if _TCP_INFO is None:
        return 0
    try:
        told = sock.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, _SIZE)
    except OSError:
        return 0
    return int(struct.unpack_from("=I", told, at)[0]) if len(told) >= at + 4 else 0
