"""What a provider of OpenID Connect says of a person: tokens that it signed, checked whole before any of it is used.

https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation, https://www.rfc-editor.org/rfc/rfc9068#section-4
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.access import signed_json
from gateway.access.assertions import ALGORITHMS, SKEW
from gateway.access.signed_json import Signed, is_name, moment
from gateway.access.unknown import NotKnown, bad_token

Key = Mapping[str, Any]
KeyOf = Callable[[str], Key | None]

_OF_PERSONS = (None, "jwt")
_OF_ACCESS = ("at+jwt", "jwt")
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Login:
    """Whom a token is about, as it says itself: the roles in their order, the organisation by whichever name."""

    issuer: str
    id: str
    name: str
    roles: tuple[str, ...]
    organisation: str
    acr: str
    expires: int


@dataclass(frozen=True, slots=True)
class Relying:
    """What the gateway expects of a provider: who it is there, and under which names a token says what is wanted.

    `audience` is what access tokens for the gateway are for; `acr` are the levels of assurance that will do, none: any.
    """

    issuer: str
    client_id: str
    audience: str
    role_claim: str
    organisation_claim: str
    acr: tuple[str, ...] = ()

    def id_token(self, text: str, key_of: KeyOf, nonce: str, access_token: str, at: datetime) -> Login:
        """Return whom an ID token is about that answers `nonce`. Raises NotKnown."""
        signed = self._verified(text, _OF_PERSONS, key_of)
        claims = signed.claims
        if claims.get("aud") not in (self.client_id, [self.client_id]):
            raise NotKnown("id-token-for-another")
        if claims.get("azp", self.client_id) != self.client_id:
            raise NotKnown("id-token-of-another-client")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise NotKnown("wrong-nonce")
        if "at_hash" in claims and claims["at_hash"] != _half(signed.algorithm, access_token):
            raise NotKnown("id-token-of-another-access-token")
        return self._login(claims, at, NotKnown)

    def access_token(self, text: str, key_of: KeyOf, at: datetime) -> Login:
        """Return whom an access token for the gateway is about. Raises NotKnown."""
        claims = self._verified(text, _OF_ACCESS, key_of).claims
        if self.audience not in _words(claims.get("aud")):
            raise bad_token("for-another-audience")
        return self._login(claims, at, bad_token)

    def _verified(self, text: str, types: tuple[str | None, ...], key_of: KeyOf) -> Signed:
        signed = signed_json.read(text, ALGORITHMS, types, bad_token, passed_over=signed_json.DIGESTS)
        if signed.claims.get("iss") != self.issuer:
            raise bad_token("of-another-issuer")
        key = key_of(signed.kid)
        if key is None:
            raise bad_token("unknown-key")
        signed_json.verify(signed, key, bad_token)
        return signed

    def _login(self, claims: Mapping[str, Any], at: datetime, refused: Callable[[str], NotKnown]) -> Login:
        expires = _expires(claims, at, refused)
        if not is_name(claims.get("sub")):
            raise refused("of-nobody")
        acr = claims.get("acr")
        if self.acr and acr not in self.acr:
            raise refused("level-of-assurance-too-low")
        organisation = next(iter(_words(_claim(claims, self.organisation_claim))), "")
        return Login(
            self.issuer,
            claims["sub"],
            _name(claims),
            _words(_claim(claims, self.role_claim)),
            organisation,
            acr if isinstance(acr, str) else "",
            expires,
        )


def _expires(claims: Mapping[str, Any], at: datetime, refused: Callable[[str], NotKnown]) -> int:
    """Return until when a token is good. NotKnown when that is over, or it has not begun."""
    now = at.timestamp()
    expires, issued = moment(claims, "exp", refused), moment(claims, "iat", refused)
    begins = moment(claims, "nbf", refused)
    if expires is None or issued is None:
        raise refused("without-end-or-beginning")
    if expires <= now:
        raise refused("expired")
    if max(issued, begins or 0) > now + SKEW:
        raise refused("of-the-future")
    return expires


def _claim(claims: Mapping[str, Any], name: str) -> Any:
    """Return a claim by its name, or by its way through objects: `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _words(found: Any) -> tuple[str, ...]:
    """Return the texts of a claim that is one or a list of them."""
    return tuple(_texts(found if isinstance(found, list) else [found]))


def _texts(found: list[Any]) -> Iterator[str]:
    for one in found:
        if is_name(one):
            yield one


def _name(claims: Mapping[str, Any]) -> str:
    said = next((claims[key] for key in ("name", "preferred_username") if isinstance(claims.get(key), str)), "")
    shown = "".join(letter for letter in said if letter.isprintable())[:_LONGEST_NAME]
    return shown or str(claims["sub"])


def _half(algorithm: str, text: str) -> str:
    """Return `at_hash` of an access token. https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken"""
    digest = hashlib.new(f"sha{algorithm[2:]}", text.encode()).digest()
    return urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
