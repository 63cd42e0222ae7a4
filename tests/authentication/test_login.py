"""People log in at a provider of OpenID Connect, a real one over TLS; on both databases."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import ECKey

from gateway.app import create_app
from gateway.errors import BadSettings
from gateway.services import Services
from gateway.settings import Settings
from tests.authentication.asking import BASE, Clock, audited, part
from tests.authentication.people import Browser
from tests.openid import CLIENT, OpenId
from tests.trust import RSAKEY, World


def test_somebody_logs_in_and_asks_in_the_session(browser: Browser, with_people: Services) -> None:
    answer = browser.log_in("/login?to=/fhir/Slot")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/fhir/Slot")
    attributes = answer.headers["Set-Cookie"].split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} < set(attributes)
    assert not any(one.startswith("Domain") for one in attributes)
    assert browser.get("/fhir/Slot").status_code == 200
    row = audited(with_people)[-1]
    assert (row["action"], row["person"], row["role"], row["partner"]) == ("search", "jansen", "zcc-coordinator", "zcc")
    assert row["by"].startswith("session ")
    login = next(row for row in audited(with_people) if row["action"] == "login")
    assert (login["person"], login["organisation"]) == ("jansen", "00000010")
    assert login["entities"] == [row["by"].replace("session ", "session:")]


def test_a_person_may_what_role_and_partner_may(browser: Browser) -> None:
    browser.log_in()
    slot = {"resourceType": "Slot", "status": "free"}
    assert browser.get("/fhir/Slot").status_code == 200
    assert browser.get("/fhir/Location").status_code == 403  # the role may, the partner may not
    assert browser.get("/fhir/AuditEvent").status_code == 403  # the partner may, the role may not
    assert browser.post("/fhir/Slot", json=slot).status_code == 403  # it may change Slots, and make none


def test_somebody_of_several_roles_chooses(browser: Browser, with_people: Services, provider: OpenId) -> None:
    assert browser.log_in("/login?role=auditor").status_code == 303
    assert browser.get("/fhir/AuditEvent").status_code == 200
    assert browser.get("/fhir/Slot").status_code == 403
    assert audited(with_people)[-1]["role"] == "auditor"
    other = browser.other()
    assert other.log_in("/login?role=integration-tester").status_code == 403
    provider.claims["roles"] = "auditor"
    assert other.log_in().status_code == 303


def test_the_page_says_who_is_in(browser: Browser, provider: OpenId) -> None:
    provider.claims["name"] = "<script>alert(1)</script>"
    browser.log_in()
    answer = browser.get("/login", **{"Accept-Language": "nl"})
    assert "U bent ingelogd" in answer.text
    assert "ZCC-coördinator" in answer.text
    assert "<dd>Zcc</dd>" in answer.text
    assert "&lt;script&gt;" in answer.text
    assert "<script" not in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self'" in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "You are logged in" in browser.get("/login", **{"Accept-Language": "en"}).text


def lying(**claims: Any) -> Callable[[OpenId], None]:
    def lie(provider: OpenId) -> None:
        provider.lies = {name: value(provider) if callable(value) else value for name, value in claims.items()}

    return lie


def signing(**how: Any) -> Callable[[OpenId], None]:
    def sign(provider: OpenId) -> None:
        provider.signs = how

    return sign


def of(**claims: Any) -> Callable[[OpenId], None]:
    def say(provider: OpenId) -> None:
        provider.claims |= claims

    return say


def ahead(seconds: int) -> Callable[[OpenId], int]:
    return lambda provider: int(provider.about()["iat"]) + seconds


REFUSED: dict[str, tuple[Callable[[OpenId], None], str]] = {
    "another issuer": (lying(iss="https://evil.example"), "of-another-issuer"),
    "issuer with a slash": (lying(iss=lambda provider: f"{provider.issuer}/"), "of-another-issuer"),
    "no issuer": (lying(iss=None), "of-another-issuer"),
    "another audience": (lying(aud="another"), "id-token-for-another"),
    "another audience beside": (lying(aud=[CLIENT, "another"]), "id-token-for-another"),
    "no audience": (lying(aud=None), "id-token-for-another"),
    "another client": (lying(azp="another"), "id-token-of-another-client"),
    "no nonce": (lying(nonce=None), "wrong-nonce"),
    "another nonce": (lying(nonce="x"), "wrong-nonce"),
    "nonce of another kind": (lying(nonce=["x"]), "wrong-nonce"),
    "wrong at_hash": (lying(at_hash="AAAAAAAAAAAAAAAAAAAAAA"), "id-token-of-another-access-token"),
    "at_hash of another kind": (lying(at_hash=7), "id-token-of-another-access-token"),
    "expired": (lying(exp=ahead(-1)), "expired"),
    "no exp": (lying(exp=None), "without-end-or-beginning"),
    "exp a text": (lying(exp="tomorrow"), "exp-is-no-moment"),
    "no iat": (lying(iat=None), "without-end-or-beginning"),
    "iat of the future": (lying(iat=ahead(120)), "of-the-future"),
    "nbf of the future": (lying(nbf=ahead(120)), "of-the-future"),
    "no sub": (lying(sub=None), "of-nobody"),
    "sub of another kind": (lying(sub={"a": 1}), "of-nobody"),
    "a foreign key": (signing(key=ECKey.generate_key("P-256")), "bad-signature"),
    "a kid that there is not": (signing(kid="other"), "unknown-key"),
    "no kid": (signing(kid=None), "no-kid"),
    "another kind of key": (signing(key=RSAKEY, algorithm="RS256"), "key-does-not-fit"),
    "a token of another kind": (signing(typ="at+jwt"), "wrong-type"),
    "keys in the header": (signing(jku="https://evil.example/jwks"), "key-in-header"),
    "no role": (of(roles=["boss"]), "no-role"),
    "no roles": (of(roles=None), "no-role"),
    "a role of a machine": (of(roles=["machine-account"]), "no-role"),
    "a role of another kind of partner": (of(roles=["receiver"]), "role-of-another-kind-of-partner"),
    "a role for tests": (of(roles=["integration-tester"]), "role-for-tests-alone"),
    "no organisation": (of(organization=None), "organisation-is-no-partner"),
    "an organisation that is no partner": (of(organization="00000099"), "organisation-is-no-partner"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_who_is_not_proved_to_be_one_is_not_let_in(
    browser: Browser, provider: OpenId, with_people: Services, case: str
) -> None:
    lie, reason = REFUSED[case]
    lie(provider)
    answer = browser.log_in()
    assert answer.status_code == 403
    assert reason not in answer.text
    assert browser.cookie == ""
    assert browser.get("/fhir/Slot").status_code == 401
    assert next(row["parameters"] for row in audited(with_people) if row["action"] == "refused") == [reason]


def by_public_key(provider: OpenId, token: str) -> str:
    """Sign with what everybody knows, as the secret of an HMAC."""
    text = f"{part({'alg': 'HS256', 'kid': 'own'})}.{token.split('.')[1]}"
    mark = hmac.digest(provider.key.as_pem(private=False), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(mark).rstrip(b'=').decode()}"


FORGED: dict[str, Callable[[OpenId, str], str]] = {
    "alg none": lambda _, token: f"{part({'alg': 'none', 'kid': 'own'})}.{token.split('.')[1]}.AA",
    "alg none, no signature": lambda _, token: f"{part({'alg': 'none', 'kid': 'own'})}.{token.split('.')[1]}.",
    "HS256 with the public key": by_public_key,
    "cut": lambda _, token: token[:-4],
    "nothing": lambda _provider, _token: "",
}


@pytest.mark.parametrize("case", FORGED)
def test_a_token_that_is_not_signed_by_the_provider_lets_nobody_in(
    browser: Browser, provider: OpenId, case: str
) -> None:
    provider.forges = lambda token: FORGED[case](provider, token)
    assert browser.log_in().status_code == 403
    assert browser.get("/fhir/Slot").status_code == 401


def changed(address: str, **more: str | None) -> str:
    parts = urlsplit(address)
    said = dict(parse_qsl(parts.query)) | more
    return parts._replace(query=urlencode({name: value for name, value in said.items() if value is not None})).geturl()


@pytest.mark.parametrize(
    "more",
    [
        {"state": "x"},
        {"state": None},
        {"code": "x"},
        {"code": None},
        {"iss": "https://evil.example"},
        {"code": None, "error": "access_denied"},
    ],
    ids=str,
)
def test_an_answer_that_was_tampered_with_lets_nobody_in(browser: Browser, more: dict[str, str | None]) -> None:
    assert browser.back(changed(browser.sent(), **more)).status_code == 403
    assert browser.get("/fhir/Slot").status_code == 401


def test_an_answer_is_taken_once(browser: Browser, with_people: Services) -> None:
    address = browser.sent()
    before = browser.cookie
    assert browser.back(address).status_code == 303
    assert browser.other(before).back(address).status_code == 403
    assert audited(with_people)[-1]["parameters"] == ["login-answered-before"]


def test_a_code_is_taken_once_and_for_who_asked_for_it(browser: Browser) -> None:
    address = browser.sent()
    code = dict(parse_qsl(urlsplit(address).query))["code"]
    assert browser.back(address).status_code == 303
    other, third = browser.other(), browser.other()
    assert other.back(changed(other.sent(), code=code)).status_code == 403  # used before
    stolen = dict(parse_qsl(urlsplit(other.sent()).query))["code"]
    assert third.back(changed(third.sent(), code=stolen)).status_code == 403  # of another challenge (PKCE)


def test_an_answer_to_another_browser_lets_nobody_in(browser: Browser) -> None:
    """Nobody is made to log in as somebody else by an address."""
    other = browser.other()
    address = browser.sent()
    assert other.back(address).status_code == 403
    assert other.get("/fhir/Slot").status_code == 401
    other.sent()
    assert other.back(address).status_code == 403


def test_a_login_that_took_too_long_is_over(browser: Browser, clock: Clock) -> None:
    address = browser.sent()
    clock.now += timedelta(minutes=10, seconds=1)
    assert browser.back(address).status_code == 403


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "/é",
        "",
    ],
)
def test_nobody_is_led_away(browser: Browser, target: str) -> None:
    answer = browser.log_in(f"/login?{urlencode({'to': target})}")
    assert answer.headers["Location"] == "/login"


def test_a_level_of_assurance_may_be_demanded(with_people: Services, provider: OpenId, world: World) -> None:
    settings = replace(with_people.settings, oidc_acr=("substantial", "high"))
    browser = Browser(create_app(replace(with_people, settings=settings)).test_client(), world)
    asked = browser.get("/login").headers["Location"]
    assert dict(parse_qsl(urlsplit(asked).query))["acr_values"] == "substantial high"
    for acr, status in ((None, 403), ("low", 403), (["high"], 403), ("high", 303)):
        provider.lies = {"acr": acr}
        assert browser.log_in().status_code == status
    assert next(row for row in audited(with_people) if row["action"] == "login")["parameters"] == ["high"]


def test_claims_may_stand_deeper(with_people: Services, provider: OpenId, world: World) -> None:
    settings = replace(with_people.settings, oidc_role_claim="realm_access.roles", oidc_organisation_claim="ura")
    browser = Browser(create_app(replace(with_people, settings=settings)).test_client(), world)
    assert browser.log_in().status_code == 403
    provider.claims |= {"realm_access": {"roles": ["zcc-coordinator"]}, "ura": "zcc"}
    assert browser.log_in().status_code == 303


def test_while_the_provider_is_away_nobody_logs_in_and_sessions_go_on(browser: Browser, provider: OpenId) -> None:
    browser.log_in()
    other = browser.other()
    provider.fails = 500
    answer = other.log_in()
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert browser.get("/fhir/Slot").status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "https://evil.example/token"},
        {"jwks_uri": "https://169.254.169.254/jwks"},
        {"authorization_endpoint": "http://127.0.0.1/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": None},
    ],
    ids=str,
)
def test_a_provider_that_is_another_or_leads_elsewhere_is_not_asked(
    browser: Browser, provider: OpenId, document: dict[str, Any]
) -> None:
    provider.document = document
    assert browser.get("/login").status_code == 503
    assert provider.asked == ["/.well-known/openid-configuration"]


def test_nothing_of_a_login_is_logged(
    browser: Browser, provider: OpenId, caplog: pytest.LogCaptureFixture, with_people: Services
) -> None:
    caplog.set_level("DEBUG")
    address = browser.sent()
    sealed = browser.cookie
    browser.back(address)
    bearer = provider.bearer(BASE)
    browser.get("/fhir/Slot", Authorization=f"Bearer {bearer}")
    ours = [record for record in caplog.records if record.name.startswith("gateway")]
    said = "".join(str(vars(record)) for record in ours) + json.dumps(audited(with_people))
    asked = dict(parse_qsl(urlsplit(address).query))
    for secret in (asked["code"], asked["state"], sealed, browser.cookie, bearer, "Jansen"):
        assert secret not in said


def test_without_a_provider_nobody_logs_in(http: FlaskClient, services: Services) -> None:
    for client in (http, create_app(services).test_client()):
        for path in ("/login", "/login/callback"):
            assert client.get(path).status_code == 404
        assert client.post("/logout", headers={"Origin": "http://localhost"}).status_code == 404


def test_what_a_provider_needs_is_told() -> None:
    with pytest.raises(BadSettings, match="GATEWAY_OIDC_ISSUER: needs GATEWAY_OIDC_CLIENT_ID") as refused:
        Settings.from_env({"GATEWAY_OIDC_ISSUER": "https://login.example"})
    assert "GATEWAY_OIDC_ISSUER: needs GATEWAY_TLS_CLIENT_CA" in str(refused.value)
    assert "GATEWAY_OIDC_ISSUER: needs GATEWAY_TOKEN_KEYS" in str(refused.value)
    with pytest.raises(BadSettings, match="GATEWAY_OIDC_CLIENT_ID: must differ"):
        Settings.from_env({"GATEWAY_OIDC_CLIENT_ID": BASE, "GATEWAY_BASE_URL": BASE})
    for issuer in ("http://login.example", "login.example", "https://login.example?x=1", "https://u@login.example"):
        with pytest.raises(BadSettings, match="GATEWAY_OIDC_ISSUER: must be an https URL"):
            Settings.from_env({"GATEWAY_OIDC_ISSUER": issuer})
