"""kill -9 among FHIR messages, then all of them again: each has one effect, and its first answer stands."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import Identity, open_store
from gateway.store.contents import figures
from gateway.transact import Put, transact
from gateway.validation import Validator
from tests.conftest import library
from tests.crash import told
from tests.crash.posting import posted
from tests.messaging.made import slot

UNITS = told.COUNT // 3
pytestmark = pytest.mark.slow


def test_what_was_broken_off_is_made_good_and_what_was_answered_is_answered_so_again(database_url: str) -> None:
    with closing(open_store(database_url)) as store:
        to = Services(Settings(), store, Validator(), library(), lambda: datetime.now(UTC), random_id)
        bookable = {"start": "2999-01-05T12:00:00+01:00", "end": "2999-01-05T12:30:00+01:00"}
        transact([Put(slot(f"s{n}", **bookable)) for n in range(UNITS)], development_caller(), to)
    first: dict[str, str] = {}
    for seed, count in enumerate((12, 25)):
        first = posted(told.__name__, database_url, seed, killed_after=count) | first

    whole = posted(told.__name__, database_url, 99)

    assert 25 <= len(first) < told.COUNT
    assert len(whole) == told.COUNT
    assert {number: whole[number] for number in first} == first
    with closing(open_store(database_url)) as store:
        found = figures(store)
        slots = [store.read(Identity("Slot", f"s{n}")) for n in range(UNITS)]
    assert {kind: found.resources[kind] for kind in ("Appointment", "ServiceRequest", "MessageHeader")} == {
        "Appointment": UNITS,
        "ServiceRequest": UNITS,
        "MessageHeader": told.COUNT,
    }
    assert [decode(one.body)["status"] for one in slots if one] == ["free"] * UNITS
    assert found.broken == []
