"""A gateway to test with: on both databases, with a clock that stands still and ids that count."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

import hypothesis
import pytest

from gateway.data import shipped
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store, open_store
from gateway.validation import Validator
from tests import telling
from tests.databases import Postgresql, empty_file

if TYPE_CHECKING:
    from gateway.mapping.library import Library

# The same examples each time, so that a check says the same twice; `HYPOTHESIS_PROFILE=explore` looks for new ones.
hypothesis.settings.register_profile("check", derandomize=True, database=None)
hypothesis.settings.register_profile("explore", derandomize=False)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "check"))

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes `-n auto` is: one more than there are cores, for some of the tests wait."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def listening() -> Iterator[telling.Listening]:
    """Hear everything that gateways log in this process."""
    handler = telling.Listening()
    logging.getLogger("gateway").addHandler(handler)
    yield handler
    logging.getLogger("gateway").removeHandler(handler)


@pytest.fixture(autouse=True)
def _nobody_is_told(listening: telling.Listening) -> Iterator[None]:
    """Fail a test of which a log names a patient, or holds a token. Logs of gateways in processes: `serving`."""
    listening.heard.clear()
    yield
    assert listening.heard == []


@pytest.fixture(scope="session")
def postgresql(testrun_uid: str, worker_id: str) -> Iterator[Postgresql]:
    """One server for all test processes, one database for each."""
    opened = Postgresql(Path(gettempdir()) / f"msb-gateway-{testrun_uid}", f"test_{worker_id}")
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty store, once of each engine."""
    if request.param == "sqlite":
        file = tmp_path / "store.sqlite"
        file.touch(0o600)
        file.write_bytes(empty_file())
        return f"sqlite:///{file}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.emptied()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """Return an empty store, once of each engine."""
    opened = open_store(database_url, durability="normal")
    yield opened
    opened.close()


@pytest.fixture
def services(store: Store, database_url: str) -> Services:
    """Return everything the doors need, on each engine; time stands still and ids are 1, 2, 3."""
    return Services(Settings(database=database_url), store, Validator(), library(), lambda: NOW, counted())


LASTING = Path(__file__).parent / "lasting.yaml"
"""The table by which what is said counts for a week."""


@cache
def library() -> Library:
    from gateway.mapping.library import Library

    return Library.load([shipped("mappings")])


def counted() -> Callable[[], str]:
    numbers = count(1)
    return lambda: str(next(numbers))
