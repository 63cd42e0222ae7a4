"""What one organisation is answered does not depend on what another has: whatever is asked, by whichever way.

Each question is asked twice: of a store that holds the data of both, and of one that holds nothing but one's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway import query
from gateway.access.partners import Partner, Partners
from gateway.access.policy import Caller, unlimited
from gateway.errors import GatewayError
from gateway.fhir.search import parse, parse_several
from gateway.fhir.types import Resource, resource_types
from gateway.granting import Granting
from gateway.query import exports, groups, lastn, provenance
from gateway.query.everything import Everything, everything
from gateway.query.exports import Wanted
from gateway.query.histories import parse as history_of
from gateway.services import Services
from gateway.settings import Settings
from gateway.store import open_store
from gateway.transact import Delete, Put, transact
from gateway.validation import Validator
from tests.conftest import NOW, counted, library

BASE = "https://gateway.example/fhir"
SAID_BY = "https://msb-gateway.example/fhir/CodeSystem/said-by"
ONE, OTHER = "00000001", "00000002"


PARTNERS = {
    name: Partner(id=f"partner-{name}", name=name, kind="ziekenhuis", ura=name, scopes=("system/*.cruds",))
    for name in (ONE, OTHER)
}


def by_searches(organisation: str) -> Caller:
    """Return who sees what matches searches, as a partner can be registered."""
    rules = {
        type_: parse(type_, [("_security", f"{SAID_BY}|{organisation}")]).conditions[0] for type_ in resource_types()
    }
    return Caller(organisation, "partner", conditions=rules)


def by_the_policy(organisation: str) -> Caller:
    """Return who sees what the policy that ships gives a hospital that shares no network and no region."""
    return Granting().granted(PARTNERS[organisation].caller(), Partners(PARTNERS.values()), NOW)


CALLERS = pytest.mark.parametrize("caller", [by_searches, by_the_policy])


def own(organisation: str, other: str) -> Iterator[Resource]:
    """Yield what an organisation has, some of which points at what the other one has."""

    def resource(type_: str, id_: str, **elements: Any) -> Resource:
        meta = {"security": [{"system": SAID_BY, "code": organisation}]}
        return {"resourceType": type_, "id": f"{id_}-{organisation}", "meta": meta, **elements}

    def to(type_: str, id_: str, whose: str = organisation) -> dict[str, str]:
        return {"reference": f"{type_}/{id_}-{whose}"}

    coded = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "hartslag"}
    yield resource("Organization", "o", name=f"Zorg {organisation}", partOf=to("Organization", "o", other))
    yield resource(
        "Location",
        "l",
        name="Spoed",
        managingOrganization=to("Organization", "o", other),
        position={"longitude": 4.3, "latitude": 52.07},
    )
    yield resource(
        "HealthcareService",
        "h",
        providedBy=to("Organization", "o"),
        location=[to("Location", "l"), to("Location", "l", other)],
    )
    yield resource("Schedule", "s", active=True, actor=[to("HealthcareService", "h"), to("Location", "l", other)])
    for number, status in enumerate(("free", "busy", "free")):
        start = f"2026-01-0{number + 5}T10:00:00+01:00"
        of = organisation if number else other
        yield resource(
            "Slot",
            f"t{number}",
            status=status,
            start=start,
            end=start[:11] + "11:00:00+01:00",
            schedule=to("Schedule", "s", of),
        )
    yield resource(
        "Patient",
        "p",
        name=[{"family": "Jansen"}],
        gender="female",
        managingOrganization=to("Organization", "o", other),
    )
    yield resource(
        "Encounter",
        "e",
        status="finished",
        **{"class": {"code": "EMER"}},
        subject=to("Patient", "p"),
        location=[{"location": to("Location", "l", other)}],
    )
    for number, whose in enumerate((organisation, other)):
        yield resource(
            "Observation",
            f"b{number}",
            status="final",
            code=coded,
            subject=to("Patient", "p", whose),
            effectiveDateTime="2026-01-05",
        )
    yield resource(
        "ServiceRequest",
        "r",
        status="active",
        intent="order",
        subject=to("Patient", "p", other),
        requester=to("Organization", "o"),
    )
    yield resource(
        "Task",
        "w",
        status="accepted",
        intent="order",
        focus=to("ServiceRequest", "r", other),
        owner=to("Organization", "o"),
        **{"for": to("Patient", "p", other)},
    )
    yield resource(
        "Group",
        "g",
        type="person",
        actual=True,
        member=[{"entity": to("Patient", "p")}, {"entity": to("Patient", "p", other)}],
    )


def stored(to: Services, organisations: list[str]) -> Services:
    """Fill a store: everything in two versions, and something that is gone."""
    everyone = {ONE: OTHER, OTHER: ONE}
    for name in organisations:
        writer = unlimited(PARTNERS[name].caller())
        for language in ("nl", "en"):
            transact([Put({**each, "language": language}) for each in own(name, everyone[name])], writer, to)
        transact([Put({"resourceType": "Patient", "id": f"gone-{name}"})], writer, to)
        transact([Delete("Patient", f"gone-{name}")], writer, to)
    return to


@pytest.fixture
def both(services: Services) -> Services:
    """Return a store that holds the data of both."""
    return stored(services, [OTHER, ONE])


@pytest.fixture
def alone() -> Iterator[Services]:
    """Yield a store with nothing in it but what one organisation said."""
    store = open_store("sqlite://")
    yield stored(Services(Settings(database="sqlite://"), store, Validator(), library(), lambda: NOW, counted()), [ONE])
    store.close()


Question = Callable[[Caller, Services], Any]
IDS = [
    f"{id_}-{whose}"
    for id_ in ("o", "l", "h", "s", "t0", "t1", "p", "e", "b0", "b1", "r", "w", "g", "gone")
    for whose in (ONE, OTHER)
]
TYPES = [
    "Organization",
    "Location",
    "HealthcareService",
    "Schedule",
    "Slot",
    "Patient",
    "Encounter",
    "Observation",
    "ServiceRequest",
    "Task",
    "Group",
    "Provenance",
]
ASKED = {
    "Organization": ["name=zorg", "partof.name=zorg", "_has:Location:organization:name=spoed", "partof:missing=false"],
    "Location": [
        "near=52.07|4.30|25|km",
        "organization.partof.name=zorg",
        "_has:HealthcareService:location:_id:missing=false",
        "name:contains=poe",
    ],
    "HealthcareService": [
        "location.near=52.07|4.30|25|km",
        "organization.name=zorg",
        "location.organization.name=zorg",
    ],
    "Schedule": [
        "actor:HealthcareService.organization.name=zorg",
        "actor:Location.name=spoed",
        "_has:Slot:schedule:status=busy",
    ],
    "Slot": [
        "status=free",
        "status:not=free",
        "schedule.active=true",
        "start=ge2026-01-05&status=free",
        "schedule.actor:Location.name=spoed",
        f"schedule=s-{OTHER}",
    ],
    "Patient": [
        "family=jansen",
        "organization.name=zorg",
        "_has:Observation:patient:code=8867-4",
        "_has:Task:patient:status=accepted",
        "gender=female",
    ],
    "Encounter": ["subject.family=jansen", "location.name=spoed", "_has:Observation:encounter:_id:missing=false"],
    "Observation": ["code=8867-4", "subject:Patient.family=jansen", f"patient=p-{OTHER}", "date=2026-01-05"],
    "ServiceRequest": [
        "subject:Patient.family=jansen",
        "requester:Organization.name=zorg",
        "_has:Task:focus:status=accepted",
    ],
    "Task": [
        "focus:ServiceRequest.status=active",
        "owner:Organization.name=zorg",
        f"patient=p-{OTHER}",
        "patient.family=jansen",
    ],
    "Group": ["member:Patient.family=jansen", f"member=Patient/p-{OTHER}"],
    "Provenance": [f"target=Patient/p-{OTHER}", f"target=Patient/p-{ONE}", f"target=Slot/t1-{OTHER}"],
}
SHAPED = [
    "",
    "_summary=count",
    "_total=accurate",
    "_count=1",
    "_count=2&_sort=-_lastUpdated",
    "_sort=_id",
    "_include=*",
    "_include=*&_include:iterate=*",
    "_revinclude=*",
    "_elements=id",
    f"_security={SAID_BY}|{OTHER}",
]


def searched(type_: str, asked: str) -> Question:
    def ask(who: Caller, to: Services) -> Any:
        pages, pairs = [], parse_qsl(asked)
        while True:
            pages.append(json.loads(query.search(parse(type_, pairs), who, to, base=BASE)))
            links = {link["relation"]: link["url"] for link in pages[-1].pop("link")}
            if "next" not in links or len(pages) > 50:
                return pages
            pairs = parse_qsl(links["next"].partition("?")[2])

    return ask


def told(type_: str, id_: str, version: str) -> Question:
    if version:
        return lambda who, to: query.vread(type_, id_, version, who, to).body
    return lambda who, to: query.read(type_, id_, who, to).body


def history(type_: str, id_: str) -> Question:
    def ask(who: Caller, to: Services) -> Any:
        found = json.loads(query.history(history_of(type_, id_, []), who, to, base=BASE))
        return {name: value for name, value in found.items() if name != "link"}

    return ask


def belonging(type_: str, id_: str) -> Question:
    def ask(who: Caller, to: Services) -> Any:
        return sorted(
            each["resource"]["id"]
            for each in json.loads(everything(Everything(type_, id_), who, to, base=BASE)).get("entry", [])
        )

    return ask


def exported(types: list[str], group: str) -> Question:
    def ask(who: Caller, to: Services) -> Any:
        members = groups.members(group, who, to) if group else None
        id_ = exports.begin(Wanted(types, None, f"{BASE}/$export", members), who, to)
        files = json.loads(exports.manifest(id_, "", who, to))["output"]
        return [(file["type"], exports.content(file["url"], who, to)) for file in files]

    return ask


def several(types: str, asked: str) -> Question:
    def ask(who: Caller, to: Services) -> Any:
        found = json.loads(query.search_several(parse_several(types.split(","), parse_qsl(asked)), who, to, base=BASE))
        return found.get("total"), [each["resource"]["id"] for each in found.get("entry", [])]

    return ask


def newest(asked: str) -> Question:
    return lambda who, to: lastn.lastn(parse("Observation", parse_qsl(asked)), 1, who, to, base=BASE)


def of_provenance(type_: str, id_: str) -> Question:
    return lambda who, to: provenance.provenance(type_, id_, who, to)


KINDS = {
    "o": "Organization",
    "l": "Location",
    "h": "HealthcareService",
    "s": "Schedule",
    "t": "Slot",
    "p": "Patient",
    "e": "Encounter",
    "b": "Observation",
    "r": "ServiceRequest",
    "w": "Task",
    "g": "Group",
}


def questions() -> Iterator[tuple[str, Question]]:
    """Yield everything that is asked, under a name."""
    for type_, asked in ASKED.items():
        for query_ in ["", *asked]:
            for shape in SHAPED:
                text = "&".join(filter(None, [query_, shape]))
                yield f"{type_}?{text}", searched(type_, text)
    for id_ in IDS:
        type_ = KINDS.get(id_[0], "Patient") if not id_.startswith("gone") else "Patient"
        for version in ("", "1", "2", "3"):
            yield f"{type_}/{id_} version {version}", told(type_, id_, version)
        yield f"{type_}/{id_}/_history", history(type_, id_)
        yield f"{type_}/{id_}/$everything", belonging(type_, id_)
        yield f"Provenance of {type_}/{id_}", of_provenance(type_, id_)
    for type_ in ("", *ASKED):
        yield f"{type_}/_history", history(type_, "")
    for group in ("", f"g-{ONE}", f"g-{OTHER}"):
        for type_ in KINDS.values():
            yield f"$export of {type_} of {group}", exported([type_], group)
    for types in ("Patient,Slot", "Slot,Task", "Patient,Task,Organization"):
        for params in ("", "_count=2", "_total=accurate", "_sort=_lastUpdated", "_count=2&_sort=-_id"):
            yield f"?_type={types}&{params}", several(types, params)
    for params in ("code=8867-4", f"patient=p-{ONE}", f"patient=p-{OTHER}"):
        yield f"$lastn {params}", newest(params)


def answer(question: Question, who: Caller, to: Services) -> Any:
    """Return what somebody is answered, or why it is refused."""
    try:
        return question(who, to)
    except GatewayError as error:
        return type(error), [str(issue) for issue in error.issues]


@CALLERS
def test_nothing_that_is_answered_depends_on_what_others_have(
    both: Services, alone: Services, caller: Callable[[str], Caller]
) -> None:
    who = caller(ONE)
    wrong = [name for name, question in questions() if answer(question, who, both) != answer(question, who, alone)]

    assert wrong == []


@CALLERS
def test_one_is_told_of_its_own(both: Services, caller: Callable[[str], Caller]) -> None:
    """That nothing depends on others would hold of who is told nothing too."""
    who = caller(ONE)
    found = {type_: len(answer(searched(type_, ""), who, both)[0].get("entry", [])) for type_ in KINDS.values()}

    assert found == dict.fromkeys(KINDS.values(), 1) | {"Slot": 3, "Observation": 2}
    assert len(answer(history("", ""), who, both)["entry"]) == 2 * sum(found.values())
    assert answer(belonging("Patient", f"p-{ONE}"), who, both) != []
