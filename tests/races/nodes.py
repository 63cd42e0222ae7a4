"""Real gateways on one database, and 48 clients that ask them at the same moment, each node an equal share."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Barrier
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.store import Store, open_store
from gateway.store.contents import figures
from gateway.store.verify import verify
from tests.servers import Running, send_mllp, serving

if TYPE_CHECKING:
    from pathlib import Path

CLIENTS = 48
PUBLIC = "https://gateway.example/fhir"
_JSON = "application/fhir+json"
SETTINGS = {"BASE_URL": PUBLIC, "WORKERS": "4", "WAIT_SECONDS": "60"}  # nobody is to be asked to come back
_TIMEOUT = 90


class Request(NamedTuple):
    """What a client asks; the method `MLLP` sends the body by that door, without a path."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - nobody changes it


class Answer(NamedTuple):
    """What a client was answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def resource(self) -> Any:
        return json.loads(self.body)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what was found wrong, also as the answer to a FHIR message says it."""
        told = self.resource
        outcome = told["entry"][1]["resource"] if told["resourceType"] == "Bundle" else told
        return tuple(each["details"]["coding"][0]["code"] for each in outcome["issue"] if each["severity"] == "error")


# What client number n asks.
Work = Callable[[int], Request]


@dataclass(frozen=True)
class Nodes:
    """Gateways that answer, and the store that they share."""

    running: list[Running]
    store: Store

    def at_once(self, work: Work) -> list[Answer]:
        """Let every client ask at the same time, on a connection that is there already; return the answers in order."""
        barrier = Barrier(CLIENTS, timeout=_TIMEOUT)

        def ask(n: int) -> Answer:
            request = work(n)
            if request.method == "MLLP":
                barrier.wait()
                return Answer(200, {}, send_mllp(self._node(n).mllp_port, request.body))
            with closing(self._connection(n)) as wire:
                return _asked(wire, request, barrier.wait)

        with ThreadPoolExecutor(CLIENTS) as clients:
            return list(clients.map(ask, range(CLIENTS)))

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Ask one thing, of the first node."""
        with closing(self._connection(0)) as wire:
            return _asked(wire, Request(method, path, body, headers), lambda: None)

    def versions(self, path: str) -> list[Any]:
        """Return every version of a resource, the newest first; None for one that is a deletion."""
        found = self.ask("GET", f"/fhir/{path}/_history?_count=200").resource
        return [entry.get("resource") for entry in found["entry"]]

    def total(self, query: str) -> int:
        return int(self.ask("GET", f"/fhir/{query}&_total=accurate&_count=0").resource["total"])

    def check(self) -> None:
        """Fail unless indexes, projection, history and audit agree, and no node failed or gave up."""
        assert list(verify(self.store, PUBLIC)) == []
        assert figures(self.store).broken == []
        for each in self.running:
            said = each.log.read_text(encoding="utf-8")
            assert '"level": "error"' not in said, said[-4000:]
            assert not re.search(r'"status": 5\d\d', said)

    def _connection(self, n: int) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self._node(n).port, timeout=_TIMEOUT)

    def _node(self, n: int) -> Running:
        return self.running[n % len(self.running)]


def _asked(wire: HTTPConnection, request: Request, ready: Callable[[], Any]) -> Answer:
    body = request.body if isinstance(request.body, bytes | None) else json.dumps(request.body).encode()
    wire.connect()
    ready()
    wire.request(request.method, request.path, body, {"Content-Type": _JSON} | request.headers)
    response = wire.getresponse()
    return Answer(response.status, dict(response.getheaders()), response.read())


def statuses(answers: list[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


@contextmanager
def nodes(folder: Path, database: str, number: int, **more: str) -> Iterator[Nodes]:
    """Start so many gateways on one database, each of several processes; stop them at the end."""
    settings = SETTINGS | more
    with ExitStack() as opened:
        running = [opened.enter_context(serving(folder, database, None, **settings)) for _ in range(number)]
        yield Nodes(running, opened.enter_context(closing(open_store(database))))
