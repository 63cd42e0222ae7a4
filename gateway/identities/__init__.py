"""Who asks: the partner whose certificate was shown, or whose client a token was given to, or both if they agree.

This is the one place that decides it, for HTTP and MLLP alike, before anything of a request is read. Where neither a
certificate nor a token says who asks, NotKnown says so; what it says of why is for the log and the audit.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from gateway.access.partners import Partner, Partners, Registered
from gateway.access.peers import PeerCertificate
from gateway.access.policy import Caller
from gateway.access.scopes import granted
from gateway.access.signed_json import issuer_of
from gateway.access.signing_keys import SigningKeys
from gateway.access.tokens import OF_ANOTHER, OF_ITSELF, Issuer, Token
from gateway.access.trusted import Trusted
from gateway.access.unknown import NotKnown, bad_token
from gateway.access.watched import Watched
from gateway.errors import ResourceNotFound
from gateway.identities.client_keys import ClientKeys
from gateway.identities.outside import Outside
from gateway.identities.people import Known, People
from gateway.identities.rates import Rates
from gateway.identities.revoked import Revoked
from gateway.registry import Registry

_MOST_TOKENS = 1024  # that a process keeps as it read them


@dataclass(frozen=True, slots=True)
class Identities:
    """What is needed to know partners. Without `trusted` certificates are not looked at, without `keys` no tokens."""

    registry: Registry
    issuer: Issuer
    client_keys: ClientKeys
    revoked: Revoked
    trusted: Watched[Trusted] | None = None
    keys: Watched[SigningKeys] | None = None
    seconds: Callable[[], float] = time.monotonic
    rates: Rates = field(default_factory=lambda: Rates(time.monotonic))
    people: People | None = None
    outside: Outside | None = None
    _read: OrderedDict[bytes, Token] = field(default_factory=OrderedDict, init=False)

    def caller(self, peer: PeerCertificate | None, token: str | None, at: datetime) -> Caller:
        """Return who asks, with what it may. Raises NotKnown, TooManyRequests, Unavailable."""
        return self.known(peer, token, None, at).caller

    def known(self, peer: PeerCertificate | None, token: str | None, session: str | None, at: datetime) -> Known:
        """Return who asks, also a person by the cookie of a session; a token goes before it. Raises as `caller`."""
        found = self._known(peer, token, session, at)
        return Known(self.registry.granted(found.caller, at), found.renewed)

    def _known(self, peer: PeerCertificate | None, token: str | None, session: str | None, at: datetime) -> Known:
        partners = self.registry.partners()
        partner = self._partner_of(peer, at, partners) if peer else None
        if self.people is not None and (session if token is None else self.people.issues(issuer_of(token))):
            return self._person(self.people, peer, partner, token, session or "", at)
        if token is None:
            if partner is None or peer is None:
                raise NotKnown("certificate-of-nobody" if peer else "nothing-shown")
            caller = partners.caller(partner, peer)
        elif self.outside is not None and issuer_of(token) in self.outside.issuers:
            partner, caller = self._of_others(self.outside, token, peer, partner, partners, at)
        else:
            registered, found = self._of_token(token, peer, partner, at, partners)
            partner, by = registered.partner, f"token {found.jti} of client {found.client_id}"
            caller = partner.caller(granted(found.scopes, registered.scopes), by)
        self.rates.take(partner.id, partner.rate)
        return Known(caller, None)

    def _of_others(
        self,
        outside: Outside,
        token: str,
        peer: PeerCertificate | None,
        partner: Partner | None,
        partners: Partners,
        at: datetime,
    ) -> tuple[Partner, Caller]:
        """Return for whom the token of another issuer is. NotKnown, when the certificate is of somebody else."""
        found, caller = outside.caller(token, peer, partners, at)
        if peer is not None and (partner is None or partner.id != found.id):
            raise bad_token("of-another-partner-than-the-certificate")
        return found, caller

    def _person(
        self,
        people: People,
        peer: PeerCertificate | None,
        partner: Partner | None,
        token: str | None,
        session: str,
        at: datetime,
    ) -> Known:
        """Return a person as who asks. NotKnown, when the certificate is of another organisation, or of nobody."""
        known = people.of_session(session, at) if token is None else Known(people.of_token(token, at), None)
        if peer is not None and (partner is None or partner.id != known.caller.partner):
            raise NotKnown("certificate-of-another-than-the-person")
        return known

    def partner_of(self, peer: PeerCertificate, at: datetime) -> Partner | None:
        """Return whose certificate it is, None when it is nobody's. Raises NotKnown for one that is not good."""
        return self._partner_of(peer, at, self.registry.partners())

    @property
    def grants(self) -> tuple[str, ...]:
        """Return by what tokens are asked for here. https://www.rfc-editor.org/rfc/rfc8414#section-2"""
        others = self.outside.issuers.values() if self.outside else ()
        by_others = (OF_ANOTHER,) if any(one.kind == "jwt-bearer" for one in others) else ()
        return (OF_ITSELF, *by_others)

    def check_forwarded(self, peer: PeerCertificate, at: datetime) -> None:
        """Raise NotKnown unless an authority signed a certificate that a proxy told of."""
        if self.trusted is not None:
            self.trusted.now().check_signed(peer, at)

    def signing_keys(self) -> SigningKeys:
        """Return the keys that tokens are signed with. Raises ResourceNotFound where no tokens are given out."""
        if self.keys is None:
            raise ResourceNotFound("no tokens are given out here: clients are known by their certificates")
        return self.keys.now()

    def token(self, text: str, at: datetime) -> tuple[Token, Registered]:
        """Return a token that is good now, with the client that it was given to. Raises NotKnown."""
        return self._registered(text, at, self.registry.partners())

    def _partner_of(self, peer: PeerCertificate, at: datetime, partners: Partners) -> Partner | None:
        if self.trusted is None:
            raise NotKnown("certificates-are-not-looked-at")
        self.trusted.now().check(peer, at)
        return partners.by_certificate(peer, at)

    def _registered(self, text: str, at: datetime, partners: Partners) -> tuple[Token, Registered]:
        token = self._token(text, at)
        if self.revoked.holds(token.jti, at):
            raise bad_token("revoked")
        registered = partners.by_client(token.client_id)
        if registered is None:
            raise bad_token("of-an-unknown-client")
        return token, registered

    def _of_token(
        self, text: str, peer: PeerCertificate | None, partner: Partner | None, at: datetime, partners: Partners
    ) -> tuple[Registered, Token]:
        """Return whose token it is, and the token. NotKnown, when the certificate is another's too."""
        token, registered = self._registered(text, at, partners)
        shown = peer.thumbprint if peer else ""
        if token.thumbprint and token.thumbprint != shown:
            raise bad_token("bound-to-another-certificate")
        if partner is not None and partner.id != registered.partner.id:
            raise bad_token("of-another-partner-than-the-certificate")
        if peer is not None and partner is None and not token.thumbprint:
            raise bad_token("with-a-certificate-of-nobody")
        return registered, token

    def _token(self, text: str, at: datetime) -> Token:
        """Return a token whose signature is right. What was read once is kept: a signature costs more than a read."""
        digest = sha256(text.encode()).digest()
        found = self._read.get(digest)
        if found is not None:
            if found.expires <= at.timestamp():
                raise bad_token("expired")
            return found
        if self.keys is None:
            raise bad_token("no-tokens-here")
        token = self.issuer.read(text, self.keys.now(), at)
        self._read[digest] = token
        if len(self._read) > _MOST_TOKENS:
            self._read.popitem(last=False)
        return token
