"""What is told survives: the worker, the gateway and the receiver are killed while 48 clients write."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.access.certificates import write_development
from gateway.fhir.json import decode
from gateway.notify.subscription import CONTENT, MOST
from gateway.notify.topics import BASE
from tests.receivers import Receiver, receiving
from tests.servers import Running, serving

CLIENTS, ROUNDS, PLACES = 48, 6, 12
pytestmark = pytest.mark.slow


def subscription(endpoint: str) -> dict[str, Any]:
    return {
        "resourceType": "Subscription", "id": "1", "status": "requested", "reason": "test",
        "criteria": f"{BASE}capacity-changed",
        "channel": {
            "type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": CONTENT, "valueCode": "full-resource"}]},
            "extension": [{"url": MOST, "valuePositiveInt": 5}],
        },
    }  # fmt: skip


def slot(client: int, n: int) -> dict[str, Any]:
    return {
        "resourceType": "Slot", "id": f"s{client % PLACES}", "status": "free", "comment": f"{client} {n}",
        "schedule": {"reference": "Schedule/x"}, "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z",
    }  # fmt: skip


class Gateways:
    """A gateway that is started anew whenever it was killed; `base` is where it is now."""

    def __init__(self, start: Callable[[], Any]) -> None:
        self._start = start
        self._stack = ExitStack()
        self.running: Running = self._stack.enter_context(start())

    def again(self) -> None:
        self._stack.close()
        self.running = self._stack.enter_context(self._start())

    def close(self) -> None:
        self._stack.close()

    def put(self, resource: dict[str, Any]) -> None:
        """Store it, trying until it is acknowledged."""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                url = f"{self.running.base}/fhir/{resource['resourceType']}/{resource['id']}"
                requests.put(url, json=resource, timeout=30).raise_for_status()
            except requests.RequestException:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("not acknowledged in two minutes")


def children(running: Running) -> list[int]:
    pid = running.process.pid
    return sorted(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()))


@contextmanager
def writing(gateways: Gateways) -> Iterator[None]:
    """Have every client write its rounds until the end; raise what went wrong with any."""

    def client(number: int) -> None:
        for n in range(ROUNDS):
            gateways.put(slot(number, n))

    with ThreadPoolExecutor(CLIENTS) as pool:
        futures = [pool.submit(client, number) for number in range(CLIENTS)]
        yield
        for future in futures:
            future.result(300)


def told(receiver: Receiver) -> list[tuple[int, str, int]]:
    """Return number, resource and version of each event, in the order in which they first came."""
    found: dict[int, tuple[int, str, int]] = {}
    for request in receiver.requests:
        notification = decode(request.body)
        events = [
            one for one in notification["entry"][0]["resource"]["parameter"] if one["name"] == "notification-event"
        ]
        for event, entry in zip(events, notification["entry"][1:], strict=True):
            number = int(event["part"][0]["valueString"])
            resource = entry["resource"]
            row = (number, str(resource["id"]), int(resource["meta"]["versionId"]))
            assert found.setdefault(number, row) == row  # whoever is told again is told the same
    return list(found.values())


def test_nothing_is_lost_and_the_order_is_kept_whatever_is_killed(database_url: str, tmp_path: Path) -> None:
    write_development(tmp_path, datetime.now(UTC))
    with receiving(tmp_path) as receiver:
        pass  # its port, from now on
    settings = {"ENDPOINTS": receiver.base, "ENDPOINT_CA": str(tmp_path / "ca.pem"), "REFERENCES": "lenient"}
    gateways = Gateways(lambda: serving(tmp_path, database_url, None, **settings))
    try:
        with ExitStack() as up:
            up.enter_context(receiving(tmp_path, port=receiver.port, over=receiver))
            gateways.put(subscription(receiver.base + "/hook"))
            receiver.wait_for(lambda r: r.times["/hook"] >= 1)
            with writing(gateways):
                receiver.wait_for(lambda r: r.times["/hook"] >= 5)
                os.kill(children(gateways.running)[3], signal.SIGKILL)  # the worker; the others then end by themselves
                gateways.running.process.wait(60)
                gateways.again()
                receiver.wait_for(lambda r: r.times["/hook"] >= 15, 90)
                gateways.running.kill()
                gateways.again()
                threading.Event().wait(0.5)
                up.close()  # the receiver is gone
                threading.Event().wait(1)
        with receiving(tmp_path, port=receiver.port, over=receiver):
            last = {place: _newest(gateways, f"s{place}") for place in range(PLACES)}
            receiver.wait_for(lambda r: len(told(r)) >= sum(last.values()), 180)
    finally:
        gateways.close()

    events = told(receiver)
    assert [number for number, _, _ in events] == list(range(1, len(events) + 1))
    versions = defaultdict(list)
    for _, id_, version in events:
        versions[id_].append(version)
    assert versions == {f"s{place}": list(range(1, newest + 1)) for place, newest in last.items()}
    assert sum(last.values()) >= CLIENTS * ROUNDS


def _newest(gateways: Gateways, id_: str) -> int:
    found = requests.get(f"{gateways.running.base}/fhir/Slot/{id_}", timeout=30).json()
    return int(found["meta"]["versionId"])
