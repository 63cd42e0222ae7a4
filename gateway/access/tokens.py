"""The tokens that the gateway gives out, and takes: short, signed, and bound to the certificate they were asked with.

https://www.rfc-editor.org/rfc/rfc9068, https://www.rfc-editor.org/rfc/rfc8705
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gateway.access import signed_json
from gateway.access.signed_json import is_name, moment
from gateway.access.signing_keys import ALGORITHM, SigningKeys
from gateway.access.unknown import bad_token

SECONDS = 300
"""So long a token is good."""

OF_ITSELF = "client_credentials"
"""The grant to a client that signs itself. https://www.rfc-editor.org/rfc/rfc6749#section-4.4"""
OF_ANOTHER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""The grant by what another issuer signs. https://www.rfc-editor.org/rfc/rfc7523#section-2.1"""

_TYPE = "at+jwt"
_SKEW = 60  # between the clocks of two nodes


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it was given to a client. `thumbprint` is that of the certificate it is bound to, '' for none."""

    client_id: str
    scopes: tuple[str, ...]
    jti: str
    issued: int
    expires: int
    thumbprint: str = ""

    @property
    def scope(self) -> str:
        """Return the scopes as OAuth writes them."""
        return " ".join(self.scopes)


@dataclass(frozen=True, slots=True)
class Issuer:
    """The gateway as who gives tokens: the address it is known by, and the one the tokens are for."""

    url: str
    audience: str

    @property
    def token_url(self) -> str:
        """Return where tokens are asked: what an assertion names as its audience."""
        return f"{self.url}/oauth/token"

    def sign(self, token: Token, keys: SigningKeys) -> str:
        """Return a token as it is given out."""
        from joserfc import jws  # noqa: PLC0415 - 60 ms to load, and only where there are tokens

        from gateway.fhir.json import encode  # noqa: PLC0415 - as above

        key = keys.signing(datetime.fromtimestamp(token.issued, UTC))
        header = {"alg": ALGORITHM, "typ": _TYPE, "kid": key.kid}
        return jws.serialize_compact(header, encode(self.claims(token)), key.private, [ALGORITHM])

    def claims(self, token: Token) -> dict[str, Any]:
        """Return what a token says."""
        said = {
            "iss": self.url,
            "aud": self.audience,
            "sub": token.client_id,
            "client_id": token.client_id,
            "scope": token.scope,
            "jti": token.jti,
            "iat": token.issued,
            "exp": token.expires,
        }
        return said | ({"cnf": {"x5t#S256": token.thumbprint}} if token.thumbprint else {})

    def read(self, text: str, keys: SigningKeys, at: datetime) -> Token:
        """Return a token that this gateway signed and that is good at a moment. Raises NotKnown."""
        signed = signed_json.read(text, (ALGORITHM,), (_TYPE,), bad_token)
        key = keys.public(signed.kid)
        if key is None:
            raise bad_token("unknown-key")
        signed_json.verify(signed, key, bad_token)
        claims, now = signed.claims, at.timestamp()
        if claims.get("iss") != self.url or claims.get("aud") != self.audience:
            raise bad_token("of-another-issuer")
        issued, expires = moment(claims, "iat", bad_token), moment(claims, "exp", bad_token)
        if issued is None or expires is None or issued > now + _SKEW:
            raise bad_token("of-the-future")
        if expires <= now:
            raise bad_token("expired")
        if not is_name(claims.get("client_id")) or not is_name(claims.get("jti")):
            raise bad_token("of-nobody")
        bound = claims.get("cnf", {}).get("x5t#S256", "")
        return Token(claims["client_id"], _words(claims.get("scope")), claims["jti"], issued, expires, bound)


def bearer(header: str | None) -> str | None:
    """Return the token in an Authorization header, None when there is no such header.

    Raises NotKnown for another kind of credentials. https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    """
    if header is None:
        return None
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise bad_token("no-bearer")
    return token.strip()


def _words(said: object) -> tuple[str, ...]:
    words: Iterable[str] = said.split() if isinstance(said, str) else ()
    return tuple(words)
