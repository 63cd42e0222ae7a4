"""Whether it lives, and whether it can take messages."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.errors import Unavailable
from gateway.services import Services
from gateway.store import migrate


def test_a_gateway_with_its_store_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    assert client.get("/health/ready").get_json() == {"status": "ready", "parts": {"store": "ready"}}


class Gone:
    """A store that cannot be reached."""

    def reading(self, **_: Any) -> Any:
        raise Unavailable("the store cannot be reached")


def test_a_gateway_without_its_store_lives_and_is_not_ready(services: Services) -> None:
    store: Any = Gone()
    client = create_app(replace(services, store=store)).test_client()

    response = client.get("/health/ready")

    assert client.get("/health/live").status_code == 200
    assert response.status_code == 503
    assert response.get_json() == {"status": "not-ready", "parts": {"store": "the store cannot be reached"}}


def test_a_store_that_a_newer_gateway_changed_is_not_ready(
    client: FlaskClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = migrate.latest(services.store.engine) - 1
    monkeypatch.setattr("gateway.store.migrate.latest", lambda _engine: older)

    response = client.get("/health/ready")

    assert response.status_code == 503
    assert "made by a newer gateway" in response.get_json()["parts"]["store"]


def test_a_watched_folder_that_went_away_is_named(services: Services, tmp_path: Path) -> None:
    there, gone = tmp_path / "there", tmp_path / "gone"
    there.mkdir()

    def parts(folder: Path) -> Any:
        settings = replace(services.settings, folder=folder)
        return create_app(replace(services, settings=settings)).test_client().get("/health/ready").get_json()["parts"]

    assert parts(there) == {"store": "ready", "folder": "ready"}
    assert parts(gone) == {"store": "ready", "folder": "the watched folder is not there"}
