"""Access tokens of the provider where people log in, as Bearer at the API; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from joserfc.jwk import ECKey

from gateway.services import Services
from tests.authentication.asking import BASE, Clock, audited, unsigned
from tests.authentication.people import Browser
from tests.openid import CLIENT, OpenId
from tests.trust import RSAKEY, signed

BEARERS: dict[str, tuple[dict[str, Any], int]] = {
    "as it should": ({}, 200),
    "for several": ({"aud": [BASE, "https://other.example"]}, 200),
    "for another": ({"aud": "https://other.example"}, 401),
    "for the client, an ID token": ({"aud": CLIENT}, 401),
    "for nobody": ({"aud": None}, 401),
    "of another issuer": ({"iss": "https://evil.example"}, 401),
    "expired": ({"exp": 1}, 401),
    "without end": ({"exp": None}, 401),
    "of the future": ({"iat": 2**33}, 401),
    "of nobody": ({"sub": None}, 401),
    "without a role": ({"roles": []}, 401),
    "of no partner": ({"organization": "00000099"}, 401),
}


@pytest.mark.parametrize("case", BEARERS)
def test_a_token_of_the_provider_is_taken_for_a_person(
    browser: Browser, provider: OpenId, with_people: Services, case: str
) -> None:
    said, status = BEARERS[case]
    answer = browser.get("/fhir/Slot", Authorization=f"Bearer {provider.bearer(BASE, **said)}")
    assert answer.status_code == status
    if status == 200:
        assert audited(with_people)[-1]["person"] == "jansen"
    else:
        assert "person" not in audited(with_people)[-1]


def test_a_token_that_the_provider_did_not_sign_is_not_taken(browser: Browser, provider: OpenId, clock: Clock) -> None:
    for key in (ECKey.generate_key("P-256"), RSAKEY):
        token = signed(provider.about(aud=BASE), key, "RS256" if key is RSAKEY else "ES256", "own", typ="at+jwt")
        assert browser.get("/fhir/Slot", Authorization=f"Bearer {token}").status_code == 401
    none = unsigned({"alg": "none", "kid": "own", "typ": "at+jwt"}, "AA")(clock)
    assert browser.get("/fhir/Slot", Authorization=f"Bearer {none}").status_code == 401


def test_a_person_asks_nothing_of_the_tokens_of_machines(browser: Browser, provider: OpenId) -> None:
    bearer = {"Authorization": f"Bearer {provider.bearer(BASE)}"}
    answer = browser.post("/oauth/introspect", bearer, data={"token": "x"})
    assert (answer.status_code, answer.get_json()["error"]) == (400, "unauthorized_client")


def test_a_token_goes_before_a_session(browser: Browser) -> None:
    browser.log_in()
    assert browser.get("/fhir/Slot", Authorization="Bearer nonsense").status_code == 401


def test_it_is_told_how_people_are_known(browser: Browser) -> None:
    (rest,) = browser.get("/fhir/metadata").get_json()["rest"]
    assert [service["coding"][0]["code"] for service in rest["security"]["service"]][-1] == "OAuth"
    assert "/login" in rest["security"]["description"]
    document = browser.get("/openapi.json").get_json()
    assert document["security"] == [{"certificate": []}, {"token": []}, {"person": []}]
    assert document["components"]["securitySchemes"]["person"]["scheme"] == "bearer"
