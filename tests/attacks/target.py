"""A gateway to attack over the wire, and what every attack has to leave behind: a refusal, and nothing else."""

from __future__ import annotations

import http.client
import json
import re
import secrets
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import telling
from tests.attacks.estate import ATTACKER, directory, partners
from tests.attacks.tables import Tables
from tests.receivers import Receiver, receiving
from tests.servers import Running, descendants, send_mllp, serving, wait_for_port
from tests.trust import World, register

JSON = "application/fhir+json"
BSN = "999911120"
FAMILY = "Geheimstra"
SECRETS = (BSN, FAMILY, FAMILY.lower())
BSN_SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
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
    """A running gateway that knows its partners, its store and its log; who attacks it is one of them, or nobody."""

    world: World
    tables: Tables
    database: str
    receiver: Receiver
    """Whom the gateway may send to."""
    running: Running = field(init=False)
    base: str = "https://gateway.example"
    session: str = ""
    """The cookie of the doctor, once she has logged in."""
    is_filled: bool = False

    @property
    def inward(self) -> str:
        """Return an origin that the gateway may send to, of which the name leads to this machine: there it may not."""
        return f"https://{socket.gethostname()}:{self.receiver.port}"

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        version: str = "1.1",
        who: str | None = ATTACKER,
    ) -> Answer:
        """Send a request whose path goes over the wire as it stands."""
        given = {"Host": f"127.0.0.1:{self.running.port}"} | dict(headers or {})
        if body or method in {"POST", "PUT", "PATCH"}:
            given.setdefault("Content-Length", str(len(body)))
        lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in given.items())]
        return self.raw("\r\n".join([*lines, "", ""]).encode("latin-1") + body, method, who=who)

    def raw(self, request: bytes, method: str = "GET", *, who: str | None = ATTACKER) -> Answer:
        """Send bytes; return the first answer to them."""
        with self.connected(who) as wire:
            with suppress(BrokenPipeError, ConnectionResetError, ssl.SSLError):  # answered, and not read any further
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
    def connected(
        self, who: str | None = ATTACKER, port: int = 0, world: World | None = None
    ) -> Iterator[ssl.SSLSocket]:
        """Shake hands as a partner, or as nobody with None; over HTTP's port or another one."""
        with (
            socket.create_connection(("127.0.0.1", port or self.running.port), timeout=TIMEOUT) as plain,
            (world or self.world).context(who).wrap_socket(plain, server_hostname="127.0.0.1") as wire,
        ):
            yield wire

    def mllp(self, message: bytes, who: str = ATTACKER) -> bytes:
        """Send one message over MLLP and return the answer to it, without its frame."""
        return send_mllp(self.running.mllp_port, message, self.world.context(who))

    def post(self, path: str, resource: Any, *, who: str | None = ATTACKER, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("POST", path, json.dumps(resource).encode(), {"Content-Type": JSON} | given, who=who)

    def put(self, path: str, resource: Any, *, who: str | None = ATTACKER) -> Answer:
        return self.send("PUT", path, json.dumps(resource).encode(), {"Content-Type": JSON}, who=who)

    def get(self, path: str, *, who: str | None = ATTACKER, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.send("GET", path, headers=given, who=who)

    def log(self) -> str:
        return self.running.log.read_text(encoding="utf-8")

    def rows(self) -> dict[str, int]:
        """Return how much there is of everything that a refusal must leave alone."""
        return self.tables.counted()

    def inbox(self) -> int:
        """Return how many messages were kept, those that were refused among them."""
        return self.tables.count("inbox")

    def answers(self) -> None:
        """Assert that a good request is still answered."""
        assert self.get("/fhir/metadata").status == 200

    @contextmanager
    def in_little_room(self, bytes_: int) -> Iterator[None]:
        """Assert that no process of the gateway takes so much more memory meanwhile than it had."""
        before = {pid: _reset(pid) for pid in descendants(self.running.process.pid)}
        yield
        more = {pid: _memory(pid, "VmHWM") - had for pid, had in before.items()}
        assert max(more.values()) < bytes_, more


def _reset(pid: int) -> int:
    """Forget what a process took at most, and return what it has now, in bytes.

    https://man7.org/linux/man-pages/man5/proc_pid_clear_refs.5.html
    """
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    return _memory(pid, "VmRSS")


def _memory(pid: int, name: str) -> int:
    said = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(said.partition(f"{name}:")[2].split(maxsplit=1)[0]) * 1024


@contextmanager
def attacked(folder: Path, database: str, *providers: str, **settings: str) -> Iterator[Target]:
    """Start a gateway of which the attacker is a partner that may do everything, and send as `providers`."""
    world = World.made(folder)
    (folder / "inbox.key").write_text(secrets.token_hex(32), encoding="ascii")
    register(database, *partners(world, *providers))
    world.client("stranger")
    world.revoke("revoked")
    with receiving(folder) as receiver, Tables.opened(database) as tables:
        target = Target(world, tables, database, receiver)
        ours = {
            "DURABILITY": "normal",
            "LOG_LEVEL": "debug",
            "BASE_URL": f"{target.base}/fhir",
            "TLS_CLIENT_CERTIFICATE": "optional",
            "ENDPOINTS": f"{receiver.base} {target.inward}",
            "ENDPOINT_CA": str(folder / "ca.pem"),
            "INBOX_KEY": str(folder / "inbox.key"),
            "DIRECTORY": str(directory(folder)),
        }
        with serving(folder, database, wait_for_port, **world.settings, **(ours | settings)) as running:
            target.running = running
            yield target
            telling.check(target.get("/metrics").text, "the metrics")
            audited = target.tables.rows("SELECT content FROM audit")
            telling.check("\n".join(bytes(content).decode() for (content,) in audited), "the audit")


on_both = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])


def cases(attacks: Iterable[Attack]) -> list[Any]:
    """Return attacks as parameters, each marked with its number."""
    return [pytest.param(each, id=str(each), marks=pytest.mark.threat(each.number)) for each in attacks]


def numbered(names: Iterable[str]) -> list[Any]:
    """Return names that begin with their number, `51-sql`, as parameters that are marked with it."""
    return [pytest.param(name, id=name, marks=pytest.mark.threat(int(name.partition("-")[0]))) for name in names]


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
