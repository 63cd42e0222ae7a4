"""kill -9 of a gateway while the time of many holds passes: each ends, once, and is told once."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.fhir.json import decode
from gateway.referral import holds
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import Identity, Store, open_store
from gateway.store.contents import figures
from gateway.store.verify import verify
from gateway.transact import Put, transact
from gateway.transact.holds import ended
from gateway.validation import Validator
from tests.conftest import LASTING, library
from tests.deliver.telling import eventually
from tests.races.test_hold_races import ZCC, request, slot
from tests.servers import serving

pytestmark = pytest.mark.slow

BASE = "https://gateway.example/fhir"
HOLDS, KILLED_AFTER = 150, (5, 60)


def test_holds_that_end_while_the_gateway_is_killed_end_once(tmp_path: Path, database_url: str) -> None:
    with closing(open_store(database_url)) as store:
        hold_all(store, datetime.now(UTC) - timedelta(minutes=15))
        for number in KILLED_AFTER:
            with serving(tmp_path, database_url, lambda _: None, BASE_URL=BASE) as running:
                eventually(lambda number=number: freed(store) >= number)  # type: ignore[misc]
                running.kill()
            assert number <= freed(store) < HOLDS
        with serving(tmp_path, database_url, BASE_URL=BASE):
            eventually(lambda: freed(store) == HOLDS)

        versions = [store.read(Identity("Slot", f"s{n}")) for n in range(HOLDS)]
        assert Counter(one.version for one in versions if one) == {3: HOLDS}
        assert {over.ended for one in versions if one and (over := ended(decode(one.body)))} == {"expired"}
        assert figures(store).resources["Communication"] == HOLDS
        assert figures(store).broken == []
        assert list(verify(store, BASE)) == []


def hold_all(store: Store, at: datetime) -> None:
    """Have places held at a moment, for as long as the table says."""
    to = Services(Settings(base_url=BASE, freshness=LASTING), store, Validator(), library(), lambda: at, random_id)
    transact([Put(request("r"))], ZCC, to)
    for n in range(HOLDS):
        transact([Put(slot(f"s{n}"))], ZCC, to)
        transact([holds.hold(f"s{n}", "ServiceRequest/r", None, ZCC, to, None)], ZCC, to)


def freed(store: Store) -> int:
    with store.reading() as db:
        ((count,),) = db.rows("select count(*) from slot where status = 'free'")
    return int(count)
