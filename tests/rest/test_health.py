"""Whether it lives, and whether it can take messages."""

from dataclasses import replace
from typing import Any

from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.errors import Unavailable
from gateway.services import Services


def test_a_gateway_with_its_store_lives_and_is_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "live"}
    assert client.get("/health/ready").get_json() == {"status": "ready"}


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
    assert response.get_json()["issue"][0]["code"] == "transient"
