"""The gateway through gunicorn, against a bare Flask app that decodes and writes the same rows.

Transaction Bundles of ten resources, all new, stored durably (SQLite FULL), by 8 and by 32 clients on the
same machine. Both servers run with the same worker class and number of workers; rounds alternate.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.bundles import bundle
from bench.load import Load, load, send
from bench.report import Row
from bench.servers import Server, free_port, gateway, running, wait, with_bytecode

_RESOURCES = 10


def rows(*, full: bool) -> list[Row]:
    """Return the rows of the scoreboard; `full` measures longer."""
    seconds = 8.0 if full else 2.0
    with tempfile.TemporaryDirectory() as folder:
        return [*_start_and_memory(Path(folder)), *_throughput(Path(folder), seconds)]


def _start_and_memory(folder: Path) -> list[Row]:
    starts, worked, memory = [], [], 0
    with_bytecode()
    for number in range(5):
        began = time.perf_counter()
        with gateway(f"sqlite:///{folder}/start-{number}.sqlite") as server:
            starts.append(time.perf_counter() - began)
            worked.append(_processor(server.process.pid))
            _send_for(server, clients=2, seconds=1.0)
            memory = max(memory, *(_resident(pid) for pid in _workers(server.process.pid)))
    start, processor = statistics.median(starts), statistics.median(worked)
    times = f"{start:.2f} s ({min(starts):.2f} to {max(starts):.2f}; {processor:.2f} s of processor)"
    return [
        Row("start of `gateway serve` to the first answer", "< 2 s", times, start < 2),
        Row("resident memory of a worker", "< 150 MB", f"{memory / 1e6:.0f} MB", memory < 150e6),
    ]


def _throughput(folder: Path, seconds: float) -> list[Row]:
    with gateway(f"sqlite:///{folder}/sample.sqlite") as server:
        send(server.port, ("POST", "/fhir", bundle(0)))
    with gateway(f"sqlite:///{folder}/gateway.sqlite") as ours, _floor(folder) as floor:
        return [row for clients in (8, 32) for row in _against(ours, floor, clients, seconds)]


def _against(gateway: "Server", floor: "Server", clients: int, seconds: float) -> Iterator[Row]:
    rounds = [(_send_for(gateway, clients, seconds), _send_for(floor, clients, seconds)) for _ in range(5)]
    ours = statistics.median(g.rate for g, _ in rounds)
    ratio = statistics.median(g.rate / f.rate for g, f in rounds)
    p50, p99 = (statistics.median(getattr(g, name) for g, _ in rounds) for name in ("p50", "p99"))
    rate = f"{ours:.0f} Bundles/s = {ours * _RESOURCES:.0f} resources/s"
    latency = f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms = {p99 / p50:.1f} x"
    work = f"transaction of 10 through gunicorn, {clients} clients"
    yield Row(work, ">= 60 % of a bare Flask app that writes the same rows", f"{ratio:.0%} ({rate})", ratio >= 0.6)
    yield Row(f"latency, {clients} clients", "p99 <= 6 x p50", latency, p99 <= 6 * p50)


@contextmanager
def _floor(folder: Path) -> Iterator[Server]:
    port = free_port()
    with gateway(f"sqlite:///{folder}/floor.sqlite"):
        pass  # makes the empty tables
    command = [
        sys.executable,
        "-m",
        "bench.http_floor",
        str(folder / "sample.sqlite"),
        str(folder / "floor.sqlite"),
        str(port),
    ]
    with running(command, {}) as process:
        wait(port, "/")
        yield Server(port, process)


def _send_for(server: Server, clients: int, seconds: float) -> Load:
    """Return the load that `clients`, each sending one Bundle after another, put on the server for some seconds."""
    return load([server.port], clients, seconds, lambda number: ("POST", "/fhir", bundle(number)))


def _workers(pid: int) -> list[int]:
    """Return the processes without children among those that `pid` started, at whatever remove."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [leaf for child in children for leaf in _workers(int(child))] or [pid]


def _processor(pid: int) -> float:
    """Return how many seconds a process has computed. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html"""
    user, system = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0]) * 1024
