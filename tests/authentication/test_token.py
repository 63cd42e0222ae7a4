"""`POST /oauth/token`: every way in which it is asked, on both databases; and what its tokens are good for."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from gateway.access.partners import Client, KeySet
from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import Store
from gateway.transact.partners import add
from gateway.validation import Validator
from tests.conftest import library
from tests.trust import EC384, ECKEY, KEYS, RSAKEY, World, jwk, partner, signed

URL = "https://gateway.example/oauth/token"
BASE = "https://gateway.example/fhir"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
STRANGER = ECKey.generate_key("P-256")
SCOPES = ("system/Slot.rs", "system/Location.read", "system/ServiceRequest.c?category=x")


@dataclass
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    world = World.made(tmp_path_factory.mktemp("world"))
    world.client("duinrand")
    world.client("gouwe")
    world.client("nobody")
    return world


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime.now(UTC))


@pytest.fixture
def to(world: World, store: Store, database_url: str, clock: Clock) -> Services:
    settings = Settings.from_env(
        {
            "GATEWAY_DATABASE": database_url,
            "GATEWAY_BASE_URL": BASE,
            "GATEWAY_TLS_CLIENT_CA": str(world.folder / "ca.pem"),
            "GATEWAY_TOKEN_KEYS": str(world.folder / "keys"),
            "GATEWAY_PROXIES": "127.0.0.1",
        }
    )
    numbers = count(1)
    to = Services(settings, store, Validator(), library(), clock, lambda: f"id-{next(numbers)}")
    other = Client(id="disabled", keys=(KeySet(jwks=KEYS),), disabled=True)
    past = Client(id="past", keys=(KeySet(jwks=KEYS, until=clock.now - timedelta(days=1)),))
    narrow = Client(id="narrow", keys=(KeySet(jwks=KEYS),), scopes=("system/Slot.r",))
    own = Client(id="duinrand-ehr", keys=(KeySet(jwks=KEYS),))
    partners = [
        partner("duinrand", world.pairs["duinrand"], scopes=SCOPES, clients=(own, other, past, narrow)),
        partner("gouwe", world.pairs["gouwe"]),
        partner("idle", scopes=()),
    ]
    add(partners, development_caller(), to)
    return to


@pytest.fixture
def http(to: Services) -> FlaskClient:
    return create_app(to).test_client()


def claims(clock: Clock, **more: Any) -> dict[str, Any]:
    own = {
        "iss": "duinrand-ehr",
        "sub": "duinrand-ehr",
        "aud": URL,
        "exp": clock.seconds + 300,
        "iat": clock.seconds,
        "jti": "one",
    }
    return {name: value for name, value in (own | more).items() if value is not None}


def form(assertion: str, **more: Any) -> dict[str, Any]:
    own = {
        "grant_type": "client_credentials",
        "scope": "system/Slot.rs",
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion,
    }
    return {name: value for name, value in (own | more).items() if value is not None}


def shown(world: World, name: str) -> dict[str, str]:
    """Return what a proxy tells of a client."""
    return {"X-Client-Cert": quote(world.pairs[name].certificate_pem.decode(), safe="")}


Said = Callable[[Clock], str]
Asked = dict[str, Any]
Headers = dict[str, str] | None


def of(key: Any = ECKEY, algorithm: str = "ES256", kid: str | None = "ec", *, header: Any = None, **more: Any) -> Said:
    """Return what makes an assertion at a moment; claims that are callable are made of it."""

    def made(clock: Clock) -> str:
        said = {name: value(clock) if callable(value) else value for name, value in more.items()}
        return signed(claims(clock, **said), key, algorithm, kid, **(header or {}))

    return made


def at(seconds: float) -> Callable[[Clock], float]:
    return lambda clock: clock.seconds + seconds


def unsigned(header: dict[str, Any], signature: str = "") -> Said:
    """Return what writes a JWS by hand."""

    def made(clock: Clock) -> str:
        return f"{_part(header)}.{_part(claims(clock))}.{signature}"

    return made


def _part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def changed(clock: Clock) -> str:
    head, _, mark = of()(clock).split(".")
    return f"{head}.{_part(claims(clock, sub='gouwe-ehr', iss='gouwe-ehr'))}.{mark}"


def cut(clock: Clock) -> str:
    return of()(clock)[:-4]


def twice(clock: Clock) -> str:
    content = json.dumps(claims(clock))[:-1] + ', "sub": "gouwe-ehr"}'
    return signed(content.encode())


def deep(_clock: Clock) -> str:
    return signed(b'{"iss": ' + b"[" * 3000 + b"]" * 3000 + b"}")


def by_public_key(clock: Clock) -> str:
    """Sign with what everybody knows, as the secret of an HMAC."""
    text = f"{_part({'alg': 'HS256', 'kid': 'ec'})}.{_part(claims(clock))}"
    mark = hmac.digest(ECKEY.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"


GOOD: dict[str, tuple[Said, Asked]] = {
    "ES256": (of(), {}),
    "ES384": (of(EC384, "ES384", "ec384"), {}),
    "RS256": (of(RSAKEY, "RS256", "rsa"), {}),
    "RS384": (of(RSAKEY, "RS384", "rsa"), {}),
    "PS256": (of(RSAKEY, "PS256", "rsa"), {}),
    "no typ": (of(header={"typ": None}), {}),
    "typ of an assertion": (of(header={"typ": "client-authentication+jwt"}), {}),
    "aud in a list": (of(aud=[URL]), {}),
    "no iat": (of(iat=None), {}),
    "iat a minute ahead": (of(iat=at(60), exp=at(300)), {}),
    "nbf a minute ahead": (of(nbf=at(60)), {}),
    "good for a second": (of(exp=at(1)), {}),
    "client_id beside it": (of(), {"client_id": "duinrand-ehr"}),
    "scope of version 1": (of(), {"scope": "system/Slot.read"}),
    "more than is registered": (of(), {"scope": "system/Slot.cruds system/Patient.rs openid"}),
    "everything": (of(), {"scope": "system/*.cruds"}),
    "client with scopes of its own": (of(iss="narrow", sub="narrow"), {"scope": "system/*.rs"}),
}
GRANTED = {
    "scope of version 1": "system/Slot.read",
    "everything": "system/Slot.rs system/Location.rs",
    "client with scopes of its own": "system/Slot.r",
}

CLIENT, REQUEST, SCOPE = "invalid_client", "invalid_request", "invalid_scope"
BAD: dict[str, tuple[Said, Asked, str]] = {
    "alg none": (unsigned({"alg": "none", "kid": "ec"}, "AA"), {}, CLIENT),
    "alg none, no signature": (unsigned({"alg": "none", "kid": "ec"}), {}, CLIENT),
    "no alg": (unsigned({"kid": "ec"}, "AA"), {}, CLIENT),
    "HS256 with the public key": (by_public_key, {}, CLIENT),
    "ES256 with a foreign key": (of(STRANGER), {}, CLIENT),
    "kid of another key": (of(kid="rsa"), {}, CLIENT),
    "kid unknown": (of(kid="other"), {}, CLIENT),
    "kid a path": (of(kid="../../etc/passwd"), {}, CLIENT),
    "no kid": (of(kid=None), {}, CLIENT),
    "RS512": (of(RSAKEY, "RS512", "rsa"), {}, CLIENT),
    "key in the header": (of(STRANGER, header={"jwk": jwk(STRANGER, "ec")}), {}, CLIENT),
    "address of keys in the header": (of(header={"jku": "https://evil.example/jwks"}), {}, CLIENT),
    "certificates in the header": (of(header={"x5c": ["MIIB"]}), {}, CLIENT),
    "address of certificates": (of(header={"x5u": "https://evil.example/x"}), {}, CLIENT),
    "something critical": (unsigned({"alg": "ES256", "kid": "ec", "crit": ["exp"], "exp": 1}, "AA"), {}, CLIENT),
    "typ of a token": (of(header={"typ": "at+jwt"}), {}, CLIENT),
    "signature cut": (cut, {}, CLIENT),
    "claims changed": (changed, {}, CLIENT),
    "a claim twice": (twice, {}, CLIENT),
    "too deep": (deep, {}, CLIENT),
    "no JWS": (lambda _: "nonsense", {}, CLIENT),
    "five parts": (lambda _: "a.b.c.d.e", {}, CLIENT),
    "not ASCII": (lambda _: "é.é.é", {}, CLIENT),
    "iss another": (of(iss="gouwe-ehr"), {}, CLIENT),
    "no sub": (of(sub=None), {}, CLIENT),
    "sub a number": (of(iss=7, sub=7), {}, CLIENT),
    "client unknown": (of(iss="who", sub="who"), {}, CLIENT),
    "client disabled": (of(iss="disabled", sub="disabled"), {}, CLIENT),
    "keys that were followed": (of(iss="past", sub="past"), {}, CLIENT),
    "client of another": (of(), {"client_id": "gouwe-ehr"}, CLIENT),
    "aud another": (of(aud="https://elsewhere.example/oauth/token"), {}, CLIENT),
    "aud the issuer": (of(aud="https://gateway.example"), {}, CLIENT),
    "aud with a slash": (of(aud=URL + "/"), {}, CLIENT),
    "aud two": (of(aud=[URL, "https://elsewhere.example"]), {}, CLIENT),
    "no aud": (of(aud=None), {}, CLIENT),
    "expired": (of(exp=at(-1), iat=at(-200)), {}, CLIENT),
    "expires now": (of(exp=at(0), iat=at(-200)), {}, CLIENT),
    "good for too long": (of(exp=at(301)), {}, CLIENT),
    "was good for too long": (of(exp=at(200), iat=at(-101)), {}, CLIENT),
    "no exp": (of(exp=None), {}, CLIENT),
    "exp a text": (of(exp=lambda clock: str(clock.seconds + 60)), {}, CLIENT),
    "exp without end": (of(exp=True), {}, CLIENT),
    "iat of the future": (of(iat=at(62)), {}, CLIENT),
    "nbf of the future": (of(nbf=at(62)), {}, CLIENT),
    "no jti": (of(jti=None), {}, CLIENT),
    "jti empty": (of(jti=""), {}, CLIENT),
    "jti too long": (of(jti="x" * 300), {}, CLIENT),
    "no assertion": (of(), {"client_assertion": None}, CLIENT),
    "another kind of assertion": (of(), {"client_assertion_type": "urn:saml"}, CLIENT),
    "a secret": (of(), {"client_secret": "x"}, CLIENT),
    "no grant": (of(), {"grant_type": None}, REQUEST),
    "another grant": (of(), {"grant_type": "password"}, "unsupported_grant_type"),
    "code": (of(), {"grant_type": "authorization_code", "code": "x"}, "unsupported_grant_type"),
    "no scope": (of(), {"scope": None}, SCOPE),
    "scope not registered": (of(), {"scope": "system/Patient.rs"}, SCOPE),
    "right not registered": (of(), {"scope": "system/Slot.cud"}, SCOPE),
    "scope of a person": (of(), {"scope": "user/Slot.rs patient/Slot.rs openid"}, SCOPE),
    "scope with a query": (of(), {"scope": "system/ServiceRequest.c?category=x"}, SCOPE),
    "nothing is registered": (of(iss="idle-ehr", sub="idle-ehr"), {}, SCOPE),
    "scope twice": (of(), {"scope": ["system/Slot.rs", "system/Slot.rs"]}, REQUEST),
}


@pytest.mark.parametrize("case", GOOD)
def test_a_client_that_proves_to_be_one_is_given_what_it_may(http: FlaskClient, clock: Clock, case: str) -> None:
    said, more = GOOD[case]
    answer = http.post("/oauth/token", data=form(said(clock), **more))

    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    given = answer.get_json()
    assert given.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert (given["token_type"], given["expires_in"]) == ("Bearer", 300)
    assert given["scope"] == GRANTED.get(case, "system/Slot.rs")
    assert read(http, given["access_token"]).status_code == 200 or case == "client with scopes of its own"


@pytest.mark.parametrize("case", BAD)
def test_whoever_does_not_is_given_none(http: FlaskClient, clock: Clock, case: str, to: Services) -> None:
    said, more, error = BAD[case]
    assertion = said(clock)
    answer = http.post("/oauth/token", data=form(assertion, **more))

    assert answer.status_code == (401 if error == CLIENT else 400), answer.text
    told = answer.get_json()
    assert told.keys() == {"error", "error_description"}
    assert told["error"] == error
    assert answer.headers["Cache-Control"] == "no-store"
    assert len(assertion) < 8 or assertion not in answer.text
    assert audited(to)[-1]["action"] == "refused"


def test_there_are_enough_cases() -> None:
    assert len(GOOD) + len(BAD) >= 45


def audited(to: Services) -> list[dict[str, Any]]:
    with to.store.reading() as db:
        return [json.loads(content) for (content,) in db.rows("select content from audit order by seq")]


def granted(
    http: FlaskClient, clock: Clock, jti: str = "one", headers: dict[str, str] | None = None, **more: Any
) -> str:
    answer = http.post("/oauth/token", data=form(of(jti=jti)(clock), **more), headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def read(
    http: FlaskClient, token: str, path: str = "/fhir/Slot", headers: dict[str, str] | None = None
) -> TestResponse:
    return http.get(path, headers={"Authorization": f"Bearer {token}"} | (headers or {}))


def test_the_reason_stands_in_the_audit_and_nowhere_else(http: FlaskClient, clock: Clock, to: Services) -> None:
    answers = [http.post("/oauth/token", data=form(BAD[case][0](clock))) for case in ("expired", "client unknown")]
    assert answers[0].data == answers[1].data
    assert [row["parameters"] for row in audited(to)[-2:]] == [["expired"], ["unknown-client"]]


def test_giving_out_a_token_is_a_line_in_the_audit(http: FlaskClient, clock: Clock, to: Services) -> None:
    granted(http, clock)
    last = audited(to)[-1]
    assert (last["action"], last["caller"], last["parameters"]) == ("login", "Duinrand", ["system/Slot.rs"])
    assert [entity.partition(":")[0] for entity in last["entities"]] == ["client", "key", "token"]


def test_an_assertion_is_good_once(http: FlaskClient, clock: Clock) -> None:
    assertion = of(jti="once")(clock)
    first, second = (http.post("/oauth/token", data=form(assertion)) for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 401)
    again = http.post("/oauth/token", data=form(of(jti="once", exp=at(299))(clock)))
    assert again.status_code == 401
    assert http.post("/oauth/token", data=form(of(jti="twice")(clock))).status_code == 200


def test_what_was_used_is_forgotten_when_it_is_good_no_longer(http: FlaskClient, clock: Clock, to: Services) -> None:
    for number in range(3):
        granted(http, clock, f"early-{number}")
    clock.now += timedelta(seconds=400)
    granted(http, clock, "late")
    with to.store.reading() as db:
        assert db.rows("select count(*) from assertion_used") == [(1,)]


@pytest.mark.parametrize("content_type", ["application/json", "multipart/form-data", "text/plain", None])
def test_parameters_are_a_form(http: FlaskClient, content_type: str | None) -> None:
    answer = http.post("/oauth/token", data=b"grant_type=client_credentials", content_type=content_type)
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)


def test_parameters_never_stand_in_the_url(http: FlaskClient, clock: Clock) -> None:
    answer = http.post("/oauth/token?scope=system/Slot.rs", data=form(of()(clock)))
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)
    assert http.get("/oauth/token").status_code == 401


def test_a_form_that_is_too_long_is_not_read(http: FlaskClient) -> None:
    answer = http.post("/oauth/token", data={"client_assertion": "x" * 40_000})
    assert (answer.status_code, answer.get_json()["error"]) == (400, REQUEST)


def test_a_client_that_asks_too_often_comes_back_later(http: FlaskClient, clock: Clock, to: Services) -> None:
    add([partner("gouwe", rate=2)], development_caller(), to, replace=True)
    said = {"iss": "gouwe-ehr", "sub": "gouwe-ehr"}
    answers = [http.post("/oauth/token", data=form(of(jti=str(n), **said)(clock))) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_a_token_does_what_it_was_granted_and_no_more(http: FlaskClient, clock: Clock) -> None:
    token = granted(http, clock)
    assert read(http, token).status_code == 200
    assert read(http, token, "/fhir/Slot/none").status_code == 404
    assert read(http, token, "/fhir/Location").status_code == 403
    assert read(http, token, "/fhir/Patient/1").status_code == 403
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.put("/fhir/Slot/1", json={"resourceType": "Slot", "id": "1"}, headers=bearer).status_code == 403
    assert http.delete("/fhir/Slot/1", headers=bearer).status_code == 403
    assert http.post("/ingest/dev", data=b"MSH|", headers=bearer).status_code == 403


def test_reading_and_searching_are_two_rights(http: FlaskClient, clock: Clock) -> None:
    reads, searches = (granted(http, clock, letter, scope=f"system/Slot.{letter}") for letter in "rs")
    assert [read(http, token, "/fhir/Slot").status_code for token in (reads, searches)] == [403, 200]
    assert [read(http, token, "/fhir/Slot/none").status_code for token in (reads, searches)] == [404, 403]


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
    "alg none": lambda token: f"{_part({'alg': 'none', 'typ': 'at+jwt', 'kid': 'x'})}.{token.split('.')[1]}.AA",
    "signed by a client": lambda token: signed(_content(token), typ="at+jwt"),
    "signed by a client with our kid": lambda token: signed(_content(token), kid=_kid(token), typ="at+jwt"),
    "nonsense": lambda _: "nonsense",
}


def _content(token: str) -> bytes:
    part = token.split(".")[1]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _kid(token: str) -> str:
    part = token.split(".", maxsplit=1)[0]
    return str(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))["kid"])


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
    assert json.loads(_content(token))["cnf"].keys() == {"x5t#S256"}
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
    assert (answer.status_code, answer.get_json()["error"]) == (401, CLIENT)
    broken = http.post("/oauth/token", data=form(of()(clock)), headers={"X-Client-Cert": "nonsense"})
    assert (broken.status_code, broken.get_json()["error"]) == (401, CLIENT)


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
    assert nothing.get_json()["error"] == REQUEST
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
    assert set(told["token_endpoint_auth_signing_alg_values_supported"]) == {
        case for case in GOOD if case[2:].isdigit()
    }
    assert "system/Slot.cruds" in told["scopes_supported"]
    assert http.get(told["jwks_uri"].removeprefix("https://gateway.example")).status_code == 200


def test_the_keys_are_published_without_what_is_secret(http: FlaskClient, clock: Clock) -> None:
    answer = http.get("/oauth/jwks")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    (key,) = answer.get_json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert _kid(granted(http, clock)) == key["kid"]


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
