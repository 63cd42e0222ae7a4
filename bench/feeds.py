"""The load of all feeds together at ten times the national peak, on a real gateway; and whether anything was lost.

Each stream keeps its own pace, whether or not the one before was answered in time: a partner does not wait for us.
Nothing is lost when every message was answered with 200 and stands in the inbox as taken, once.
"""

import http.client
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from operator import itemgetter
from pathlib import Path

import psycopg

from bench.feed_messages import STREAMS, Stream
from bench.report import Row, percentile, show
from bench.servers import databases, gateway

_TAKEN = "select count(*) from inbox where state = 'accepted' and length(content) > 0"  # a long table: its first row
_CLIENTS = 24


@dataclass
class Sent:
    """What was sent, and what came of it. Latencies in seconds, from the moment a message was due."""

    latencies: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, latency: float, failure: str | None) -> None:
        """Note one answer."""
        with self.lock:
            self.latencies.append(latency)
            if failure:
                self.failures.append(failure)


def rows(*, full: bool) -> list[Row]:
    """Return the figures; `full` keeps the load up for a minute, else for ten seconds."""
    seconds = 60.0 if full else 10.0
    with tempfile.TemporaryDirectory() as folder, databases("feeds") as (url,):
        sqlite = Path(folder) / "feeds.sqlite"
        return [
            *_loaded("SQLite", f"sqlite:///{sqlite}", lambda: _sqlite(sqlite), seconds),
            *_loaded("PostgreSQL", url, lambda: _postgresql(url), seconds),
        ]


def _loaded(engine: str, url: str, taken: Callable[[], int], seconds: float) -> Iterator[Row]:
    sent = Sent()
    with gateway(url) as server:
        began = time.perf_counter()
        _send_all(server.port, seconds, sent)
        elapsed = time.perf_counter() - began
    count, lost = len(sent.latencies), len(sent.latencies) - taken()
    for failure in sent.failures[:3]:
        print(f"  {failure}")
    work = f"all feeds at ten times the national peak, {seconds:.0f} s, {engine}"
    told = f"{count} messages ({count / elapsed:.0f}/s), {len(sent.failures)} not taken, {lost} lost"
    yield Row(work, "nothing lost", told, not sent.failures and lost == 0)
    p50, p99 = percentile(sent.latencies, 0.5), percentile(sent.latencies, 0.99)
    late = f"p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms; over after {elapsed:.1f} s"
    yield Row(
        "from the moment a message is due to its answer", "as fast as they come", late, elapsed < seconds * 1.05 + 1
    )


def _send_all(port: int, seconds: float, sent: Sent) -> None:
    due = sorted(
        ((n / stream.per_second, n, stream) for stream in STREAMS for n in range(int(stream.per_second * seconds))),
        key=itemgetter(0),
    )
    began = time.perf_counter()
    with ThreadPoolExecutor(_CLIENTS) as clients:
        for at, n, stream in due:
            time.sleep(max(0.0, began + at - time.perf_counter()))
            clients.submit(_send, port, stream, n, began + at, sent)


def _send(port: int, stream: Stream, n: int, due: float, sent: Sent) -> None:
    headers = {"Content-Type": stream.media_type, "Accept": "application/json"}
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", "/ingest/dev", stream.message(n), headers)
        response = connection.getresponse()
        answer = response.read()
        connection.close()
        failure = None if response.status == 200 else f"{stream.name} {n}: {response.status} {answer[:300]!r}"
    except OSError as error:
        failure = f"{stream.name} {n}: {error!r}"
    sent.note(time.perf_counter() - due, failure)


def _sqlite(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute(_TAKEN).fetchone()[0])
    finally:
        connection.close()


def _postgresql(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(_TAKEN).fetchone()
        assert row is not None
        return int(row[0])


def main() -> None:
    """Print the figures."""
    show(rows(full=False))
