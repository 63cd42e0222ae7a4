"""What a candidate is told of a request before it takes it on: a reduced form, whatever it asks, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from msgspec import structs

from gateway import query
from gateway.access.partners import Partner
from gateway.errors import Forbidden, GatewayError, ResourceNotFound
from gateway.fhir.json import decode
from gateway.fhir.search import parse_query, parse_several
from gateway.query import exports, histories
from gateway.query.everything import Everything, everything
from gateway.query.exports import Wanted
from gateway.services import Services
from gateway.transact import Delete, Patch, Put
from tests.candidate_world import (
    LOCAL,
    REDUCED_REQUEST,
    REDUCED_TASK,
    SECRET,
    SNOMED,
    referred,
    whole_request,
    whole_task,
    without_version,
)
from tests.policy_world import (
    BASE,
    CENTRE,
    HOME,
    HOSPITAL,
    INSURER,
    OTHER_HOME,
    URA,
    asking,
    does,
    everything_found,
    found_by,
    observation,
    organisation,
    told,
)

BOTH = (("ServiceRequest", "r"), ("Task", "t"))
KINDS = ("Task", "ServiceRequest")
FORMS = {"ServiceRequest": REDUCED_REQUEST, "Task": REDUCED_TASK}


@pytest.fixture
def world(services: Services) -> Services:
    return referred(services)


def read(type_: str, id_: str, to: Services, by: Partner = HOME) -> bytes:
    return query.read(type_, id_, asking(by, to), to).body


def becomes(status: str, to: Services, id_: str = "t", by: Partner = HOSPITAL) -> None:
    does(by, Patch("Task", id_, lambda found: found | {"status": status}), to)


@pytest.mark.parametrize(("type_", "id_"), BOTH)
def test_it_is_told_what_is_named_and_nothing_else(world: Services, type_: str, id_: str) -> None:
    """The word stands in every element that is not told, and the whole is told to who asked."""
    body = read(type_, id_, world)

    assert SECRET.encode() not in body
    assert without_version(decode(body)) == FORMS[type_]
    assert read(type_, id_, world, HOSPITAL).count(SECRET.encode()) >= 9


@pytest.mark.parametrize(("type_", "id_"), BOTH)
def test_each_door_tells_the_same_form(world: Services, type_: str, id_: str) -> None:
    caller, form = asking(HOME, world), FORMS[type_]
    asked = histories.HistoryRequest
    shown = [
        query.vread(type_, id_, "1", caller, world).body,
        query.history(asked(type_, id_), caller, world, base=BASE),
        query.history(asked(type_), caller, world, base=BASE),
        query.history(asked(), caller, world, base=BASE),
        query.search(parse_query(type_, ""), caller, world, base=BASE),
        query.search(parse_query("Task", "_include=Task:focus"), caller, world, base=BASE),
        query.search(parse_query("ServiceRequest", "_revinclude=Task:focus"), caller, world, base=BASE),
        query.search_several(parse_several(KINDS, ()), caller, world, base=BASE),
        query.search_several(parse_several(KINDS, [("_sort", "_lastUpdated")]), caller, world, base=BASE),
    ]
    for body in shown:
        assert SECRET.encode() not in body
        entries = decode(body).get("entry", [{"resource": decode(body)}])
        assert form in [without_version(entry["resource"]) for entry in entries if entry["resource"]["id"] == id_]
        told_of = {(entry["resource"]["resourceType"], entry["resource"]["id"]) for entry in entries}
        assert {one for one in told_of if one[0] != "Organization"} <= set(BOTH)


TOLD = {
    "ServiceRequest": (
        "",
        "_id=r",
        "_lastUpdated=gt2020-01-01",
        "status=active",
        "status:not=revoked",
        "intent=order",
        "priority=urgent",
        "priority:missing=false",
        f"category={SNOMED}|3457005",
        f"code={SNOMED}|11131000146102",
        "authored=2026-01-05",
        f"requester:identifier={URA}|{HOSPITAL.ura}",
        "_has:Task:focus:status=requested",
        "_sort=-authored",
        "_sort=_lastUpdated",
    ),
    "Task": (
        "status=requested",
        f"owner:identifier={URA}|{HOME.ura}",
        "focus=ServiceRequest/r",
        "focus:ServiceRequest.status=active",
        "authored-on=ge2026-01-01",
        "_sort=status",
    ),
}
NOT_TOLD = {
    "ServiceRequest": (
        "subject=Patient/p",
        "patient=p",
        "patient:missing=false",
        "subject:Patient.name=jansen",
        "patient.birthdate:missing=true",
        f"identifier={LOCAL}/number|{SECRET}",
        "identifier:missing=false",
        "encounter:missing=true",
        f"code={LOCAL}|{SECRET}",
        "code=11131000146102",
        f"code:not={LOCAL}|x",
        f"code={SNOMED}|11131000146102,{LOCAL}|x",
        "code:missing=false",
        f"category:text={SECRET}",
        "performer:missing=true",
        "requester:missing=false",
        "occurrence=2026-01-06",
        f"_profile=https://duinrand.example/{SECRET}",
        f"_tag={LOCAL}|{SECRET}",
        f"_text={SECRET}",
        "status=active&patient=Patient/p",
        "_sort=subject",
        "_sort=code",
        "_sort=status,identifier",
        "_has:Task:focus:patient=Patient/p",
    ),
    "Task": (
        "patient=Patient/p",
        "subject=ServiceRequest/r",
        "subject:missing=false",
        "focus:missing=false",
        "identifier:missing=false",
        f"group-identifier={SECRET}",
        "focus:ServiceRequest.subject=Patient/p",
        "focus:ServiceRequest.patient.name=jansen",
        "_sort=owner",
        f"requester={HOSPITAL.ura}",
    ),
}


@pytest.mark.parametrize(("type_", "asked"), [(type_, asked) for type_, several in TOLD.items() for asked in several])
def test_it_is_found_by_what_is_told(world: Services, type_: str, asked: str) -> None:
    assert found_by(HOME, type_, asked, world) == [{"ServiceRequest": "r", "Task": "t"}[type_]]
    counted = query.search(parse_query(type_, f"{asked}&_summary=count"), asking(HOME, world), world, base=BASE)
    assert decode(counted)["total"] == 1


@pytest.mark.parametrize(
    ("type_", "asked"), [(type_, asked) for type_, several in NOT_TOLD.items() for asked in several]
)
def test_it_is_not_found_by_what_is_not_told(world: Services, type_: str, asked: str) -> None:
    """A candidate finds nothing, whether or not it guesses right; who is told the whole finds what the owner does."""
    assert found_by(HOME, type_, asked, world) == []
    counted = query.search(parse_query(type_, f"{asked}&_total=accurate"), asking(HOME, world), world, base=BASE)
    assert decode(counted)["total"] == 0
    becomes("accepted", world)
    same = found_by(HOME, type_, asked, world)
    assert same == found_by(HOSPITAL, type_, asked, world)[: len(same)]


def test_what_is_not_told_is_not_followed(world: Services) -> None:
    """A patient whom it sees for another reason is not shown to be that of the request."""
    does(HOSPITAL, Put({**whole_request(), "id": "other", "subject": {"reference": "Patient/p"}}), world)
    does(HOSPITAL, Put(whole_task("accepted", "t-other", focus={"reference": "ServiceRequest/other"})), world)
    assert told(HOME, "Patient", "p", world) == "whole"

    for asked in ("_include=Task:patient", "_include=*", "_include=Task:focus&_include:iterate=ServiceRequest:patient"):
        assert "p" not in found_by(HOME, "Task", f"_id=t&{asked}", world)
    back = found_by(HOME, "Patient", "_id=p&_revinclude=Task:patient&_revinclude=ServiceRequest:subject", world)
    assert sorted(back) == ["other", "p", "t-other"]
    for asked in ("patient=Patient/p", "patient:Patient.name=jansen", "subject.name=jansen"):
        assert found_by(HOME, "ServiceRequest", asked, world) == ["other"]
    for asked, sees in (
        ("ServiceRequest:subject:_id=r", []),
        ("Task:patient:_id=t", []),
        ("Task:patient:_id=t-other", ["p"]),
    ):
        assert found_by(HOME, "Patient", f"_has:{asked}", world) == sees
    gathered = everything(Everything("Patient", "p"), asking(HOME, world), world, base=BASE)
    assert sorted(entry["resource"]["id"] for entry in decode(gathered)["entry"]) == ["other", "p"]


def test_nothing_else_of_the_patient_is_told(world: Services) -> None:
    does(HOSPITAL, Put(observation("o")), world)

    for type_, id_ in (("Patient", "p"), ("Observation", "o")):
        assert told(HOME, type_, id_, world) == ""
    with pytest.raises(ResourceNotFound):
        everything(Everything("Patient", "p"), asking(HOME, world), world, base=BASE)


def test_an_export_has_only_what_is_seen_whole(world: Services) -> None:
    caller = asking(HOME, world)
    id_ = exports.begin(Wanted(("ServiceRequest", "Task"), None, "https://x"), caller, world)

    listed = decode(exports.manifest(id_, "https://x/", caller, world))["output"]
    lines = [exports.content(one["url"].removeprefix("https://x/"), caller, world) for one in listed]
    assert b"".join(lines) == b""


SHOWN = {"requested": "reduced", "received": "reduced", "ready": "reduced", "accepted": "whole", "in-progress": "whole"}
SHOWN |= {"on-hold": "reduced", "completed": "whole", "rejected": "", "cancelled": "", "failed": "", "draft": ""}


@pytest.mark.parametrize(("status", "shown"), SHOWN.items())
def test_how_much_is_told_goes_by_the_task(world: Services, status: str, shown: str) -> None:
    becomes(status, world)

    assert told(HOME, "ServiceRequest", "r", world) == shown
    assert told(HOME, "Patient", "p", world) == ("whole" if shown == "whole" else "")
    assert told(HOME, "Task", "t", world) == ("" if status == "draft" else "whole" if shown == "whole" else "reduced")
    assert told(OTHER_HOME, "ServiceRequest", "r", world) == "reduced"
    assert told(INSURER, "ServiceRequest", "r", world) == ""


def test_a_question_opens_nothing_and_closes_until_it_is_taken_on_again(world: Services) -> None:
    """Who asks something of a request that is put to it has not taken it on."""
    for status, shown in (("on-hold", ""), ("accepted", "whole"), ("on-hold", ""), ("in-progress", "whole")):
        becomes(status, world, by=HOME)
        assert told(HOME, "Patient", "p", world) == shown


def test_a_request_that_is_withdrawn_is_told_to_nobody(world: Services) -> None:
    does(HOSPITAL, Put(whole_request(status="revoked")), world)

    assert told(HOME, "ServiceRequest", "r", world) == ""
    does(HOSPITAL, Delete("ServiceRequest", "r"), world)
    with pytest.raises(ResourceNotFound):
        read("ServiceRequest", "r", world)


def test_the_one_who_is_chosen_sees_the_whole_and_the_others_that_they_are_not(world: Services) -> None:
    becomes("accepted", world, by=HOME)
    becomes("cancelled", world, "t2")

    assert told(HOME, "ServiceRequest", "r", world) == "whole"
    assert told(OTHER_HOME, "ServiceRequest", "r", world) == ""
    assert decode(read("Task", "t2", world, OTHER_HOME))["status"] == "cancelled"


def test_a_page_further_on_is_of_what_is_told_by_then(world: Services) -> None:
    for number in range(3):
        name = f"r{number}"
        does(HOSPITAL, Put(whole_request() | {"id": name}), world)
        does(HOSPITAL, Put(whole_task(id_=f"t-{name}", focus={"reference": f"ServiceRequest/{name}"})), world)
    caller = asking(HOME, world)
    first = decode(query.search(parse_query("ServiceRequest", "_count=2"), caller, world, base=BASE))
    following = next(link["url"] for link in first["link"] if link["relation"] == "next")
    becomes("cancelled", world, "t-r1")
    becomes("accepted", world, "t-r2")

    page = query.search(parse_query("ServiceRequest", urlsplit(following).query), asking(HOME, world), world, base=BASE)
    shown = {entry["resource"]["id"]: SECRET in str(entry) for entry in decode(page)["entry"]}
    assert len(first["entry"]) == 2
    assert shown == {"r2": True}


def test_a_coordinator_sees_the_whole_from_the_question_on(world: Services) -> None:
    does(HOSPITAL, Put(whole_task(id_="tz", to=organisation(CENTRE))), world)

    assert told(CENTRE, "ServiceRequest", "r", world) == told(CENTRE, "Task", "tz", world) == "whole"
    does(CENTRE, Put(whole_task(id_="on", to=organisation(OTHER_HOME), requester=organisation(CENTRE))), world)
    becomes("cancelled", world, "t2")
    assert told(OTHER_HOME, "ServiceRequest", "r", world) == "reduced"


def test_nobody_makes_itself_a_candidate(world: Services) -> None:
    becomes("cancelled", world)
    mine = whole_task(id_="mine", requester=organisation(HOME))

    with pytest.raises(Forbidden, match="does not see"):
        does(HOME, Put(mine), world)
    becomes("requested", world, "t")
    with pytest.raises(Forbidden, match="does not see"):  # a reduced form is not enough to hand it on
        does(HOME, Put(mine | {"owner": organisation(OTHER_HOME)}), world)
    assert told(HOME, "ServiceRequest", "r", world) == "reduced"


@pytest.mark.parametrize("asked", ["patient=Patient/p", "patient=Patient/x", f"identifier={LOCAL}/number|{SECRET}"])
def test_a_scope_that_asks_what_is_not_told_tells_nothing(world: Services, asked: str) -> None:
    """A client has its scopes narrowed by a query of its own: what it is told then would answer that."""
    narrowed = asking(HOME, world, scopes=frozenset({f"system/ServiceRequest.rs?{asked}"}))
    with pytest.raises(GatewayError):
        query.read("ServiceRequest", "r", narrowed, world)

    told_by = asking(HOME, world, scopes=frozenset({"system/ServiceRequest.rs?status=active"}))
    assert SECRET.encode() not in query.read("ServiceRequest", "r", told_by, world).body


def test_who_is_registered_to_see_less_sees_no_more(world: Services) -> None:
    for sees, shown in (("Task?status=requested", "reduced"), ("Task?status=accepted", ""), ("Task?patient=p", "")):
        narrow = structs.replace(HOME, sees=("ServiceRequest", sees))
        caller = replace(asking(HOME, world), types=narrow.caller().types, conditions=narrow.caller().conditions)
        bundle = decode(query.search(parse_query("Task", ""), caller, world, base=BASE))
        assert len(bundle.get("entry", [])) == (1 if shown else 0)


def test_the_log_does_not_tell_it_whom_it_was_about(world: Services) -> None:
    """It is told what it did itself; who keeps the record is told that it read."""
    read("ServiceRequest", "r", world)
    becomes("received", world, by=HOME)

    with world.store.reading() as db:
        found = [decode(bytes(row)) for (row,) in db.rows("select content from audit")]
    mine = [row for row in found if row.get("partner") == HOME.id]
    assert sorted(row["action"] for row in mine) == ["read", "transact"]
    assert not any("patients" in row for row in mine)
    assert all(row["owners"] == [HOSPITAL.ura] for row in mine)
    assert [row["rules"] for row in mine if row["action"] == "read"] == [["request-to-a-candidate"]]


def test_what_is_told_stays_so(world: Services) -> None:
    """A form is the same bytes each time, and what changes beside it changes the version alone."""
    before = read("ServiceRequest", "r", world)
    assert read("ServiceRequest", "r", world) == before
    does(HOSPITAL, Put(whole_request(patientInstruction="anders", subject={"display": "iemand anders"})), world)

    after = decode(read("ServiceRequest", "r", world))
    assert without_version(after) == REDUCED_REQUEST
    assert [one["id"] for one in everything_found(HOME, "ServiceRequest", f"category={SNOMED}|3457005", world)] == ["r"]
