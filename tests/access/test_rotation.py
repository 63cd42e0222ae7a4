"""One certificate after another: both are good for a while, and which one ends is never a guess."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from msgspec import structs

from gateway.access.partners import CertificateName, Client, KeySet, Partner
from gateway.access.rotation import with_certificate, with_keys
from gateway.errors import Conflict, ResourceNotFound

NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
ENDS = NOW + timedelta(days=14)
OLD, OTHER, NEW = (CertificateName(spki=digit * 64) for digit in "abc")
KEYS, NEXT = KeySet(url="https://a.example/1"), KeySet(url="https://a.example/2")
PARTNER = Partner(
    id="a",
    name="A",
    kind="vvt",
    certificates=(OLD,),
    clients=(Client(id="one", keys=(KEYS,)), Client(id="two", keys=(KEYS,))),
)


def test_the_old_certificate_ends_and_the_new_one_does_not() -> None:
    assert with_certificate(PARTNER, NEW, NOW, ENDS).certificates == (structs.replace(OLD, until=ENDS), NEW)


def test_keys_of_one_client_follow_each_other() -> None:
    rotated = with_keys(PARTNER, "one", NEXT, NOW, ENDS)

    assert [client.keys for client in rotated.clients] == [(structs.replace(KEYS, until=ENDS), NEXT), (KEYS,)]


def test_now_ends_the_old_one_at_once() -> None:
    assert with_certificate(PARTNER, NEW, NOW, NOW).certificates[-1] == NEW
    assert not any(one.is_good(NOW) for one in with_certificate(PARTNER, NEW, NOW, NOW).certificates[:-1])


def test_the_first_certificate_follows_none() -> None:
    assert with_certificate(structs.replace(PARTNER, certificates=()), NEW, NOW, ENDS).certificates == (NEW,)


def test_what_ended_is_left_out_and_what_ends_sooner_keeps_its_moment() -> None:
    ended, ending = structs.replace(OLD, until=NOW), structs.replace(OTHER, until=NOW + timedelta(days=1))

    rotated = with_certificate(structs.replace(PARTNER, certificates=(ended, ending)), NEW, NOW, ENDS)

    assert rotated.certificates == (ending, NEW)


def test_of_two_in_use_it_must_be_said_which_one_ends() -> None:
    partner = structs.replace(PARTNER, certificates=(OLD, OTHER))

    with pytest.raises(Conflict, match="2 of its certificates are good without an end"):
        with_certificate(partner, NEW, NOW, ENDS)
    with pytest.raises(Conflict, match="has that number"):
        with_certificate(partner, NEW, NOW, ENDS, old=3)

    assert with_certificate(partner, NEW, NOW, ENDS, old=2).certificates == (
        OLD,
        structs.replace(OTHER, until=ENDS),
        NEW,
    )


def test_a_moment_that_is_past_is_refused() -> None:
    with pytest.raises(Conflict, match="ended before now"):
        with_certificate(PARTNER, NEW, NOW, NOW - timedelta(seconds=1))


def test_the_same_certificate_is_no_next_one() -> None:
    with pytest.raises(Conflict, match="registered already"):
        with_certificate(PARTNER, OLD, NOW, ENDS)


def test_a_client_that_is_not_there_has_no_keys() -> None:
    with pytest.raises(ResourceNotFound, match="no such client"):
        with_keys(PARTNER, "three", NEXT, NOW, ENDS)
