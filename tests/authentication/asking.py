"""How a client asks for a token, and shows it, to an application that stands still in time."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from gateway.access.partners import Client, KeySet
from gateway.services import Services
from tests.trust import ECKEY, KEYS, World, signed

URL = "https://gateway.example/oauth/token"
BASE = "https://gateway.example/fhir"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REFERRED = "system/ServiceRequest.c?category=http://example.org/category|referral"
SCOPES = ("system/Slot.rs", "system/Location.read", REFERRED)


@dataclass
class Clock:
    """What time it is, and the name of the assertion that is made then."""

    now: datetime
    jti: str = "one"

    def __call__(self) -> datetime:
        return self.now

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())


def claims(clock: Clock, **more: Any) -> dict[str, Any]:
    own = {
        "iss": "duinrand-ehr",
        "sub": "duinrand-ehr",
        "aud": URL,
        "exp": clock.seconds + 300,
        "iat": clock.seconds,
        "jti": clock.jti,
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


def clients(now: datetime, *, scopes: tuple[str, ...] = ()) -> tuple[Client, ...]:
    """Return the clients of one who asks for tokens: its own, one disabled, one whose keys are over, one narrow."""
    keys = (KeySet(jwks=KEYS),)
    return (
        Client(id="duinrand-ehr", keys=keys, scopes=scopes),
        Client(id="disabled", keys=keys, disabled=True),
        Client(id="past", keys=(KeySet(jwks=KEYS, until=now - timedelta(days=1)),)),
        Client(id="narrow", keys=keys, scopes=("system/Slot.r",)),
    )


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
        return f"{part(header)}.{part(claims(clock))}.{signature}"

    return made


def part(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


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


def content_of(token: str) -> bytes:
    part = token.split(".")[1]
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def kid_of(token: str) -> str:
    part = token.split(".", maxsplit=1)[0]
    return str(json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))["kid"])
