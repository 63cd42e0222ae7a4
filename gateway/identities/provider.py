"""A provider of OpenID Connect, where people log in: it is asked for nobody's password, and believed for what it signs.

The authorization code flow with PKCE; the gateway proves itself with `private_key_jwt`, by the keys that it publishes.
https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth, https://www.rfc-editor.org/rfc/rfc7636
"""

from __future__ import annotations

import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

from gateway.access.id_tokens import Login, Relying
from gateway.access.signing_keys import ALGORITHM, SigningKeys
from gateway.access.unknown import NotKnown
from gateway.errors import Unavailable
from gateway.identities.discovery import AWAY, Discovery
from gateway.identities.published_keys import ANSWER_SECONDS, Key, PublishedKeys
from gateway.notify.endpoints import Allowed, Refused
from gateway.notify.endpoints import read as read_endpoint
from gateway.notify.outward import Outward

CALLBACK = "/login/callback"
"""Where people come back from the provider."""

_log = logging.getLogger("gateway.access")
_ASSERTED_SECONDS = 60
_JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider, for the gateway that it sends people back to at `redirect`."""

    relying: Relying
    redirect: str
    outward: Outward
    said: Discovery
    published: PublishedKeys
    keys: Callable[[], SigningKeys]
    new_id: Callable[[], str]

    @classmethod
    def at(
        cls,
        relying: Relying,
        redirect: str,
        outward: Outward,
        keys: Callable[[], SigningKeys],
        seconds: Callable[[], float],
        new_id: Callable[[], str],
    ) -> Provider:
        """Return a provider that is asked at the origin of its issuer, and at those that the operator lists."""
        origins = outward.allowed.origins | {read_endpoint(relying.issuer).origin}
        way = replace(outward, allowed=Allowed(origins, outward.allowed.networks), seconds=ANSWER_SECONDS)
        said = Discovery(relying.issuer, way, seconds)
        return cls(relying, redirect, way, said, PublishedKeys(way, seconds), keys, new_id)

    def authorization(self, state: str, nonce: str, verifier: str) -> str:
        """Return where somebody logs in, for what is then answered with `state`. Raises Unavailable."""
        asked = {
            "response_type": "code",
            "client_id": self.relying.client_id,
            "redirect_uri": self.redirect,
            "scope": "openid profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        if self.relying.acr:
            asked["acr_values"] = " ".join(self.relying.acr)
        address = self.said.addresses()["authorization_endpoint"]
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"

    def login(self, code: str, verifier: str, nonce: str, at: datetime) -> Login:
        """Return who logged in, of whom a code was given to the gateway. Raises NotKnown, Unavailable."""
        answered = self._exchanged(code, verifier, at)
        id_token, access_token = (str(answered.get(name, "")) for name in ("id_token", "access_token"))
        return self.relying.id_token(id_token, self._key, nonce, access_token, at)

    def bearer(self, token: str, at: datetime) -> Login:
        """Return whom an access token for the gateway is about. Raises NotKnown, Unavailable."""
        return self.relying.access_token(token, self._key, at)

    def logout(self) -> str:
        """Return where somebody logs out of the provider too, '' where that cannot be. https only."""
        try:
            return self.said.addresses().get("end_session_endpoint", "")
        except Unavailable:
            return ""

    def _key(self, kid: str) -> Key | None:
        return self.published.at(self.said.addresses()["jwks_uri"], kid)

    def _exchanged(self, code: str, verifier: str, at: datetime) -> Mapping[str, Any]:
        from gateway.notify.sending import Line, NotSent  # noqa: PLC0415 - slow to load, and not for every gateway

        address = self.said.addresses()["token_endpoint"]
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect,
            "code_verifier": verifier,
            "client_id": self.relying.client_id,
            "client_assertion_type": _JWT_BEARER,
            "client_assertion": self._assertion(address, at),
        }
        try:
            with Line(self.outward, address) as line:
                headers = {"Content-Type": _FORM, "Accept": "application/json"}
                found = json.loads(line.send(urlencode(form).encode(), headers).content)
        except (ValueError, RecursionError) as error:
            raise NotKnown("provider-answered-nonsense") from error
        except (NotSent, Refused) as error:
            status = getattr(error, "status", None)
            if status is None or status >= 500:
                _log.warning("provider-not-asked", extra={"reason": str(error)})
                raise Unavailable(AWAY) from error
            raise NotKnown("code-refused") from error
        return found if isinstance(found, dict) else {}

    def _assertion(self, address: str, at: datetime) -> str:
        """Return what proves to the provider that this is the gateway. https://www.rfc-editor.org/rfc/rfc7523"""
        from joserfc import jws  # noqa: PLC0415 - 60 ms to load, and only where people log in

        key, now, own = self.keys().signing(at), int(at.timestamp()), self.relying.client_id
        claims = {"iss": own, "sub": own, "aud": address, "jti": self.new_id()}
        content = json.dumps(claims | {"iat": now, "exp": now + _ASSERTED_SECONDS}).encode()
        return jws.serialize_compact({"alg": ALGORITHM, "kid": key.kid}, content, key.private, [ALGORITHM])
