"""What an operator writes of a partner: read whole, or refused with every problem at its place, and no secret kept."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.access.certificates import authority, client
from gateway.access.organisations import kinds
from gateway.access.partners import CertificateName, Client, Connection, KeySet, Partner, decode, encode
from gateway.access.peers import PeerCertificate
from gateway.access.registration import Known, names, read
from gateway.errors import BadRequest, Issue
from tests.access.keys import ec_key, jwks, rsa_key

NOW = datetime(2026, 1, 5, tzinfo=UTC)
KEYS = jwks(ec_key("a"))
KNOWN = Known({"duinrand", "gouwe"}, lambda url: None if url.startswith("https://duinrand.example/") else "not listed")
WHOLE: dict[str, Any] = {
    "id": "duinrand",
    "name": "Ziekenhuis Duinrand",
    "kind": "ziekenhuis",
    "ura": "00000002",
    "agb": "06999901",
    "oin": "00000001999999990000",
    "regions": ["west", "west/haaglanden"],
    "networks": ["acute-zorg-west"],
    "certificates": [{"issuer": "CN=Example CA,C=NL", "subject": "CN=Duinrand,C=NL"}, {"spki": "AB" * 32}],
    "clients": [
        {"id": "duinrand-ehr", "jwks": KEYS, "scopes": ["system/Slot.cruds"]},
        {"id": "duinrand-portal", "jwks_url": "https://duinrand.example/jwks", "disabled": True},
    ],
    "scopes": [
        "system/Slot.rs",
        "system/Location.read",
        "system/ServiceRequest.c?category=http://example.org/category|x",
    ],
    "providers": ["duinrand"],
    "sees": ["Slot", "Location"],
    "rate": 60,
    "endpoints": {"hl7-fhir-rest": "https://duinrand.example/fhir", "hl7v2-mllp": "mllps://duinrand.example:2575"},
}


def problems(document: Any, lines: dict[str, int] | None = None) -> list[Issue]:
    with pytest.raises(BadRequest) as refused:
        read(document, KNOWN, lines or {})
    return list(refused.value.issues)


def said(document: Any) -> list[str]:
    return [str(issue) for issue in problems(document)]


def changed(**fields: Any) -> dict[str, Any]:
    return {key: value for key, value in (WHOLE | fields).items() if value is not None}


def test_a_whole_partner_is_read_and_kept() -> None:
    (partner,) = read({"partners": [WHOLE]}, KNOWN, {})

    assert partner == Partner(
        id="duinrand",
        name="Ziekenhuis Duinrand",
        kind="ziekenhuis",
        ura="00000002",
        agb="06999901",
        oin="00000001999999990000",
        regions=("west", "west/haaglanden"),
        networks=("acute-zorg-west",),
        certificates=(
            CertificateName(issuer="CN=Example CA,C=NL", subject="CN=Duinrand,C=NL"),
            CertificateName(spki="ab" * 32),
        ),
        clients=(
            Client(id="duinrand-ehr", keys=(KeySet(jwks=KEYS),), scopes=("system/Slot.cruds",)),
            Client(id="duinrand-portal", keys=(KeySet(url="https://duinrand.example/jwks"),), disabled=True),
        ),
        scopes=(
            "system/Slot.rs",
            "system/Location.read",
            "system/ServiceRequest.c?category=http://example.org/category|x",
        ),
        providers=("duinrand",),
        sees=("Slot", "Location"),
        rate=60,
        endpoints=(
            Connection("hl7-fhir-rest", "https://duinrand.example/fhir"),
            Connection("hl7v2-mllp", "mllps://duinrand.example:2575"),
        ),
    )
    assert decode(encode(partner)) == partner


def test_one_partner_by_itself_needs_no_list() -> None:
    assert read(WHOLE, KNOWN, {}) == read({"partners": [WHOLE]}, KNOWN, {})


def test_little_is_enough() -> None:
    (partner,) = read({"id": "zcc", "name": "ZCC", "kind": "zcc"}, KNOWN, {})

    assert (partner.rate, partner.sees, partner.scopes, partner.disabled) == (600, None, (), False)


def test_a_certificate_is_known_by_its_public_key() -> None:
    made = client(authority(NOW), NOW, None, "x")

    (partner,) = read(changed(certificates=[{"pem": made.certificate_pem.decode()}]), KNOWN, {})

    assert partner.certificates == (
        CertificateName(spki=PeerCertificate.read(made.certificate.public_bytes(Encoding.DER)).spki),
    )


def test_a_certificate_is_known_by_the_ura_that_the_uzi_register_names() -> None:
    (partner,) = read(changed(certificates=[{"issuer": "CN=UZI CA,C=NL", "uzi": "00000002"}]), KNOWN, {})

    assert partner.certificates == (CertificateName(issuer="CN=UZI CA,C=NL", uzi="00000002"),)


def test_every_problem_is_told_at_its_place() -> None:
    document = {
        "partners": [
            changed(
                id="Duinrand", ura="123", agb="1", oin="2", rate=0, sees=["Slots"], scopes=["x", "system/Slots.rs"]
            ),
            changed(id="b", ura=None, certificates=[], clients=[], providers=["duinran"], colour="red"),
        ]
    }
    lines = {"partners[0].id": 2, "partners[0].ura": 4, "partners[1]": 20}

    found = {str(issue.place): issue for issue in problems(document, lines)}

    assert set(found) == {
        "partners[0].id (line 2)",
        "partners[0].ura (line 4)",
        "partners[0].agb",
        "partners[0].oin",
        "partners[0].rate",
        "partners[0].sees[0]",
        "partners[0].scopes[0]",
        "partners[0].scopes[1]",
        "partners[1].providers[0] (line 20)",
        "partners[1].colour (line 20)",
    }
    assert {issue.code for issue in found.values()} == {"bad-partner"}
    assert found["partners[0].ura (line 4)"].value == "123"
    assert all("123" not in issue.diagnostics for issue in found.values())
    assert "did you mean duinrand?" in str(found["partners[1].providers[0] (line 20)"])


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": None}, "name: is missing"),
        ({"name": "a\nb"}, "name: must be a name"),
        ({"kind": "hospital"}, "kind: must be one of"),
        ({"ura": 12345}, "ura: must be the eight digits"),
        ({"ura": "\u0660" * 8}, "ura: must be the eight digits"),
        ({"ura": ["00000001"]}, "ura: must be the eight digits"),
        ({"regions": "west"}, "regions: must be a list"),
        ({"regions": ["west", "west"]}, "regions[1]: stands here twice"),
        ({"regions": ["West"]}, "regions[0]: must be as west"),
        ({"networks": [1]}, "networks[0]: must be text"),
        ({"rate": True}, "rate: must be a whole number"),
        ({"rate": 1_000_001}, "rate: must be a whole number"),
        ({"ur": "00000001"}, "ur: is not known; did you mean ura?"),
        ({"certificates": [{"issuer": "CN=a"}]}, "certificates[0]: must be said by issuer and subject"),
        ({"certificates": [{"issuer": "CN=a", "subject": "/C=NL/CN=b"}]}, "as RFC 4514 writes it"),
        ({"certificates": [{"spki": "zz" * 32}]}, "64 hexadecimal digits"),
        ({"certificates": [{"issuer": "CN=a", "uzi": "2"}]}, "must hold the eight digits of a URA"),
        ({"certificates": [{"pem": "no"}]}, "pem must be one certificate in PEM"),
        ({"certificates": ["x"]}, "certificates[0]: must be an object"),
        ({"clients": [{"id": "a"}]}, "clients[0]: has either jwks"),
        ({"clients": [{"id": "a", "jwks": KEYS, "jwks_url": "https://duinrand.example/x"}]}, "has either jwks"),
        ({"clients": [{"id": "a b", "jwks": KEYS}]}, "clients[0].id: must be letters"),
        ({"clients": [{"id": "a", "jwks_url": "https://elsewhere.example/x"}]}, "clients[0].jwks_url: not listed"),
        ({"clients": [{"id": "a", "jwks": KEYS, "scopes": ["openid"]}]}, "clients[0].scopes[0]: must be as"),
        ({"clients": [{"id": "a", "jwks": KEYS, "disabled": "no"}]}, "clients[0].disabled: must be true or false"),
        ({"endpoints": {"hl7-fhir-rest": "ftp://x"}}, "begins with https://"),
        ({"endpoints": {"hl7-fhir-rest": "https://user:secret@x.example/"}}, "without a user"),
        ({"endpoints": {"telepathy": "https://x.example"}}, "must be one of hl7-fhir-rest"),
        ({"endpoints": []}, "endpoints: must be an object"),
    ],
)
def test_what_is_wrong_is_refused_with_the_reason(fields: dict[str, Any], problem: str) -> None:
    (found,) = said(changed(**fields))

    assert problem in found


@pytest.mark.parametrize(
    "document", [None, 7, "x", [], {"partners": []}, {"partners": 3}, {"partners": [WHOLE], "x": 1}]
)
def test_what_is_no_document_is_refused(document: Any) -> None:
    assert problems(document)


def test_what_two_partners_are_known_by_is_refused() -> None:
    other = changed(id="other")

    assert sorted(said({"partners": [WHOLE, other]})) == [
        "one URA stands here 2 times",
        *["one certificate stands here 2 times"] * 2,
        *["one client stands here 2 times"] * 2,
    ]
    assert said({"partners": [WHOLE, {"id": "duinrand", "name": "x", "kind": "rav"}]}) == ["one id stands here 2 times"]


def test_what_a_partner_alone_is_known_by() -> None:
    (partner,) = read(WHOLE, KNOWN, {})

    assert names(partner) == [
        ("certificate", "CN=Example CA,C=NL\nCN=Duinrand,C=NL"),
        ("certificate", f"spki:{'ab' * 32}"),
        ("client", "duinrand-ehr"),
        ("client", "duinrand-portal"),
        ("URA", "00000002"),
    ]


class TestSecretsAreRefused:
    """What is registered is public; a private key that is shown all the same is not kept, and not repeated."""

    def test_a_private_key_among_certificates(self) -> None:
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

        found = problems(changed(certificates=[{"pem": pem.decode()}]))

        assert "holds a private key" in str(found[0])
        assert pem.decode() not in repr(found)

    @pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
    def test_a_private_member_of_a_key(self, member: str) -> None:
        found = problems(changed(clients=[{"id": "a", "jwks": jwks(ec_key("a") | {member: "c2VjcmV0"})}]))

        assert "is a secret" in str(found[0])
        assert "c2VjcmV0" not in repr(found)

    def test_a_shared_secret(self) -> None:
        assert "is a secret" in said(changed(clients=[{"id": "a", "jwks": jwks({"kty": "oct", "kid": "a"})}]))[0]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (jwks(ec_key("a"), ec_key("a")), "two keys have the same kid"),
        (jwks({**ec_key("a"), "x": ec_key("b")["x"]}), "must be an EC key"),
        (jwks({**ec_key("a"), "crv": "P-521"}), "must be an EC key"),
        (jwks({**ec_key("a"), "crv": "secp256k1"}), "must be an EC key"),
        (jwks({**ec_key("a"), "x": 7}), "must be an EC key"),
        (jwks({**ec_key("a"), "x": "*"}), "must be an EC key"),
        (jwks({**ec_key("a"), "use": "enc"}), "not for signing"),
        (jwks({key: value for key, value in ec_key("a").items() if key != "kid"}), "has no kid"),
        (jwks(rsa_key("a", 1024)), "RSA key of 2048 bits"),
        (jwks({"kty": "OKP", "kid": "a"}), "must be an EC key"),
        (jwks("x"), "is no object"),
        (jwks(), "must be a JWKS"),
        (jwks(*[ec_key(str(n)) for n in range(11)]), "must be a JWKS"),
        ([], "must be a JWKS"),
        (None, "must be a JWKS"),
    ],
)
def test_keys_that_nothing_can_be_checked_with_are_refused(keys: Any, problem: str) -> None:
    assert any(problem in text for text in said(changed(clients=[{"id": "a", "jwks": keys}])))


def test_keys_of_both_kinds_are_taken() -> None:
    keys = jwks(ec_key("a"), ec_key("b", ec.SECP384R1()), rsa_key("c"))

    (partner,) = read(changed(clients=[{"id": "a", "jwks": keys}]), KNOWN, {})

    assert partner.clients[0].keys == (KeySet(jwks=keys),)


def test_kinds_are_those_of_the_code_system() -> None:
    assert {"ziekenhuis", "hap", "rav", "vvt", "ggz", "rtp", "zcc", "platform"} <= kinds()
