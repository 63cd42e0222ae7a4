"""Who the gateway works with: each partner, what it is known by, and what it may.

Only public keys and names of certificates are kept; there is no secret in any of this. `Partners` finds a partner in
the same time however many there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from gateway.access import sight
from gateway.access.peers import PeerCertificate
from gateway.access.policy import Caller

ITSELF = "@"
"""Begins the name of the client that a partner is by itself, where another issuer says that it asks: it has no keys."""

RATE = 600
"""Requests a minute, where nothing else is registered."""


class Followed(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What may be followed by another one: from `until` on it is not good any more."""

    until: datetime | None = None

    def is_good(self, at: datetime) -> bool:
        """Return whether it is good at a moment."""
        return self.until is None or at < self.until


class CertificateName(Followed, frozen=True, omit_defaults=True, kw_only=True):
    """What a certificate is known by: its issuer and subject (RFC 4514), or the SHA-256 of its public key.

    Or by the URA (`uzi`) that the UZI register names in a server certificate of `issuer`, whichever that is.
    """

    issuer: str = ""
    subject: str = ""
    spki: str = ""
    uzi: str = ""

    @property
    def key(self) -> str:
        """Return what no other partner has."""
        if self.uzi:
            return f"uzi:{self.uzi}\n{self.issuer}"
        return f"spki:{self.spki}" if self.spki else f"{self.issuer}\n{self.subject}"


class KeySet(Followed, frozen=True, omit_defaults=True, kw_only=True):
    """The public keys a client signs with: the JWKS itself, or where it is. https://www.rfc-editor.org/rfc/rfc7517"""

    jwks: dict[str, Any] | None = None
    url: str = ""


class Client(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A client of the token endpoint. Without `scopes` it has those of its partner."""

    id: str
    keys: tuple[KeySet, ...]
    scopes: tuple[str, ...] = ()
    disabled: bool = False

    def keys_at(self, at: datetime) -> tuple[KeySet, ...]:
        """Return the keys that are good at a moment."""
        return tuple(one for one in self.keys if one.is_good(at))


class Connection(Struct, frozen=True):
    """Where a partner is reached: the code of the kind of connection, and its address.

    https://hl7.org/fhir/R4/valueset-endpoint-connection-type.html
    """

    type: str
    address: str


class Partner(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One partner.

    `kind` is a code of `profiles/CodeSystem-partner-kind.json`; `providers` the names under which it may send messages;
    `sees` the resource types that it may read and write, or searches that those must match (`gateway.access.sight`),
    None for all that its scopes allow; `rate` the requests that it may make in a minute; `test` is whether it is there
    for tests alone.
    """

    id: str
    name: str
    kind: str
    ura: str = ""
    agb: str = ""
    oin: str = ""
    regions: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    certificates: tuple[CertificateName, ...] = ()
    clients: tuple[Client, ...] = ()
    scopes: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    sees: tuple[str, ...] | None = None
    rate: int = RATE
    endpoints: tuple[Connection, ...] = ()
    test: bool = False
    disabled: bool = False

    @property
    def code(self) -> str:
        """Return what it is called as the owner of what it made: its URA, or the id that it is registered under."""
        return self.ura or self.id

    def caller(self, scopes: Iterable[str] | None = None, known_by: str = "") -> Caller:
        """Return this partner as who asks: with the scopes it was granted, or those that are registered.

        `known_by` names the certificate or token that says that it is this partner.
        """
        types, conditions = (None, {}) if self.sees is None else sight.read(self.sees)
        return Caller(
            organisation=self.code,
            name=self.name,
            providers=frozenset(self.providers),
            types=types,
            conditions=conditions,
            partner=self.id,
            ura=self.ura or None,
            scopes=frozenset(self.scopes if scopes is None else scopes),
            networks=frozenset(self.networks),
            regions=frozenset(self.regions),
            role=self.kind,
            known_by=known_by,
        )


class Registered(NamedTuple):
    """A client with the partner whose it is."""

    partner: Partner
    client: Client

    @property
    def scopes(self) -> tuple[str, ...]:
        """Return the scopes that are registered for this client."""
        return self.client.scopes or self.partner.scopes


class Partners:
    """All partners at one moment, by everything that one is known by. What is disabled is not found but by its id."""

    def __init__(self, partners: Iterable[Partner] = ()) -> None:
        self._all = {one.id: one for one in partners}
        self._callers: dict[tuple[str, str], Caller] = {}
        active = [one for one in self._all.values() if not one.disabled]
        self._certificates = {name.key: (one, name) for one in active for name in one.certificates}
        self._clients = {
            client.id: Registered(one, client) for one in active for client in one.clients if not client.disabled
        }
        self._uras = {one.ura: one for one in active if one.ura}
        self._providers: dict[str, list[Partner]] = {}
        for one in active:
            for name in one.providers:
                self._providers.setdefault(name, []).append(one)

    def __len__(self) -> int:
        return len(self._all)

    def __iter__(self) -> Iterator[Partner]:
        return iter(self._all.values())

    def get(self, id_: str) -> Partner | None:
        """Return a partner by its id, also one that is disabled."""
        return self._all.get(id_)

    def by_certificate(self, peer: PeerCertificate, at: datetime) -> Partner | None:
        """Return whose certificate this is, if it is good at that moment."""
        for key in (f"spki:{peer.spki}", f"{peer.issuer}\n{peer.subject}", f"uzi:{peer.ura}\n{peer.issuer}"):
            found = self._certificates.get(key)
            if found is not None and found[1].is_good(at):
                return found[0]
        return None

    def caller(self, partner: Partner, peer: PeerCertificate) -> Caller:
        """Return one of these partners as who asks with a certificate of its own; the same one each time."""
        key = partner.id, peer.thumbprint
        found = self._callers.get(key)
        if found is None:
            found = self._callers[key] = partner.caller(known_by=f"certificate {peer.thumbprint}")
        return found

    def by_client(self, client_id: str) -> Registered | None:
        """Return a client of the token endpoint, or the partner itself as one."""
        if not client_id.startswith(ITSELF):
            return self._clients.get(client_id)
        partner = self.get(client_id.removeprefix(ITSELF))
        return Registered(partner, Client(id=client_id, keys=())) if partner and not partner.disabled else None

    def by_ura(self, ura: str) -> Partner | None:
        """Return the partner that has this URA."""
        return self._uras.get(ura)

    def by_provider(self, name: str) -> Sequence[Partner]:
        """Return the partners that may send as a provider."""
        return self._providers.get(name, ())


NOBODY = Partners()

_DECODER = msgspec.json.Decoder(Partner)  # made at import: see gateway.fhir.tables


def decode(content: bytes) -> Partner:
    """Return a partner as it was encoded."""
    return _DECODER.decode(content)


def encode(partner: Partner) -> bytes:
    """Return a partner as it is kept."""
    return msgspec.json.encode(partner)
