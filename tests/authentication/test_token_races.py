"""An assertion is good once: of many at the same moment, at two gateways on one store, and after both were killed."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.servers import Running, serving, wait_for_port
from tests.trust import World, assertion, partner, register

pytestmark = pytest.mark.slow

BASE = "https://gateway.example"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def ask(world: World, running: Running, signed: str) -> int:
    form = {
        "grant_type": "client_credentials",
        "scope": "system/Slot.rs",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": signed,
    }
    with world.session("duinrand") as session:
        answer: requests.Response = session.post(f"https://127.0.0.1:{running.port}/oauth/token", form, timeout=60)
    return answer.status_code


def test_an_assertion_is_taken_once_by_all_processes_and_over_a_restart(tmp_path: Path, database_url: str) -> None:
    world = World.made(tmp_path)
    register(database_url, partner("duinrand", world.client("duinrand")))
    settings = world.settings | {"BASE_URL": f"{BASE}/fhir"}
    signed = [assertion(f"{BASE}/oauth/token", datetime.now(UTC)) for _ in range(4)]
    with ExitStack() as stack:
        nodes = [stack.enter_context(serving(tmp_path, database_url, wait_for_port, **settings)) for _ in range(2)]
        with ThreadPoolExecutor(16) as clients:
            for one in signed:
                answers = clients.map(lambda number, one=one: ask(world, nodes[number % 2], one), range(16))
                assert Counter(answers) == {200: 1, 401: 15}
        for node in nodes:
            node.kill()
    with serving(tmp_path, database_url, wait_for_port, **settings) as again:
        assert [ask(world, again, one) for one in signed] == [401] * 4
        assert ask(world, again, assertion(f"{BASE}/oauth/token", datetime.now(UTC))) == 200
