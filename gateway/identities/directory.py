"""The directory of a demonstration: people in a file, who log in with a password and a code of an authenticator.

It is for a gateway that listens on loopback alone. Whoever fails hears nothing of why; it takes as long whether there
is such a person or not, and each failure makes the next attempt wait longer. A code is taken once.

    people:
      - id: jansen
        name: J. Jansen
        role: zcc-coordinator
        organisation: zcc-west
        password: scrypt$15$8$3$…
        totp: GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ

https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.access import passwords, roles, totp
from gateway.access.fields import Document, Fields, Lines
from gateway.access.id_tokens import Login
from gateway.access.unknown import NotKnown
from gateway.access.watched import Watched
from gateway.errors import BadSettings, TooManyRequests
from gateway.mapping import documents
from gateway.store import logins, tokens

if TYPE_CHECKING:
    from gateway.identities.rates import Rates
    from gateway.store import Store

ISSUER = "directory"
"""Who says who people of the directory are."""
ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,39}")
WANTED = "must be small letters, digits and ._-, 40 at most"

_NAME = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,200}")
_KEYS = ("disabled", "id", "name", "organisation", "password", "role", "totp")
_A_MINUTE = 60  # attempts that are looked at, of everybody together: each costs a quarter of a second
_ANY_SECRET = "A" * 32


@dataclass(frozen=True, slots=True)
class Listed:
    """Somebody in the directory. What is secret is not shown."""

    id: str
    name: str
    role: str
    organisation: str
    password: str
    totp: str
    disabled: bool = False

    def __repr__(self) -> str:
        """Return who it is, and no secret."""
        return f"Listed({self.id!r})"

    def login(self, expires: int) -> Login:
        """Return who it is, as a provider says it."""
        return Login(ISSUER, self.id, self.name, (self.role,), self.organisation, "totp", expires)


NOBODY = Listed("", "", "", "", passwords.NOBODYS, _ANY_SECRET)


def read(path: Path) -> Mapping[str, Listed]:
    """Return the people in a file by their ids. Raises BadSettings with everything that is wrong, file and line."""
    if path.stat().st_mode & 0o077:
        raise BadSettings(f"{path} holds secrets, and others than its owner may read or write it: chmod 600")
    return of_document(*documents.read(path), path.name)


def of_document(content: Any, lines: Lines, file: str) -> Mapping[str, Listed]:
    """Return the people in a document by their ids. Raises as `read` does."""
    fields = Fields(content, Document(lines, file, "bad-settings"))
    fields.only(("people",))
    people = [_listed(one) for one in fields.objects("people")]
    for one in people:
        if sum(one.id == other.id for other in people) > 1:
            fields.add("people", "has one id twice", one.id)
    if fields.problems:
        raise BadSettings(list(dict.fromkeys(fields.problems)))
    return {one.id: one for one in people}


def _listed(fields: Fields) -> Listed:
    fields.only(_KEYS)
    found = Listed(
        id=fields.text("id", ID, WANTED, required=True),
        name=fields.text("name", _NAME, "must be a name", required=True),
        role=fields.one_of("role", roles.of_people()),
        organisation=fields.text("organisation", ID, "must be the id or the URA of a partner", required=True),
        password=fields.any_text("password"),
        totp=fields.any_text("totp"),
        disabled=fields.flag("disabled"),
    )
    for key, check in (("password", passwords.check), ("totp", totp.check)):
        try:
            check(fields.any_text(key))
        except ValueError as error:
            fields.add(key, str(error))
    return found


@dataclass(frozen=True, slots=True)
class Directory:
    """The people of a file, which is read again when it changes."""

    people: Watched[Mapping[str, Listed]]
    store: Store
    rates: Rates

    @classmethod
    def at(cls, path: Path, store: Store, rates: Rates, seconds: Callable[[], float]) -> Directory:
        """Return the directory in a file. Raises BadSettings."""
        return cls(Watched([path], lambda: read(path), seconds), store, rates)

    def known(self, id_: str) -> Login | None:
        """Return somebody as who is in it now, None for who is not, or not any more."""
        found = self.people.now().get(id_)
        return None if found is None or found.disabled else found.login(0)

    def login(self, name: str, password: str, code: str, at: datetime) -> Login:
        """Return who logs in. Raises NotKnown, TooManyRequests, Unavailable."""
        self.rates.take(":login", _A_MINUTE)  # no partner is called so
        digest, now = sha256(name.encode()).hexdigest(), int(at.timestamp())
        with self.store.changing() as db:
            wait = logins.attempt(db, digest, now)
        if wait:
            raise _later(wait)
        found = self.people.now().get(name, NOBODY)
        fits, step = passwords.fits(password, found.password), totp.step_of(code, found.totp, at)
        if not fits or step is None or found.disabled or found is NOBODY:
            raise NotKnown("wrong-password-or-code")
        self._use(found, step, digest, now)
        return found.login(now)

    def _use(self, found: Listed, step: int, digest: str, now: int) -> None:
        """Forget the failures of somebody whose code is used now. NotKnown for one that was used before."""
        until = (step + max(totp.STEPS) + 1) * totp.SECONDS
        with self.store.changing() as db:
            is_first = tokens.use(db, f"totp:{found.id}", str(step), until, now)
            if is_first:
                logins.forgive(db, digest)
        if not is_first:
            raise NotKnown("code-used-before")


def _later(seconds: int) -> TooManyRequests:
    error = TooManyRequests(f"too many attempts failed; try again in {seconds} seconds")
    error.retry_after = seconds
    return error
