"""Tokens that others gave to partners, and what they assert of them at the token endpoint: of issuers that the operator
lists, checked as those of the gateway are.

What a header says of keys leads nowhere: a certificate in it must be signed by an authority of the issuer's, and be
that of the issuer or name the partner; the address of keys is the operator's.
https://www.rfc-editor.org/rfc/rfc9068#section-4, https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, NamedTuple

from gateway.access import signed_json
from gateway.access.assertions import SECONDS, SKEW
from gateway.access.issuers import OF_CERTIFICATE, OutsideIssuer
from gateway.access.partners import ITSELF, Partner, Partners, Registered
from gateway.access.peers import PeerCertificate
from gateway.access.scopes import granted
from gateway.access.signed_json import Signed, is_name, moment
from gateway.access.trusted import Trusted
from gateway.access.unknown import NotKnown, bad_token
from gateway.access.watched import Watched
from gateway.identities.published_keys import Key, PublishedKeys
from gateway.store import tokens

if TYPE_CHECKING:
    from gateway.access.policy import Caller
    from gateway.store import Store

_MOST_CERTIFICATES = 5


class Signer(NamedTuple):
    """Who signed a token: the key, and the URA in the certificate where there is one."""

    key: Key
    ura: str | None = None


class Asserted(NamedTuple):
    """What an issuer says: who asks, and (None: anything) for what at most."""

    registered: Registered
    issuer: OutsideIssuer
    claims: Mapping[str, Any]
    expires: int
    scope: str | None


@dataclass(frozen=True, slots=True)
class Outside:
    """The issuers by their names; `trusted` are the authorities of those that show certificates."""

    issuers: Mapping[str, OutsideIssuer]
    trusted: Mapping[str, Watched[Trusted]]
    published: PublishedKeys
    store: Store

    def caller(
        self, text: str, peer: PeerCertificate | None, partners: Partners, at: datetime
    ) -> tuple[Partner, Caller]:
        """Return for whom a token is, and the partner as who asks. Raises NotKnown, Unavailable."""
        issuer = self.issuers[signed_json.issuer_of(text)]
        if issuer.kind == "jwt-bearer":
            raise bad_token("of-the-token-endpoint")
        signed, signer = self._verified(text, issuer, at)
        claims = signed.claims
        expires = _expires(claims, issuer, at)
        if claims.get("iss") != issuer.issuer or claims.get("aud") not in (issuer.audience, [issuer.audience]):
            raise bad_token("for-another-audience")
        bound = claims.get("cnf")
        if bound is not None and (not isinstance(bound, dict) or _thumbprint(peer) != bound.get("x5t#S256")):
            raise bad_token("bound-to-another-certificate")
        partner, registered = _partner(claims, issuer, signer, partners)
        self._use(claims, issuer, expires, at)
        asked = claims.get("scope")
        scopes = granted(tuple(asked.split()) if isinstance(asked, str) else (), registered)
        return partner, partner.caller(scopes, f"token of {issuer.issuer}")

    def asserted(self, text: str, audience: str, partners: Partners, at: datetime) -> Asserted:
        """Return of whom an issuer says that it asks for a token at `audience`. Raises NotKnown, Unavailable.

        https://www.rfc-editor.org/rfc/rfc7523#section-3
        """
        issuer = self.issuers.get(signed_json.issuer_of(text))
        if issuer is None or issuer.kind != "jwt-bearer":
            raise bad_token("of-another-issuer")
        signed, _ = self._verified(text, issuer, at)
        claims = signed.claims
        expires = _expires(claims, issuer, at)
        if expires > at.timestamp() + SECONDS:
            raise bad_token("good-for-too-long")
        if claims.get("iss") != issuer.issuer or claims.get("aud") not in (audience, [audience]):
            raise bad_token("for-another-audience")
        registered = _registered(claims, issuer, partners)
        scope = claims.get("scope")
        return Asserted(registered, issuer, claims, expires, scope if isinstance(scope, str) else None)

    def use(self, asserted: Asserted, at: datetime) -> None:
        """Raise NotKnown for an assertion that was used before, at whichever node. Raises Unavailable."""
        self._use(asserted.claims, asserted.issuer, asserted.expires, at)

    def _verified(self, text: str, issuer: OutsideIssuer, at: datetime) -> tuple[Signed, Signer]:
        """Return a token that is signed by who may sign for an issuer, and that. NotKnown."""
        by_certificate = issuer.kind == "x5c"
        passed_over = signed_json.DIGESTS | ({"x5c"} if by_certificate else set())
        signed = signed_json.read(
            text, issuer.algorithms, issuer.types, bad_token, passed_over=passed_over, is_named=not by_certificate
        )
        signer = self._of_certificate(signed, issuer, at) if by_certificate else self._published(signed, issuer)
        signed_json.verify(signed, signer.key, bad_token)
        return signed, signer

    def _published(self, signed: Signed, issuer: OutsideIssuer) -> Signer:
        key = self.published.at(issuer.jwks_url, signed.kid)
        if key is None:
            raise bad_token("unknown-key")
        return Signer(key)

    def _of_certificate(self, signed: Signed, issuer: OutsideIssuer, at: datetime) -> Signer:
        """Return who signed, by the first certificate in the header. NotKnown for one that is not to be believed."""
        try:
            peer = PeerCertificate.read(_first(signed.header.get("x5c")))
            trusted = self.trusted[issuer.issuer].now()
            trusted.check_signed(peer, at)
            trusted.check(peer, at)
        except NotKnown as error:
            raise bad_token(error.reason) from error
        wanted = issuer.certificate
        names = (f"spki:{peer.spki}", f"{peer.issuer}\n{peer.subject}", f"uzi:{peer.ura}\n{peer.issuer}")
        if wanted is not None and (wanted.key not in names or not wanted.is_good(at)):
            raise bad_token("signed-by-another")
        return Signer(_key_of(peer), peer.ura)

    def _use(self, claims: Mapping[str, Any], issuer: OutsideIssuer, expires: int, at: datetime) -> None:
        """Raise NotKnown for a token that is taken once, and was."""
        if not issuer.once:
            return
        if not is_name(claims.get("jti")):
            raise bad_token("no-jti")
        jti = sha256(claims["jti"].encode()).hexdigest()
        with self.store.changing() as db:
            is_first = tokens.use(db, f"issuer:{issuer.issuer}", jti, expires, int(at.timestamp()))
        if not is_first:
            raise bad_token("used-before")


def _first(chain: object) -> bytes:
    """Return the first certificate of `x5c`. NotKnown. https://www.rfc-editor.org/rfc/rfc7515#section-4.1.6"""
    if not isinstance(chain, list) or not 1 <= len(chain) <= _MOST_CERTIFICATES or not isinstance(chain[0], str):
        raise NotKnown("no-certificate-in-header")
    try:
        return b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotKnown("no-certificate-in-header") from error


def _key_of(peer: PeerCertificate) -> Key:
    """Return the key of a certificate, as JWK. NotKnown for one that signs nothing here."""
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415 - 50 ms to load
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - as above
    from joserfc.jwk import RSAKey  # noqa: PLC0415 - 60 ms to load, and only where there are tokens

    found = peer.x509.public_key()
    if not isinstance(found, RSAPublicKey) or found.key_size < 2048:
        raise bad_token("key-does-not-fit")
    return RSAKey.import_key(found.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).as_dict(private=False)


def _expires(claims: Mapping[str, Any], issuer: OutsideIssuer, at: datetime) -> int:
    """Return until when a token is good. NotKnown when that is over, too far away, or not begun."""
    now = at.timestamp()
    expires, issued = moment(claims, "exp", bad_token), moment(claims, "iat", bad_token)
    begins = moment(claims, "nbf", bad_token) or 0
    if expires is None or issued is None:
        raise bad_token("without-end-or-beginning")
    if expires <= now:
        raise bad_token("expired")
    if expires - issued > issuer.seconds:
        raise bad_token("good-for-too-long")
    if max(issued, begins) > now + SKEW:
        raise bad_token("of-the-future")
    return expires


def _partner(
    claims: Mapping[str, Any], issuer: OutsideIssuer, signer: Signer, partners: Partners
) -> tuple[Partner, tuple[str, ...]]:
    """Return for whom a token is, with the scopes that are registered. NotKnown for who is no partner, or not meant."""
    said = signer.ura if issuer.partner == OF_CERTIFICATE else claims.get(issuer.partner)
    if not isinstance(said, str):
        raise bad_token("of-nobody")
    client, partner = partners.by_client(said), partners.by_ura(said)
    found = (client.partner, client.scopes) if client else (partner, partner.scopes) if partner else None
    if found is None:
        raise bad_token("of-no-partner")
    if issuer.partners and found[0].id not in issuer.partners:
        raise bad_token("of-a-partner-that-is-not-this-issuers")
    return found


def _registered(claims: Mapping[str, Any], issuer: OutsideIssuer, partners: Partners) -> Registered:
    """Return the client, or the partner by its id or URA, that a claim names. NotKnown for any other."""
    said = claims.get(issuer.partner)
    if not isinstance(said, str) or not is_name(said) or said.startswith(ITSELF):
        raise bad_token("of-nobody")
    partner = partners.get(said) or partners.by_ura(said)
    found = partners.by_client(f"{ITSELF}{partner.id}" if partner else said)
    if found is None:
        raise bad_token("of-no-partner")
    if issuer.partners and found.partner.id not in issuer.partners:
        raise bad_token("of-a-partner-that-is-not-this-issuers")
    return found


def _thumbprint(peer: PeerCertificate | None) -> str:
    return peer.thumbprint if peer else ""
