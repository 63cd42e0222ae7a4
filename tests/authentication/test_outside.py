"""Tokens of other issuers, by a certificate in the header or by published keys: a table, on both databases."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask.testing import FlaskClient
from joserfc.jwk import ECKey, RSAKey

from gateway.access import issuers
from gateway.access.certificates import Pair, authority, client
from gateway.access.policy import development_caller
from gateway.app import create_app
from gateway.errors import BadSettings
from gateway.mapping import documents
from gateway.notify.endpoints import Allowed
from gateway.notify.outward import Outward
from gateway.services import Services
from gateway.transact.partners import add
from tests.authentication.asking import BASE, Clock, audited, shown
from tests.openid import OpenId, openid
from tests.trust import DUINRAND, GOUWE, World, crl, partner, signed

AS = "https://as.example"
CARE = "https://care.example"
SCOPE = "system/Slot.rs"


@dataclass(frozen=True)
class Signs:
    """A certificate with an RSA key, and what is signed with it."""

    certificate: x509.Certificate
    key: RSAKey

    @classmethod
    def by(cls, signer: Pair, like: Pair, days: int = 30) -> Signs:
        """Return one with the subject and names of another certificate."""
        key = rsa.generate_private_key(65537, 2048)
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder().subject_name(like.certificate.subject)
        builder = builder.issuer_name(signer.certificate.subject).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=60)).not_valid_after(now + timedelta(days=days))
        for one in like.certificate.extensions:
            if not isinstance(one.value, x509.SubjectKeyIdentifier | x509.AuthorityKeyIdentifier):
                builder = builder.add_extension(one.value, one.critical)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return cls(builder.sign(signer.key, hashes.SHA256()), RSAKey.import_key(pem))

    @property
    def shown(self) -> str:
        return b64encode(self.certificate.public_bytes(Encoding.DER)).decode()


@dataclass(frozen=True)
class Others:
    """Who signs, and where keys stand."""

    world: World
    server: Signs
    hospital: Signs
    provider: OpenId


@pytest.fixture(scope="module")
def signers(world: World) -> tuple[Signs, Signs]:
    now = datetime.now(UTC)
    own = Signs.by(world.signer, client(world.signer, now, None, "as"))
    return own, Signs.by(world.signer, client(world.signer, now, DUINRAND, "hospital"))


@pytest.fixture
def others(world: World, signers: tuple[Signs, Signs]) -> Iterator[Others]:
    with openid(world.folder, "") as provider:
        yield Others(world, *signers, provider)


def entry_of_as(others: Others, **more: Any) -> dict[str, Any]:
    name = others.server.certificate
    said = {
        "issuer": AS,
        "kind": "x5c",
        "authorities": str(others.world.folder / "ca.pem"),
        "revoked": str(others.world.folder / "crl.pem"),
        "certificate": {"issuer": name.issuer.rfc4514_string(), "subject": name.subject.rfc4514_string()},
        "partner": "ura",
    }
    return {name: value for name, value in (said | more).items() if value is not None}


def write(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "issuers.yaml"
    path.write_text(yaml.safe_dump({"issuers": list(entries)}, sort_keys=False), encoding="utf-8")
    return path


@pytest.fixture
def served(to: Services, others: Others, tmp_path: Path) -> Services:
    keys = {"issuer": others.provider.issuer, "kind": "jwks", "jwks_url": f"{others.provider.issuer}/jwks"}
    care = entry_of_as(others, issuer=CARE, partner="certificate", certificate=None)
    path = write(tmp_path, entry_of_as(others), care, keys | {"partner": "client_id", "once": True, "seconds": 900})
    add(
        [
            partner("duinrand", ura="00000001", scopes=(SCOPE, "system/Location.r")),
            partner("gouwe", others.world.pairs["gouwe"], ura="00000003", scopes=("system/Location.rs",)),
        ],
        development_caller(),
        to,
        replace=True,
    )
    outward = Outward(Allowed(frozenset({others.provider.issuer})), authorities=others.world.folder / "ca.pem")
    return replace(to, settings=replace(to.settings, issuers=path), outward=outward)


@pytest.fixture
def asked(served: Services) -> FlaskClient:
    return create_app(served).test_client()


def claims(clock: Clock, **more: Any) -> dict[str, Any]:
    own = {"iss": AS, "aud": BASE, "ura": "00000001", "scope": SCOPE, "iat": clock.seconds, "exp": clock.seconds + 300}
    return {name: value for name, value in (own | {"jti": "one"} | more).items() if value is not None}


def of_as(others: Others, clock: Clock, header: Any = None, signer: Signs | None = None, **more: Any) -> str:
    """Return a token as AORTA's look."""
    by = signer or others.server
    said = {"typ": "aorta-st+JWT", "x5c": [by.shown]} | (header or {})
    key, algorithm = said.pop("key", by.key), said.pop("algorithm", "RS256")
    kid = said.pop("kid", None)
    return signed(claims(clock, **more), key, algorithm, kid, **said)


def published(others: Others, clock: Clock, header: Any = None, key: Any = None, **more: Any) -> str:
    """Return a token as those of Nuts look."""
    said = {"iss": others.provider.issuer, "client_id": "duinrand-ehr", "ura": None} | more
    how = {"kid": "own", "typ": "at+jwt"} | (header or {})
    return signed(claims(clock, **said), key or others.provider.key, "ES256", **how)


def status(asked: FlaskClient, token: str, path: str = "/fhir/Slot", **headers: str) -> int:
    return asked.get(path, headers={"Authorization": f"Bearer {token}"} | headers).status_code


GOOD: dict[str, dict[str, Any]] = {
    "as it should": {},
    "typ in small letters": {"header": {"typ": "aorta-st+jwt"}},
    "typ in full": {"header": {"typ": "application/aorta-st+jwt"}},
    "aud in a list": {"aud": [BASE]},
    "no jti": {"jti": None},
    "more than is registered": {"scope": f"{SCOPE} system/Patient.rs openid"},
    "the client instead of the URA": {"ura": "duinrand-ehr"},
    "a digest of the certificate": {"header": {"x5t": "AAAA"}},
    "a kid": {"header": {"kid": "any"}},
}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "another audience": ({"aud": "https://other.example/fhir"}, "for-another-audience"),
    "two audiences": ({"aud": [BASE, "https://other.example/fhir"]}, "for-another-audience"),
    "no audience": ({"aud": None}, "for-another-audience"),
    "expired": ({"exp": -1}, "expired"),
    "good for too long": ({"exp": 301}, "good-for-too-long"),
    "no exp": ({"exp": None}, "without-end-or-beginning"),
    "no iat": ({"iat": None}, "without-end-or-beginning"),
    "of the future": ({"iat": 62, "exp": 200}, "of-the-future"),
    "nbf of the future": ({"nbf": 62}, "of-the-future"),
    "no URA": ({"ura": None}, "of-nobody"),
    "URA a number": ({"ura": 1}, "of-nobody"),
    "URA of nobody": ({"ura": "00000099"}, "of-no-partner"),
    "typ of another token": ({"header": {"typ": "at+jwt"}}, "wrong-type"),
    "no typ": ({"header": {"typ": None}}, "wrong-type"),
    "no certificate": ({"header": {"x5c": None}}, "no-certificate-in-header"),
    "no certificate at all": ({"header": {"x5c": []}}, "no-certificate-in-header"),
    "a certificate that is none": ({"header": {"x5c": ["AAAA"]}}, "certificate-unreadable"),
    "very many certificates": ({"header": {"x5c": ["AAAA"] * 6}}, "no-certificate-in-header"),
    "a certificate that is no base64": ({"header": {"x5c": ["&"]}}, "no-certificate-in-header"),
    "an address of keys": ({"header": {"jku": "https://evil.example/jwks"}}, "key-in-header"),
    "an address of certificates": ({"header": {"x5u": "https://evil.example/x"}}, "key-in-header"),
    "a key in the header": ({"header": {"jwk": {"kty": "RSA"}}}, "key-in-header"),
    "PS256": ({"header": {"algorithm": "PS256"}}, "algorithm-refused"),
    "bound to a certificate": ({"cnf": {"x5t#S256": "AAAA"}}, "bound-to-another-certificate"),
    "bound to nonsense": ({"cnf": "AAAA"}, "bound-to-another-certificate"),
}


def at_moment(more: dict[str, Any], clock: Clock) -> dict[str, Any]:
    """Return claims whose moments are seconds from now."""
    moments = {name: clock.seconds + value for name, value in more.items() if name in {"exp", "iat", "nbf"} and value}
    return more | moments


@pytest.mark.parametrize("case", GOOD)
def test_a_token_of_a_listed_issuer_is_taken(
    asked: FlaskClient, others: Others, clock: Clock, served: Services, case: str
) -> None:
    assert status(asked, of_as(others, clock, **GOOD[case])) == 200
    row = audited(served)[-1]
    assert (row["partner"], row["by"]) == ("duinrand", f"token of {AS}")


@pytest.mark.parametrize("case", BAD)
def test_any_other_is_not(asked: FlaskClient, others: Others, clock: Clock, served: Services, case: str) -> None:
    more, reason = BAD[case]
    assert status(asked, of_as(others, clock, **at_moment(more, clock))) == 401
    row = audited(served)[-1]
    assert (row["action"], row["parameters"]) == ("refused", [reason])


def test_scopes_are_what_is_asked_and_registered(asked: FlaskClient, others: Others, clock: Clock) -> None:
    everything = of_as(others, clock, scope="system/*.cruds")
    assert status(asked, everything) == 200
    assert status(asked, everything, "/fhir/Location") == 403  # read, and no search
    assert status(asked, everything, "/fhir/Patient") == 403
    assert status(asked, of_as(others, clock, scope="system/Location.rs")) == 403
    for scope in (None, "", 7, "patient/Slot.rs"):
        assert status(asked, of_as(others, clock, scope=scope)) == 403


def test_who_signs_is_looked_at(asked: FlaskClient, others: Others, clock: Clock) -> None:
    now, world = datetime.now(UTC), others.world
    stranger = authority(now, "msb-gateway development CA")  # another authority of the same name
    like = client(world.signer, now, None, "as")
    same_name_of_another = Signs.by(stranger, client(stranger, now, None, "as"))
    expired = Signs.by(world.signer, like, days=-1)
    own = Pair(others.server.certificate, world.signer.key)
    assert status(asked, of_as(others, clock, signer=Signs.by(world.signer, like))) == 200  # followed under its name
    for signer in (same_name_of_another, expired, others.hospital, Signs.by(own, like)):
        assert status(asked, of_as(others, clock, signer=signer)) == 401
    stolen = {"x5c": [others.server.shown], "key": others.hospital.key}
    assert status(asked, of_as(others, clock, header=stolen)) == 401  # the certificate without its key
    chain = {"x5c": [others.hospital.shown, others.server.shown]}
    assert status(asked, of_as(others, clock, header=chain)) == 401


def test_a_certificate_that_was_revoked_signs_nothing(
    served: Services, others: Others, clock: Clock, tmp_path: Path
) -> None:
    revoked = tmp_path / "revoked.pem"
    revoked.write_bytes(crl(others.world.signer, others.server.certificate.serial_number))
    path = write(tmp_path, entry_of_as(others, revoked=str(revoked)))
    strict = create_app(replace(served, settings=replace(served.settings, issuers=path))).test_client()
    assert status(strict, of_as(others, clock)) == 401
    path = write(tmp_path, entry_of_as(others, revoked=None))
    lax = create_app(replace(served, settings=replace(served.settings, issuers=path))).test_client()
    assert status(lax, of_as(others, clock)) == 200


def test_a_care_provider_signs_for_itself(asked: FlaskClient, others: Others, clock: Clock) -> None:
    own: dict[str, Any] = {"iss": CARE, "signer": others.hospital}
    assert status(asked, of_as(others, clock, **own)) == 200
    assert (
        status(asked, of_as(others, clock, **own | {"ura": "00000003"})) == 200
    )  # what it says of itself is not asked
    assert status(asked, of_as(others, clock, **own | {"signer": others.server})) == 401  # no URA in it
    gouwe = Signs.by(others.world.signer, client(others.world.signer, datetime.now(UTC), GOUWE, "g"))
    assert status(asked, of_as(others, clock, **own | {"signer": gouwe})) == 403  # another partner, with other scopes


def test_an_issuer_is_exactly_that(asked: FlaskClient, others: Others, clock: Clock, served: Services) -> None:
    for issuer in (f"{AS}/", "https://AS.example", "http://as.example", f"{AS}.evil.example", "", 7, None):
        assert status(asked, of_as(others, clock, iss=issuer)) == 401
    assert status(asked, of_as(others, clock, iss=others.provider.issuer)) == 401  # by the way of another
    assert status(asked, published(others, clock, iss=AS)) == 401
    assert audited(served)[-1]["action"] == "refused"


def test_a_certificate_beside_it_is_of_the_same_partner(asked: FlaskClient, others: Others, clock: Clock) -> None:
    token = of_as(others, clock)
    assert status(asked, token, **shown(others.world, "gouwe")) == 401
    assert status(asked, token, **shown(others.world, "nobody")) == 401


PUBLISHED: dict[str, tuple[dict[str, Any], int]] = {
    "as it should": ({}, 200),
    "typ JWT": ({"header": {"typ": "JWT"}}, 200),
    "good for a quarter of an hour": ({"exp": 900}, 200),
    "good for longer": ({"exp": 901}, 401),
    "no jti, which is wanted": ({"jti": None}, 401),
    "another client": ({"client_id": "who"}, 401),
    "a client of another": ({"client_id": "gouwe-ehr"}, 403),
    "no kid": ({"header": {"kid": None}}, 401),
    "another kid": ({"header": {"kid": "other"}}, 401),
    "a foreign key": ({"key": ECKey.generate_key("P-256")}, 401),
    "a certificate in the header": ({"header": {"x5c": ["AAAA"]}}, 401),
    "typ of AORTA": ({"header": {"typ": "aorta-st+jwt"}}, 401),
    "an address of keys": ({"header": {"jku": "https://evil.example/jwks"}}, 401),
}


@pytest.mark.parametrize("case", PUBLISHED)
def test_a_token_is_taken_by_published_keys(asked: FlaskClient, others: Others, clock: Clock, case: str) -> None:
    more, wanted = PUBLISHED[case]
    assert status(asked, published(others, clock, **at_moment(more, clock))) == wanted
    assert set(others.provider.asked) <= {"/jwks"}


def test_a_token_may_be_taken_once(asked: FlaskClient, others: Others, clock: Clock, served: Services) -> None:
    token = published(others, clock, jti="once")
    assert status(asked, token) == 200
    assert status(asked, token) == 401
    assert status(create_app(replace(served)).test_client(), token) == 401  # nor at another node
    assert status(asked, published(others, clock, jti="again")) == 200


def test_keys_are_kept_and_asked_for_again_once(asked: FlaskClient, others: Others, clock: Clock) -> None:
    for number in range(3):
        assert status(asked, published(others, clock, jti=f"jti-{number}")) == 200
    for _ in range(3):
        assert status(asked, published(others, clock, header={"kid": "other"})) == 401
    assert others.provider.asked == ["/jwks"]


def test_an_issuer_may_be_of_some_partners_alone(
    served: Services, others: Others, clock: Clock, tmp_path: Path
) -> None:
    for partners, wanted in ((["gouwe"], 401), (["gouwe", "duinrand"], 200)):
        path = write(tmp_path, entry_of_as(others, partners=partners))
        http = create_app(replace(served, settings=replace(served.settings, issuers=path))).test_client()
        assert status(http, of_as(others, clock)) == wanted


MISTAKES: dict[str, tuple[dict[str, Any], str]] = {
    "no issuer": ({"issuer": None}, "is missing"),
    "another kind": ({"kind": "saml"}, "must be one of"),
    "no authorities": ({"authorities": None}, "is missing"),
    "authorities that are not there": ({"authorities": "/nowhere.pem"}, "must be a file"),
    "anybody of the authority": ({"certificate": None}, "must say who signs"),
    "a certificate that is said by nothing": (
        {"certificate": {"subject": "CN=x"}},
        "must be said by issuer and subject",
    ),
    "certificate and its own": ({"partner": "certificate"}, "must say who signs"),
    "an address of keys": ({"jwks_url": "https://as.example/jwks"}, "is not of the kind x5c"),
    "good for days": ({"seconds": 86_400}, "must be a whole number from 1 to 3600"),
    "a word that is not known": ({"audiance": "x"}, "did you mean audience"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_what_is_wrong_in_the_file_is_told_with_its_line(others: Others, tmp_path: Path, case: str) -> None:
    more, said = MISTAKES[case]
    path = write(tmp_path, entry_of_as(others, **more))
    with pytest.raises(BadSettings) as refused:
        issuers.read(*documents.read(path), path.name, BASE, Allowed().refusal)
    assert said in str(refused.value)
    assert all((issue.rule or "").startswith("issuers.yaml:") for issue in refused.value.issues)


def test_keys_are_fetched_where_the_operator_says(tmp_path: Path) -> None:
    entry = {"issuer": AS, "kind": "jwks", "jwks_url": f"{AS}/jwks", "partner": "certificate"}
    path = write(tmp_path, entry, entry)
    with pytest.raises(BadSettings) as refused:
        issuers.read(*documents.read(path), path.name, BASE, Allowed().refusal)
    for said in ("GATEWAY_ENDPOINTS", "there is no certificate", "has one issuer twice"):
        assert said in str(refused.value)
