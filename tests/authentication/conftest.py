"""An application that knows its partners, on both databases, with a clock that is set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.notify.endpoints import Allowed
from gateway.notify.outward import Outward
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store
from gateway.transact.partners import add
from gateway.validation import Validator
from tests.authentication.asking import BASE, SCOPES, Clock, clients
from tests.authentication.people import CALLBACK, Browser
from tests.conftest import library
from tests.openid import CLIENT, OpenId, openid
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


@pytest.fixture
def provider(world: World) -> Iterator[OpenId]:
    with openid(world.folder, CALLBACK) as found:
        found.claims = {
            "name": "J. Jansen",
            "organization": "00000010",
            "roles": ["nonsense", "zcc-coordinator", "auditor"],
        }
        yield found


@pytest.fixture
def with_people(to: Services, world: World, provider: OpenId) -> Services:
    settings = replace(to.settings, oidc_issuer=provider.issuer, oidc_client_id=CLIENT)
    zcc = partner("zcc", kind="zcc", ura="00000010", scopes=("system/Slot.cruds", "system/AuditEvent.rs"))
    add([zcc, partner("vvt", kind="vvt", ura="00000011")], development_caller(), to)
    found = replace(to, settings=settings, outward=Outward(Allowed(), authorities=world.folder / "ca.pem"))
    assert found.identities is not None
    provider.gateway_keys = found.identities.signing_keys().published()
    return found


@pytest.fixture
def browser(with_people: Services, world: World) -> Browser:
    return Browser(create_app(with_people).test_client(), world)
