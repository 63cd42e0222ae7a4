"""How a client of the token endpoint proves who it is: by a JWT that it signs, once for each request.

https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html,
https://www.rfc-editor.org/rfc/rfc7523#section-2.2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.access import signed_json
from gateway.access.signed_json import Signed, is_name, moment

ALGORITHMS = ("RS384", "ES384", "PS256", "RS256", "ES256")
SECONDS = 300
"""So long an assertion may be good."""
SKEW = 60
"""So many seconds a client's clock may be ahead."""

_TYPES = (None, "jwt", "client-authentication+jwt")


class InvalidClient(Exception):
    """Who asks for a token did not prove who it is. `reason` is for the log and the audit alone."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a client says of itself, its signature not looked at yet."""

    signed: Signed
    client_id: str
    jti: str
    expires: int

    @classmethod
    def read(cls, text: str, audience: str, at: datetime) -> Assertion:
        """Return an assertion that is one, is for `audience` and is good at a moment. Raises InvalidClient."""
        signed = signed_json.read(text, ALGORITHMS, _TYPES, InvalidClient)
        claims, now = signed.claims, at.timestamp()
        if not is_name(claims.get("sub")) or claims.get("iss") != claims["sub"]:
            raise InvalidClient("iss-and-sub-are-not-the-client")
        if claims.get("aud") not in (audience, [audience]):
            raise InvalidClient("wrong-audience")
        if not is_name(claims.get("jti")):
            raise InvalidClient("no-jti")
        return cls(signed, claims["sub"], claims["jti"], _expires(claims, now))

    def verify(self, key: Mapping[str, Any]) -> None:
        """Return when it is signed by the holder of a key. Raises InvalidClient."""
        signed_json.verify(self.signed, key, InvalidClient)


def _expires(claims: Mapping[str, Any], now: float) -> int:
    """Return until when an assertion is good. InvalidClient when that is over, or too far away, or not begun."""
    expires = moment(claims, "exp", InvalidClient)
    issued, begins = moment(claims, "iat", InvalidClient), moment(claims, "nbf", InvalidClient)
    if expires is None:
        raise InvalidClient("no-exp")
    if expires <= now:
        raise InvalidClient("expired")
    if expires > now + SECONDS or (issued is not None and expires - issued > SECONDS):
        raise InvalidClient("good-for-too-long")
    if any(at is not None and at > now + SKEW for at in (issued, begins)):
        raise InvalidClient("of-the-future")
    return expires
