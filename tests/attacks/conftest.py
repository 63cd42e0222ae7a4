"""One real gateway a test process and engine, attacked by every test of this folder; each has to leave it whole."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.attacks.target import Target, assert_secret, attacked
from tests.databases import Postgresql

Start = Callable[[str], Target]


@pytest.fixture(scope="session")
def gateways(tmp_path_factory: pytest.TempPathFactory, testrun_uid: str, worker_id: str) -> Iterator[Start]:
    """Return what starts a gateway on an engine, the first time that it is asked for."""
    with ExitStack() as opened:

        @cache
        def started(engine: str) -> Target:
            folder = tmp_path_factory.mktemp(f"attacks-{engine}")
            database = f"sqlite:///{folder}/store.sqlite"
            if engine == "postgresql":
                servers = Path(gettempdir()) / f"msb-gateway-{testrun_uid}"
                database = opened.enter_context(closing(Postgresql(servers, f"attacks_{worker_id}"))).url
            return opened.enter_context(attacked(folder, database, "dev"))

        yield started


@pytest.fixture
def engine() -> str:
    """Return the engine of the store; where it matters, a test asks for both by `on_both`."""
    return "sqlite"


@pytest.fixture
def target(gateways: Start, engine: str) -> Iterator[Target]:
    """Return the gateway; whatever the test did, it answers afterwards, did not fail, and told nobody."""
    target = gateways(engine)
    before = len(target.log())
    yield target
    target.answers()
    said = target.log()[before:]
    assert_secret(said)
    assert '"level": "error"' not in said


@pytest.fixture
def canary() -> Iterator[socket.socket]:
    """Return a server that nobody may call: to accept from it must raise BlockingIOError."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener
