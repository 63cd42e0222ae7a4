"""What a token is good for, for how long, and with which certificate."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.services import Services
from gateway.transact.partners import add
from tests.authentication.asking import BASE, Clock, content_of, form, granted, kid_of, of, part, read, shown
from tests.trust import World, partner, signed


def test_a_token_does_what_it_was_granted_and_no_more(http: FlaskClient, clock: Clock) -> None:
    token = granted(http, clock)
    assert read(http, token).status_code == 200
    assert read(http, token, "/fhir/Slot/none").status_code == 404
    refused = read(http, token, "/fhir/Location")
    assert refused.status_code == 403
    assert refused.headers["WWW-Authenticate"] == f'Bearer realm="{BASE}", error="insufficient_scope"'
    assert read(http, token, "/fhir/Patient/1").status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.put("/fhir/Slot/1", json={"resourceType": "Slot", "id": "1"}, headers=bearer).status_code == 403
    assert http.delete("/fhir/Slot/1", headers=bearer).status_code == 403
    assert http.post("/ingest/dev", data=b"MSH|", headers=bearer).status_code == 403


def test_reading_and_searching_are_two_rights(http: FlaskClient, clock: Clock) -> None:
    reads, searches = (granted(http, clock, letter, scope=f"system/Slot.{letter}") for letter in "rs")
    assert [read(http, token, "/fhir/Slot").status_code for token in (reads, searches)] == [403, 200]
    assert [read(http, token, "/fhir/Slot/none").status_code for token in (reads, searches)] == [404, 403]


def test_writing_is_three_rights(http: FlaskClient, clock: Clock, to: Services) -> None:
    add([partner("duinrand", scopes=("system/Location.cruds",))], development_caller(), to, replace=True)
    place = {"resourceType": "Location", "status": "active", "name": "3B", "mode": "instance"}
    patch = [{"op": "replace", "path": "/name", "value": "3C"}]
    asked = {
        "create": ("POST", "/fhir/Location", place, {}),
        "create where there is none": ("POST", "/fhir/Location", place, {"If-None-Exist": "name=3B"}),
        "update": ("PUT", "/fhir/Location/1", place | {"id": "1"}, {}),
        "update what matches": ("PUT", "/fhir/Location?name=none", place, {}),
        "patch": ("PATCH", "/fhir/Location/1", patch, {"Content-Type": "application/json-patch+json"}),
        "delete what matches": ("DELETE", "/fhir/Location?name=none", None, {}),
        "delete": ("DELETE", "/fhir/Location/1", None, {}),
    }
    allowed = {
        "c": {"create"},
        "u": {"update"},
        "d": {"delete"},
        "ru": {"update", "patch"},
        "cs": {"create", "create where there is none"},
        "us": {"update", "update what matches"},
        "ds": {"delete what matches", "delete"},
        "rs": set(),
    }
    assert http.put("/fhir/Location/1", json=place | {"id": "1"}, headers=all_of(http, clock)).status_code == 201
    for letters, wanted in allowed.items():
        bearer = {"Authorization": f"Bearer {granted(http, clock, letters, scope=f'system/Location.{letters}')}"}
        for name, (method, path, body, more) in asked.items():
            content = None if body is None else json.dumps(body)
            headers = {"Content-Type": "application/fhir+json"} | bearer | more
            status = http.open(path, method=method, data=content, headers=headers).status_code
            assert (status != 403) is (name in wanted), (letters, name, status)


def all_of(http: FlaskClient, clock: Clock) -> dict[str, str]:
    return {"Authorization": f"Bearer {granted(http, clock, 'all', scope='system/*.cruds')}"}


def test_entries_of_a_batch_stand_each_for_themselves(http: FlaskClient, clock: Clock) -> None:
    urls = ("Slot/none", "Slot", "Location", "Patient")
    batch = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": url}} for url in urls],
    }
    bearer = {"Authorization": f"Bearer {granted(http, clock)}"}
    answer = http.post("/fhir", json=batch, headers=bearer).get_json()
    assert [entry["response"]["status"][:3] for entry in answer["entry"]] == ["404", "200", "403", "403"]


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/fhir/Slot/_search", b"_pretty=nonsense&" + b"a=b&" * 500, "application/x-www-form-urlencoded"),
        ("/fhir/Slot", b"{" * 1000, "application/fhir+json"),
        ("/fhir", b"<Bundle><!DOCTYPE", "application/fhir+xml"),
        ("/ingest/dev", b"MSH|nonsense", "application/hl7-v2+er7"),
        ("/ingest/nobody-knows-this-one", b"", "text/csv"),
        ("/nowhere", b"", "text/plain"),
    ],
)
def test_who_is_not_known_is_told_so_before_anything_is_read(
    http: FlaskClient, path: str, body: bytes, content_type: str
) -> None:
    answer = http.post(f"{path}?identifier=999900006", data=body, content_type=content_type)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{BASE}"'
    assert b"nobody is known by this request" in answer.data


def test_a_token_ends(http: FlaskClient, clock: Clock) -> None:
    token = granted(http, clock)
    clock.now += timedelta(seconds=299)
    assert read(http, token).status_code == 200
    clock.now += timedelta(seconds=1)
    answer = read(http, token)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == f'Bearer realm="{BASE}", error="invalid_token"'


def test_what_is_taken_from_a_client_is_taken_from_its_tokens(http: FlaskClient, clock: Clock, to: Services) -> None:
    token = granted(http, clock)
    add([partner("duinrand", scopes=("system/Location.rs",))], development_caller(), to, replace=True)
    assert read(http, token).status_code == 403
    add([partner("duinrand", clients=())], development_caller(), to, replace=True)
    assert read(http, token).status_code == 401


FORGED: dict[str, Callable[[str], str]] = {
    "cut": lambda token: token[:-3],
    "another signature": lambda token: token[:-8] + "AAAAAAAA",
    "alg none": lambda token: f"{part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'x'})}.{token.split('.')[1]}.AA",
    "signed by a client": lambda token: signed(content_of(token), typ="at+jwt"),
    "signed by a client with our kid": lambda token: signed(content_of(token), kid=kid_of(token), typ="at+jwt"),
    "nonsense": lambda _: "nonsense",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_token_that_is_not_ours_is_not_taken(http: FlaskClient, clock: Clock, case: str) -> None:
    token = granted(http, clock)
    assert read(http, FORGED[case](token)).status_code == 401


def test_an_assertion_is_no_token(http: FlaskClient, clock: Clock) -> None:
    assert read(http, of()(clock)).status_code == 401


def test_a_token_for_another_address_is_not_taken(http: FlaskClient, clock: Clock, to: Services) -> None:
    token = granted(http, clock)
    moved = replace(to, settings=replace(to.settings, base_url="https://other.example/fhir"))
    assert read(create_app(moved).test_client(), token).status_code == 401


def test_credentials_of_another_kind_and_in_the_url_do_not_count(http: FlaskClient, clock: Clock) -> None:
    token = granted(http, clock)
    for value in ("Basic YTpi", token, "Bearer", f"Bearer {token} {token}"):
        assert http.get("/fhir/Slot", headers={"Authorization": value}).status_code == 401
    assert http.get(f"/fhir/Slot?access_token={token}").status_code == 401


def test_a_token_is_bound_to_the_certificate(http: FlaskClient, clock: Clock, world: World) -> None:
    token = granted(http, clock, headers=shown(world, "duinrand"))
    assert json.loads(content_of(token))["cnf"].keys() == {"x5t#S256"}
    assert read(http, token, headers=shown(world, "duinrand")).status_code == 200
    for other in ({}, shown(world, "gouwe"), shown(world, "nobody")):
        assert read(http, token, headers=other).status_code == 401


def test_a_certificate_that_is_nobodys_may_be_bound_to(http: FlaskClient, clock: Clock, world: World) -> None:
    token = granted(http, clock, headers=shown(world, "nobody"))
    assert read(http, token, headers=shown(world, "nobody")).status_code == 200
    assert http.get("/fhir/Slot", headers=shown(world, "nobody")).status_code == 401
    free = granted(http, clock, "free")
    assert read(http, free, headers=shown(world, "nobody")).status_code == 401
    assert read(http, free, headers=shown(world, "duinrand")).status_code == 200


def test_a_certificate_of_another_partner_gets_no_token(http: FlaskClient, clock: Clock, world: World) -> None:
    answer = http.post("/oauth/token", data=form(of()(clock)), headers=shown(world, "gouwe"))
    assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")
    broken = http.post("/oauth/token", data=form(of()(clock)), headers={"X-Client-Cert": "nonsense"})
    assert (broken.status_code, broken.get_json()["error"]) == (401, "invalid_client")
