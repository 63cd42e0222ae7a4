"""Who is turned away at the door of HTTP hears so: quickly, whole, and whatever it was sending."""

import fcntl
import http.client
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest
import requests

from tests.load.clients import ER7
from tests.messages import bed_message
from tests.servers import Running, serving

pytestmark = pytest.mark.slow

STUCK_SECONDS = 8


@contextmanager
def stuck(folder: Path) -> Iterator[tuple[Running, ExitStack]]:
    """Return a gateway whose one worker waits for the store, with as many in line as may wait; and what is open."""
    lock = os.open(folder / "store.sqlite-lock", os.O_RDWR | os.O_CREAT, 0o600)
    settings = {"MAX_WAITING": "2", "WAIT_SECONDS": str(STUCK_SECONDS), "WORKERS": "1"}
    with serving(folder, f"sqlite:///{folder}/store.sqlite", None, **settings) as running, ExitStack() as opened:
        fcntl.flock(lock, fcntl.LOCK_EX)
        opened.callback(os.close, lock)
        first = opened.enter_context(connected(running))
        send(first, "first")
        time.sleep(0.5)  # until the worker has it
        yield running, opened


def connected(running: Running) -> "closing[socket.socket]":
    return closing(socket.create_connection(("127.0.0.1", running.port), timeout=60))


def send(wire: socket.socket, name: str, padding: int = 0, path: str = "/ingest/dev") -> None:
    body = bed_message(name, bed=name) + b"\r" * padding
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {ER7}\r\nContent-Length: {len(body)}\r\n\r\n"
    wire.sendall(head.encode() + body)


def answer(wire: socket.socket) -> tuple[int, str, bytes]:
    """Return the status, Retry-After and body of an answer that must come whole."""
    response = http.client.HTTPResponse(wire)
    response.begin()
    return response.status, response.headers.get("Retry-After", ""), response.read()


def fill(running: Running, opened: ExitStack) -> list[socket.socket]:
    """Put twenty clients in line, two of whom may stay there."""
    wires = [opened.enter_context(connected(running)) for _ in range(20)]
    for number, wire in enumerate(wires):
        send(wire, f"W{number}")
    return wires


def test_who_is_too_many_is_told_when_to_come_back(tmp_path: Path) -> None:
    with stuck(tmp_path) as (running, opened):
        began = time.monotonic()
        wires = fill(running, opened)
        told = [answer(wire) for wire in wires[:17]]  # those who waited longest
        took = time.monotonic() - began

    assert took < STUCK_SECONDS
    for status, seconds, body in told:
        (issue,) = json.loads(body)["issue"]
        assert (status, issue["code"]) == (503, "throttled")
        assert issue["details"]["coding"][0]["code"] == "overloaded"
        assert issue["diagnostics"].endswith(f"try again in {seconds} seconds")
    assert len({seconds for _, seconds, _ in told}) == 7  # they do not come back all at once


def test_who_is_sending_a_large_body_hears_it_too(tmp_path: Path) -> None:
    with stuck(tmp_path) as (running, opened):
        fill(running, opened)
        for _ in range(3):  # as a client does that writes all before it reads
            large = opened.enter_context(connected(running))
            fill(running, opened)
            send(large, "large", padding=15_000_000)
            assert answer(large)[0] == 503


def test_who_asks_before_it_sends_is_told_before_it_sends(tmp_path: Path) -> None:
    with stuck(tmp_path) as (running, opened):
        careful = opened.enter_context(connected(running))
        careful.sendall(
            b"POST /ingest/dev HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\nExpect: 100-continue\r\n\r\n"
        )
        fill(running, opened)

        assert answer(careful)[0] == 503


def test_a_busy_gateway_still_lives(tmp_path: Path) -> None:
    with stuck(tmp_path) as (running, opened):
        asking = opened.enter_context(connected(running))
        asking.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        ready = opened.enter_context(connected(running))
        ready.sendall(b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n")
        fill(running, opened)

        assert answer(asking)[::2] == (200, b'{"status":"live"}')
        assert answer(ready)[0] == 503


def test_who_stood_in_line_for_too_long_is_not_taken_up_any_more(tmp_path: Path) -> None:
    with stuck(tmp_path) as (running, opened):
        waiting = [opened.enter_context(connected(running)) for _ in range(2)]
        for number, wire in enumerate(waiting):
            send(wire, f"W{number}")
        began = time.monotonic()
        statuses = [answer(wire)[0] for wire in waiting]
        took = time.monotonic() - began

    assert statuses == [503, 503]
    assert took < 2 * STUCK_SECONDS  # not one after the other, each as long as the first
    assert "turned-away" not in running.log.read_text(encoding="utf-8")


def test_who_stands_in_line_when_the_gateway_stops_gets_an_answer(tmp_path: Path) -> None:
    with (
        serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", None, WORKERS="1") as running,
        ExitStack() as opened,
    ):
        wires = [opened.enter_context(connected(running)) for _ in range(100)]
        for number, wire in enumerate(wires):
            send(wire, f"S{number}")
        assert running.stop() == 0
        statuses = [answer(wire)[0] for wire in wires]

    assert set(statuses) == {200, 503}  # and none of them is gone


def test_the_limit_is_on_who_waits_and_not_on_who_is_slow(tmp_path: Path) -> None:
    with (
        serving(tmp_path, f"sqlite:///{tmp_path}/store.sqlite", None, MAX_WAITING="1", WAIT_SECONDS="1") as running,
        ExitStack() as opened,
    ):
        for _ in range(30):
            slow = opened.enter_context(connected(running))
            slow.sendall(b"POST /ingest/dev HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nMSH")
        time.sleep(1.5)
        taken = requests.post(
            f"{running.base}/ingest/dev", data=bed_message("Q"), headers={"Content-Type": ER7}, timeout=60
        )

    assert re.search(r"MSA\|AA\|Q", taken.text)
