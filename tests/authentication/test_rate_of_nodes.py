"""A partner that spreads its requests over two gateways on one store gets no more than was agreed."""

from __future__ import annotations

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import Postgresql
from tests.servers import Running, serving, wait_for_port
from tests.trust import World, partner, register

pytestmark = pytest.mark.slow

RATE, ASKED = 40, 90


def ask(world: World, running: Running) -> tuple[int, str | None]:
    with world.session("duinrand") as session:
        answer = session.get(f"https://127.0.0.1:{running.port}/fhir/Slot?_count=1", timeout=60)
    return answer.status_code, answer.headers.get("Retry-After")


def test_two_nodes_count_one_rate(tmp_path: Path, postgresql: Postgresql) -> None:
    world, url = World.made(tmp_path), postgresql.emptied()
    register(url, partner("duinrand", world.client("duinrand"), rate=RATE, scopes=("system/Slot.rs",)))
    with ExitStack() as stack:
        nodes = [stack.enter_context(serving(tmp_path, url, wait_for_port, **world.settings)) for _ in range(2)]
        began = time.monotonic()
        with ThreadPoolExecutor(6) as clients:
            answers = list(clients.map(lambda number: ask(world, nodes[number % 2]), range(ASKED)))

    status = Counter(status for status, _ in answers)
    assert set(status) == {200, 429}
    came_free = (time.monotonic() - began) * RATE / 60
    assert RATE - RATE / 20 - 1 <= status[200] <= RATE + came_free + 1  # the less: what a node took and did not need
    assert all(int(after or 0) in range(1, 61) for status, after in answers if status == 429)
