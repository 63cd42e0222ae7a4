"""48 clients of real gateways at once who want one place: SQLite below several processes, PostgreSQL below two nodes.

And holds whose time passes while every node could end them: each ends once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.access.policy import Caller
from gateway.fhir.json import decode
from gateway.referral import holds
from gateway.services import Services, random_id
from gateway.settings import Settings
from gateway.store import Identity, Store, open_store
from gateway.transact import Put, transact
from gateway.transact.holds import ended, live
from gateway.validation import Validator
from tests.conftest import LASTING, library
from tests.deliver.telling import eventually
from tests.races.nodes import CLIENTS, PUBLIC, Nodes, Request, nodes, statuses

pytestmark = pytest.mark.slow
Resource = dict[str, Any]
WHEN = {"start": "2026-01-05T12:00:00+01:00", "end": "2126-01-05T12:30:00+01:00"}
ZCC = Caller("00000001", "zcc")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('held')}/store.sqlite"
    return str(request.getfixturevalue("postgresql").emptied())


@pytest.fixture(scope="module")
def started(database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Start one node of four processes on SQLite, two such nodes on PostgreSQL; all tests of a process share them."""
    number = 1 if database.startswith("sqlite") else 2
    with nodes(tmp_path_factory.mktemp("nodes"), database, number) as running:
        yield running


@pytest.fixture
def here(started: Nodes) -> Iterator[Nodes]:
    """Return the nodes; whatever a test did, afterwards everything agrees and no node failed."""
    yield started
    started.check()


def slot(id_: str) -> Resource:
    return {"resourceType": "Slot", "id": id_, "schedule": {"display": "x"}, "status": "free", **WHEN}


def request(id_: str) -> Resource:
    named = {"resourceType": "ServiceRequest", "id": id_, "subject": {"display": "iemand"}}
    return {**named, "status": "active", "intent": "order", "priority": "stat"}


def prepared(here: Nodes, place: str) -> None:
    assert here.ask("PUT", f"/fhir/Slot/{place}", slot(place)).status == 201
    for n in range(CLIENTS):
        assert here.ask("PUT", f"/fhir/ServiceRequest/r{n}", request(f"r{n}")).status in {200, 201}


def hold(place: str, n: int) -> Request:
    named = {"name": "request", "valueReference": {"reference": f"ServiceRequest/r{n}"}}
    return Request("POST", f"/fhir/Slot/{place}/$hold", {"resourceType": "Parameters", "parameter": [named]})


def book(place: str, n: int, based: int) -> Request:
    appointment = {
        "resourceType": "Appointment", "id": f"{place}-{n}", "status": "booked", **WHEN,
        "slot": [{"reference": f"Slot/{place}"}], "basedOn": [{"reference": f"ServiceRequest/r{based}"}],
        "participant": [{"actor": {"display": "iemand"}, "status": "accepted"}],
    }  # fmt: skip
    return Request("PUT", f"/fhir/Appointment/{place}-{n}", appointment)


def test_of_48_who_hold_one_place_one_has_it(here: Nodes) -> None:
    prepared(here, "one")

    told = here.at_once(lambda n: hold("one", n))

    assert statuses(told) == {200: 1, 409: CLIENTS - 1}
    assert {one.codes for one in told if one.status == 409} == {("slot-held",)}
    winner = next(n for n, one in enumerate(told) if one.status == 200)
    newest, first = here.versions("Slot/one")
    assert (first["status"], newest["status"]) == ("free", "busy-tentative")
    present = live(newest)
    assert present is not None
    assert present.request == f"ServiceRequest/r{winner}"


def test_who_asks_one_hold_48_times_has_it_once(here: Nodes) -> None:
    prepared(here, "same")

    told = here.at_once(lambda _: hold("same", 0))

    assert statuses(told) == {200: CLIENTS}
    assert len({one.headers["ETag"] for one in told}) == 1
    assert len(here.versions("Slot/same")) == 2


def test_a_hold_is_extended_once_by_48(here: Nodes) -> None:
    prepared(here, "longer")
    assert here.at_once(lambda _: hold("longer", 0))[0].status == 200
    reason = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueCode": "other"}]}

    told = here.at_once(lambda _: Request("POST", "/fhir/Slot/longer/$extend-hold", reason))

    assert statuses(told) == {200: 1, 409: CLIENTS - 1}
    assert {one.codes for one in told if one.status == 409} == {("hold-extended",)}


def test_who_holds_and_who_books_never_share_a_place(here: Nodes) -> None:
    prepared(here, "both")

    told = here.at_once(lambda n: hold("both", n) if n % 4 // 2 else book("both", n, based=n))

    assert set(statuses(told)) <= {200, 201, 409}
    assert sum(one.status != 409 for one in told) == 1
    assert {code for one in told if one.status == 409 for code in one.codes} <= {"slot-held", "slot-not-free"}
    assert here.total("Appointment?slot=Slot/both") == (here.versions("Slot/both")[0]["status"] == "busy")


def test_a_source_that_says_taken_wins_among_48_who_hold(here: Nodes) -> None:
    prepared(here, "fed")
    taken = slot("fed") | {"status": "busy"}

    told = here.at_once(lambda n: Request("PUT", "/fhir/Slot/fed", taken) if n == 0 else hold("fed", n))

    given = [one for one in told[1:] if one.status == 200]
    assert told[0].status == 200
    assert len(given) <= 1
    newest = here.versions("Slot/fed")[0]
    assert newest["status"] == "busy"
    over = ended(newest)
    assert (over.ended if over else None) == ("overruled" if given else None)
    assert here.total("Communication?_lastUpdated=gt2000-01-01") >= len(given)


def test_holds_whose_time_passes_end_once_though_every_node_looks(here: Nodes, database: str) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1)
    with closing(open_store(database)) as store:
        then = Services(
            Settings(base_url=PUBLIC, freshness=LASTING),
            store,
            Validator(),
            library(),
            lambda: due - timedelta(minutes=15),
            random_id,
        )
        transact([Put(request("due"))], ZCC, then)
        for n in range(20):
            transact([Put(slot(f"due-{n}"))], ZCC, then)
            transact([holds.hold(f"due-{n}", "ServiceRequest/due", None, ZCC, then, None)], ZCC, then)
        eventually(lambda: all(_status(store, f"due-{n}") == "free" for n in range(20)))

        stories = [here.versions(f"Slot/due-{n}") for n in range(20)]

    assert Counter(len(story) for story in stories) == {3: 20}
    assert {over.ended for story in stories if (over := ended(story[0]))} == {"expired"}
    assert here.total("Communication?based-on=ServiceRequest/due") == 20


def test_no_place_stays_held_for_a_request_that_is_withdrawn_meanwhile(here: Nodes) -> None:
    """Each wants a place of its own for one request, which somebody withdraws at that moment."""
    for n in range(CLIENTS):
        assert here.ask("PUT", f"/fhir/Slot/own-{n}", slot(f"own-{n}")).status == 201
    assert here.ask("PUT", "/fhir/ServiceRequest/r99", request("r99")).status == 201
    revoked = Request("PUT", "/fhir/ServiceRequest/r99", request("r99") | {"status": "revoked"})

    told = here.at_once(lambda n: revoked if n == CLIENTS // 2 else hold(f"own-{n}", 99))

    assert set(statuses(told)) <= {200, 409}
    assert {code for one in told if one.status == 409 for code in one.codes} <= {"request-ended"}
    newest = [here.versions(f"Slot/own-{n}")[0] for n in range(CLIENTS)]
    assert {(one["status"], live(one)) for one in newest} == {("free", None)}
    given = [n for n, one in enumerate(told) if one.status == 200 and n != CLIENTS // 2]
    assert all((over := ended(newest[n])) is not None and over.ended == "withdrawn" for n in given)


def _status(store: Store, id_: str) -> Any:
    stored = store.read(Identity("Slot", id_))
    assert stored is not None
    return decode(stored.body)["status"]
