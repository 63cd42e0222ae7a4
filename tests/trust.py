"""A gateway that knows its partners: authorities, certificates, registered partners, and what they sign."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from gateway.access import registered_names
from gateway.access.certificates import CareProvider, Pair, authority, client, server
from gateway.access.partners import CertificateName, Client, KeySet, Partner
from gateway.access.peers import PeerCertificate
from gateway.access.policy import development_caller
from gateway.access.signing_keys import rotate
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.transact.partners import add, change, disabled
from gateway.validation import Validator
from tests.conftest import library

DUINRAND = CareProvider("Ziekenhuis Duinrand (test)", "900000001", "00000001", "06999901")
GOUWE = CareProvider("Zorggroep Gouwe (test)", "900000003", "00000003", "41999902")
EVERYTHING = ("system/*.cruds",)
ECKEY, RSAKEY = ECKey.generate_key("P-256"), RSAKey.generate_key(2048)
EC384 = ECKey.generate_key("P-384")


def jwk(key: ECKey | RSAKey, kid: str) -> dict[str, Any]:
    """Return the public half of a key, as it is registered."""
    return {**key.as_dict(private=False), "kid": kid}


KEYS = {"keys": [jwk(ECKEY, "ec"), jwk(EC384, "ec384"), jwk(RSAKEY, "rsa")]}


def peer(pair: Pair) -> PeerCertificate:
    return PeerCertificate.read(pair.certificate.public_bytes(Encoding.DER))


def partner(id_: str, pair: Pair | None = None, **more: Any) -> Partner:
    """Return a partner that is known by the issuer and subject of a certificate, and by a client of its name."""
    names = (CertificateName(issuer=peer(pair).issuer, subject=peer(pair).subject),) if pair else ()
    said = {
        "name": id_.capitalize(),
        "kind": "ziekenhuis",
        "certificates": names,
        "clients": (Client(id=f"{id_}-ehr", keys=(KeySet(jwks=KEYS),)),),
        "scopes": EVERYTHING,
    }
    return Partner(id=id_, **(said | more))


def hospital(certificate: Path) -> Partner:
    """Return a partner that is known by the certificate in a file, sends as `dev` and may do everything."""
    name = registered_names.of_pem(certificate.read_text(encoding="ascii"))
    return partner("hospital", certificates=(name,), providers=("dev",), rate=100_000)


def register(database: str, *partners: Partner) -> None:
    """Put partners into a store, as another process would."""
    with registry(database) as to:
        add(partners, development_caller(), to, replace=True)


def disable(database: str, id_: str) -> None:
    """Disable a partner, as another process would."""
    with registry(database) as to:
        change(id_, "disabled", disabled, development_caller(), to)


@contextmanager
def registry(database: str) -> Iterator[Services]:
    store = open_store(database, durability="normal", renew=True)
    try:
        yield Services(
            Settings(database=database), store, Validator(), library(), lambda: datetime.now(UTC), lambda: str(uuid4())
        )
    finally:
        store.close()


def crl(signer: Pair, *serials: int) -> bytes:
    """Return the list of what an authority revoked."""
    now = datetime.now(UTC)
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    builder = builder.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=7))
    for serial in serials:
        one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now - timedelta(hours=1)).build()
        builder = builder.add_revoked_certificate(one)
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.PEM)


@dataclass(frozen=True)
class World:
    """A folder with an authority, the certificates it signed, and the keys of a gateway."""

    folder: Path
    signer: Pair
    pairs: dict[str, Pair] = field(default_factory=dict)
    _contexts: dict[str | None, ssl.SSLContext] = field(default_factory=dict)

    @classmethod
    def made(cls, folder: Path) -> World:
        """Make one: a server, two hospitals' clients, a list that revokes nobody, and a key for tokens."""
        now = datetime.now(UTC)
        world = cls(folder, authority(now))
        (folder / "ca.pem").write_bytes(world.signer.certificate_pem)
        (folder / "crl.pem").write_bytes(crl(world.signer))
        world.keep("server", server(world.signer, now))
        rotate(folder / "keys", now)
        return world

    def keep(self, name: str, pair: Pair) -> Pair:
        """Write a certificate and its key, by which a client shows it."""
        (self.folder / f"{name}.pem").write_bytes(pair.certificate_pem)
        (self.folder / f"{name}.key").write_bytes(pair.key_pem)
        self.pairs[name] = pair
        return pair

    def client(self, name: str, provider: CareProvider | None = None, *, signer: Pair | None = None) -> Pair:
        """Make and write the certificate of a client; its subject is its name, or that of the provider."""
        return self.keep(name, client(signer or self.signer, datetime.now(UTC), provider, name))

    def shown(self, name: str) -> tuple[str, str]:
        """Return the files of a certificate, as `requests` takes them."""
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def session(self, name: str | None = None) -> requests.Session:
        """Return a client that trusts our authority alone, and shows a certificate or none."""
        session = requests.Session()
        session.trust_env = False  # a bundle named in the environment would go before ours
        session.verify = str(self.folder / "ca.pem")
        session.cert = self.shown(name) if name else None
        return session

    def context(self, name: str | None = None) -> ssl.SSLContext:
        """Return what shakes hands as `session` does, over any socket."""
        if name not in self._contexts:
            self._contexts[name] = ssl.create_default_context(cafile=self.folder / "ca.pem")
            if name:
                self._contexts[name].load_cert_chain(*self.shown(name))
        return self._contexts[name]

    def revoke(self, *names: str) -> None:
        """Put certificates on the list, in one step."""
        aside = self.folder / "crl.new"
        aside.write_bytes(crl(self.signer, *(self.pairs[name].certificate.serial_number for name in names)))
        aside.replace(self.folder / "crl.pem")

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of a gateway that knows its clients by all this."""
        files = {
            "TLS_CERTIFICATE": "server.pem",
            "TLS_KEY": "server.key",
            "TLS_CLIENT_CA": "ca.pem",
            "TLS_CLIENT_CRL": "crl.pem",
            "TOKEN_KEYS": "keys",
        }
        return {name: str(self.folder / file) for name, file in files.items()}


def assertion(audience: str, at: datetime, *, client_id: str = "duinrand-ehr", **more: Any) -> str:
    """Return what a client signs to ask for a token; `more` replaces claims, None leaves one out."""
    now = int(at.timestamp())
    claims = {"iss": client_id, "sub": client_id, "aud": audience, "exp": now + 300, "iat": now, "jti": str(uuid4())}
    return signed({key: value for key, value in (claims | more).items() if value is not None})


def signed(claims: Any, key: Any = ECKEY, algorithm: str = "ES256", kid: str | None = "ec", **header: Any) -> str:
    """Return claims signed by a client."""
    said = {"alg": algorithm, "typ": "JWT", "kid": kid} | header
    protected = {name: value for name, value in said.items() if value is not None}
    content = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jws.serialize_compact(protected, content, key, [algorithm])
