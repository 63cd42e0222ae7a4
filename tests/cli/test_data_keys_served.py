"""Keys are followed by others while a gateway serves many: nobody is refused, and nothing is missed or made twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.access.data_keys import lines
from gateway.store import open_store
from gateway.store.rekeying import needs
from tests.cli.test_data_keys import Operator
from tests.keys import held, seals
from tests.messages import bed_message
from tests.servers import Running, send_mllp, serving

pytestmark = pytest.mark.slow

SYSTEM = "http://fhir.nl/fhir/NamingSystem/bsn"
NUMBERS = ["999900006", "999900043", "999900079", "999900109", "999900134", "999911120", "999910589", "999999990"]
_HEADERS = {"Content-Type": "application/fhir+json"}


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/store.sqlite"
    return str(request.getfixturevalue("postgresql").emptied())


@pytest.fixture
def operator(url: str, tmp_path: Path) -> Operator:
    return Operator(url, tmp_path / "keys" / "data.keys")


@pytest.fixture
def nodes(url: str, operator: Operator, tmp_path: Path) -> Iterator[list[Running]]:
    """Two nodes of several processes each on one store, with one file of keys."""
    assert operator.keys("new").exit_code == 0
    with ExitStack() as running:
        path = str(tmp_path / "keys" / "data.keys")
        yield [running.enter_context(serving(tmp_path, url, DATA_KEYS=path)) for _ in range(2)]


@dataclass
class Load:
    """Clients that create a patient under its number wherever it is not known, read it back and search it."""

    nodes: list[Running]
    ended: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def run(self, client: int) -> None:
        turn = client
        with requests.Session() as session:
            while not self.ended.is_set():
                turn += 1
                number, node = NUMBERS[turn % len(NUMBERS)], self.nodes[turn % len(self.nodes)]
                try:
                    self._once(session, node, number, f"{client}-{turn}")
                except Exception as error:  # noqa: BLE001 - whatever it is, somebody was not served
                    self.wrong.append(repr(error))

    def _once(self, session: requests.Session, node: Running, number: str, name: str) -> None:
        made = session.post(f"{node.base}/fhir", json=unless_known(number), headers=_HEADERS, timeout=60)
        status = (
            made.json()["entry"][0]["response"]["status"][:3] if made.ok else f"{made.status_code} {made.text[:300]}"
        )
        self._note("create", status, {"200", "201"})
        asked = {"identifier": f"{SYSTEM}|{number}"}
        listed = session.post(f"{node.base}/fhir/Patient/_search", data=asked, timeout=60)
        ids = [entry["resource"]["id"] for entry in listed.json().get("entry", ())]
        self._note("found", str(len(ids)) if listed.ok else f"{listed.status_code} {listed.text[:300]}", {"1"})
        read = session.get(f"{node.base}/fhir/Patient/{ids[0]}", timeout=60)
        self._note("read", read.json()["identifier"][0]["value"] if read.ok else str(read.status_code), {number})
        answer = send_mllp(node.mllp_port, bed_message(name, state=name[-1:]))
        self._note("message", answer.partition(b"MSA|")[2][:2].decode(), {"AA", "AE"})  # some letters are no state

    def _note(self, what: str, status: str, right: set[str]) -> None:
        self.done[what] += 1
        if status not in right:
            self.wrong.append(f"{what}: {status}")


def unless_known(number: str) -> dict[str, Any]:
    """Return a transaction that creates a patient under its number, wherever it is not known."""
    patient = {
        "resourceType": "Patient",
        "identifier": [{"system": SYSTEM, "value": number}],
        "name": [{"family": "Ergernis"}],
    }
    request = {"method": "POST", "url": "Patient", "ifNoneExist": f"identifier={SYSTEM}|{number}"}
    return {"resourceType": "Bundle", "type": "transaction", "entry": [{"resource": patient, "request": request}]}


def test_keys_are_followed_while_many_are_served(
    nodes: list[Running], operator: Operator, url: str, tmp_path: Path
) -> None:
    path, load = tmp_path / "keys" / "data.keys", Load(nodes)
    first = {line.use: line.id for line in lines(path)}
    with ThreadPoolExecutor(4) as clients:
        served = [clients.submit(load.run, number) for number in range(4)]
        try:
            _until(lambda: load.done["read"] > 40, load)
            for use in ("seal", "find"):
                assert operator.keys("new", "--use", use, "--after", "3").exit_code == 0
            _until(lambda: _are_in_use(operator), load)
            before = load.done["read"]
            _until(lambda: load.done["read"] > before + 40, load)  # under old and new keys side by side
            done = operator.store("rekey")
            assert done.exit_code == 0, done.output
            _until(
                lambda: all(operator.keys("retire", name).exit_code == 0 for name in _still(path, first.values())), load
            )
            before = load.done["read"]
            _until(lambda: load.done["read"] > before + 40, load)
        finally:
            load.ended.set()
        for one in served:
            one.result()
    assert load.wrong == []
    assert not any("Error" in node.log.read_text(encoding="utf-8") for node in nodes)
    store = open_store(url, seals=seals(path))
    assert not any(needs(store, name) for name in first.values())
    assert not any(number.encode() in held(store, url) for number in NUMBERS)
    store.close()
    assert operator.store("verify").exit_code == 0
    for node in nodes:
        log = node.log.read_bytes()
        assert not any(line.key and line.key.encode() in log for line in lines(path))


def _still(path: Path, names: Iterable[str]) -> list[str]:
    there = {line.id for line in lines(path)}
    return [name for name in names if name in there]


def _are_in_use(operator: Operator) -> bool:
    """Return whether the newest key of each kind, which is listed last, is the one that is used."""
    listed = operator.keys("list").output.splitlines()
    return all(line.endswith("in use") for line in (listed[1], listed[3]))


def _until(is_so: Callable[[], bool], load: Load) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline
        assert not load.wrong, load.wrong[:5]
        time.sleep(0.05)
