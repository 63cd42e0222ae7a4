"""Connections of one process: who is answered first, and who is dropped, when an answer takes long."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from gateway.cli.connections import Connections
from gateway.cli.exchange import Exchange
from gateway.rest.lanes import LARGE

LARGE_REQUEST = b"POST / HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE
SMALL_REQUEST = b"GET / HTTP/1.1\r\n\r\n"


class Served:
    """Connections with real sockets, and in which order their requests were answered."""

    def __init__(self, opened: ExitStack) -> None:
        self.opened = opened
        self.listener = opened.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.connections = Connections(self._answer, tls=None, max_body=10 * LARGE)
        opened.callback(self.connections.selector.close)
        self.names: dict[Exchange, str] = {}
        self.answered: list[str] = []
        self.busy: Callable[[], None] = lambda: None

    def connect(self, name: str) -> tuple[socket.socket, Exchange]:
        client = self.opened.enter_context(socket.create_connection(self.listener.getsockname()))
        exchange = self.connections.accept(self.listener)
        assert exchange is not None
        self.opened.callback(exchange.sock.close)
        self.names[exchange] = name
        self.connections.receive(exchange)
        return client, exchange

    def turn_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline
            self.connections.turn(0.05)

    def _answer(self, exchange: Exchange) -> None:
        self.answered.append(self.names[exchange])
        self.busy()
        exchange.answer += b"HTTP/1.1 200 OK\r\n\r\n"


@pytest.fixture
def served() -> Iterator[Served]:
    with ExitStack() as opened:
        yield Served(opened)


def send_in_turns(served: Served, client: socket.socket, data: bytes) -> None:
    """Send more than a socket holds, while it is read at the other end of the same process."""
    client.setblocking(False)
    while data:
        try:
            data = data[client.send(data) :]
        except BlockingIOError:
            served.connections.turn(0.05)


def test_who_came_shortly_before_a_large_request_is_answered_before_it(served: Served) -> None:
    before = time.monotonic()
    small, _ = served.connect("small")
    large, _ = served.connect("large")
    send_in_turns(served, large, LARGE_REQUEST)
    served.turn_until(lambda: served.connections.has_large)

    served.connections.answer_large(since=before)
    assert served.answered == []

    small.sendall(SMALL_REQUEST)
    served.turn_until(lambda: bool(served.answered))
    served.connections.answer_large(since=before)
    assert served.answered == ["small", "large"]
    assert not served.connections.has_large


def test_a_large_request_does_not_wait_for_who_says_nothing(served: Served) -> None:
    served.connect("silent")
    large, _ = served.connect("large")
    send_in_turns(served, large, LARGE_REQUEST)
    served.turn_until(lambda: served.connections.has_large)

    served.connections.answer_large(since=time.monotonic())

    assert served.answered == ["large"]


def test_who_sent_something_while_an_answer_took_long_is_not_dropped(served: Served) -> None:
    waiting, exchange = served.connect("waiting")
    long, _ = served.connect("long")

    def busy() -> None:
        waiting.sendall(SMALL_REQUEST)
        exchange.deadline = time.monotonic()  # it passes while nobody looks

    served.busy = busy
    long.sendall(SMALL_REQUEST)
    served.turn_until(lambda: served.answered == ["long"])
    served.busy = lambda: None

    served.turn_until(lambda: served.answered == ["long", "waiting"])
    assert waiting.recv(100).startswith(b"HTTP/1.1 200")
