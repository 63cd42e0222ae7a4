"""The FHIR API under load: reads and searches against a bare app, small durable transactions, two nodes, an import.

Clients run on the same machine, and take their share of it.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench.bundles import bundle
from bench.http_floor import Floor
from bench.load import Request, load, send
from bench.report import Row
from bench.servers import Server, databases, free_port, gateway, running, wait

_ROUNDS = 5
_PATIENTS = 2_000
_SYSTEM = "https://msb-gateway.example/fhir/NamingSystem/bench"
_IN_A_BUNDLE = 100


def rows(*, full: bool) -> list[Row]:
    """Return the rows of the scoreboard; `full` measures longer, and imports a million resources."""
    seconds = 6.0 if full else 1.5
    with tempfile.TemporaryDirectory() as name, databases("reads", "small", "one", "two") as stores:
        reads, small, one, two = stores
        folder = Path(name)
        return [
            *_reads(f"sqlite:///{folder}/reads.sqlite", "SQLite", seconds),
            *_reads(reads, "PostgreSQL", seconds),
            *_transactions(f"sqlite:///{folder}/small.sqlite", "SQLite FULL", seconds),
            *_transactions(small, "PostgreSQL", seconds),
            *_nodes(one, two, seconds),
            *_import(folder, 1_000_000 if full else 10_000),
        ]


def patient(number: int) -> dict[str, object]:
    """Return a patient who is found by a number."""
    identifier = [{"system": _SYSTEM, "value": f"n{number}"}]
    name = [{"family": f"Familie{number}", "given": ["Voornaam"]}]
    return {"resourceType": "Patient", "id": f"p{number}", "identifier": identifier, "name": name, "gender": "female"}


def pair(number: int) -> Request:
    """Return a transaction of a Patient and an Observation, both new."""
    observation: dict[str, object] = {
        "resourceType": "Observation",
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": f"Patient/p{number}"},
        "effectiveDateTime": "2026-01-05T10:00:00+01:00",
        "valueQuantity": {"value": 72, "unit": "/min", "system": "http://unitsofmeasure.org", "code": "/min"},
    }
    return _transaction([(patient(number), "PUT", f"Patient/p{number}"), (observation, "POST", "Observation")])


def _transaction(entries: list[tuple[dict[str, object], str, str]]) -> Request:
    made = [{"resource": resource, "request": {"method": method, "url": url}} for resource, method, url in entries]
    return "POST", "/fhir", msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": made})


def hundred(number: int) -> bytes:
    """Return a transaction Bundle of a hundred new resources."""
    some = range(10 * number, 10 * number + _IN_A_BUNDLE // 10)
    entries = [entry for n in some for entry in msgspec.json.decode(bundle(n))["entry"]]
    return msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})


def _reads(url: str, engine: str, seconds: float) -> Iterator[Row]:
    with gateway(url) as ours, _bare(url) as bare:
        for first in range(0, _PATIENTS, _IN_A_BUNDLE):
            some = range(first, first + _IN_A_BUNDLE)
            send(ours.port, _transaction([(patient(n), "PUT", f"Patient/p{n}") for n in some]))
        for work, path in (
            ("read by id", "/fhir/Patient/p{}"),
            ("search by identifier", f"/fhir/Patient?identifier={_SYSTEM}|n{{}}"),
        ):

            def ask(number: int, path: str = path) -> Request:
                return "GET", path.format(number % _PATIENTS), b""

            rounds = [(load([ours.port], 8, seconds, ask), load([bare.port], 8, seconds, ask)) for _ in range(_ROUNDS)]
            ratio = statistics.median(g.rate / b.rate for g, b in rounds)
            rate, p99 = (statistics.median(getattr(g, of) for g, _ in rounds) for of in ("rate", "p99"))
            bar = ">= 60 % of a bare Flask app on the same database"
            yield Row(
                f"{work}, 8 clients, {engine}", bar, f"{ratio:.0%} ({rate:.0f}/s, p99 {p99 * 1e3:.0f} ms)", ratio >= 0.6
            )


@contextmanager
def _bare(url: str) -> Iterator[Server]:
    port = free_port()
    with running([sys.executable, "-m", "bench.read_floor", url, str(port)], {}) as process:
        wait(port, "/")
        yield Server(port, process)


def _transactions(url: str, engine: str, seconds: float) -> Iterator[Row]:
    with gateway(url) as ours:
        rounds = [load([ours.port], 32, seconds, pair) for _ in range(_ROUNDS)]
    rate, p50, p99 = (statistics.median(getattr(one, of) for one in rounds) for of in ("rate", "p50", "p99"))
    work = f"transaction of a Patient and an Observation, durable, 32 clients, {engine}"
    told = f"{rate:.0f}/s; p50 {p50 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms"
    yield Row(work, ">= 400/s on 2 cores, p99 < 100 ms", told, rate >= 400 and p99 < 0.1)


def _nodes(one: str, two: str, seconds: float) -> Iterator[Row]:
    """Compare one gateway on its database with two on another; all of them share the cores of this machine."""

    def read(number: int) -> Request:
        return "GET", f"/fhir/Patient/p{number % 50}", b""

    with ExitStack() as stack:
        alone = [stack.enter_context(gateway(one)).port]
        both = [stack.enter_context(gateway(two)).port for _ in range(2)]
        for ports in (alone, both):
            send(ports[0], _transaction([(patient(n), "PUT", f"Patient/p{n}") for n in range(50)]))
        for work, ask in (("reads", read), ("transactions of two", pair)):
            rounds = [(load(alone, 16, seconds, ask), load(both, 16, seconds, ask)) for _ in range(_ROUNDS)]
            ratio = statistics.median(b.rate / a.rate for a, b in rounds)
            first, second = (statistics.median(each[n].rate for each in rounds) for n in (0, 1))
            told = f"{ratio:.2f} x ({second:.0f}/s against {first:.0f}/s)"
            yield Row(f"two nodes on one PostgreSQL against one, {work}, all on this machine", "stated", told)


def _import(folder: Path, resources: int) -> Iterator[Row]:
    """Bring in resources by Bundles of 100, two at a time, beside a bare script that writes the same rows."""
    database, sample, bare = (folder / f"{name}.sqlite" for name in ("import", "sample", "bare"))
    bundles = resources // _IN_A_BUNDLE
    for path in (sample, bare):
        with gateway(f"sqlite:///{path}") as empty:
            if path == sample:
                send(empty.port, ("POST", "/fhir", hundred(0)))
    with gateway(f"sqlite:///{database}") as ours, ThreadPoolExecutor(2) as clients:
        began = time.perf_counter()
        list(clients.map(lambda n: send(ours.port, ("POST", "/fhir", hundred(n))), range(1, bundles + 1)))
        took = time.perf_counter() - began
    floor, written = Floor(sample, bare), min(bundles, 500)
    began = time.perf_counter()
    for number in range(written):
        entries = msgspec.json.decode(hundred(number))["entry"]
        bodies = [msgspec.json.encode(entry["resource"]) for entry in entries]
        floor.write([entry["resource"]["id"] for entry in entries], bodies)
    least = (time.perf_counter() - began) / written
    ours_rate, bare_rate = resources / took, _IN_A_BUNDLE / least
    told = f"{ours_rate:,.0f} resources/s; a bare script {bare_rate:,.0f}/s, {bare_rate / ours_rate:.1f} x"
    yield Row(f"import of {resources:,} resources by Bundles of 100, SQLite FULL", "stated", told)
