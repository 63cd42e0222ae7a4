"""Every way in which a token is asked for: what makes the assertion, the rest of the form, and what comes of it."""

from __future__ import annotations

import hmac
import json
from base64 import urlsafe_b64encode

from joserfc.jwk import ECKey

from tests.authentication.asking import REFERRED, URL, Asked, Clock, Said, at, claims, of, part, unsigned
from tests.trust import EC384, ECKEY, RSAKEY, jwk, signed

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
    "query that is registered": (of(), {"scope": f"system/Slot.rs {REFERRED}"}),
    "query where all is registered": (of(), {"scope": "system/Slot.rs?status=free"}),
    "all where a query is registered": (of(), {"scope": "system/Slot.rs system/ServiceRequest.cruds"}),
    "query in another order": (of(), {"scope": "system/Slot.rs?start=ge2026&status=free"}),
    "client with scopes of its own": (of(iss="narrow", sub="narrow"), {"scope": "system/*.rs"}),
}
GRANTED = {
    "scope of version 1": "system/Slot.read",
    "everything": f"system/Slot.rs system/Location.rs {REFERRED}",
    "query that is registered": f"system/Slot.rs {REFERRED}",
    "query where all is registered": "system/Slot.rs?status=free",
    "all where a query is registered": f"system/Slot.rs {REFERRED}",
    "query in another order": "system/Slot.rs?start=ge2026&status=free",
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
    "scope with another query": (of(), {"scope": f"{REFERRED}2"}, SCOPE),
    "scope with a query that none has": (of(), {"scope": "system/Slot.rs?nonsense=x"}, SCOPE),
    "scope with a query beside a good one": (of(), {"scope": "system/Slot.rs system/Slot.r?schedule.actor=x"}, SCOPE),
    "scope with a query of everything": (of(), {"scope": "system/*.rs?_id=x"}, SCOPE),
    "scope with a BSN": (of(), {"scope": "system/Patient.r?identifier=999900006"}, SCOPE),
    "all of what is registered with a query": (of(), {"scope": "system/ServiceRequest.rs"}, SCOPE),
    "nothing is registered": (of(iss="idle-ehr", sub="idle-ehr"), {}, SCOPE),
    "scope twice": (of(), {"scope": ["system/Slot.rs", "system/Slot.rs"]}, REQUEST),
}
