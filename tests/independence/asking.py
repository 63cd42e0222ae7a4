"""Whatever a client can ask: hypothesis draws requests over the whole API, about one's own, another's and nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.independence.twins import ONE, OTHER, URA, Asked

FHIR = "/fhir"
BSN = "999900006"
_BSN = "http://fhir.nl/fhir/NamingSystem/bsn"
_URA = "http://fhir.nl/fhir/NamingSystem/ura"
_LOCAL = "https://duinrand.example/ids"
_CODED = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}], "text": "hartslag"}
KINDS = {
    "Organization": "o",
    "Location": "l",
    "HealthcareService": "h",
    "Schedule": "s",
    "Slot": "t",
    "Patient": "p",
    "Encounter": "e",
    "Observation": "b",
    "ServiceRequest": "r",
    "Task": "w",
    "Group": "g",
    "Appointment": "a",
    "Communication": "c",
    "Subscription": "x",
}
_PERIOD = {"start": "2126-01-05T10:00:00+01:00", "end": "2126-01-05T11:00:00+01:00"}


def resource(type_: str, whose: str, other: str, variant: int = 0) -> dict[str, Any]:
    """Return what an organisation has of a type; `variant` makes another state of it."""

    def to(target: str, of: str = whose) -> dict[str, str]:
        return {"reference": f"{target}/{KINDS[target]}-{of}"}

    itself = {"type": "Organization", "identifier": {"system": _URA, "value": whose}}
    elements: dict[str, dict[str, Any]] = {
        "Organization": {"name": f"Zorg {variant}", "partOf": to("Organization", other)},
        "Location": {"name": "Spoed", "managingOrganization": to("Organization", other if variant else whose)},
        "HealthcareService": {"providedBy": to("Organization"), "location": [to("Location"), to("Location", other)]},
        "Schedule": {"active": True, "actor": [to("HealthcareService"), to("Location", other)]},
        "Slot": {"status": ("free", "busy")[variant % 2], "schedule": to("Schedule"), **_PERIOD},
        "Patient": {
            "identifier": [{"system": _BSN, "value": BSN}, {"system": _LOCAL, "value": str(variant)}],
            "name": [{"family": ("Jansen", "Pietersen")[variant % 2]}],
            "gender": "female",
            "managingOrganization": to("Organization", other),
        },
        "Encounter": {"status": "finished", "class": {"code": "EMER"}, "subject": to("Patient")},
        "Observation": {
            "status": "final",
            "code": _CODED,
            "subject": to("Patient", other if variant else whose),
            "effectiveDateTime": f"2026-01-0{variant + 1}",
        },
        "ServiceRequest": {
            "status": ("active", "revoked")[variant % 2],
            "intent": "order",
            "subject": to("Patient", other if variant else whose),
            "requester": itself,
        },
        "Task": {
            "status": ("requested", "accepted")[variant % 2],
            "intent": "order",
            "focus": to("ServiceRequest", other if variant else whose),
            "for": to("Patient"),
            "owner": itself,
        },
        "Group": {
            "type": "person",
            "actual": True,
            "member": [{"entity": to("Patient")}, {"entity": to("Patient", other)}],
        },
        "Appointment": {
            "status": "booked",
            "slot": [to("Slot")],
            "participant": [{"actor": to("Patient", other if variant else whose), "status": "accepted"}],
            **_PERIOD,
        },
        "Communication": {"status": "completed", "subject": to("Patient"), "about": [to("ServiceRequest", other)]},
        "Subscription": {
            "status": "requested",
            "reason": "te weten",
            "criteria": "Slot?status=free",
            "channel": {"type": "rest-hook", "endpoint": "https://duinrand.example/hook"},
        },
    }
    return {"resourceType": type_, "id": f"{KINDS[type_]}-{whose}", **elements[type_]}


def everything_of(whose: str) -> Iterator[Asked]:
    """Yield how an organisation says what it has, in two versions, and that something is gone."""
    other = URA[OTHER if whose == ONE else ONE]
    for variant in (0, 1, 0):
        for type_ in KINDS:
            if type_ != "Subscription":
                # who cannot see a request does not hand it on: a Task with the focus of another is refused
                said = resource(type_, URA[whose], other, 0 if type_ == "Task" else variant)
                yield Asked("PUT", f"{FHIR}/{type_}/{said['id']}", body=said)
    gone = resource("Patient", URA[whose], other) | {"id": f"gone-{URA[whose]}"}
    yield Asked("PUT", f"{FHIR}/Patient/{gone['id']}", body=gone)
    yield Asked("DELETE", f"{FHIR}/Patient/{gone['id']}")


_TYPES = st.sampled_from([*KINDS, "Provenance", "AuditEvent", "Consent", "MessageHeader", "CodeSystem"])
_CHANGED = st.sampled_from([*KINDS])
_WHOSE = st.sampled_from([URA[ONE], URA[OTHER], "nobody"])
_PARAMETERS = st.sampled_from(
    [
        "_id={id}",
        "_id:not={id}",
        "_lastUpdated=gt2020-01-01",
        "_lastUpdated=lt2020-01-01",
        "identifier=" + f"{_BSN}%7C{BSN}",
        "identifier=" + BSN,
        "identifier:missing=true",
        "status=free,active,requested",
        "status:not=free",
        "name=zorg",
        "name:contains=poe",
        "family=jansen",
        "family:exact=Pietersen",
        "gender=female",
        "birthdate:missing=true",
        "code=8867-4",
        "code:text=hart",
        "date=2026-01-02",
        "date=ge2026-01-01",
        "start=ge2026-01-01",
        "patient=Patient/p-{whose}",
        "subject=Patient/p-{whose}",
        "patient.family=jansen",
        "patient.identifier=" + BSN,
        "patient:missing=true",
        "subject:Patient.organization.name=zorg",
        "organization.partof.name=zorg",
        "partof=Organization/o-{whose}",
        "schedule.actor:Location.name=spoed",
        "focus:ServiceRequest.status=active",
        f"owner:identifier={_URA}%7C{URA[ONE]}",
        f"requester:identifier={_URA}%7C{URA[OTHER]}",
        "slot.status=busy",
        "actor=Location/l-{whose}",
        "member=Patient/p-{whose}",
        "target=Patient/p-{whose}",
        "entity=Patient/p-{whose}",
        "_has:Observation:patient:code=8867-4",
        "_has:Task:patient:status=requested",
        "_has:Task:focus:owner=Organization/o-{whose}",
        "_has:Slot:schedule:status=free",
        "_has:Group:member:_id=g-{whose}",
        "_security:missing=true",
        "_tag=x",
        "_text=jansen",
        "_content=x",
        "nonsense=1",
    ]
)
_SHAPES = st.sampled_from(
    [
        "_summary=count",
        "_summary=true",
        "_total=accurate",
        "_total=none",
        "_count=1",
        "_count=0",
        "_count=2",
        "_sort=-_lastUpdated",
        "_sort=_id",
        "_sort=family",
        "_include=*",
        "_include=*&_include:iterate=*",
        "_include=Task:focus",
        "_include=Slot:schedule&_include:iterate=Schedule:actor",
        "_revinclude=*",
        "_revinclude=Task:focus",
        "_revinclude=Observation:patient",
        "_elements=id",
        "_format=xml",
        "_pretty=true",
    ]
)
_CONDITIONS = st.sampled_from(
    [
        (),
        (("If-None-Match", 'W/"1"'),),
        (("If-None-Match", ", ".join(f'W/"{number}"' for number in range(1, 60))),),
        (("If-Match", 'W/"1"'),),
        (("If-Match", 'W/"3"'),),
        (("If-Modified-Since", "Mon, 05 Jan 2026 09:00:00 GMT"),),
        (("Prefer", "return=minimal"),),
        (("Prefer", "handling=lenient"),),
        (("Accept", "application/fhir+xml"),),
    ]
)
_MATCHES = st.sampled_from(
    [
        f"identifier={_BSN}%7C{BSN}",
        "family=jansen",
        f"_id=p-{URA[OTHER]}",
        f"_id=p-{URA[ONE]}",
        "name=zorg",
        "status=free",
        f"patient=p-{URA[OTHER]}",
        "_id=nothing",
    ]
)


@st.composite
def _id(draw: st.DrawFn, type_: str) -> str:
    kind = draw(st.sampled_from(["p", "gone"])) if type_ == "Patient" else KINDS.get(type_, "p")
    return f"{kind}-{draw(_WHOSE)}"


@st.composite
def _query(draw: st.DrawFn, shapes: st.SearchStrategy[str] = _SHAPES) -> str:
    whose = draw(_WHOSE)
    words = draw(st.lists(_PARAMETERS, max_size=3)) + draw(st.lists(shapes, max_size=2))
    return "&".join(word.format(id=f"p-{whose}", whose=whose) for word in words)


@st.composite
def _read(draw: st.DrawFn) -> Asked:
    type_ = draw(_TYPES)
    part = draw(st.sampled_from(["", "", "/_history", "/_history/1", "/_history/2", "/$everything", "/$meta"]))
    query = draw(st.sampled_from(["", "_summary=true", "_elements=id", "_format=xml"]))
    path = f"{FHIR}/{type_}/{draw(_id(type_))}{part}"
    return Asked(draw(st.sampled_from(["GET", "GET", "HEAD"])), path, query, draw(_CONDITIONS))


@st.composite
def _search(draw: st.DrawFn) -> Asked:
    paths = [f"{FHIR}/{draw(_TYPES)}", f"{FHIR}/Patient/{draw(_id('Patient'))}/{draw(_TYPES)}", FHIR]
    path, query = draw(st.sampled_from([*paths[:1] * 4, *paths[1:]])), draw(_query())
    if path == FHIR:
        query = f"_type=Patient,Slot,Task&{query}"
    return Asked("GET", path, query)


@st.composite
def _whole(draw: st.DrawFn) -> Asked:
    """Ask of a type, or of everything."""
    type_, whose = draw(_TYPES), draw(_WHOSE)
    path = draw(
        st.sampled_from(
            [
                "/_history",
                f"/{type_}/_history",
                "/Observation/$lastn",
                f"/Group/g-{whose}/$export",
                "/$export",
                "/Patient/$export",
                "/metadata",
                f"/Subscription/x-{whose}/$status",
            ]
        )
    )
    query = draw(st.sampled_from(["", "_count=2", "_since=2026-01-01T00:00:00Z", f"patient=p-{whose}"]))
    return Asked("GET", FHIR + path, query, (("Prefer", "respond-async"),) if "$export" in path else ())


_NEXT = st.just(Asked("GET", f"{FHIR}/Slot", "_count=1", next=True))


@st.composite
def _change(draw: st.DrawFn, whose: str = ONE) -> Asked:
    """Say something: of what one has, of what another has, or of nothing.

    One thing is left out: a PUT to an id that another has taken is refused, where a free one would be made.
    """
    type_ = draw(_CHANGED)
    said = resource(type_, URA[whose], draw(st.sampled_from([*URA.values()])), draw(st.integers(0, 2)))
    path, headers = f"{FHIR}/{type_}", draw(_CONDITIONS)
    way = draw(
        st.sampled_from(["put", "put", "post", "if-none-exist", "put if", "delete", "delete if", "patch", "meta"])
    )
    if way == "put":
        return Asked("PUT", f"{path}/{said['id']}", "", headers, said)
    if way == "post":
        return Asked("POST", path, "", headers, said)
    if way == "if-none-exist":
        return Asked("POST", path, "", (("If-None-Exist", draw(_MATCHES)),), said)
    if way == "put if":
        return Asked("PUT", path, draw(_MATCHES), headers, {key: value for key, value in said.items() if key != "id"})
    if way == "delete":
        return Asked("DELETE", f"{path}/{draw(_id(type_))}", "", headers)
    if way == "delete if":
        return Asked("DELETE", path, draw(_MATCHES), headers)
    if way == "patch":
        patch = [{"op": "add", "path": "/language", "value": draw(st.sampled_from(["nl", "en"]))}]
        target = draw(st.sampled_from([f"{path}/{draw(_id(type_))}", path]))
        query = draw(_MATCHES) if target == path else ""
        return Asked("PATCH", target, query, (*headers, ("Content-Type", "application/json-patch+json")), patch)
    meta = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
    return Asked("POST", f"{path}/{draw(_id(type_))}/$meta-add", body=meta)


@st.composite
def _bundle(draw: st.DrawFn) -> Asked:
    entries = [
        _entry(each) for each in draw(st.lists(st.one_of(_change(), _read(), _search()), min_size=1, max_size=4))
    ]
    kind = draw(st.sampled_from(["transaction", "batch"]))
    return Asked("POST", FHIR, body={"resourceType": "Bundle", "type": kind, "entry": entries})


def _entry(asked: Asked) -> dict[str, Any]:
    headers = dict(asked.headers)
    url = asked.path.removeprefix(f"{FHIR}/") + (f"?{asked.query}" if asked.query else "")
    request = {"method": asked.method, "url": url}
    names = {"If-Match": "ifMatch", "If-None-Match": "ifNoneMatch", "If-None-Exist": "ifNoneExist"}
    request |= {names[name]: value for name, value in headers.items() if name in names}
    if isinstance(asked.body, dict):
        return {"resource": asked.body, "request": request}
    return {"request": request}


requests = st.one_of(
    _read(), _read(), _search(), _search(), _search(), _whole(), _NEXT, _change(), _change(), _bundle()
)
"""What one organisation asks."""
remarks = _change(whose=OTHER)
"""What the other one says meanwhile."""
