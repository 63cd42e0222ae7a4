"""A real provider of OpenID Connect over HTTPS: it logs in whoever is set, and checks what the gateway asks of it.

It is honest; `lies` are what it says otherwise in its ID tokens. https://openid.net/specs/openid-connect-core-1_0.html
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit
from uuid import uuid4

from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from tests.receivers import Server, context_of
from tests.trust import jwk, signed

CLIENT = "msb-gateway"


@dataclass
class OpenId:
    """The provider: who logs in, what it says of them, and what it was asked."""

    redirect: str
    gateway_keys: Any = None  # the JWKS by which the gateway proves itself
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    claims: dict[str, Any] = field(default_factory=dict)
    lies: dict[str, Any] = field(default_factory=dict)
    signs: dict[str, Any] = field(default_factory=dict)  # how an ID token is signed otherwise
    forges: Callable[[str], str] = str  # what it makes of an ID token
    document: dict[str, Any] = field(default_factory=dict)  # what it says of itself otherwise
    fails: int = 0  # with which status the token endpoint answers, 0: as it should
    asked: list[str] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    port: int = 0

    @property
    def issuer(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def says(self) -> dict[str, Any]:
        own = {f"{name}_endpoint": f"{self.issuer}/{name}" for name in ("authorization", "token", "end_session")}
        return {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"} | own | self.document

    def authorized(self, asked: dict[str, str]) -> str:
        """Log somebody in, and return where the browser is sent back. AssertionError for what is asked wrongly."""
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["redirect_uri"] == self.redirect
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = uuid4().hex
        self.codes[code] = asked
        return f"{self.redirect}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def exchanged(self, form: dict[str, str]) -> dict[str, Any]:
        """Return the tokens for a code. AssertionError for what is asked wrongly, KeyError for a code used before."""
        asked = self.codes.pop(form["code"])
        assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", self.redirect)
        challenge = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        assert challenge == asked["code_challenge"]
        self.check_client(form)
        access = self.signed(self.about(aud="https://elsewhere.example"))
        return {"id_token": self.id_token(asked["nonce"], access), "access_token": access, "token_type": "Bearer"}

    def check_client(self, form: dict[str, str]) -> None:
        found = jws.deserialize_compact(
            form["client_assertion"], KeySet.import_key_set(self.gateway_keys), algorithms=["ES256"]
        )
        claims = json.loads(found.payload)
        assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, f"{self.issuer}/token")
        assert claims["exp"] <= time.time() + 61

    def id_token(self, nonce: str, access: str) -> str:
        half = urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).rstrip(b"=").decode()
        said = self.about(aud=CLIENT, nonce=nonce, at_hash=half) | self.lies
        return self.forges(
            self.signed({name: value for name, value in said.items() if value is not None}, **self.signs)
        )

    def about(self, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "sub": "jansen", "iat": now, "exp": now + 300} | self.claims | more

    def signed(self, claims: Any, **more: Any) -> str:
        how: dict[str, Any] = {"key": self.key, "algorithm": "ES256", "kid": "own"}
        return signed(claims, **(how | more))

    def bearer(self, audience: str, **more: Any) -> str:
        """Return an access token for the gateway."""
        said = self.about(aud=audience) | more
        return self.signed({name: value for name, value in said.items() if value is not None}, typ="at+jwt")


class _Handler(BaseHTTPRequestHandler):
    openid: OpenId

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.openid.asked.append(parts.path)
        if parts.path == "/authorization":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            self._sent(302, b"", Location=self.openid.authorized(asked))
        elif parts.path == "/.well-known/openid-configuration":
            self._json(200, self.openid.says())
        else:
            self._json(200, {"keys": [jwk(self.openid.key, "own")]})

    def do_POST(self) -> None:
        self.openid.asked.append(self.path)
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        if self.openid.fails:
            self._json(self.openid.fails, {"error": "server_error"})
            return
        try:
            self._json(200, self.openid.exchanged(form))
        except (AssertionError, KeyError):
            self._json(400, {"error": "invalid_grant"})

    def _json(self, status: int, content: Any) -> None:
        self._sent(status, json.dumps(content).encode(), Content_Type="application/json")

    def _sent(self, status: int, content: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def openid(folder: Path, redirect: str, **more: Any) -> Iterator[OpenId]:
    """Run a provider with the server certificate in a folder (`tests.trust.World`)."""
    provider = OpenId(redirect, **more)
    server = Server(context_of(folder), type("Handler", (_Handler,), {"openid": provider}), 0)
    provider.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
