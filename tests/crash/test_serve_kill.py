"""kill -9 in the middle of a stream of messages: what was acknowledged is there, nothing is there by half."""

import itertools
import json
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from gateway.store import Store, open_store
from gateway.store.contents import figures
from gateway.store.verify import verify
from tests.messages import bed_message
from tests.servers import Running, send_mllp, serving

pytestmark = pytest.mark.slow

BASE = "https://gateway.example/fhir"
SENDERS, KILLS, ACKNOWLEDGED_BEFORE_A_KILL = 3, 3, 25


@dataclass
class Stream:
    """Messages that go in by both doors, each about a bed of its own, until the server is gone."""

    running: Running
    numbers: "itertools.count[int]"
    acknowledged: list[str] = field(default_factory=list)

    def by_mllp(self) -> None:
        for number in self.numbers:
            try:
                answer = send_mllp(self.running.mllp_port, bed_message(f"M{number}", bed=f"M{number}"))
            except OSError:
                return
            assert b"MSA|AA" in answer, answer
            self.acknowledged.append(f"M{number}")

    def by_http(self) -> None:
        for number in self.numbers:
            data = bed_message(f"H{number}", bed=f"H{number}")
            headers = {"Content-Type": "application/hl7-v2+er7"}
            try:
                answer = requests.post(f"{self.running.base}/ingest/dev", data=data, headers=headers, timeout=30)
            except requests.RequestException:
                return
            if answer.status_code == 503:  # from what is left of it for a moment: nothing is acknowledged
                return
            assert "MSA|AA" in answer.text, answer.text
            self.acknowledged.append(f"H{number}")

    def until_killed(self) -> list[str]:
        """Send, kill the server when enough was acknowledged, and return the ids of what was."""
        threads = [threading.Thread(target=send) for send in (self.by_mllp, self.by_http) for _ in range(SENDERS)]
        for thread in threads:
            thread.start()
        while len(self.acknowledged) < ACKNOWLEDGED_BEFORE_A_KILL:
            time.sleep(0.005)
        self.running.kill()
        for thread in threads:
            thread.join(60)
        return self.acknowledged


def test_what_was_acknowledged_survives_kill_9_and_nothing_is_there_by_half(tmp_path: Path, database_url: str) -> None:
    numbers, acknowledged = itertools.count(), []
    for _ in range(KILLS):
        with serving(tmp_path, database_url) as running:
            acknowledged += Stream(running, numbers).until_killed()

    with serving(tmp_path, database_url) as running:
        assert running.stop() == 0
    store = open_store(database_url)
    kept = messages(store)
    assert len(acknowledged) >= KILLS * ACKNOWLEDGED_BEFORE_A_KILL
    assert [one for one in acknowledged if one not in kept] == []
    assert {one: resources for one, resources in kept.items() if not resources_are_whole(resources)} == {}
    assert without_a_message(store) == []
    assert list(verify(store, BASE)) == []
    assert figures(store).broken == []
    store.close()


def messages(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Return each message in the inbox by its id, with the resources it made or confirmed."""
    found: dict[str, list[dict[str, Any]]] = {}
    with store.reading() as database:
        for control_id, body in database.rows(
            "select i.control_id, r.body from inbox i"
            " join inbox_resource l on l.inbox = i.id"
            " join resource r on r.key = l.key and r.version = l.version"
        ):
            found.setdefault(control_id, []).append(json.loads(bytes(body)))
    return found


def resources_are_whole(resources: list[dict[str, Any]]) -> bool:
    """Return whether a bed message made all of it: the chain of places, the schedule and the slot of one bed."""
    kinds = [resource["resourceType"] for resource in resources]
    return kinds.count("Slot") == kinds.count("Schedule") == 1 and kinds.count("Location") >= 3


def without_a_message(store: Store) -> list[Any]:
    """Return versions that no message accounts for, and newest versions that are not stored."""
    with store.reading() as database:
        return database.rows(
            "select c.type, c.id from current c where not exists"
            " (select 1 from inbox_resource l join resource r on r.key = l.key and r.version = l.version"
            "  where l.key = c.key and l.version = c.version)"
        )
