"""48 clients of real gateways at once, by HTTP and MLLP: SQLite below several processes, PostgreSQL below two nodes.

One wins and the others are told so; nobody is answered with a failure, and afterwards all that is stored agrees.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.messages import bed_message
from tests.messaging.made import booking, referral, slot
from tests.races.nodes import CLIENTS, Nodes, Request, nodes, statuses

pytestmark = pytest.mark.slow
SYSTEM = "https://duinrand.example/bed"
BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
PATCH = {"Content-Type": "application/json-patch+json"}
Resource = dict[str, Any]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def started(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Start one node of four processes on SQLite, two such nodes on PostgreSQL; all tests of a process share them."""
    folder: Path = tmp_path_factory.mktemp("nodes")
    is_sqlite = request.param == "sqlite"
    url = f"sqlite:///{folder}/store.sqlite" if is_sqlite else request.getfixturevalue("postgresql").emptied()
    with nodes(folder, url, 1 if is_sqlite else 2) as running:
        yield running


@pytest.fixture
def here(started: Nodes) -> Iterator[Nodes]:
    """Return the nodes; whatever a test did, afterwards everything agrees and no node failed."""
    yield started
    started.check()


def bed(name: str, *, id_: str | None = None, key: str | None = None) -> Resource:
    named = {"identifier": [{"system": SYSTEM, "value": key}]} if key else {}
    return {"resourceType": "Location", "name": name, **named} | ({"id": id_} if id_ else {})


def entry(method: str, url: str, resource: Resource | None = None, full_url: str = "", **request: str) -> Resource:
    sent: Resource = {"request": {"method": method, "url": url} | request}
    return sent | ({"fullUrl": full_url} if full_url else {}) | ({"resource": resource} if resource else {})


def locations(response: Resource) -> list[str]:
    """Return where a Bundle that was carried out put its resources, without their versions."""
    return [each["response"]["location"].partition("/_history")[0] for each in response["entry"]]


def transaction(*entries: Resource, **others: Any) -> Resource:
    return {"resourceType": "Bundle", "type": "transaction", "entry": list(entries), **others}


def test_conditional_creates_make_one(here: Nodes) -> None:
    only = {"If-None-Exist": f"identifier={SYSTEM}|c1"}

    told = here.at_once(lambda n: Request("POST", "/fhir/Location", bed(str(n), key="c1"), only))

    assert statuses(told) == {201: 1, 200: CLIENTS - 1}
    assert len({one.headers["Location"] for one in told}) == 1
    assert here.total(f"Location?identifier={SYSTEM}|c1") == 1


@pytest.mark.parametrize(
    "other",
    [
        "identifier={0}",
        "identifier={1}|{0}&name=bed",
        "name=bed-{0}",
        "identifier={1}|{0},{1}|x",
        "identifier={1}|2{0}",
    ],
)
def test_conditions_that_find_one_resource_in_other_words_make_one(here: Nodes, other: str) -> None:
    key = f"w{len(other)}"
    resource = bed(f"bed-{key}") | {"identifier": [{"system": SYSTEM, "value": value} for value in (key, f"2{key}")]}
    conditions = [f"identifier={SYSTEM}|{key}", other.format(key, SYSTEM)]

    told = here.at_once(
        lambda n: Request("POST", "/fhir/Location", resource, {"If-None-Exist": conditions[n // 2 % 2]})
    )

    assert statuses(told) == {201: 1, 200: CLIENTS - 1}
    assert here.total(f"Location?identifier={SYSTEM}|{key}") == 1


def test_a_patient_who_comes_along_in_48_transactions_is_one_patient(here: Nodes) -> None:
    known = f"identifier={BSN}|999900006"
    patient = {"resourceType": "Patient", "identifier": [{"system": BSN, "value": "999900006"}]}
    name = "urn:uuid:00000000-0000-4000-8000-000000000001"
    code = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}

    def work(n: int) -> Request:
        seen = {"resourceType": "Observation", "status": "final", "code": code, "subject": {"reference": name}}
        entries = [entry("POST", "Patient", patient, name, ifNoneExist=known), entry("POST", "Observation", seen)]
        return Request("POST", "/fhir", transaction(*entries[:: 1 if n % 2 else -1]))

    told = here.at_once(work)

    assert statuses(told) == {200: CLIENTS}
    answers = Counter(each["response"]["status"] for one in told for each in one.resource["entry"])
    assert answers == {"201 Created": CLIENTS + 1, "200 OK": CLIENTS - 1}
    (place,) = {place for one in told for place in locations(one.resource) if place.startswith("Patient/")}
    assert here.total(f"Observation?subject={place}") == CLIENTS


def test_conditional_updates_are_versions_of_one(here: Nodes) -> None:
    path = f"/fhir/Location?identifier={SYSTEM}|u1"

    told = here.at_once(lambda n: Request("PUT", path, bed(str(n), key="u1")))

    assert statuses(told) == {201: 1, 200: CLIENTS - 1}
    assert sorted(int(one.headers["ETag"][3:-1]) for one in told) == list(range(1, CLIENTS + 1))
    assert here.total(f"Location?identifier={SYSTEM}|u1") == 1


@pytest.mark.parametrize("kind", ["put", "patch", "delete", "conditional", "transaction"])
def test_of_48_who_change_one_version_one_does(here: Nodes, kind: str) -> None:
    id_ = f"match-{kind}"
    assert here.ask("PUT", f"/fhir/Location/{id_}", bed("0", id_=id_, key=id_)).status == 201
    match = {"If-Match": 'W/"1"'}

    def work(n: int) -> Request:
        change = bed(f"client {n}", id_=id_, key=id_)
        renamed = [{"op": "replace", "path": "/name", "value": f"client {n}"}]
        beside = entry("PUT", f"Location/{id_}-{n}", bed("beside", id_=f"{id_}-{n}"))
        return {
            "put": Request("PUT", f"/fhir/Location/{id_}", change, match),
            "patch": Request("PATCH", f"/fhir/Location/{id_}", renamed, match | PATCH),
            "delete": Request("DELETE", f"/fhir/Location/{id_}", None, match),
            "conditional": Request("PUT", f"/fhir/Location?identifier={SYSTEM}|{id_}", change, match),
            "transaction": Request(
                "POST", "/fhir", transaction(beside, entry("PUT", f"Location/{id_}", change, ifMatch='W/"1"'))
            ),
        }[kind]

    told = here.at_once(work)

    won = 204 if kind == "delete" else 200
    assert statuses(told) == {won: 1, 412: CLIENTS - 1}
    assert {one.codes for one in told if one.status == 412} == {("version-conflict",)}
    winner = next(n for n, one in enumerate(told) if one.status == won)
    newest, first = here.versions(f"Location/{id_}")
    assert first["name"] == "0"
    assert newest is None if kind == "delete" else newest["name"] == f"client {winner}"
    if kind == "transaction":  # and of the others nothing is there by half
        beside = [here.ask("GET", f"/fhir/Location/{id_}-{n}").status for n in range(CLIENTS)]
        assert [n for n, status in enumerate(beside) if status != 404] == [winner]


def test_what_48_patches_add_is_all_there(here: Nodes) -> None:
    here.ask("PUT", "/fhir/Location/patched", bed("0", id_="patched", key="p1") | {"alias": ["0"]})
    paths = ("/fhir/Location/patched", f"/fhir/Location?identifier={SYSTEM}|p1")

    def work(n: int) -> Request:
        change = [{"op": "add", "path": "/alias/-", "value": f"client {n}"}]
        return Request("PATCH", paths[n // 2 % 2], change, PATCH)

    told = here.at_once(work)

    assert statuses(told) == {200: CLIENTS}
    (newest, *_), every = here.versions("Location/patched"), [f"client {n}" for n in range(CLIENTS)]
    assert sorted(newest["alias"]) == sorted(["0", *every])


@pytest.mark.parametrize("path", ["Location/gone", f"Location?identifier={SYSTEM}|gone"])
def test_of_48_who_delete_one_does(here: Nodes, path: str) -> None:
    here.ask("PUT", "/fhir/Location/gone", bed("0", id_="gone", key="gone"))
    before = len(here.versions("Location/gone"))

    told = here.at_once(lambda _: Request("DELETE", f"/fhir/{path}"))

    assert statuses(told) == {204: CLIENTS}
    assert len(here.versions("Location/gone")) == before + 1


def test_48_who_put_one_new_id_make_it_once_and_change_it_47_times(here: Nodes) -> None:
    told = here.at_once(lambda n: Request("PUT", "/fhir/Location/new", bed(f"client {n}", id_="new", key=f"n{n}")))

    assert statuses(told) == {201: 1, 200: CLIENTS - 1}
    found = here.versions("Location/new")
    assert [one["meta"]["versionId"] for one in found] == [str(n) for n in range(CLIENTS, 0, -1)]
    assert {one["name"] for one in found} == {f"client {n}" for n in range(CLIENTS)}
    told_last = next(n for n, one in enumerate(told) if one.headers["ETag"] == f'W/"{CLIENTS}"')
    assert found[0]["name"] == f"client {told_last}"


def test_48_who_put_the_same_under_one_new_id_make_one_version(here: Nodes) -> None:
    told = here.at_once(lambda _: Request("PUT", "/fhir/Location/same", bed("0", id_="same")))

    assert statuses(told) == {201: 1, 200: CLIENTS - 1}
    assert {one.headers["ETag"] for one in told} == {'W/"1"'}


def test_who_reads_among_those_who_write_and_delete_reads_what_was_written(here: Nodes) -> None:
    path = "/fhir/Location/busy"
    here.ask("PUT", path, bed("start", id_="busy"))

    def work(n: int) -> Request:
        return (Request("GET", path), Request("DELETE", path), Request("PUT", path, bed(f"{n}", id_="busy")))[n % 3]

    told = here.at_once(work)

    assert {one.status for one in told[::3]} <= {200, 410}
    assert {one.status for one in told[1::3]} == {204}
    assert {one.status for one in told[2::3]} <= {200, 201}
    read = {one.resource["name"] for one in told[::3] if one.status == 200}
    assert read <= {"start", *(str(n) for n in range(2, CLIENTS, 3))}


def test_transactions_that_cross_are_all_carried_out_whole(here: Nodes) -> None:
    names = ["a", "b", "c", "d", "e", "f"]

    def work(n: int) -> Request:
        order = list(names if n % 2 else reversed(names)) if n < CLIENTS // 2 else Random(n).sample(names, len(names))
        entries = [entry("PUT", f"Location/cross-{one}", bed(f"client {n}", id_=f"cross-{one}")) for one in order]
        made = [(f"identifier={SYSTEM}|cross-{one}", bed("once", key=f"cross-{one}")) for one in order]
        entries += [entry("POST", "Location", resource, ifNoneExist=query) for query, resource in made]
        return Request("POST", "/fhir", transaction(*entries))

    told = here.at_once(work)

    assert statuses(told) == {200: CLIENTS}
    stories = [[one["name"] for one in here.versions(f"Location/cross-{name}")] for name in names]
    assert sorted(stories[0]) == sorted(f"client {n}" for n in range(CLIENTS))
    assert all(story == stories[0] for story in stories)
    assert [here.total(f"Location?identifier={SYSTEM}|cross-{name}") for name in names] == [1] * len(names)


def test_a_message_that_comes_48_times_by_both_doors_has_one_effect(here: Nodes) -> None:
    message = bed_message("RACE-1", bed="race-1")
    before = here.total("Slot?_lastUpdated=gt2000-01-01")

    by_http = Request("POST", "/ingest/dev", message, {"Content-Type": "application/hl7-v2+er7"})
    by_mllp = Request("MLLP", "", message)

    told = here.at_once(lambda n: by_http if n // 2 % 2 else by_mllp)

    assert statuses(told) == {200: CLIENTS}
    assert {one.body.rstrip().partition(b"\rMSA")[2] for one in told} == {b"|AA|RACE-1"}
    assert here.total("Slot?_lastUpdated=gt2000-01-01") == before + 1


def test_a_fhir_message_that_comes_48_times_has_one_effect_and_one_answer(here: Nodes) -> None:
    sent = referral("race-1", number="race-1")

    told = here.at_once(lambda _: Request("POST", "/fhir/$process-message", sent))

    assert statuses(told) == {200: CLIENTS}
    assert Counter("Idempotent-Replayed" in one.headers for one in told) == {False: 1, True: CLIENTS - 1}
    assert len({one.body for one in told}) == 1
    assert here.total("ServiceRequest?identifier=race-1") == 1


def test_48_fhir_messages_about_one_business_identifier_make_one_request(here: Nodes) -> None:
    told = here.at_once(
        lambda n: Request("POST", "/fhir/$process-message", referral(f"business-{n}", number="business"))
    )

    assert statuses(told) == {200: CLIENTS}
    assert here.total("ServiceRequest?identifier=business") == 1


def test_a_named_bundle_that_comes_48_times_has_one_effect_and_one_answer(here: Nodes) -> None:
    sent = transaction(
        entry("POST", "Location", bed("named", key="named")), identifier={"system": "urn:x", "value": "1"}
    )

    told = here.at_once(lambda _: Request("POST", "/fhir", sent))

    assert statuses(told) == {200: CLIENTS}
    assert Counter("Idempotent-Replayed" in one.headers for one in told) == {False: 1, True: CLIENTS - 1}
    assert len({one.body for one in told}) == 1
    assert here.total(f"Location?identifier={SYSTEM}|named") == 1


def test_of_48_who_book_one_slot_one_has_it(here: Nodes) -> None:
    when: dict[str, Any] = {"start": "2126-01-05T12:00:00+01:00", "end": "2126-01-05T12:30:00+01:00"}
    assert here.ask("PUT", "/fhir/Slot/raced", slot("raced", **when)).status == 201

    def work(n: int) -> Request:
        return Request("POST", "/fhir/$process-message", booking(f"book-{n}", "raced", number=f"book-{n}", **when))

    told = here.at_once(work)

    assert statuses(told) == {200: 1, 409: CLIENTS - 1}
    assert {one.codes for one in told if one.status == 409} == {("slot-not-free",)}
    assert here.versions("Slot/raced")[0]["status"] == "busy"
    assert here.total("Appointment?slot=Slot/raced") == 1
