"""A browser, and a provider of OpenID Connect, for people who log in at an application that stands still in time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.trust import World

ADDRESS = "https://gateway.example"
CALLBACK = f"{ADDRESS}/login/callback"
COOKIE = "__Host-session"
OURS = {"Origin": ADDRESS, "Sec-Fetch-Site": "same-origin"}


@dataclass
class Browser:
    """A browser: it keeps the cookie of the gateway, and goes to the provider where it is sent."""

    http: FlaskClient
    world: World

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.http.get(path, base_url=ADDRESS, headers=headers)

    def post(self, path: str, headers: dict[str, str] | None = None, **more: Any) -> TestResponse:
        return self.http.post(path, base_url=ADDRESS, headers=OURS if headers is None else headers, **more)

    def sent(self, path: str = "/login") -> str:
        """Begin to log in, and return where the provider sends it back."""
        answer = self.get(path)
        assert answer.status_code == 303, answer.text
        with self.world.session() as session:
            back: requests.Response = session.get(answer.headers["Location"], allow_redirects=False, timeout=30)
        return back.headers["Location"]

    def back(self, address: str) -> TestResponse:
        assert address.startswith(f"{CALLBACK}?")
        return self.get(address.removeprefix(ADDRESS))

    def log_in(self, path: str = "/login") -> TestResponse:
        return self.back(self.sent(path))

    @property
    def cookie(self) -> str:
        found = self.http.get_cookie(COOKIE, domain="gateway.example")
        return found.value if found else ""

    def other(self, cookie: str = "") -> Browser:
        """Return another browser, which has nothing of this one, or its cookie."""
        found = Browser(self.http.application.test_client(), self.world)
        if cookie:
            found.http.set_cookie(COOKIE, cookie, domain="gateway.example", secure=True)
        return found
