"""No order of arrival makes the picture wrong: the beds are a function of the set of messages."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import permutations
from random import Random
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.json import decode
from gateway.ingest import Ingested, ingest
from gateway.services import Services
from tests.order.conftest import Opened
from tests.order.histories import HISTORIES, History
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

    for one in shuffled(messages, seed):
        assert take(one, services).refusal is None

    assert beds(services) == hospital.truth()


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_week_of_4000_messages_resent_in_any_order(services: Services) -> None:
    hospital = Hospital(Random(7), wards(12))
    messages = hospital.week(4_000)

    for one in shuffled(messages, 7):
        assert take(one, services).refusal is None

    assert beds(services) == hospital.truth()
    assert {bed for bed, status in slots(services).items() if status == "free"} == {
        bed for bed, state in hospital.truth().items() if state == "U"
    }


@pytest.mark.parametrize("seed", range(2))
def test_the_whole_picture_is_a_function_of_the_messages(seed: int, open_services: Opened) -> None:
    messages = Hospital(Random(seed), wards(2)).week(250)
    in_order, resent = open_services(), open_services()

    for one in messages:
        take(one, in_order)
    for one in shuffled(messages, seed):
        take(one, resent)

    assert picture(resent) == picture(in_order)


@pytest.mark.slow
@pytest.mark.parametrize("history", HISTORIES, ids=lambda history: history.name)
@pytest.mark.parametrize("provider", ["dev", "noordwal"])
def test_every_order_of_a_short_history_ends_alike(open_services: Opened, history: History, provider: str) -> None:
    to = open_services()

    for story, order in enumerate(permutations(history.told)):
        for told in order:
            assert take(told.written(story), to, provider).refusal is None

    ends = by_story(to)
    assert len(ends) == 120
    assert set(ends) == {history.freeing if provider == "noordwal" else history.cleaning}
    first, *others = shown_by_story(to)
    assert all(other == first for other in others)


def by_story(to: Services) -> list[str]:
    """Return the states of the beds of each story."""
    found: dict[str, list[str]] = {}
    for path, state in sorted(beds(to).items()):
        ward, _, bed = path.split("/")
        found.setdefault(ward, []).append(f"{bed}:{state}")
    return [" ".join(states) for states in found.values()]


def shown_by_story(to: Services) -> list[list[Any]]:
    """Return what the beds and Slots of each story say, without their names and ids."""
    found: dict[str, list[Any]] = {}
    for type_ in ("Location", "Slot"):
        for resource in resources(to, type_):
            if "extension" in resource:
                path = resource["identifier"][0]["value"].split("/")
                said = {k: resource.get(k) for k in ("status", "operationalStatus", "extension", "start", "end")}
                found.setdefault(path[1], []).append((type_, path[-1], said))
    return [sorted(some, key=str) for some in found.values()]
