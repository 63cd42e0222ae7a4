"""People who ask: in a session of this gateway, or by a token of the provider where they log in.

What somebody may is looked at anew at each request: whether the organisation is still a partner, what is registered for
it, and what the role may. https://openid.net/specs/openid-connect-core-1_0.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from msgspec import structs

from gateway.access.id_tokens import Login
from gateway.access.partners import Partner, Partners
from gateway.access.person import Person
from gateway.access.policy import Caller
from gateway.access.roles import Roles
from gateway.access.sessions import Cookies, Session
from gateway.access.unknown import NotKnown, bad_token
from gateway.identities.directory import Directory
from gateway.identities.provider import Provider
from gateway.identities.rates import Rates
from gateway.identities.revoked import Revoked
from gateway.registry import Registry


class Known(NamedTuple):
    """Who asks, and the session as its cookie is to hold it from now on; None where that is as it was."""

    caller: Caller
    renewed: Session | None


@dataclass(frozen=True, slots=True)
class People:
    """What is needed to know people. They log in at the provider, or at the directory of a demonstration."""

    registry: Registry
    roles: Roles
    cookies: Cookies
    revoked: Revoked
    rates: Rates
    new_id: Callable[[], str]
    provider: Provider | None = None
    directory: Directory | None = None

    def of_session(self, text: str, at: datetime) -> Known:
        """Return who asks in a session, by its cookie. Raises NotKnown, TooManyRequests, Unavailable."""
        session = self.session(text, at)
        return Known(self._asking(session.person, f"session {session.person.session}"), session.renewed(at))

    def session(self, text: str, at: datetime) -> Session:
        """Return a session that is good. Raises NotKnown, Unavailable."""
        session = self.cookies.session(text)
        if not session.is_good(at):
            raise NotKnown("session-over")
        if self.revoked.holds(_named(session), at):
            raise NotKnown("session-ended")
        self._check_listed(session.person)
        return session

    def _check_listed(self, person: Person) -> None:
        """Raise NotKnown for somebody of the directory who is not in it any more, or as somebody else."""
        if self.directory is None:
            return
        now = self.directory.known(person.id)
        if now is None or self.person(now, person.role).organisation != person.organisation:
            raise NotKnown("person-not-there-any-more")

    def of_token(self, text: str, at: datetime) -> Caller:
        """Return who asks by a token of the provider. Raises NotKnown, TooManyRequests, Unavailable."""
        if self.provider is None:
            raise bad_token("no-people-here")
        try:
            person = self.person(self.provider.bearer(text, at))
            return self._asking(person, f"token of {person.issuer}")
        except NotKnown as error:
            raise bad_token(error.reason) from error

    def issues(self, issuer: str) -> bool:
        """Return whether tokens of this issuer are those of people."""
        return self.provider is not None and issuer == self.provider.relying.issuer

    def person(self, login: Login, role: str = "") -> Person:
        """Return the person that a login is of, in a role it has: the one that is wanted, or the first. NotKnown."""
        partner = _partner(login.organisation, self.registry.partners())
        return Person(
            id=login.id,
            issuer=login.issuer,
            name=login.name,
            role=self.roles.chosen(login.roles, role),
            organisation=partner.id,
            acr=login.acr,
        )

    def begin(self, person: Person, at: datetime) -> tuple[Session, Caller]:
        """Return a new session of somebody who logged in just now, and who that is. Raises what `caller` raises."""
        now = int(at.timestamp())
        begun = structs.replace(person, session=self.new_id())
        return Session(begun, now, now), self.caller(begun, f"session {begun.session}")

    def end(self, session: Session, at: datetime) -> None:
        """End a session: here at once, elsewhere within a second. Raises Unavailable."""
        self.revoked.add(_named(session), session.ends, at)

    def caller(self, person: Person, known_by: str) -> Caller:
        """Return a person as who asks now. Raises NotKnown, Unavailable."""
        return self.roles.caller(person, _partner(person.organisation, self.registry.partners()), known_by)

    def _asking(self, person: Person, known_by: str) -> Caller:
        """Return a person as who asks, counted with the organisation. Raises NotKnown, TooManyRequests, Unavailable."""
        partner = _partner(person.organisation, self.registry.partners())
        caller = self.roles.caller(person, partner, known_by)
        self.rates.take(partner.id, partner.rate)
        return caller


def _named(session: Session) -> str:
    return f"session:{session.person.session}"


def _partner(organisation: str, partners: Partners) -> Partner:
    """Return the partner that has a URA or id. NotKnown for one that there is not, or that was disabled."""
    found = partners.by_ura(organisation) or partners.get(organisation)
    if found is None or found.disabled:
        raise NotKnown("organisation-is-no-partner")
    return found
