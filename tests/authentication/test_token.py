"""`POST /oauth/token`: every way in which it is asked, on both databases."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from gateway.access.policy import development_caller
from gateway.services import Services
from gateway.transact.partners import add
from tests.authentication.asking import (
    URL,
    Asked,
    Clock,
    Said,
    at,
    audited,
    claims,
    form,
    granted,
    of,
    part,
    read,
    unsigned,
)
from tests.trust import EC384, ECKEY, RSAKEY, jwk, partner, signed

STRANGER = ECKey.generate_key("P-256")


def changed(clock: Clock) -> str:
    head, _, mark = of()(clock).split(".")
    return f"{head}.{part(claims(clock, sub='gouwe-ehr', iss='gouwe-ehr'))}.{mark}"


def cut(clock: Clock) -> str:
    return of()(clock)[:-4]


def twice(clock: Clock) -> str:
    content = json.dumps(claims(clock))[:-1] + ', "sub": "gouwe-ehr"}'
    return signed(content.encode())


def deep(_clock: Clock) -> str:
    return signed(b'{"iss": ' + b"[" * 3000 + b"]" * 3000 + b"}")


def by_public_key(clock: Clock) -> str:
    """Sign with what everybody knows, as the secret of an HMAC."""
    text = f"{part({'alg': 'HS256', 'kid': 'ec'})}.{part(claims(clock))}"
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
