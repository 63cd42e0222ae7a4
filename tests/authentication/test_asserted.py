"""The grant `jwt-bearer`: what a listed issuer signs of a partner is exchanged for a token, on both databases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from gateway.access import issuers
from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.errors import BadSettings
from gateway.mapping import documents
from gateway.notify.endpoints import Allowed
from gateway.notify.outward import Outward
from gateway.services import Services
from gateway.transact.partners import add, change, disabled
from tests.authentication.asking import BASE, URL, Clock, audited, content_of, of, read, shown
from tests.authentication.asking import form as own_form
from tests.openid import OpenId, openid
from tests.trust import World, partner, signed

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Node:
    """A gateway that lists a node of others, and what asks it."""

    http: FlaskClient
    provider: OpenId
    clock: Clock
    to: Services

    def assertion(self, header: Any = None, key: Any = None, algorithm: str = "ES256", **more: Any) -> str:
        """Return what the node signs; numbers of `exp`, `iat` and `nbf` are seconds from now."""
        now = self.clock.seconds
        said: dict[str, Any] = {
            "iss": self.provider.issuer,
            "sub": "duinrand",
            "aud": URL,
            "iat": 0,
            "exp": 300,
            "jti": "one",
        } | more
        times = {name: now + said[name] for name in ("iat", "exp", "nbf") if isinstance(said.get(name), int)}
        claims = {name: value for name, value in (said | times).items() if value is not None}
        how = {"kid": "own"} | (header or {})
        return signed(claims, key or self.provider.key, algorithm, **how)

    def ask(self, assertion: str | None = None, headers: Any = None, **more: Any) -> TestResponse:
        said = {
            "grant_type": GRANT,
            "assertion": self.assertion() if assertion is None else assertion,
            "scope": "system/Slot.rs",
        } | more
        form = {name: value for name, value in said.items() if value is not None}
        return self.http.post("/oauth/token", data=form, headers=headers)


@pytest.fixture
def provider(world: World) -> Iterator[OpenId]:
    with openid(world.folder, "") as found:
        yield found


@pytest.fixture
def node(to: Services, world: World, provider: OpenId, clock: Clock, tmp_path: Path) -> Node:
    world.client("duinrand-own")
    known = partner("duinrand", world.pairs["duinrand-own"], ura="00000001", scopes=("system/Slot.rs",))
    add([known, partner("keyless", clients=(), scopes=("system/Location.r",))], development_caller(), to, replace=True)
    entry = {"issuer": provider.issuer, "kind": "jwt-bearer", "jwks_url": f"{provider.issuer}/jwks", "partner": "sub"}
    of_tokens = entry | {"issuer": "https://tokens.example", "kind": "jwks"}
    path = tmp_path / "issuers.yaml"
    entries = [entry | {"partners": ["duinrand", "keyless", "idle"]}, of_tokens]
    path.write_text(yaml.safe_dump({"issuers": entries}), encoding="utf-8")
    outward = Outward(Allowed(frozenset({provider.issuer})), authorities=world.folder / "ca.pem")
    served = replace(to, settings=replace(to.settings, issuers=path), outward=outward)
    return Node(create_app(served).test_client(), provider, clock, served)


GOOD: dict[str, tuple[dict[str, Any], str]] = {
    "the id of a partner": ({}, "@duinrand"),
    "its URA": ({"sub": "00000001"}, "@duinrand"),
    "a client of it": ({"sub": "duinrand-ehr"}, "duinrand-ehr"),
    "aud in a list": ({"aud": [URL]}, "@duinrand"),
    "typ JWT": ({"header": {"typ": "JWT"}}, "@duinrand"),
    "a scope that it may have": ({"scope": "system/*.cruds"}, "@duinrand"),
    "nbf": ({"nbf": 30}, "@duinrand"),
}


@pytest.mark.parametrize("case", GOOD)
def test_what_a_listed_issuer_says_of_a_partner_is_a_token(node: Node, case: str) -> None:
    more, client = GOOD[case]
    answer = node.ask(node.assertion(**more), scope="system/*.cruds")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    assert (answer.get_json()["scope"], answer.get_json()["expires_in"]) == ("system/Slot.rs", 300)
    token = answer.get_json()["access_token"]
    assert json.loads(content_of(token))["client_id"] == client
    assert read(node.http, token).status_code == 200
    assert read(node.http, token, "/fhir/Patient").status_code == 403
    assert audited(node.to)[-2]["partner"] == "duinrand"


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"aud": BASE}, "for-another-audience"),
    "the issuer as audience": ({"aud": "https://gateway.example"}, "for-another-audience"),
    "two audiences": ({"aud": [URL, "https://other.example"]}, "for-another-audience"),
    "no audience": ({"aud": None}, "for-another-audience"),
    "expired": ({"exp": -1, "iat": -200}, "expired"),
    "good for too long": ({"exp": 301}, "good-for-too-long"),
    "good for too long from now": ({"exp": 330, "iat": 40}, "good-for-too-long"),
    "no exp": ({"exp": None}, "without-end-or-beginning"),
    "no iat": ({"iat": None}, "without-end-or-beginning"),
    "of the future": ({"iat": 62, "exp": 290}, "of-the-future"),
    "nbf of the future": ({"nbf": 62}, "of-the-future"),
    "no jti": ({"jti": None}, "no-jti"),
    "jti too long": ({"jti": "x" * 300}, "no-jti"),
    "no sub": ({"sub": None}, "of-nobody"),
    "sub a number": ({"sub": 1}, "of-nobody"),
    "sub as we write it": ({"sub": "@duinrand"}, "of-nobody"),
    "sub nobody": ({"sub": "nobody"}, "of-no-partner"),
    "a client that is disabled": ({"sub": "disabled"}, "of-no-partner"),
    "a partner that is not this issuer's": ({"sub": "gouwe"}, "of-a-partner-that-is-not-this-issuers"),
    "another issuer": ({"iss": "https://other.example"}, "of-another-issuer"),
    "an issuer with a slash": ({"iss": "{issuer}/"}, "of-another-issuer"),
    "an issuer of tokens": ({"iss": "https://tokens.example"}, "of-another-issuer"),
    "ourselves": ({"iss": "https://gateway.example"}, "of-another-issuer"),
    "no issuer": ({"iss": None}, "of-another-issuer"),
    "another key": ({"key": ECKey.generate_key("P-256")}, "bad-signature"),
    "another kid": ({"header": {"kid": "other"}}, "unknown-key"),
    "typ of a token": ({"header": {"typ": "at+jwt"}}, "wrong-type"),
    "typ of a client's": ({"header": {"typ": "client-authentication+jwt"}}, "wrong-type"),
    "a key in the header": ({"header": {"jwk": {"kty": "EC"}}}, "key-in-header"),
    "an address of keys": ({"header": {"jku": "https://evil.example/jwks"}}, "key-in-header"),
    "a certificate in the header": ({"header": {"x5c": ["AAAA"]}}, "key-in-header"),
}


def test_any_other_is_none(node: Node) -> None:
    for case, (more, reason) in BAD.items():
        iss = more.get("iss")
        named = {"iss": iss.replace("{issuer}", node.provider.issuer)} if iss else {}
        answer = node.ask(node.assertion(**more | named))
        assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant"), case
        row = audited(node.to)[-1]
        assert (case, row["action"], row["parameters"]) == (case, "refused", [reason])


def test_how_it_is_asked_is_looked_at(node: Node) -> None:
    for more, error in (
        ({"assertion": ""}, "invalid_request"),
        ({"client_assertion": of()(node.clock)}, "invalid_request"),
        ({"client_secret": "x"}, "invalid_request"),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:saml2-bearer"}, "unsupported_grant_type"),
        ({"client_id": "gouwe-ehr"}, "invalid_grant"),
        ({"assertion": "nonsense"}, "invalid_grant"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "system/Patient.rs"}, "invalid_scope"),
    ):
        said = {"assertion": node.assertion(jti=f"jti-{error}-{len(str(more))}")} | more
        assert node.ask(**said).get_json()["error"] == error, more


def test_it_is_taken_once_at_all_nodes(node: Node) -> None:
    assertion = node.assertion()
    assert node.ask(assertion).status_code == 200
    assert node.ask(assertion).status_code == 400
    assert audited(node.to)[-1]["parameters"] == ["used-before"]
    other = replace(node, http=create_app(replace(node.to)).test_client())
    assert other.ask(assertion).status_code == 400
    assert other.ask(node.assertion(jti="two")).status_code == 200


def test_keys_are_kept(node: Node) -> None:
    for number in range(3):
        assert node.ask(node.assertion(jti=f"jti-{number}")).status_code == 200
    assert node.provider.asked == ["/jwks"]


def test_a_scope_that_the_issuer_says_is_the_most(node: Node) -> None:
    for number, (said, given) in enumerate((("system/Slot.r", "system/Slot.r"), ("system/Task.r", None), ("", None))):
        answer = node.ask(node.assertion(scope=said, jti=f"jti-{number}"))
        assert answer.get_json().get("scope") == given


def test_a_partner_needs_no_key_of_its_own(node: Node) -> None:
    answer = node.ask(node.assertion(sub="keyless"), scope="system/*.rs")
    assert answer.get_json()["scope"] == "system/Location.r"
    own = {"iss": "@keyless", "sub": "@keyless"}
    asked = node.http.post("/oauth/token", data=own_form(of(**own)(node.clock)))
    assert (asked.status_code, audited(node.to)[-1]["parameters"]) == (401, ["unknown-key"])


def test_a_token_is_bound_to_the_certificate_that_it_was_asked_with(node: Node, world: World) -> None:
    theirs = shown(world, "duinrand-own")
    token = node.ask(headers=theirs).get_json()["access_token"]
    assert read(node.http, token, headers=theirs).status_code == 200
    assert read(node.http, token).status_code == 401
    assert node.ask(node.assertion(jti="two"), headers=shown(world, "gouwe")).get_json()["error"] == "invalid_grant"


def test_a_partner_that_is_disabled_has_none_and_its_tokens_end(node: Node) -> None:
    token = node.ask().get_json()["access_token"]
    change("duinrand", "disabled", disabled, development_caller(), node.to)
    assert node.ask(node.assertion(jti="two")).get_json()["error"] == "invalid_grant"
    node.clock.now = node.clock.now  # at the same moment
    assert read(create_app(node.to).test_client(), token).status_code == 401


def test_what_is_for_the_token_endpoint_is_good_nowhere_else(node: Node) -> None:
    assert read(node.http, node.assertion(aud=BASE)).status_code == 401
    assert audited(node.to)[-1]["parameters"] == ["of-the-token-endpoint"]


def test_it_is_told_where_it_is(node: Node, http: FlaskClient) -> None:
    told = node.http.get("/.well-known/smart-configuration").get_json()["grant_types_supported"]
    assert told == ["client_credentials", GRANT]
    assert http.get("/.well-known/smart-configuration").get_json()["grant_types_supported"] == ["client_credentials"]
    asked = http.post("/oauth/token", data={"grant_type": GRANT, "assertion": "x"})
    assert asked.get_json()["error"] == "unsupported_grant_type"


@pytest.mark.parametrize("key", ["audience", "once", "seconds", "authorities", "certificate"])
def test_nothing_of_it_is_loosened_by_the_file(tmp_path: Path, key: str) -> None:
    entry = {"issuer": "https://as.example", "kind": "jwt-bearer", "jwks_url": "https://as.example/jwks"}
    path = tmp_path / "issuers.yaml"
    path.write_text(yaml.safe_dump({"issuers": [entry | {"partner": "sub", key: 1}]}), encoding="utf-8")
    with pytest.raises(BadSettings, match="is not of the kind jwt-bearer"):
        issuers.read(*documents.read(path), path.name, BASE, Allowed().refusal)
