"""What data keys cost: the same work on a store that is sealed and on one that is not, in turns.

It is the processor time of the gateway: sealing is nothing else, and others may be at work on the machine.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from bench.bundles import bundle
from bench.report import CORE, Row, against, show
from bench.search import ENGINES
from bench.store import receive_message, store_bundle
from gateway.access.data_keys import add
from gateway.access.data_seals import DataSeals
from gateway.access.policy import development_caller
from gateway.access.sealing import Keys
from gateway.fhir.search import parse
from gateway.mapping.library import Library
from gateway.query import read, search
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.transact import Put, transact
from gateway.validation import Validator

_BAR = 1.3
_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
_PATIENTS = 200
_CALLER = development_caller()
_NOW = datetime(2026, 1, 5, tzinfo=UTC)
_numbers = count(1)


def rows(*, full: bool = False) -> list[Row]:
    """Return the figures of both engines. `full` measures longer."""
    return [row for engine in ENGINES for row in _measured(engine, rounds=301 if full else 101)]


def _measured(engine: str, *, rounds: int) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder, ENGINES[engine]([1, 2]) as urls:
        sealed, plain = _sealed(urls[0], Path(folder) / "data.keys"), _plain(urls[1])
        for to in (sealed, plain):
            transact([Put(_patient(n)) for n in range(_PATIENTS)], _CALLER, to)
        for name, work, repeat in _works():
            pair = against(partial(work, sealed), partial(work, plain), rounds=rounds, repeat=repeat, clock=CORE)
            figures = f"{pair.ratio:.2f} x ({pair.work * 1e6:,.0f} µs; not sealed {pair.floor * 1e6:,.0f} µs)"
            yield Row(f"{engine}: {name}", f"≤ {_BAR} x not sealed", figures, pair.ratio <= _BAR)
        for to in (sealed, plain):
            to.store.close()


def _works() -> Iterator[tuple[str, Callable[[Services], object], int]]:
    yield "a transaction of ten resources", lambda to: store_bundle(bundle(next(_numbers)), to), 1
    yield "a message about a bed, with its inbox row", lambda to: receive_message(bundle(next(_numbers)), to), 1
    yield "a read by id", lambda to: read("Patient", "p7", _CALLER, to), 10
    yield "a search by BSN", _search(("identifier", f"{_SYSTEM}|{_number(7)}")), 10
    yield "a page of 100 resources", _search(("_count", "100")), 2


def _search(*pairs: tuple[str, str]) -> Callable[[Services], object]:
    asked = parse("Patient", list(pairs))
    return lambda to: search(asked, _CALLER, to, base=to.settings.base_url)


def _plain(url: str) -> Services:
    return Services(
        Settings(),
        open_store(url, durability="normal"),
        Validator(),
        Library.load([]),
        lambda: datetime.now(UTC),
        lambda: str(next(_numbers)),
    )


def _sealed(url: str, path: Path) -> Services:
    for use in ("seal", "find"):
        add(path, use, _NOW, None)
    seals = DataSeals(path, None, lambda: datetime.now(UTC), time.monotonic)
    return Services(
        Settings(),
        open_store(url, durability="normal", seals=seals),
        Validator(),
        Library.load([]),
        lambda: datetime.now(UTC),
        lambda: str(next(_numbers)),
        keys=Keys(data=seals),
    )


def _number(n: int) -> str:
    return f"{123_000_000 + n}"


def _patient(n: int) -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": f"p{n}",
        "identifier": [{"system": _SYSTEM, "value": _number(n)}],
        "name": [{"family": f"Patient {n}", "given": ["Een", "Twee"]}],
        "birthDate": "1950-01-01",
        "address": [{"city": "Gouda", "postalCode": "2801 AA", "line": ["Kerkstraat 1"]}],
    }


def main() -> None:
    """Print the figures."""
    show(rows())


if __name__ == "__main__":
    main()
