"""Tokens for machines: a client proves who it is by what it signs, or an issuer that the operator lists says who asks;
it is granted what it asks and is registered for.

https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html, https://www.rfc-editor.org/rfc/rfc6749#section-4.4
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

from gateway.access.assertions import Assertion, InvalidClient
from gateway.access.partners import Registered
from gateway.access.peers import PeerCertificate
from gateway.access.policy import Caller
from gateway.access.scopes import granted, problem, read
from gateway.access.tokens import OF_ANOTHER, SECONDS, Token
from gateway.access.unknown import NotKnown
from gateway.store import tokens

if TYPE_CHECKING:
    from gateway.identities import Identities
    from gateway.store import Store

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Error = Literal[
    "invalid_request", "invalid_client", "invalid_grant", "invalid_scope", "unsupported_grant_type",
    "unauthorized_client",
]  # fmt: skip

_SECRETS = ("client_secret", "password", "username")


class Refused(Exception):
    """No token is given. `error` and `said` are answered; `reason` is for the log and the audit alone.

    https://www.rfc-editor.org/rfc/rfc6749#section-5.2
    """

    def __init__(self, error: Error, said: str, reason: str = "", caller: Caller | None = None) -> None:
        super().__init__(error)
        self.error, self.said, self.reason, self.caller = error, said, reason or error, caller

    @property
    def status(self) -> HTTPStatus:
        """Return the status it is answered with."""
        return HTTPStatus.UNAUTHORIZED if self.error == "invalid_client" else HTTPStatus.BAD_REQUEST


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, as it is given out, with the client that it is given to."""

    token: Token
    text: str
    kid: str
    caller: Caller


@dataclass(frozen=True, slots=True)
class Desk:
    """Where tokens are asked for."""

    identities: Identities
    store: Store
    new_id: Callable[[], str]

    def grant(self, form: Mapping[str, str], peer: PeerCertificate | None, at: datetime) -> Granted:
        """Return a token. Raises Refused, NotKnown, TooManyRequests, ResourceNotFound, Unavailable."""
        keys = self.identities.signing_keys()
        grants = self.identities.grants
        if form.get("grant_type") not in grants:
            given = "grant_type" in form
            said = f"grant_type must be {' or '.join(grants)}"
            raise Refused("unsupported_grant_type" if given else "invalid_request", said)
        asked = tuple(form.get("scope", "").split())
        if form["grant_type"] == OF_ANOTHER:
            registered, most = self._of_another(form, peer, at)
        else:
            registered, most = self.client(form, peer, at), None
        _check_queries(asked, registered.partner.caller(()))
        scopes = granted(asked if most is None else granted(asked, tuple(most.split())), registered.scopes)
        caller = registered.partner.caller(scopes)
        if not scopes:
            raise Refused("invalid_scope", "nothing of what is asked is registered for this client", caller=caller)
        now = int(at.timestamp())
        bound = peer.thumbprint if peer else ""
        token = Token(registered.client.id, scopes, self.new_id(), now, now + SECONDS, bound)
        kid = keys.signing(at).kid
        return Granted(token, self.identities.issuer.sign(token, keys), kid, caller)

    def client(self, form: Mapping[str, str], peer: PeerCertificate | None, at: datetime) -> Registered:
        """Return the client that proves to be one. Raises what `grant` raises."""
        if form.get("client_assertion_type") != JWT_BEARER or not form.get("client_assertion"):
            raise Refused("invalid_client", f"a client signs a client_assertion, of client_assertion_type {JWT_BEARER}")
        if any(name in form for name in _SECRETS):
            raise Refused("invalid_client", "a client signs, and has no secret")
        try:
            assertion = Assertion.read(form["client_assertion"], self.identities.issuer.token_url, at)
            if form.get("client_id", assertion.client_id) != assertion.client_id:
                raise InvalidClient("client_id-of-another")  # noqa: TRY301 - all that is wrong is answered alike
            registered = self._proved(assertion, at)
            self._agrees(registered, peer, at)
            self._use(assertion, at)
        except InvalidClient as error:
            raise Refused("invalid_client", _NOT_PROVED, error.reason) from error
        self.identities.rates.take(registered.partner.id, registered.partner.rate)
        return registered

    def _of_another(
        self, form: Mapping[str, str], peer: PeerCertificate | None, at: datetime
    ) -> tuple[Registered, str | None]:
        """Return of whom another issuer says that it asks, and for what at most. Raises what `grant` raises."""
        outside, registry = self.identities.outside, self.identities.registry
        if not form.get("assertion"):
            raise Refused("invalid_request", "assertion is missing")
        if outside is None or "client_assertion" in form or any(name in form for name in _SECRETS):
            raise Refused("invalid_request", "the assertion alone says who asks: nothing else proves it")
        try:
            found = outside.asserted(form["assertion"], self.identities.issuer.token_url, registry.partners(), at)
            registered = found.registered
            if form.get("client_id", registered.client.id) != registered.client.id:
                raise InvalidClient("client_id-of-another")  # noqa: TRY301 - all that is wrong is answered alike
            self._agrees(registered, peer, at)
            outside.use(found, at)
        except (InvalidClient, NotKnown) as error:
            raise Refused("invalid_grant", _NOT_ASSERTED, error.reason) from error
        self.identities.rates.take(registered.partner.id, registered.partner.rate)
        return registered, found.scope

    def _proved(self, assertion: Assertion, at: datetime) -> Registered:
        """Return the client whose key signed the assertion. InvalidClient."""
        registered = self.identities.registry.partners().by_client(assertion.client_id)
        if registered is None:
            raise InvalidClient("unknown-client")
        key = self.identities.client_keys.key(registered.client, assertion.signed.kid, at)
        if key is None:
            raise InvalidClient("unknown-key")
        assertion.verify(key)
        return registered

    def _agrees(self, registered: Registered, peer: PeerCertificate | None, at: datetime) -> None:
        """Raise InvalidClient when the certificate is another partner's; NotKnown when it is not good."""
        partner = self.identities.partner_of(peer, at) if peer else None
        if partner is not None and partner.id != registered.partner.id:
            raise InvalidClient("certificate-of-another-partner")

    def _use(self, assertion: Assertion, at: datetime) -> None:
        """Raise InvalidClient for an assertion that was used before, at whichever node."""
        jti = sha256(assertion.jti.encode()).hexdigest()  # whatever a client calls it
        with self.store.changing() as db:
            is_new = tokens.use(db, assertion.client_id, jti, assertion.expires, int(at.timestamp()))
        if not is_new:
            raise InvalidClient("used-before")


def _check_queries(asked: Iterable[str], caller: Caller) -> None:
    """Raise Refused for a scope of ours with a query that no scope can have: passed over, nobody would know why."""
    for word in asked:
        scope = read(word)
        if scope is not None and (why := problem(scope)):
            said = f"the query of a scope of {scope.type} cannot be one: {why}"
            raise Refused("invalid_scope", _UNWRITTEN.sub("'", said), "scope-with-another-query", caller)


_UNWRITTEN = re.compile(r"[^ !#-\[\]-~]")  # https://www.rfc-editor.org/rfc/rfc6749#section-5.2
_NOT_ASSERTED = (
    "the assertion is not taken: it must be signed now with a published key of an issuer that is listed here, for this "
    "address alone, for 300 seconds at most, name a partner that is registered, and be used once"
)
_NOT_PROVED = (
    "the client_assertion does not prove that it is of a client that is registered here: it must be signed now with a "
    "registered key, for this address alone, for 300 seconds at most, and be used once"
)
