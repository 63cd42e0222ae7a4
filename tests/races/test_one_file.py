"""Two `gateway serve` on one SQLite file, on one machine: they are one gateway with more doors."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from gateway.access.certificates import write_development
from tests.messages import bed_message
from tests.races.nodes import CLIENTS, Request, nodes, statuses
from tests.receivers import receiving

if TYPE_CHECKING:
    from pathlib import Path

    from tests.receivers import Receiver

pytestmark = pytest.mark.slow
SYSTEM = "https://duinrand.example/bed"


def bed(id_: str) -> dict[str, Any]:
    return {"resourceType": "Location", "id": id_, "status": "active", "name": "bed"}


def subscription(endpoint: str) -> dict[str, Any]:
    channel = {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"}
    asked = {"status": "requested", "reason": "test", "criteria": "Location?name=bed"}
    return {"resourceType": "Subscription", "id": "1", **asked, "channel": channel}


def told(receiver: Receiver) -> Counter[str]:
    return Counter(request.path for request in receiver.requests if request.method == "PUT")


def test_two_gateways_on_one_file_write_and_tell_as_one(tmp_path: Path) -> None:
    write_development(tmp_path, datetime.now(UTC))
    url, ca = f"sqlite:///{tmp_path}/store.sqlite", str(tmp_path / "ca.pem")
    only = {"If-None-Exist": f"identifier={SYSTEM}|1"}
    known = {"resourceType": "Location", "identifier": [{"system": SYSTEM, "value": "1"}]}
    message = bed_message()
    with receiving(tmp_path) as receiver, nodes(tmp_path, url, 2, ENDPOINTS=receiver.base, ENDPOINT_CA=ca) as here:
        here.ask("PUT", "/fhir/Subscription/1", subscription(receiver.base + "/hook"))
        receiver.wait_for(lambda r: r.times["/hook"] == 1)

        made = here.at_once(lambda _: Request("POST", "/fhir/Location", known, only))
        put = here.at_once(lambda n: Request("PUT", f"/fhir/Location/b{n}", bed(f"b{n}")))
        sent = here.at_once(lambda _: Request("MLLP", "", message))

        assert statuses(made) == {201: 1, 200: CLIENTS - 1}
        assert statuses(put) == {201: CLIENTS}
        assert all(b"MSA|AA|A20-1" in one.body for one in sent)
        with here.store.reading() as db:
            assert db.rows("select count(*) from inbox where control_id = 'A20-1'") == [(1,)]
        receiver.wait_for(lambda r: len(told(r)) == CLIENTS)
        here.running[0].kill()
        requests.put(f"{here.running[1].base}/fhir/Location/after", json=bed("after"), timeout=60).raise_for_status()
        receiver.wait_for(lambda r: told(r)["/hook/Location/after"] == 1, 90)  # when the lease of the dead is over
        here.check()

    # what the one that was killed had just told may be told again, nothing else
    assert sum(told(receiver).values()) <= CLIENTS + 2
    assert set(told(receiver)) == {f"/hook/Location/{one}" for one in ["after", *(f"b{n}" for n in range(CLIENTS))]}
