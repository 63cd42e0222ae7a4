"""The application under any WSGI server, without the rest of the gateway."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import flask
from werkzeug.test import EnvironBuilder

from gateway.app import create_app
from gateway.services import Services
from tests.servers import clean_environment

ROOT = Path(__file__).parents[1]
ASK = "import wsgi; print(wsgi.app.test_client().get('/health/ready').status_code)"


def test_wsgi_app_serves_http_alone(tmp_path: Path) -> None:
    environment = clean_environment() | {"GATEWAY_DATABASE": f"sqlite:///{tmp_path}/store.sqlite"}

    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "200"


def test_an_address_can_be_built_though_nobody_does(services: Services) -> None:
    ways = create_app(services).url_map

    rule = next(rule for rule in ways.iter_rules() if rule.rule == "/fhir/<fhir_type:type>")

    assert ways.bind("").build(rule.endpoint, {"type": "Patient", "_id": "a b"}) == "/fhir/Patient?_id=a+b"


def test_a_request_is_let_go_of_when_it_is_answered(services: Services) -> None:
    environ, said = EnvironBuilder(path="/fhir/Patient/nobody").get_environ(), list[str]()

    def begin(status: str, *_: object) -> Callable[[bytes], object]:
        said.append(status)
        return lambda _: None

    create_app(services)(environ, begin)

    assert said == ["404 Not Found"]
    assert not flask.has_request_context()
    assert not flask.has_app_context()
    assert environ["werkzeug.request"] is None
