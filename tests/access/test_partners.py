"""Partners are found by what they are known by, and only as long as it is good."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from timeit import timeit

import pytest
from msgspec import structs

from gateway.access.partners import NOBODY, CertificateName, Client, KeySet, Partner, Partners
from gateway.access.peers import PeerCertificate
from gateway.access.uzi import UziName

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=1)
NAMED = CertificateName(issuer="CN=CA", subject="CN=Duinrand")
PINNED = CertificateName(spki="ab" * 32)
PEER = PeerCertificate("CN=CA", "CN=Duinrand", "00" * 32)
KEYS = KeySet(url="https://duinrand.example/jwks")
DUINRAND = Partner(
    id="duinrand",
    name="Ziekenhuis Duinrand",
    kind="ziekenhuis",
    ura="00000002",
    regions=("west",),
    networks=("acute-zorg-west",),
    certificates=(NAMED, PINNED),
    clients=(Client(id="duinrand-ehr", keys=(KEYS,)), Client(id="old", keys=(KEYS,), disabled=True)),
    scopes=("system/Slot.rs",),
    providers=("duinrand",),
)
GOUWE = Partner(id="gouwe", name="Zorggroep Gouwe", kind="vvt", clients=(Client(id="gouwe-x", keys=(KEYS,)),))


def test_a_partner_is_found_by_everything_it_is_known_by() -> None:
    partners = Partners([DUINRAND, GOUWE])
    registered = partners.by_client("duinrand-ehr")

    assert partners.by_certificate(PEER, NOW) is DUINRAND
    assert partners.by_certificate(PeerCertificate("CN=x", "CN=y", "ab" * 32), NOW) is DUINRAND
    assert registered is not None
    assert (registered.partner, registered.client.id) == (DUINRAND, "duinrand-ehr")
    assert partners.by_ura("00000002") is DUINRAND
    assert partners.get("gouwe") is GOUWE
    assert len(partners) == 2


@pytest.mark.parametrize(
    "peer",
    [
        PeerCertificate("CN=Other CA", "CN=Duinrand", "00" * 32),
        PeerCertificate("CN=CA", "CN=Duinrand,C=NL", "00" * 32),
        PeerCertificate("CN=CA", "CN=duinrand", "00" * 32),
        PeerCertificate("", "", ""),
    ],
)
def test_another_issuer_or_subject_is_somebody_else(peer: PeerCertificate) -> None:
    assert Partners([DUINRAND, GOUWE]).by_certificate(peer, NOW) is None


def test_the_uzi_register_is_believed_of_a_ura_where_that_is_registered_and_nobody_else_is() -> None:
    named = UziName("2.16.528.1.1007.99.2110", "900000001", "00000002", "00.000")
    shown = PeerCertificate("CN=UZI CA", "CN=whatever", "00" * 32, uzi=named)
    registered = structs.replace(DUINRAND, certificates=(CertificateName(issuer="CN=UZI CA", uzi="00000002"),))

    assert Partners([registered]).by_certificate(shown, NOW) is registered
    assert Partners([DUINRAND]).by_certificate(shown, NOW) is None
    for other in (
        structs.replace(shown, issuer="CN=Example CA"),
        structs.replace(shown, uzi=replace(named, ura="00000003")),
        structs.replace(shown, uzi=None),
    ):
        assert Partners([registered]).by_certificate(other, NOW) is None


def test_who_is_not_there_is_not_found() -> None:
    assert NOBODY.by_certificate(PEER, NOW) is None
    assert NOBODY.by_client("duinrand-ehr") is None
    assert Partners([GOUWE]).by_ura("") is None
    assert NOBODY.get("duinrand") is None


def test_what_is_disabled_is_found_by_its_id_alone() -> None:
    partners = Partners([structs.replace(DUINRAND, disabled=True)])

    assert partners.by_certificate(PEER, NOW) is None
    assert partners.by_client("duinrand-ehr") is None
    assert partners.by_ura("00000002") is None
    assert partners.get("duinrand") is not None


def test_a_client_that_is_disabled_is_not_found() -> None:
    assert Partners([DUINRAND]).by_client("old") is None


def test_a_certificate_that_another_follows_is_good_until_then() -> None:
    old = structs.replace(NAMED, until=LATER)
    partners = Partners([structs.replace(DUINRAND, certificates=(old, PINNED))])

    assert partners.by_certificate(PEER, LATER - timedelta(microseconds=1)) is not None
    assert partners.by_certificate(PEER, LATER) is None
    assert partners.by_certificate(structs.replace(PEER, spki="ab" * 32), LATER) is not None


def test_a_pinned_key_that_ended_leaves_the_name() -> None:
    ended = structs.replace(PINNED, until=NOW)
    peer = structs.replace(PEER, spki="ab" * 32)

    assert Partners([structs.replace(DUINRAND, certificates=(ended, NAMED))]).by_certificate(peer, NOW) is not None
    assert Partners([structs.replace(DUINRAND, certificates=(ended,))]).by_certificate(peer, NOW) is None


def test_keys_that_others_follow_are_good_until_then() -> None:
    client = Client(id="a", keys=(structs.replace(KEYS, until=LATER), KeySet(url="https://new.example/")))

    assert len(client.keys_at(NOW)) == 2
    assert [one.url for one in client.keys_at(LATER)] == ["https://new.example/"]


def test_a_client_has_its_own_scopes_or_those_of_its_partner() -> None:
    own = Client(id="own", keys=(KEYS,), scopes=("system/Location.r",))
    partners = Partners([structs.replace(DUINRAND, clients=(own, *DUINRAND.clients))])
    first, second = partners.by_client("own"), partners.by_client("duinrand-ehr")

    assert first is not None
    assert first.scopes == ("system/Location.r",)
    assert second is not None
    assert second.scopes == ("system/Slot.rs",)


def test_a_partner_asks_as_its_organisation() -> None:
    caller = DUINRAND.caller()

    assert (caller.organisation, caller.partner, caller.ura, caller.name) == (
        "00000002",
        "duinrand",
        "00000002",
        "Ziekenhuis Duinrand",
    )
    assert caller.scopes == {"system/Slot.rs"}
    assert caller.providers | caller.regions | caller.networks == {"duinrand", "west", "acute-zorg-west"}
    assert caller.types is None
    assert not caller.development
    assert DUINRAND.caller(["system/Slot.r"]).scopes == {"system/Slot.r"}
    assert structs.replace(DUINRAND, sees=("Slot",)).caller().types == frozenset({"Slot"})
    assert GOUWE.caller().organisation == "gouwe"


def test_a_thousand_partners_are_looked_through_as_fast_as_ten() -> None:
    def seconds(number: int) -> float:
        partners = Partners(many(number))
        peer = PeerCertificate("CN=CA", f"CN={number - 1}", "00" * 32)
        assert partners.by_certificate(peer, NOW) is not None
        return min(timeit(lambda: partners.by_certificate(peer, NOW), number=500) for _ in range(20))

    assert seconds(1000) < 3 * seconds(10)


def many(number: int) -> list[Partner]:
    return [
        Partner(id=str(n), name="x", kind="vvt", certificates=(CertificateName(issuer="CN=CA", subject=f"CN={n}"),))
        for n in range(number)
    ]
