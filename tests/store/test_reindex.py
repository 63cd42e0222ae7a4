"""A search parameter that comes later: refused until all is indexed, whoever writes or is killed meanwhile."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.access.policy import development_caller
from gateway.errors import Unavailable
from gateway.fhir.json import decode
from gateway.fhir.parameters import install
from gateway.fhir.search import parse
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.store import Sight, Store, search
from gateway.store.contents import bodies
from gateway.store.index.definitions import definitions, fingerprint
from gateway.store.indexing import outdated
from gateway.store.reindex import BATCH, reindex
from gateway.store.search import Scope
from gateway.store.search.offered import AS_SAID
from gateway.store.verify import verify
from gateway.transact import Delete, Put, transact

CALLER, BASE = development_caller(), "https://gateway.example/fhir"
NICKNAME = {
    "resourceType": "SearchParameter",
    "status": "active",
    "code": "nickname",
    "type": "string",
    "base": ["Location"],
    "expression": "Location.alias",
    "url": "https://msb-gateway.example/fhir/SearchParameter/location-nickname",
}


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    """Take away what a test installs."""
    yield
    install(())


def location(number: int, alias: str = "post") -> Resource:
    return {"resourceType": "Location", "id": f"l{number}", "name": f"Spoed {number}", "alias": [f"{alias} {number}"]}


def fill(to: Services, count: int) -> None:
    for first in range(0, count, 200):
        transact([Put(location(n)) for n in range(first, min(count, first + 200))], CALLER, to)


def found(store: Store, resource_type: str, query: str) -> set[str]:
    with store.reading() as db:
        request = parse(resource_type, parse_qsl(f"{query}&_count=1000"))
        return {match.id for match in search.read(db, request, Scope(BASE, now=AS_SAID)).matches}


def refusal(store: Store, resource_type: str, query: str) -> list[tuple[str, str]]:
    with pytest.raises(Unavailable) as raised:
        found(store, resource_type, query)
    return [(issue.code, issue.diagnostics) for issue in raised.value.issues]


def test_a_new_parameter_is_refused_until_everything_is_indexed_by_it(services: Services) -> None:
    fill(services, BATCH + 3)
    install([NICKNAME])

    ((code, text),) = refusal(services.store, "Location", "nickname=post 2")
    assert code == "index-incomplete"
    assert "Location.nickname" in text
    assert "`gateway store reindex --type Location`" in text
    assert found(services.store, "Location", "name=spoed 2&_sort=name") >= {"l2"}, "what was indexed before is served"

    done = reindex(services.store, base=BASE)

    assert done == {"Location": BATCH + 3}
    assert found(services.store, "Location", "nickname=post 2") == {"l2"} | {f"l{n}" for n in range(20, 30)}
    assert reindex(services.store, base=BASE) == {}
    assert list(verify(services.store, BASE)) == []


def test_a_store_that_is_filled_with_a_parameter_is_complete(services: Services) -> None:
    install([NICKNAME])
    fill(services, 3)

    assert found(services.store, "Location", "nickname=post 2") == {"l2"}


@pytest.mark.parametrize(
    ("resource_type", "query"),
    [
        ("Location", "nickname:exact=post 2&name=spoed"),
        ("Location", "nickname:missing=true"),
        ("Location", "_sort=-nickname"),
        ("Location", "partof.nickname=post"),
        ("HealthcareService", "location.nickname=post"),
        ("Schedule", "actor:Location.partof.nickname=post"),
        ("Organization", "_has:Location:organization:nickname=post"),
    ],
)
def test_whatever_way_it_is_asked_it_is_refused(services: Services, resource_type: str, query: str) -> None:
    fill(services, 2)
    install([NICKNAME])
    transact([Put(location(7))], CALLER, services)  # one that has it is not all that have it

    ((code, _),) = refusal(services.store, resource_type, query)
    assert code == "index-incomplete"


def test_a_condition_of_a_write_is_refused_too(services: Services) -> None:
    """A conditional create would make a second one of what it cannot see."""
    from gateway.transact import ConditionalCreate

    fill(services, 2)
    install([NICKNAME])

    with pytest.raises(Unavailable, match="reindex"):
        transact([ConditionalCreate(location(9), "nickname=post 1")], CALLER, services)


def test_rows_of_unknown_origin_are_no_rows(services: Services) -> None:
    """As in a store of an older gateway, that noted no definitions: nothing in its index can be relied on."""
    fill(services, 2)
    with services.store.changing() as db:
        db.rows("update current set indexed_as = 0")

    assert refusal(services.store, "Location", "name=spoed")
    assert found(services.store, "Location", "_id=l1") == {"l1"}
    reindex(services.store, base=BASE)
    assert found(services.store, "Location", "name=spoed") == {"l0", "l1"}


def test_a_number_that_is_raised_is_another_definition() -> None:
    before = dict(definitions("Location")), fingerprint("Location")
    install([NICKNAME])

    assert definitions("Location").items() > before[0].items()
    assert fingerprint("Location") != before[1]
    install(())
    assert (dict(definitions("Location")), fingerprint("Location")) == before


def test_others_write_while_it_runs(services: Services) -> None:
    """Creates, changes and deletions of what is being indexed: at the end all is indexed, by what it says."""
    fill(services, 240)
    install([NICKNAME])
    stop, problems = threading.Event(), list[BaseException]()

    def writer(seed: int) -> None:
        chance = random.Random(seed)
        try:
            while not stop.is_set():
                number, kind = chance.randrange(280), chance.randrange(5)
                op: Any = Delete("Location", f"l{number}") if kind == 0 else Put(location(number, f"naam{seed}"))
                transact([op], CALLER, services)
        except BaseException as error:  # noqa: BLE001 - told in the other thread
            problems.append(error)

    threads = [threading.Thread(target=writer, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    try:
        reindex(services.store, base=BASE)
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert problems == []
    assert list(verify(services.store, BASE)) == []
    with services.store.reading() as db:
        assert outdated(db, ["Location"]) == []
    wanted = {r["id"] for r in map(decode, bodies(services.store)) if r["alias"][0].startswith("naam1")}
    assert found(services.store, "Location", "nickname=naam1") == wanted


def test_a_reader_never_sees_half_of_it(services: Services) -> None:
    fill(services, 300)
    install([NICKNAME])
    seen, stop = list[int](), threading.Event()

    def reader() -> None:
        while not stop.is_set():
            try:
                seen.append(len(found(services.store, "Location", "nickname=post")))
            except Unavailable:
                seen.append(-1)

    thread = threading.Thread(target=reader)
    thread.start()
    reindex(services.store, base=BASE)
    stop.set()
    thread.join()

    assert set(seen) <= {-1, 300}
    assert found(services.store, "Location", "nickname=post") == {f"l{n}" for n in range(300)}


KILLED = """
import sys
from gateway.fhir.parameters import install
from gateway.store import open_store
from gateway.store.reindex import reindex
from tests.store.test_reindex import BASE, NICKNAME
install([NICKNAME])
reindex(open_store(sys.argv[1]), base=BASE, told=lambda *_: print("done", flush=True))
"""


def test_after_a_kill_it_goes_on_where_it_was(services: Services, database_url: str) -> None:
    fill(services, 20 * BATCH)
    run = subprocess.Popen([sys.executable, "-c", KILLED, database_url], stdout=subprocess.PIPE)
    with run:
        assert run.stdout is not None
        run.stdout.readline()
        run.send_signal(signal.SIGKILL)
    install([NICKNAME])

    left = list(verify(services.store, BASE))
    assert {difference.what for difference in left} == {"indexed by other definitions"}, "each is whole, old or new"
    assert 0 < len(left) < 20 * BATCH
    assert refusal(services.store, "Location", "nickname=post")

    assert reindex(services.store, base=BASE) == {"Location": len(left)}
    assert len(found(services.store, "Location", "nickname=post")) == 20 * BATCH
    assert list(verify(services.store, BASE)) == []


def test_a_writer_that_looked_before_looks_again(services: Services) -> None:
    """On PostgreSQL a look takes no lock: what is indexed anew since must not get rows of before beside them."""
    if services.store.engine == "sqlite":
        pytest.skip("there is one writer at a time")
    fill(services, 1)
    install([NICKNAME])
    looks: list[Any] = []
    transacted = services.store.write

    class Interrupting:
        engine = services.store.engine
        seals = services.store.seals

        def write(self, decide: Any, prepare: Any) -> Any:
            def interrupted(sight: Sight) -> Any:
                batch, result = decide(sight)
                if not looks:
                    reindex(services.store, base=BASE)
                looks.append(batch)
                return batch, result

            return transacted(interrupted, prepare)

    from dataclasses import replace

    transact([Put(location(0, "nieuw"))], CALLER, replace(services, store=Interrupting()))  # type: ignore[arg-type]

    assert len(looks) == 2
    assert found(services.store, "Location", "nickname=post") == set()
    assert found(services.store, "Location", "nickname=nieuw") == {"l0"}
    assert list(verify(services.store, BASE)) == []


def test_what_was_deleted_is_done_too(services: Services) -> None:
    fill(services, 2)
    transact([Delete("Location", "l0"), Delete("Location", "l1")], CALLER, services)
    install([NICKNAME])

    assert reindex(services.store, base=BASE, resource_type="Location") == {"Location": 2}
    assert found(services.store, "Location", "nickname:missing=true") == set()


def test_all_slots_are_indexed_by_time(services: Services) -> None:
    """Every search of Slots goes over the projection; one that is not in it would be nowhere."""
    slot = {"resourceType": "Slot", "id": "a", "status": "free", "schedule": {"reference": "Schedule/1"}}
    transact([Put({**slot, "start": "2026-01-05T10:00:00Z", "end": "2026-01-05T11:00:00Z"})], CALLER, services)
    with services.store.changing() as db:
        db.rows("update current set indexed_as = 0")

    ((_, text),) = refusal(services.store, "Slot", "_id=a")
    assert "Slot by time" in text
