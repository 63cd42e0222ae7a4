"""What a candidate is not told of a request tells it nothing: whatever it asks, it is answered as if that said else.

Two gateways hold the same referral of one organisation to another, which has not taken it on. All that a candidate is
told is alike in both, and all else differs: whom it is about, what is written beside, what is there at all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.fhir.json import decode
from tests.independence.asking import FHIR, resource
from tests.independence.asking import requests as of_everything
from tests.independence.twins import ONE, OTHER, URA, Answer, Asked, Twins, twins

REQUESTS = 700
_URA, _BSN = "http://fhir.nl/fhir/NamingSystem/ura", "http://fhir.nl/fhir/NamingSystem/bsn"
_CARE = "https://msb-gateway.example/fhir/StructureDefinition/care-type"
_SNOMED, _LOCAL = "http://snomed.info/sct", "https://gouwe.example/codes"
PEOPLE = {"both": ("p1", "Jansen", "1950-02-03", "999900006"), "alone": ("p2", "Pietersen", "1991-11-30", "999900018")}
REQUEST, TASK, OTHERS = f"r-{URA[OTHER]}", f"w-{URA[OTHER]}", f"w2-{URA[OTHER]}"
ONE_SIDE = tuple(PEOPLE)


def _organisation(whose: str, **more: Any) -> dict[str, Any]:
    return {"type": "Organization", "identifier": {"system": _URA, "value": URA[whose]}, **more}


def patient(side: str) -> dict[str, Any]:
    id_, family, born, bsn = PEOPLE[side]
    known = [{"system": _BSN, "value": bsn}]
    return {"resourceType": "Patient", "id": id_, "identifier": known, "name": [{"family": family}], "birthDate": born}


def request(side: str, status: str = "active") -> dict[str, Any]:
    id_, family, born, bsn = PEOPLE[side]
    is_one = side == ONE_SIDE[0]
    hidden = {"note": [{"text": f"{family} belt"}]} if is_one else {"encounter": {"display": "op de afdeling"}}
    return {
        "resourceType": "ServiceRequest",
        "id": REQUEST,
        "meta": {"profile": [f"https://gouwe.example/{id_}"], "tag": [{"system": _LOCAL, "code": id_}]},
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{family}</div>'},
        "extension": [
            {
                "url": _CARE,
                "valueCodeableConcept": {"coding": [{"system": _SNOMED, "code": "225728007"}], "text": family},
            },
            {"url": "https://gouwe.example/who", "valueString": family},
        ],
        "identifier": [{"system": f"{_LOCAL}/number", "value": bsn[:6]}],
        "status": status,
        "intent": "order",
        "priority": "urgent",
        "category": [{"coding": [{"system": _SNOMED, "code": "3457005", "display": f"voor {family}"}], "text": born}],
        "code": {"coding": [{"system": _LOCAL, "code": id_}, {"system": _SNOMED, "code": "11131000146102"}]},
        "subject": {"reference": f"Patient/{id_}", "display": family},
        "authoredOn": "2026-01-05T10:00:00+01:00",
        "requester": _organisation(OTHER, display=f"afdeling van {family}"),
        "reasonCode": [{"text": f"valt, {born}"}],
        "performer": [{"display": family}],
        **hidden,
    }


def task(side: str, status: str = "requested", id_: str = TASK, owner: str = ONE) -> dict[str, Any]:
    person, family, _, bsn = PEOPLE[side]
    return {
        "resourceType": "Task",
        "id": id_,
        "identifier": [{"value": person}],
        "groupIdentifier": {"value": bsn[:6]},
        "status": status,
        "intent": "order",
        "description": f"voor {family}",
        "focus": {"reference": f"ServiceRequest/{REQUEST}", "display": family},
        "for": {"reference": f"Patient/{person}"},
        "authoredOn": "2026-01-05T10:00:00+01:00",
        "requester": _organisation(OTHER, display=family),
        "owner": _organisation(owner, display=family),
        "statusReason": {"text": family},
        "note": [{"text": family}],
    }


_HIDDEN = st.sampled_from(
    [
        f"{name}{modifier}={value}"
        for id_, family, born, bsn in PEOPLE.values()
        for name, values in {
            "subject": (f"Patient/{id_}", id_),
            "patient": (f"Patient/{id_}", id_),
            "patient.family": (family,),
            "subject:Patient.birthdate": (born, "lt1970"),
            "patient.identifier": (f"{_BSN}%7C{bsn}",),
            "identifier": (bsn[:6],),
            "group-identifier": (bsn[:6],),
            "code": (id_, f"{_LOCAL}%7C{id_}", f"{_LOCAL}%7C"),
            "_profile": (f"https://gouwe.example/{id_}",),
            "_tag": (id_,),
            "_content": (family,),
            "_text": (family,),
            "requester.name": (family,),
            "focus:ServiceRequest.subject": (f"Patient/{id_}",),
            "_has:Task:focus:patient": (f"Patient/{id_}",),
            "focus:ServiceRequest.patient.family": (family,),
        }.items()
        for value in values
        for modifier in ("",)
    ]
    + [
        f"{name}:missing={is_so}"
        for name in ("encounter", "subject", "patient", "identifier", "code")
        for is_so in ("true", "false")
    ]
    + ["category:text=jansen", "code:text=jansen", "performer:missing=true", "code:not=x", "requester:missing=true"]
)
_TOLD = st.sampled_from(
    [
        "status=active,requested,received",
        "priority=urgent",
        f"category={_SNOMED}%7C3457005",
        f"owner:identifier={_URA}%7C{URA[ONE]}",
        "authored=2026-01-05",
        "authored-on=2026-01-05",
        f"focus=ServiceRequest/{REQUEST}",
        "focus:ServiceRequest.status=active",
        f"_id={REQUEST},{TASK}",
        "_has:Task:focus:status=requested",
    ]
)
_SHAPES = st.sampled_from(
    [
        "_sort=subject",
        "_sort=-_lastUpdated",
        "_sort=code",
        "_sort=authored",
        "_sort=identifier",
        "_summary=count",
        "_summary=text",
        "_elements=subject,for,note",
        "_total=accurate",
        "_count=1",
        "_include=*",
        "_include=Task:focus",
        "_include=Task:patient",
        "_include=ServiceRequest:subject",
        "_include:iterate=ServiceRequest:patient",
        "_revinclude=Task:focus",
        "_revinclude=Task:patient",
        "_revinclude=Provenance:target",
    ]
)


@st.composite
def _search(draw: st.DrawFn) -> Asked:
    words = (
        draw(st.lists(_HIDDEN, max_size=2)) + draw(st.lists(_TOLD, max_size=2)) + draw(st.lists(_SHAPES, max_size=2))
    )
    path = draw(
        st.sampled_from(
            ["ServiceRequest", "ServiceRequest", "Task", "Patient/p1/ServiceRequest", "Patient/p2/Task", ""]
        )
    )
    query = "&".join([*(["_type=ServiceRequest,Task"] if not path else []), *words])
    return Asked("GET", f"{FHIR}/{path}".rstrip("/"), query)


@st.composite
def _read(draw: st.DrawFn) -> Asked:
    what = draw(
        st.sampled_from([f"ServiceRequest/{REQUEST}", f"Task/{TASK}", f"Task/{OTHERS}", "ServiceRequest", "Task", ""])
    )
    parts = ["", "/_history", "/_history/1", "/_history/2", "/$meta", "/$everything"]
    part = draw(st.sampled_from(parts if "/" in what else ["/_history"]))
    query = draw(
        st.sampled_from(["", "_summary=true", "_elements=subject", "_format=xml"] if part != "/_history" else [""])
    )
    return Asked("GET", f"{FHIR}/{what}{part}", query, draw(_TAGS))


_TAGS = st.sampled_from(
    [
        (),
        (),
        (("If-None-Match", 'W/"1"'),),
        (("If-None-Match", 'W/"1-reduced"'),),
        (("If-None-Match", 'W/"2-reduced"'),),
    ]
)
_SIDES = st.sampled_from(ONE_SIDE)
_PATCHES = st.sampled_from(
    [
        [
            {"op": "test", "path": "/for/reference", "value": "Patient/p1"},
            {"op": "replace", "path": "/status", "value": "received"},
        ],
        [
            {"op": "test", "path": "/note/0/text", "value": "Jansen"},
            {"op": "add", "path": "/businessStatus", "value": {"text": "x"}},
        ],
        [{"op": "copy", "from": "/description", "path": "/note"}],
        [{"op": "remove", "path": "/for"}],
        [{"op": "replace", "path": "/description", "value": "x"}],
        [{"op": "add", "path": "/note", "value": [{"text": "wij kijken"}]}],
        [{"op": "add", "path": "/statusReason", "value": {"text": "wij kijken"}}],
        [{"op": "replace", "path": "/status", "value": "received"}],
        [{"op": "replace", "path": "/status", "value": "requested"}],
        [{"op": "add", "path": "/lastModified", "value": "2026-01-06T10:00:00+01:00"}],
    ]
)


@st.composite
def _change(draw: st.DrawFn) -> Asked:
    """Change it, or guess what it says: by a PUT of the whole, by a condition, by a patch that asks."""
    way = draw(
        st.sampled_from(
            ["patch", "patch", "patch if", "put", "put request", "if-none-exist", "put if", "delete", "meta"]
        )
    )
    side, condition, prefer = (
        draw(_SIDES),
        draw(_HIDDEN),
        (("Prefer", f"return={draw(st.sampled_from(['representation', 'OperationOutcome']))}"),),
    )
    if way == "put":
        return Asked(
            "PUT", f"{FHIR}/Task/{TASK}", "", prefer, task(side, draw(st.sampled_from(["requested", "received"])))
        )
    if way == "put request":
        return Asked("PUT", f"{FHIR}/ServiceRequest/{REQUEST}", "", prefer, request(side))
    if way == "if-none-exist":
        said = resource("ServiceRequest", URA[ONE], URA[OTHER])
        return Asked("POST", f"{FHIR}/ServiceRequest", "", (("If-None-Exist", condition), *prefer), said)
    if way == "put if":
        said = {name: value for name, value in resource("ServiceRequest", URA[ONE], URA[OTHER]).items() if name != "id"}
        return Asked("PUT", f"{FHIR}/ServiceRequest", condition, prefer, said)
    if way == "delete":
        return Asked("DELETE", draw(st.sampled_from([f"{FHIR}/Task/{TASK}", f"{FHIR}/ServiceRequest/{REQUEST}"])))
    if way == "meta":
        body = {"resourceType": "Parameters", "parameter": [{"name": "meta", "valueMeta": {"tag": [{"code": "x"}]}}]}
        return Asked("POST", f"{FHIR}/Task/{TASK}/$meta-add", body=body)
    path, query = (f"{FHIR}/Task/{TASK}", "") if way == "patch" else (f"{FHIR}/Task", condition)
    return Asked("PATCH", path, query, (*prefer, ("Content-Type", "application/json-patch+json")), draw(_PATCHES))


asked_by_a_candidate = st.one_of(_search(), _search(), _search(), _read(), _read(), _change(), of_everything)


def test_what_a_candidate_is_not_told_tells_it_nothing(database_url: str, tmp_path: Path) -> None:
    with twins(tmp_path, database_url) as gateways:
        refer(gateways)
        is_one_engine = database_url.startswith("sqlite:")
        wrong: list[str] = []
        statuses: dict[int, int] = {}

        @settings(
            max_examples=REQUESTS,
            phases=[Phase.generate],  # what was asked before is part of the answer: nothing can be asked again
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        )
        @given(asked_by_a_candidate)
        def ask(asked: Asked) -> None:
            one, other = gateways.ask(asked)
            statuses[one.status] = statuses.get(one.status, 0) + 1
            if not is_one_engine or b"AuditEvent" in one.body:
                other = other._replace(statements=one.statements)
            if one != other:
                wrong.append(f"{asked}\n{one}\n{other}")
            assert not any(word.encode() in one.body for word in ("belt", "afdeling"))

        ask()
        assert not wrong, f"{len(wrong)}:\n" + "\n\n".join(wrong[:5])
        assert statuses.keys() >= {200, 304, 400, 403, 404, 422}, statuses
        assert "reduced" in dict(gateways.both.ask(ONE, Asked("GET", f"{FHIR}/Task/{TASK}")).headers)["ETag"]


def refer(gateways: Twins) -> None:
    """Have one organisation refer somebody, in two versions; in each gateway that is another person."""
    for version in ("draft", "requested"):
        for side in ONE_SIDE:
            whole = [patient(side), request(side), task(side, version), task(side, "requested", OTHERS, OTHER)]
            for one in whole:
                told = _say(gateways, side, Asked("PUT", f"{FHIR}/{one['resourceType']}/{one['id']}", body=one))
                assert told.status < 300, told
        gateways.clock.tick()
    for type_ in ("Organization", "Location", "Patient", "Observation", "Group"):
        said = resource(type_, URA[ONE], URA[OTHER])
        gateways.say(ONE, Asked("PUT", f"{FHIR}/{type_}/{said['id']}", body=said))


def _say(gateways: Twins, side: str, asked: Asked) -> Answer:
    return getattr(gateways, side).ask(OTHER, asked)  # type: ignore[no-any-return]


@pytest.mark.parametrize("status", ["accepted", "in-progress"])
def test_the_two_do_differ(database_url: str, tmp_path: Path, status: str) -> None:
    with twins(tmp_path, database_url) as gateways:
        refer(gateways)
        for side in ONE_SIDE:
            _say(gateways, side, Asked("PUT", f"{FHIR}/Task/{TASK}", body=task(side, status)))
        one, other = gateways.ask(Asked("GET", f"{FHIR}/ServiceRequest/{REQUEST}"))
        assert [decode(each.body)["subject"]["reference"] for each in (one, other)] == ["Patient/p1", "Patient/p2"]


def test_an_entity_tag_is_of_a_version_and_a_form(database_url: str, tmp_path: Path) -> None:
    """Who holds the form does not go on with it once the whole is told, though no version came; nor the other way."""
    later = ("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT")
    with twins(tmp_path, database_url) as gateways:
        refer(gateways)
        gateway = gateways.both
        read = Asked("GET", f"{FHIR}/ServiceRequest/{REQUEST}")
        tags = []
        for status in ("requested", "accepted", "rejected"):
            gateway.ask(OTHER, Asked("PUT", f"{FHIR}/Task/{TASK}", body=task("both", status)))
            tags.append(dict(gateway.ask(ONE, read).headers).get("ETag"))
            held = [gateway.ask(ONE, read._replace(headers=(("If-None-Match", tag),))).status for tag in TAGS]
            assert held == {"requested": [200, 304], "accepted": [304, 200], "rejected": [404, 404]}[status]
            assert gateway.ask(ONE, read._replace(headers=(later,))).status == (404 if status == "rejected" else 200)
        assert tags == [TAGS[1], TAGS[0], None]


TAGS = ('W/"1"', 'W/"1-reduced"')


def test_either_tag_names_the_version_that_is_changed(database_url: str, tmp_path: Path) -> None:
    patched = [{"op": "replace", "path": "/status", "value": "accepted"}]
    with twins(tmp_path, database_url) as gateways:
        refer(gateways)
        for tag, status in (('W/"1-reduced"', 412), ('W/"2-reduced"', 200)):
            headers = (("Content-Type", "application/json-patch+json"), ("If-Match", tag))
            told = gateways.both.ask(ONE, Asked("PATCH", f"{FHIR}/Task/{TASK}", "", headers, patched))
            assert told.status == status
        assert dict(told.headers)["ETag"] == 'W/"3-reduced"'  # what is given back is the form still
        held = (("If-None-Match", 'W/"3-reduced"'),)
        assert gateways.both.ask(ONE, Asked("GET", f"{FHIR}/Task/{TASK}", headers=held)).status == 200
