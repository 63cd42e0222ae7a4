"""kill -9 of one of two nodes while 48 clients make the same resources: each is there once, and the other goes on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.databases import Postgresql
from tests.races.nodes import CLIENTS, Nodes, nodes

pytestmark = pytest.mark.slow
SYSTEM = "https://duinrand.example/bed"
BEDS, BEFORE_THE_KILL = 8, 60


class Client:
    """Makes each bed if it is not there yet, by another node when its own does not answer any more."""

    def __init__(self, number: int, there: Nodes, barrier: threading.Barrier, answered: list[int]) -> None:
        self._bases = [node.base for node in there.running]
        self._number, self._barrier, self._answered = number, barrier, answered

    def run(self) -> list[str]:
        """Return where each bed is, as it was told."""
        self._barrier.wait(60)
        return [self._made((self._number + bed) % BEDS) for bed in range(BEDS)]

    def _made(self, bed: int) -> str:
        first = self._number % len(self._bases)
        try:
            answer = self._post(self._bases[first], bed)
        except requests.RequestException:
            answer = None
        if answer is None or answer.status_code == 503:  # what is left of a node may still say that it has no time
            answer = self._post(self._bases[1 - first], bed)
        assert answer.status_code in {200, 201}, answer.text
        self._answered.append(bed)
        return answer.headers["Location"].partition("/_history")[0]

    def _post(self, base: str, bed: int) -> requests.Response:
        resource = {"resourceType": "Location", "identifier": [{"system": SYSTEM, "value": str(bed)}]}
        headers = {"If-None-Exist": f"identifier={SYSTEM}|{bed}"}
        return requests.post(f"{base}/fhir/Location", json=resource, headers=headers, timeout=60)


def test_a_node_that_dies_in_a_race_leaves_no_second_and_keeps_nobody_waiting(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    answered: list[int] = []
    with nodes(tmp_path, postgresql.emptied(), 2) as there, ThreadPoolExecutor(CLIENTS) as threads:
        barrier = threading.Barrier(CLIENTS)
        running = [threads.submit(Client(n, there, barrier, answered).run) for n in range(CLIENTS)]
        while len(answered) < BEFORE_THE_KILL:
            time.sleep(0.005)
        there.running[1].kill()
        places = {place for one in running for place in one.result(120)}

        assert len(answered) == CLIENTS * BEDS
        assert len(places) == BEDS
        assert there.total(f"Location?identifier={SYSTEM}|") == BEDS
        there.check()
