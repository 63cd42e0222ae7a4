"""The application under any WSGI server, without the rest of the gateway."""

import subprocess
import sys
from pathlib import Path

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
