"""Clients that send one request after another, each on a connection of its own, and how long they wait."""

import itertools
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.report import percentile

Request = tuple[str, str, bytes]  # method, path, body


@dataclass(frozen=True)
class Load:
    """What a round of requests came to: a rate, and latencies in seconds."""

    rate: float
    p50: float
    p99: float


def send(port: int, request: Request) -> None:
    """Send a request and read the answer. RuntimeError for any but a 2xx."""
    method, path, body = request
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if body:
        lines += ["Content-Type: application/fhir+json", f"Content-Length: {len(body)}"]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as wire:
        wire.sendall("\r\n".join((*lines, "", "")).encode() + body)
        answer = b""
        while piece := wire.recv(65536):
            answer += piece
    if not answer.startswith(b"HTTP/1.1 2"):
        raise RuntimeError(answer[:500].decode())


def load(ports: Sequence[int], clients: int, seconds: float, make: Callable[[int], Request]) -> Load:
    """Return the load that so many clients put on servers for some seconds; `make` makes the n-th request."""
    latencies: list[float] = []
    numbers = _NUMBERS
    until = time.perf_counter() + seconds

    def client(port: int) -> None:
        while (began := time.perf_counter()) < until:
            send(port, make(next(numbers)))
            latencies.append(time.perf_counter() - began)

    threads = [threading.Thread(target=client, args=(ports[n % len(ports)],)) for n in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - began
    return Load(len(latencies) / elapsed, percentile(latencies, 0.5), percentile(latencies, 0.99))


_NUMBERS = itertools.count(1)
