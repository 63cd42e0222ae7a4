"""A client of a gateway that knows its own profiles, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import Caller
from gateway.app import create_app
from gateway.fhir import json
from gateway.rest import guard
from gateway.services import Services
from gateway.transact import Put, transact
from gateway.validation import Validator
from gateway.validation.profiles.shipped import library


@cache
def validator() -> Validator:
    return Validator(library())


@pytest.fixture
def profiled(services: Services) -> Services:
    return replace(services, validator=validator())


@pytest.fixture
def client(profiled: Services) -> FlaskClient:
    return create_app(profiled).test_client()


@pytest.fixture
def put(profiled: Services) -> Callable[..., None]:
    """Return what stores resources, without HTTP."""
    caller = Caller(organisation="development", name="test", development=True)

    def stored(*resources: dict[str, Any]) -> None:
        transact([Put(resource) for resource in resources], caller, profiled)

    return stored


@pytest.fixture
def call(client: FlaskClient) -> Callable[..., tuple[int, Any]]:
    """Return what asks: GET of a path with parameters, POST of it where a resource is given."""

    def asked(path: str, sent: Any = None, **query: Any) -> tuple[int, Any]:
        if sent is None:
            answer = client.get(f"/fhir/{path}", query_string=query)
        else:
            content, kind = json.encode(sent), "application/fhir+json"
            answer = client.post(f"/fhir/{path}", data=content, content_type=kind, query_string=query)
        return answer.status_code, json.decode(answer.data) if answer.data else None

    return asked


@pytest.fixture
def as_caller(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what lets the gateway take every request for one of a caller that may see these types only."""

    def becomes(*types: str) -> None:
        caller = Caller(organisation="06999901", name="Duinrand", types=frozenset(types))
        monkeypatch.setattr(guard, "authenticated", lambda *_: caller)

    return becomes
