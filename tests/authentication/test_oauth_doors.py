"""What is told of tokens: to who was given one, to everybody, and never in a log."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.services import Services
from tests.authentication.asking import URL, Clock, audited, form, granted, kid_of, of, read, shown
from tests.trust import World


def test_introspection_tells_a_partner_of_its_own_tokens(http: FlaskClient, clock: Clock, world: World) -> None:
    token = granted(http, clock)
    own = http.post("/oauth/introspect", data={"token": token}, headers=shown(world, "duinrand")).get_json()
    assert own["active"] is True
    assert (own["client_id"], own["scope"], own["token_type"]) == ("duinrand-ehr", "system/Slot.rs", "Bearer")
    by_assertion = http.post("/oauth/introspect", data=form(of(jti="i")(clock), token=token)).get_json()
    assert by_assertion == own
    other = http.post("/oauth/introspect", data={"token": token}, headers=shown(world, "gouwe"))
    assert other.get_json() == {"active": False}
    assert http.post("/oauth/introspect", data={"token": token}).status_code == 401
    nothing = http.post("/oauth/introspect", data={}, headers=shown(world, "duinrand"))
    assert nothing.get_json()["error"] == "invalid_request"
    clock.now += timedelta(seconds=300)
    late = http.post("/oauth/introspect", data={"token": token}, headers=shown(world, "duinrand"))
    assert late.get_json() == {"active": False}


def test_a_token_is_taken_back_by_who_was_given_it(http: FlaskClient, clock: Clock, world: World, to: Services) -> None:
    token = granted(http, clock)
    assert http.post("/oauth/revoke", data={"token": token}, headers=shown(world, "gouwe")).status_code == 200
    assert read(http, token).status_code == 200
    for _ in range(2):
        answer = http.post("/oauth/revoke", data={"token": token}, headers=shown(world, "duinrand"))
        assert (answer.status_code, answer.data) == (200, b"")
    assert read(http, token).status_code == 401
    assert "revoke" in {row["action"] for row in audited(to)}
    assert http.post("/oauth/revoke", data={"token": "x"}, headers=shown(world, "duinrand")).status_code == 200
    assert http.post("/oauth/revoke", data={"token": token}).status_code == 401


def test_what_is_told_of_it_is_what_it_does(http: FlaskClient) -> None:
    paths = ("smart-configuration", "oauth-authorization-server")
    found = [http.get(f"{prefix}/.well-known/{path}") for path in paths for prefix in ("", "/fhir")]
    assert len({answer.data for answer in found}) == 1
    assert found[0].headers["Cache-Control"] == "public, max-age=300"
    told = found[0].get_json()
    assert told["token_endpoint"] == URL
    assert told["issuer"] == "https://gateway.example"
    algorithms = told["token_endpoint_auth_signing_alg_values_supported"]
    assert set(algorithms) == {"RS256", "RS384", "PS256", "ES256", "ES384"}
    assert "system/Slot.cruds" in told["scopes_supported"]
    assert http.get(told["jwks_uri"].removeprefix("https://gateway.example")).status_code == 200


def test_the_keys_are_published_without_what_is_secret(http: FlaskClient, clock: Clock) -> None:
    answer = http.get("/oauth/jwks")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (key,) = answer.get_json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert kid_of(granted(http, clock)) == key["kid"]


def test_the_statement_says_how_to_be_known(http: FlaskClient) -> None:
    (rest,) = http.get("/fhir/metadata").get_json()["rest"]
    services = [service["coding"][0]["code"] for service in rest["security"]["service"]]
    assert services == ["Certificates", "SMART-on-FHIR"]
    (uris,) = rest["security"]["extension"]
    assert {one["url"]: one["valueUri"] for one in uris["extension"]}["token"] == URL


def test_the_document_of_the_api_says_so_too(http: FlaskClient) -> None:
    document = http.get("/openapi.json").get_json()
    assert document["security"] == [{"certificate": []}, {"token": []}]
    schemes = document["components"]["securitySchemes"]
    assert schemes["token"]["flows"]["clientCredentials"]["tokenUrl"] == URL
    for path, item in document["paths"].items():
        if path.startswith("/oauth/") or "/.well-known/" in path:
            assert {"get", "post"} & item.keys()
            assert http.application.url_map.bind("").allowed_methods(path)


def test_without_keys_and_in_development_no_tokens_are_given(services: Services, to: Services) -> None:
    without = replace(to, settings=replace(to.settings, token_keys=None))
    for one in (services, without):
        client = create_app(one).test_client()
        for path in ("/.well-known/smart-configuration", "/oauth/jwks"):
            assert client.get(path).status_code == 404
        assert client.post("/oauth/token", data={"grant_type": "client_credentials"}).status_code == 404


def test_nothing_that_was_shown_is_logged(
    http: FlaskClient, clock: Clock, caplog: pytest.LogCaptureFixture, to: Services
) -> None:
    caplog.set_level("DEBUG")
    assertion = of()(clock)
    token = http.post("/oauth/token", data=form(assertion)).get_json()["access_token"]
    http.post("/oauth/token", data=form(assertion))
    read(http, token + "x")
    read(http, token, "/fhir/Location")
    said = caplog.text + "".join(str(vars(record)) for record in caplog.records) + json.dumps(audited(to))
    for secret in (assertion, token, assertion.split(".")[2], token.split(".")[2]):
        assert secret not in said
