"""What searches find, on both engines, by every plan, against the plain way."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.access.policy import Predicate, development_caller
from gateway.fhir.json import decode
from gateway.fhir.search import AllOf, AnyOf, Condition, Has, SearchRequest, parse, served
from gateway.services import Services
from gateway.store import Database, search
from gateway.store.index import rows
from gateway.store.search import CANDIDATES, REACH, Everything, Found, Results, Scope, Visible
from gateway.store.search.offered import AS_SAID
from gateway.transact import Delete, Put, transact
from tests.store.searching import BED, CARE, SLOT_STATUS, Region, expected, region, seen

BASE = "https://gateway.example/fhir"
CALLER = development_caller()

QUERIES = {
    "Slot": [
        "",
        "status=free",
        "status=free,busy",
        f"status={SLOT_STATUS}|free",
        "status=http://other.example|free",
        f"status={SLOT_STATUS}|",
        "status:not=free",
        "status:not=free,busy",
        "status=free&status=busy",
        "start=2026-03-29",
        "start=2026-10-25",
        "start=2026-10",
        "start=ne2026-10-25",
        "start=gt2026-10-25",
        "start=ge2026-10-25&start=le2026-10-25",
        "start=lt2026-03-29,gt2026-10-25",
        "start=sa2026-03-29&start=eb2026-10-25",
        "start=ap2026-10-25",
        "start=ge2026-03-29T12:00&start=lt2026-10-25T10:30:00Z&status=free",
        "start:missing=true",
        "schedule=s1",
        "schedule=Schedule/s1,s2",
        f"schedule={BASE}/Schedule/s1",
        "schedule=https://x.example/fhir/Schedule/s1",
        "schedule=https://x.example/fhir/Schedule/s1,Schedule/s2",
        "schedule=s1&status=free&start=2026-10-25",
        "schedule=Schedule/s1/_history/1",
        "schedule=Schedule/s1/_history/1&status=free&start=2026-10-25",
        f"schedule={BASE}/Schedule/s1/_history/1,Schedule/s2",
        "schedule=Schedule/s1/_history/2,https://x.example/fhir/Schedule/s1/_history/1",
        "schedule:missing=false",
        "schedule.actor:HealthcareService=h1",
        "Schedule.actor:HealthcareService=h1&status=free&start=ge2026-03-29&start=le2026-10-25",
        "schedule.actor:HealthcareService.name=spoed",
        "schedule.actor:HealthcareService.organization.identifier=00000001",
        "schedule.actor:HealthcareService.organization.partof.name=ziekenhuis 0",
        "schedule.actor.name=spoed",
        "schedule.active:not=true",
        "schedule.active:not=true&status=free",
        "schedule.actor:Location.status:not=active",
        "schedule.identifier:missing=true",
        f"service-type={BED}|icu",
        "service-type=ward",
        "service-type=|ward",
        f"service-type={CARE}|",
        "service-type=ward,icu&status=free",
        "service-type=icu&status=free",
        f"service-type={BED}|icu&status=free&start=ge2026-10-24&start=lt2026-10-26",
        f"service-type={CARE}|ward&status=free,busy",
        f"service-type=|ward&status=busy&service-type={CARE}|ward",
        f"service-type={BED}|icu&status=free&identifier=http://example.org/slot|0",
        f"service-type={BED}|icu&status=free&schedule=s1,s5",
        "service-type=nowhere&status=free",
        "service-type:not=ward",
        "service-type=icu&schedule.actor:HealthcareService=h1,h2",
        "identifier=7",
        "identifier=http://example.org/slot|14",
        "identifier:missing=true&status=free",
        "identifier:missing=false",
        "_id=t1,t2,nowhere",
        "_id:not=t1",
        "_id=http://x|t1",
        "_lastUpdated=2026-01-05",
        "_lastUpdated=gt2026-01-05",
        "_lastUpdated=ge2026-01-05&_lastUpdated=lt2026-01-06",
        "_lastUpdated:missing=false",
    ],
    "Location": [
        "name=spoed",
        "name=SPOEDEISENDE hulp",
        "name=intensive care",
        "name=afdeling sud",
        "name:exact=Spoedeisende Hulp",
        "name:exact=spoedeisende hulp",
        "name:contains=care",
        "name:contains=100%25",
        "name:contains=d_1",
        "address=s gravenhage",
        "address-postalcode=2501cb",
        "address:missing=true",
        "organization.name=ziekenhuis 1,ziekenhuis 2",
        "organization:Organization.partof.partof.name=ziekenhuis",
        "organization=o1&status=active",
        "_lastUpdated:missing=false",
        "_id:missing=false&status=active",
        "_id:missing=true",
        "_has:Schedule:actor:active=true",
        "_has:Schedule:actor:_has:Slot:schedule:status=free",
        "_has:Encounter:location:subject:Patient.name=jansen",
        "_has:HealthcareService:location:organization.identifier=00000002",
        "status:not=active",
    ],
    "Patient": [
        "name=jan",
        "family=de vries",
        "given=piet,aaf",
        "family=ozdemir&given=jan",
        "birthdate=1980",
        "birthdate=1980-05",
        "birthdate=ge1980-05-17",
        "birthdate=gt1980-05-17",
        "birthdate=lt1980-05-17",
        "birthdate=le1980-05-17",
        "birthdate=sa1980-05",
        "birthdate=eb1980-05",
        "birthdate=ne1980",
        "birthdate=ge1980-01-01&birthdate=lt1980-06-01",
        "birthdate=ap1980-05",
        "birthdate:missing=true",
        "gender=male",
        "gender:not=male",
        "gender:missing=true&birthdate:missing=false",
        "deceased=false",
        "identifier=3",
        "general-practitioner=Practitioner/d1",
        "general-practitioner=d1,d2",
        "general-practitioner.name=dokter3",
        "general-practitioner:Practitioner.given=anna",
        "_has:Encounter:patient:status=in-progress",
        "_has:Encounter:patient:class=EMER&_has:Task:patient:status=accepted",
        "_has:Encounter:subject:location.name:contains=spoed",
        "_has:Encounter:patient:status:not=finished",
    ],
    "Encounter": [
        "date=2026-01-05",
        "date=ge2026-01-20",
        "date=gt2026-01-20",
        "date=le2026-01-05",
        "date=lt2026-01-05",
        "date=sa2026-01-20",
        "date=eb2026-02-10",
        "date=eq2026",
        "date=ne2026",
        "date=ap2026-01-05",
        "date=ge2026-02-05&date=le2026-02-20",
        "length=60",
        "length=gt60||min",
        "length=le60|http://unitsofmeasure.org|min",
        "length=60||h",
        "length=ap60",
        "length=ne60",
        "length:missing=true",
        "patient.name=jansen&status=finished",
        "patient.general-practitioner.name=dokter1",
        "subject:Patient.identifier=http://example.org/patient|3",
        "class=EMER&location.organization.name=ziekenhuis 1",
    ],
    "Task": [
        "owner:identifier=http://fhir.nl/fhir/NamingSystem/ura|00000001",
        "owner:identifier=00000001",
        "subject=Patient/p1/_history/1",
        "patient=Patient/p1/_history/1,Patient/p1,p2",
        "patient:Patient=Patient/p5/_history/2",
        "owner=Organization/o1",
        "owner:missing=true",
        "owner:missing=false",
        "authored-on=ge2026-01-05&authored-on=le2026-01-08",
        "patient.family=jansen",
        "status=requested&owner.name=ziekenhuis",
    ],
}
# As it is; as it would be with far more resources; walking all the way.
PLANS = [(CANDIDATES, REACH), (2, 12), (0, 3)]
SORTS = {
    "Slot": [
        "",
        "-start",
        "status",
        "status,-start",
        "service-type",
        "identifier",
        "-identifier,start",
        "_id",
        "-_lastUpdated",
    ],
    "Location": ["", "name", "-name", "address", "_id", "organization"],
    "Patient": ["", "name", "-family", "birthdate", "-birthdate,name", "gender", "identifier"],
    "Encounter": ["", "date", "-date", "length", "-length", "status,date"],
    "Task": ["", "authored-on", "-authored-on", "owner"],
}


def _rule(resource_type: str, *queries: str) -> Condition:
    """Return that a resource matches one of some searches."""
    return AnyOf(tuple(AllOf(asked(resource_type, query).conditions) for query in queries))


def asked(resource_type: str, query: str) -> SearchRequest:
    return parse(resource_type, parse_qsl(query, keep_blank_values=True))


_URA = "http://fhir.nl/fhir/NamingSystem/ura|0000000"
_TREATED = Has(
    "Task",
    served("Task")["patient"],
    AllOf(asked("Task", f"owner:identifier={_URA}1&status=accepted").conditions),
)
EYES: dict[str, Visible] = {
    "everything": Everything(),
    "some": Predicate(
        frozenset(
            {"Slot", "Schedule", "HealthcareService", "Location", "Organization", "Patient", "Encounter", "Task"}
        ),
        {
            "Slot": _rule(
                "Slot",
                f"schedule.actor:HealthcareService.organization.identifier={_URA}1",
                "identifier=http://example.org/slot|7",
            ),
            "Schedule": _rule("Schedule", "actor=HealthcareService/h1", "actor=HealthcareService/h2"),
            "Location": _rule("Location", "organization=o1", "organization=o2"),
            "Patient": AnyOf((_TREATED, _rule("Patient", "_has:Encounter:patient:status=in-progress"))),
            "Encounter": _rule("Encounter", "patient._has:Encounter:patient:status=in-progress"),
            "Task": _rule("Task", f"owner:identifier={_URA}1"),
        },
    ),
}


@pytest.fixture
def places(services: Services) -> Region:
    """Put the region into the store, some of it deleted or changed since, so that nothing may be left over."""
    where = region()
    gone = [resource | {"id": f"gone-{resource['id']}"} for resource in where.values() if resource["id"][-1] == "1"]
    transact([Put(resource) for resource in (*where.values(), *gone)], CALLER, services)
    changed = dict(where["Slot", "t2"], status="entered-in-error")
    transact([Put(changed)], CALLER, services)
    transact([Put(where["Slot", "t2"])], CALLER, services)
    transact([Delete(resource["resourceType"], resource["id"]) for resource in gone], CALLER, services)
    return where


@pytest.mark.parametrize(("candidates", "reach"), PLANS)
@pytest.mark.parametrize("eyes", EYES)
def test_a_search_finds_what_the_plain_way_finds(
    services: Services, places: Region, eyes: str, candidates: int, reach: int
) -> None:
    wrong: list[Any] = []
    there = seen(EYES[eyes], places, BASE)
    with services.store.reading() as db:
        for resource_type, queries in QUERIES.items():
            for query in queries:
                request = asked(resource_type, f"{query}&_count=1000".lstrip("&"))
                results = search.read(
                    db, request, Scope(BASE, EYES[eyes], candidates=candidates, reach=reach, now=AS_SAID)
                )
                found, wanted = [row.id for row in results.matches], expected(request, there, BASE)
                if sorted(found) != sorted(wanted) or results.total not in {None, len(wanted)}:
                    wrong.append((resource_type, query, sorted(found), sorted(wanted), results.total))

    assert wrong == []


@pytest.mark.parametrize(("candidates", "reach"), PLANS)
@pytest.mark.parametrize("eyes", EYES)
def test_an_accurate_total_is_accurate(
    services: Services, places: Region, eyes: str, candidates: int, reach: int
) -> None:
    wrong: list[Any] = []
    there = seen(EYES[eyes], places, BASE)
    with services.store.reading() as db:
        for resource_type, queries in QUERIES.items():
            for query in queries:
                wanted = len(expected(asked(resource_type, query), there, BASE))
                for how in ("_total=accurate&_count=1", "_summary=count", "_count=0"):
                    request = asked(resource_type, f"{query}&{how}".lstrip("&"))
                    total = search.read(
                        db, request, Scope(BASE, EYES[eyes], candidates=candidates, reach=reach, now=AS_SAID)
                    ).total
                    if total != wanted:
                        wrong.append((resource_type, query, how, total, wanted))

    assert wrong == []


@pytest.mark.parametrize(("candidates", "reach"), PLANS)
@pytest.mark.parametrize("eyes", EYES)
def test_pages_hold_every_match_once_and_in_order(
    services: Services, places: Region, eyes: str, candidates: int, reach: int
) -> None:
    wrong: list[Any] = []
    there = seen(EYES[eyes], places, BASE)
    with services.store.reading() as db:
        for resource_type, sorts in SORTS.items():
            for query in ("", QUERIES[resource_type][1], QUERIES[resource_type][-1]):
                for sort in sorts:
                    request = asked(resource_type, f"{query}&_sort={sort}&_count=5" if sort else f"{query}&_count=5")
                    pages = _pages(
                        db, request, Scope(BASE, EYES[eyes], candidates=candidates, reach=reach, now=AS_SAID)
                    )
                    found = [row for page in pages for row in page.matches]
                    wanted = expected(request, there, BASE)
                    if sorted(row.id for row in found) != sorted(wanted) or not _in_order(resource_type, sort, found):
                        wrong.append((resource_type, query, sort, [row.id for row in found], sorted(wanted)))
                    totals = {page.total for page in pages} - {None, len(wanted)}
                    if totals:
                        wrong.append((resource_type, query, sort, totals, len(wanted)))

    assert wrong == []


def _pages(db: Database, request: SearchRequest, scope: Scope) -> list[Results]:
    pages = [search.read(db, request, scope)]
    while (position := pages[-1].next) is not None:
        assert len(pages[-1].matches) == request.count
        assert len(pages) < 100
        pages.append(search.read(db, request, scope, position))
    return pages


def _in_order(resource_type: str, sort: str, found: list[Found]) -> bool:
    """Return whether the first sort value never goes back, what has none standing at the end."""
    code = sort.partition(",")[0] or {"Slot": "start"}.get(resource_type, "")
    values = [_sort_value(row, code.removeprefix("-"), down=code.startswith("-")) for row in found]
    present = [value for value in values if value is not None]
    return values == sorted(present, reverse=code.startswith("-")) + [None] * (len(values) - len(present))


def _sort_value(row: Found, code: str, *, down: bool) -> Any:
    if code in {"", "_lastUpdated"}:
        return 0
    if code == "_id":
        return row.id
    found = rows(decode(row.body), base=BASE)
    column = {"service-type": 2, "identifier": 2, "status": 2, "gender": 2, "organization": 2, "owner": 2, "length": 3}
    tables = (found.token, found.string, found.date, found.reference, found.uri, found.number, found.quantity)
    values = [entry[column.get(code, 1)] for table in tables for entry in table if entry[0] == code]
    return (max if down else min)(values, default=None)
