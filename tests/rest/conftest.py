"""A client of the whole application, on both databases, to which nothing is answered that OpenAPI does not tell of."""

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services
from tests.rest.documented import DocumentedClient


@pytest.fixture
def client(services: Services) -> FlaskClient:
    app = create_app(services)
    app.test_client_class = DocumentedClient
    return app.test_client()
