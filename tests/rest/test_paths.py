"""What a method and a path lead to is what Flask's own map says, for every rule there is."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import MapAdapter, Rule

from gateway.rest.paths import Paths

NAMED = re.compile(r"<(?:(\w+):)?(\w+)>")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
NOWHERE = ("", "/", "/fhir/patient/a", "/fhir/Patient/a_b", "/fhir/Patient/", "/fhir//a", "/fhirs")


def written(rule: Rule, text: str) -> str:
    return NAMED.sub(lambda named: "Patient" if named[1] == "fhir_type" else text, rule.rule)


def by_flask(adapter: MapAdapter, method: str, path: str) -> tuple[Rule, dict[str, str]]:
    rule, values = adapter.match(path, method, return_rule=True)
    return rule, dict(values)


@pytest.fixture
def adapter(client: FlaskClient) -> MapAdapter:
    return client.application.url_map.bind("")


@pytest.mark.parametrize("text", ["a", "Patient", "1.2-b", "A" * 64])
def test_every_rule_is_found_as_flask_finds_it(client: FlaskClient, adapter: MapAdapter, text: str) -> None:
    rules = list(client.application.url_map.iter_rules())
    assert len(rules) > 100
    for rule in rules:
        path = written(rule, text)
        for method in rule.methods or ():
            assert client.application.rules.find(method, path) == by_flask(adapter, method, path)  # type: ignore[attr-defined]


def test_what_leads_nowhere_is_not_found(client: FlaskClient) -> None:
    for path in NOWHERE:
        for method in METHODS:
            assert client.application.rules.find(method, path) is None  # type: ignore[attr-defined]
            assert client.open(path, method=method).status_code in {404, 405}
    assert client.application.rules.find("GET", "/fhir/Patient/a\n") is None  # type: ignore[attr-defined]


def test_the_way_that_was_given_first_is_gone() -> None:
    paths = Paths([("GET", "/Binary/<fhir_id:id>", 1), ("GET", "/<fhir_type:type>/<fhir_id:id>", 2)])

    assert paths.find("GET", "/Binary/a") == (1, {"id": "a"})
    assert paths.find("GET", "/Patient/a") == (2, {"type": "Patient", "id": "a"})
    assert paths.find("PUT", "/Patient/a") is None


def test_what_is_no_name_in_a_path_stands_for_itself() -> None:
    paths = Paths([("GET", "/.well-known/$a*", 1)])

    assert paths.find("GET", "/.well-known/$a*") == (1, {})
    assert paths.find("GET", "/xwell-known/$a") is None
