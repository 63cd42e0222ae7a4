"""No order of arrival makes the picture wrong: the beds are a function of the set of messages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import permutations
from random import Random
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.ingest import Ingested, ingest
from gateway.services import Services
from tests.order.hospital import SITE, Hospital, wards

ER7 = "application/hl7-v2+er7"
_RESOURCES = """
select r.body from current c join resource r on r.key = c.key and r.version = c.version
where c.type = ? and c.deleted = {}"""


def take(data: bytes, to: Services, provider: str = "dev") -> Ingested:
    return ingest(data, provider=provider, content_type=ER7, caller=development_caller(), to=to)


def resources(to: Services, type_: str) -> Iterable[dict[str, Any]]:
    false = "0" if to.store.engine == "sqlite" else "false"
    with to.store.reading() as db:
        return [decode(body) for (body,) in db.rows(_RESOURCES.format(false), (type_,))]


def beds(to: Services) -> dict[str, str]:
    """Return the state of every bed, by ward, room and bed."""
    found = {r["identifier"][0]["value"]: r for r in resources(to, "Location") if "operationalStatus" in r}
    return {path.removeprefix(f"{SITE}/"): bed["operationalStatus"]["code"] for path, bed in found.items()}


def slots(to: Services) -> dict[str, str]:
    """Return the status of every Slot."""
    return {r["identifier"][0]["value"].removeprefix(f"{SITE}/"): r["status"] for r in resources(to, "Slot")}


def picture(to: Services) -> dict[str, Any]:
    """Return everything that is said of the present, without what the gateway adds to it."""
    return {
        f"{type_}/{resource['id']}": {name: value for name, value in resource.items() if name != "meta"}
        for type_ in ("Location", "Slot", "Schedule", "HealthcareService", "Encounter", "Patient")
        for resource in resources(to, type_)
    }


def shuffled(messages: list[bytes], seed: int) -> list[bytes]:
    """Return the messages in any order, a tenth of them twice."""
    random = Random(seed)
    resent = messages + random.sample(messages, len(messages) // 10)
    random.shuffle(resent)
    return resent


@pytest.mark.parametrize("seed", range(3))
def test_the_beds_of_a_hospital_are_what_they_are_in_any_order(services: Services, seed: int) -> None:
    hospital = Hospital(Random(seed), wards(3))
    messages = hospital.week(150)

    for message in shuffled(messages, seed):
        assert take(message, services).refusal is None

    assert beds(services) == hospital.truth()
