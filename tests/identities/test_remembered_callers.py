"""What is kept of who asks with a certificate lasts as long as no partner changes, on whichever node."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import structs

from gateway.access.certificates import authority, client
from gateway.access.partners import CertificateName, Partner
from gateway.access.peers import PeerCertificate
from gateway.access.policy import Caller, development_caller
from gateway.access.unknown import NotKnown
from gateway.services import Services
from gateway.transact.partners import add, change, disabled

OPERATOR = development_caller()


@pytest.fixture
def node(services: Services, tmp_path: Path) -> Services:
    """Return a node that knows partners by their certificates, beside one that changes them."""
    (tmp_path / "ca.pem").write_bytes(authority(datetime.now(UTC)).certificate_pem)
    return replace(services, settings=replace(services.settings, tls_client_ca=tmp_path / "ca.pem"))


def shown() -> PeerCertificate:
    now = datetime.now(UTC)
    return PeerCertificate.read(client(authority(now), now, None, "one").certificate.public_bytes(Encoding.DER))


def partner(peer: PeerCertificate) -> Partner:
    name = CertificateName(issuer=peer.issuer, subject=peer.subject)
    return Partner(id="one", name="One", kind="vvt", ura="00000001", scopes=("system/Slot.r",), certificates=(name,))


def known(node: Services, peer: PeerCertificate, later: float = 0.0) -> Caller:
    assert node.identities is not None
    return node.identities.caller(peer, None, datetime.now(UTC) + timedelta(seconds=later))


def test_the_scopes_of_a_partner_are_those_of_its_last_change(services: Services, node: Services) -> None:
    peer = shown()
    add([partner(peer)], OPERATOR, services)
    assert known(node, peer).scopes == known(node, peer).scopes == {"system/Slot.r"}

    change("one", "scopes", lambda one: structs.replace(one, scopes=("system/Task.r",)), OPERATOR, services)
    assert known(node, peer).scopes == {"system/Task.r"}


def test_who_is_disabled_is_unknown_though_it_was_known_just_now(services: Services, node: Services) -> None:
    peer = shown()
    add([partner(peer)], OPERATOR, services)
    assert known(node, peer).partner == "one"

    change("one", "disabled", disabled, OPERATOR, services)
    with pytest.raises(NotKnown):
        known(node, peer)


def test_each_certificate_of_a_partner_is_told_by_its_own_name(services: Services, node: Services) -> None:
    first, second = shown(), shown()
    add([partner(first)], OPERATOR, services)

    told = [known(node, peer).known_by for peer in (first, second, first)]
    assert told == [f"certificate {peer.thumbprint}" for peer in (first, second, first)]


def test_each_request_has_its_own_moment(services: Services, node: Services) -> None:
    peer = shown()
    add([partner(peer)], OPERATOR, services)

    first, second = known(node, peer), known(node, peer, 2.0)
    assert second.at - first.at >= 1_900_000
