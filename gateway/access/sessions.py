"""Sessions of people, in cookies that are sealed: nobody but the gateway reads or makes one.

A session ends when nothing was asked for a quarter of an hour, after a shift in any case, and when somebody logs out.
https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
"""

from __future__ import annotations

import binascii
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import Struct, structs

from gateway.access.person import Person
from gateway.access.sealing import Keys
from gateway.access.unknown import NotKnown
from gateway.errors import BadSettings

IDLE, LONGEST = 15 * 60, 9 * 3600
"""Seconds without a request after which a session is over, and after which it is in any case."""
LOGIN_SECONDS = 10 * 60
"""So long may somebody take to log in."""

_RENEWED = 60  # seconds after which a cookie is given anew
_LONGEST_COOKIE = 4096
Kind = Literal["session", "login"]


class Session(Struct, frozen=True):
    """A session as it is sealed: since when it is, and when something was asked last, in seconds."""

    person: Person
    begun: int
    seen: int

    @property
    def ends(self) -> int:
        """Return until when it can be good."""
        return self.begun + LONGEST

    def is_good(self, at: datetime) -> bool:
        """Return whether it is not over."""
        now = at.timestamp()
        return now < self.ends and now < self.seen + IDLE

    def renewed(self, at: datetime) -> Session | None:
        """Return it as one in which something was asked now, None while that is not worth a cookie."""
        now = int(at.timestamp())
        return structs.replace(self, seen=now) if now - self.seen >= _RENEWED else None


class Begun(Struct, frozen=True):
    """A login that was begun in a browser: what must come back from the provider, and where it goes on."""

    state: str
    nonce: str
    verifier: str
    to: str
    role: str
    at: int

    def is_good(self, at: datetime) -> bool:
        """Return whether it did not take too long."""
        return at.timestamp() < self.at + LOGIN_SECONDS


_SESSION = msgspec.json.Decoder(Session)  # made at import: see gateway.fhir.tables
_BEGUN = msgspec.json.Decoder(Begun)


@dataclass(frozen=True, slots=True)
class Cookies:
    """What seals and opens cookies. Each is bound to what it is for: one for a login is no session."""

    keys: Keys

    @classmethod
    def by(cls, keys: Keys) -> Cookies:
        """Return what seals with the first of some keys, or with one that ends with this process and its children."""
        return cls(keys if keys.present else Keys((("process", os.urandom(32)),)))

    def session(self, text: str) -> Session:
        """Return the session in a cookie. Raises NotKnown."""
        try:
            return _SESSION.decode(self._opened("session", text))
        except msgspec.DecodeError as error:
            raise NotKnown("bad-session") from error

    def begun(self, text: str) -> Begun:
        """Return the login in a cookie. Raises NotKnown."""
        try:
            return _BEGUN.decode(self._opened("login", text))
        except msgspec.DecodeError as error:
            raise NotKnown("bad-login") from error

    def sealed(self, what: Session | Begun) -> str:
        """Return what stands in a cookie."""
        kind: Kind = "session" if isinstance(what, Session) else "login"
        name, content = self.keys.seal(msgspec.json.encode(what), kind.encode())
        return f"{name}.{urlsafe_b64encode(content).decode('ascii')}"

    def _opened(self, kind: Kind, text: str) -> bytes:
        name, dot, content = text.partition(".")
        try:
            if not dot or not text.isascii() or len(text) > _LONGEST_COOKIE:
                raise NotKnown(f"bad-{kind}")
            return self.keys.open(name, urlsafe_b64decode(content), kind.encode())
        except (BadSettings, binascii.Error, ValueError) as error:
            raise NotKnown(f"bad-{kind}") from error
