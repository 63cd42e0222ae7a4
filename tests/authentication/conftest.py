"""An application that knows its partners, on both databases, with a clock that is set."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store
from gateway.transact.partners import add
from gateway.validation import Validator
from tests.authentication.asking import BASE, SCOPES, Clock, clients
from tests.conftest import library
from tests.trust import World, partner


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.made(tmp_path_factory.mktemp("world"))
    world.client("duinrand")
    world.client("gouwe")
    world.client("nobody")
    return world


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
def to(world: World, store: Store, database_url: str, clock: Clock) -> Services:
    settings = Settings.from_env(
        {
            "GATEWAY_DATABASE": database_url,
            "GATEWAY_BASE_URL": BASE,
            "GATEWAY_TLS_CLIENT_CA": str(world.folder / "ca.pem"),
            "GATEWAY_TOKEN_KEYS": str(world.folder / "keys"),
            "GATEWAY_PROXIES": "127.0.0.1",
        }
    )
    numbers = count(1)
    to = Services(settings, store, Validator(), library(), clock, lambda: f"id-{next(numbers)}")
    partners = [
        partner("duinrand", world.pairs["duinrand"], scopes=SCOPES, clients=clients(clock.now)),
        partner("gouwe", world.pairs["gouwe"]),
        partner("idle", scopes=()),
    ]
    add(partners, development_caller(), to)
    return to


@pytest.fixture
def http(to: Services) -> FlaskClient:
    return create_app(to).test_client()
