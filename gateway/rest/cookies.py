"""The cookie of a browser: a login that was begun, and then the session. It is the only one there is.

https://www.rfc-editor.org/rfc/rfc6265, https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis
"""

from __future__ import annotations

from flask import request

from gateway.access.sessions import LOGIN_SECONDS, LONGEST, Begun, Cookies, Session
from gateway.rest import wire


def shown() -> str | None:
    """Return what the cookie holds, None when there is none."""
    if "HTTP_COOKIE" not in request.environ:
        return None
    return request.cookies.get(_name())


def given(what: Session | Begun, cookies: Cookies) -> str:
    """Return the header that gives a browser the cookie."""
    seconds = LONGEST if isinstance(what, Session) else LOGIN_SECONDS
    return _header(cookies.sealed(what), seconds)


def taken() -> str:
    """Return the header that takes it away."""
    return _header("", 0)


def _header(value: str, seconds: int) -> str:
    # Lax: it must come along when the provider sends somebody back. What changes something asks for more (`origins`).
    return f"{_name()}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def _name() -> str:
    """Return its name: with the prefix that browsers keep for one host over https."""
    return "__Host-session" if wire.services().settings.base_url.startswith("https:") else "session"
