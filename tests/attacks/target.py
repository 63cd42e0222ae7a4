"""A gateway to attack over the wire, and what every attack has to leave behind: a refusal, and nothing else."""

from __future__ import annotations

import http.client
import json
import re
import socket
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers import Running

JSON = "application/fhir+json"
BSN = "999911120"
FAMILY = "Geheimstra"
SECRETS = (BSN, FAMILY, FAMILY.lower())
BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
KEPT_OF_REFUSALS = {"inbox", "audit"}  # a refused message, with its reasons, and who asked what
TIMEOUT = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Attack:
    """A bad request, by its number in the list of bad inputs, and the refusal it deserves.

    `says` is a pattern for the text of an issue: the place, or the way out.
    """

    number: int
    name: str
    status: int
    says: str
    path: str = "/fhir/Patient"
    body: bytes | Callable[[], bytes] = b""
    method: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number}-{self.name}"

    @property
    def request(self) -> tuple[str, str, bytes, Mapping[str, str]]:
        body = self.body() if callable(self.body) else self.body
        kind = {"Content-Type": JSON} if body else {}
        return self.method or ("POST" if body else "GET"), self.path, body, kind | dict(self.headers)


def patient(**changes: Any) -> dict[str, Any]:
    """Return a patient nobody else may hear of; a change to None leaves the element out."""
    resource: dict[str, Any] = {
        "resourceType": "Patient",
        "identifier": [{"system": BSN_SYSTEM, "value": BSN}],
        "name": [{"family": FAMILY, "given": [FAMILY]}],
    }
    return {name: value for name, value in (resource | changes).items() if value is not None}


def encoded(**changes: Any) -> bytes:
    return json.dumps(patient(**changes)).encode()


def spliced(text: str) -> bytes:
    """Return the patient with `text` put in as it stands, which no encoder would write."""
    return encoded()[:-1] + b"," + text.encode("utf-8", "surrogatepass") + b"}"


@dataclass
class Target:
    """A running gateway, its database and its log."""

    running: Running
    database: Path

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        version: str = "1.1",
    ) -> Answer:
        """Send a request whose path goes over the wire as it stands."""
        given = {"Host": f"127.0.0.1:{self.running.port}"} | dict(headers or {})
        if body or method in {"POST", "PUT"}:
            given.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in given.items())]
        return self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body, method)

    def raw(self, request: bytes, method: str = "GET") -> Answer:
        """Send bytes; return the first answer to them."""
        with self.connected() as wire:
            with suppress(BrokenPipeError, ConnectionResetError):  # it may have answered and stopped reading
                wire.sendall(request)
            response = http.client.HTTPResponse(wire, method=method)
            response.begin()
            return Answer(response.status, dict(response.getheaders()), response.read())

    def all_of(self, request: bytes) -> bytes:
        """Send bytes; return every byte that comes back."""
        with self.connected() as wire:
            wire.sendall(request)
            return b"".join(iter(lambda: wire.recv(65536), b""))

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.running.port), timeout=TIMEOUT) as wire:
            yield wire

    def post(self, path: str, resource: Any, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, json.dumps(resource).encode(), {"Content-Type": JSON} | given)

    def put(self, path: str, resource: Any) -> Answer:
        return self.send("PUT", path, json.dumps(resource).encode(), {"Content-Type": JSON})

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def log(self) -> str:
        return self.running.log.read_text(encoding="utf-8")

    def rows(self) -> dict[str, int]:
        """Return how many rows each table holds; of the outbox, how many it ever held, since what is told leaves it."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as store:
            names = [name for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
            held = {
                name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]
                for name in names
                if name not in KEPT_OF_REFUSALS
            }
            (told,) = store.execute(
                "SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox'"
            ).fetchone()
            return held | {"outbox": told}

    def inbox(self) -> int:
        """Return how many messages were kept, those that were refused among them."""
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as store:
            return int(store.execute("SELECT count(*) FROM inbox").fetchone()[0])

    def answers(self) -> None:
        """Assert that a good request is still answered."""
        assert self.get("/fhir/metadata").status == 200


def check_refused(answer: Answer, status: int, says: str) -> None:
    """Assert that `answer` is a refusal a stranger can act on, in which nothing of the message stands."""
    assert answer.status == status, f"{answer.status}: {answer.text[:500]}"
    assert answer.headers["Content-Type"].startswith(JSON)
    outcome = answer.json()
    assert outcome["resourceType"] == "OperationOutcome"
    assert outcome["issue"]
    texts = [_text(issue) for issue in outcome["issue"]]
    assert all(issue.get("diagnostics") for issue in outcome["issue"]), texts
    assert any(re.search(says, text) for text in texts), texts
    assert_secret(answer.text)


def _text(issue: Mapping[str, Any]) -> str:
    said: Sequence[str] = [*issue.get("expression", []), *issue.get("location", []), issue["diagnostics"]]
    return " ".join([*said, issue["details"]["coding"][0]["code"]])


def assert_secret(text: str) -> None:
    """Assert that `text` holds nothing of the patient, and nothing of how the gateway is built."""
    found = [secret for secret in (*SECRETS, "Traceback", 'File "', "sqlite3") if secret in text]
    assert not found, f"{found} in {text[:1000]}"
