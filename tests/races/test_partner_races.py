"""Many operators at once, in several processes, on both databases: one certificate or client is one partner's."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from functools import partial

import pytest
from msgspec import structs

from gateway.access.partners import CertificateName, Client, KeySet, Partner, decode
from gateway.access.policy import Caller
from gateway.access.registration import names
from gateway.access.rotation import with_certificate
from gateway.services import Services
from gateway.store import Store
from gateway.store.contents import figures
from gateway.store.partners import history, newest, version
from gateway.store.verify import verify
from gateway.transact.partners import add, change, disabled, enabled
from tests.races.clients import PROCESSES, THREADS, Call, Result, Work, compete, services

CLIENTS = PROCESSES * THREADS
OPERATOR = Caller("operator", "jansen")
ENDS = datetime(2030, 1, 1, tzinfo=UTC)
ONE = Partner(id="one", name="One", kind="vvt", certificates=(CertificateName(spki="0" * 64),))
pytestmark = pytest.mark.slow


def named(n: int) -> Partner:
    return Partner(id=f"p{n}", name=f"Partner {n}", kind="vvt")


def _added(partner: Partner, to: Services) -> list[tuple[str, str, int]]:
    return [(one.change, one.id, one.version) for one in add([partner], OPERATOR, to)]


def same_certificate(n: int) -> Call:
    return partial(_added, structs.replace(named(n), certificates=(CertificateName(spki="a" * 64),)))


def same_client(n: int) -> Call:
    return partial(_added, structs.replace(named(n), clients=(Client(id="ehr", keys=(KeySet(url="https://a"),)),)))


def same_ura(n: int) -> Call:
    return partial(_added, structs.replace(named(n), ura="00000001"))


def same_id(n: int) -> Call:
    return partial(_added, structs.replace(ONE, name=str(n)))


def own(n: int) -> Call:
    return partial(_added, named(n))


def rotate(n: int) -> Call:
    return partial(_rotated, n)


def _rotated(n: int, to: Services) -> list[tuple[str, str, int]]:
    new, now = CertificateName(spki=f"{n + 1:064x}"), to.clock()
    found = change("one", "rotated", lambda one: with_certificate(one, new, now, ENDS), OPERATOR, to)
    return [(found.change, found.id, found.version)] if found else []


def turn(n: int) -> Call:
    return partial(_turned, n)


def _turned(n: int, to: Services) -> list[tuple[str, str, int]]:
    what, made = ("disabled", disabled) if n % 2 else ("enabled", enabled)
    found = change("one", what, made, OPERATOR, to)
    return [(found.change, found.id, found.version)] if found else []


def check(store: Store) -> None:
    """Everything agrees: names with partners, versions with each other, the audit with itself."""
    assert list(verify(store, "", lambda content: names(decode(content)))) == []
    assert figures(store).broken == []


def counted(results: list[Result]) -> Counter[str]:
    return Counter(result.error or (result.outcomes[0][0] if result.outcomes else "nothing") for result in results)


@pytest.mark.parametrize("work", [same_certificate, same_client, same_ura, same_id])
def test_48_operators_that_add_the_same_make_one(store: Store, database_url: str, work: Work) -> None:
    results = compete(database_url, work)

    assert counted(results) == {"added": 1, "Conflict": CLIENTS - 1}
    with store.reading() as db:
        (one,) = newest(db)
        assert version(db) == 1
        assert [row[0] for row in db.rows("select id from current where type = 'Organization'")] == [
            f"partner-{one.id}"
        ]
    check(store)


def test_48_operators_that_add_others_all_succeed(store: Store, database_url: str) -> None:
    assert counted(compete(database_url, own)) == {"added": CLIENTS}

    with store.reading() as db:
        assert (version(db), len(newest(db))) == (CLIENTS, CLIENTS)
    check(store)


@pytest.mark.parametrize("work", [rotate, turn])
def test_changes_of_one_partner_follow_each_other_without_a_gap(store: Store, database_url: str, work: Work) -> None:
    add([ONE], OPERATOR, services(store))

    done = counted(compete(database_url, work))

    made = done["rotated"] + done["disabled"] + done["enabled"]
    assert made >= 1
    assert made + done["Conflict"] + done["nothing"] == CLIENTS
    with store.reading() as db:
        versions = history(db, "one")
    assert [one.version for one in versions] == list(range(made + 1, 0, -1))
    lasting = [one for one in decode(versions[0].content).certificates if one.until is None]
    assert len(lasting) == 1
    check(store)
