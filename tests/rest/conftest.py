"""A client of the whole application, on both databases."""

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services


@pytest.fixture
def client(services: Services) -> FlaskClient:
    return create_app(services).test_client()
