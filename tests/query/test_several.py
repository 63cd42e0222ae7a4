"""Searches of several types: at the root and in compartments, on both databases."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway import query
from gateway.access.policy import Caller, development_caller
from gateway.errors import BadRequest, Forbidden, ResourceNotFound
from gateway.fhir.search import SeveralRequest, parse, parse_several, within
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.transact import Put, transact

BASE = "https://gateway.example/fhir"
CALLER = development_caller()
TYPES = ("Encounter", "Location", "Observation", "Patient", "Practitioner", "Provenance", "Schedule", "Slot")


def _resources() -> list[Resource]:
    found: list[Resource] = []
    for n in range(7):
        found += [
            {"resourceType": "Location", "id": f"l{n}", "name": f"Plek {n % 3}", "meta": {"source": f"http://x/{n}"}},
            {"resourceType": "Schedule", "id": f"s{n}", "actor": [{"reference": f"Location/l{n}"}]},
            {
                "resourceType": "Slot",
                "id": f"t{n}",
                "schedule": {"reference": f"Schedule/s{n}"},
                "status": "free",
                "start": f"2026-01-0{7 - n}T10:00:00+01:00",
                "end": f"2026-01-0{7 - n}T11:00:00+01:00",
            },
        ]
    for n in range(2):
        patient = {"reference": f"Patient/p{n}"}
        found += [
            {
                "resourceType": "Patient",
                "id": f"p{n}",
                "link": [{"other": {"reference": "Patient/p0"}, "type": "seealso"}],
            },
            {
                "resourceType": "Encounter",
                "id": f"e{n}",
                "status": "finished",
                "class": {"code": "IMP"},
                "subject": patient,
            },
        ]
        found += [_seen(f"o{n}{m}", patient, "final" if m else "preliminary") for m in range(4)]
    found[-1]["performer"] = [{"reference": "Patient/p0"}, {"reference": "Practitioner/d1"}]
    return [*found, {"resourceType": "Practitioner", "id": "d1"}]


def _seen(id_: str, patient: Resource, status: str) -> Resource:
    return {"resourceType": "Observation", "id": id_, "status": status, "code": {"text": "x"}, "subject": patient}


@pytest.fixture
def kept(services: Services) -> Services:
    transact([Put(resource) for resource in _resources()], CALLER, services)
    return services


def asked(text: str, compartment: tuple[str, str] | None = None, *, strict: bool = True) -> SeveralRequest:
    return parse_several(TYPES, parse_qsl(text, keep_blank_values=True), compartment=compartment, strict=strict)


def found(to: Services, request: SeveralRequest, caller: Caller = CALLER) -> Any:
    return json.loads(query.search_several(request, caller, to, base=BASE))


def names(bundle: Any, mode: str = "match") -> list[str]:
    return [
        f"{e['resource']['resourceType']}/{e['resource']['id']}"
        for e in bundle.get("entry", [])
        if e["search"]["mode"] == mode
    ]


def link(bundle: Any, relation: str) -> str | None:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


def paged(to: Services, text: str, compartment: tuple[str, str] | None = None) -> list[list[str]]:
    """Return the names on every page."""
    bundle = found(to, asked(text, compartment))
    pages = [names(bundle)]
    while url := link(bundle, "next"):
        assert urlsplit(url).path == "/fhir" + ("/" + "/".join((*compartment, "*")) if compartment else "")
        bundle = found(to, asked(urlsplit(url).query, compartment))
        pages.append(names(bundle))
        assert len(pages) < 60
    return pages


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 14, 15, 50])
def test_pages_go_through_one_type_after_the_other(kept: Services, count: int) -> None:
    wanted = [*(f"Location/l{n}" for n in range(7)), *(f"Slot/t{n}" for n in reversed(range(7)))]

    pages = paged(kept, f"_type=Slot,Location&_count={count}")

    assert [name for page in pages for name in page] == wanted
    assert all(len(page) == count for page in pages[:-1])
    assert pages[-1]  # none is empty


@pytest.mark.parametrize("count", [1, 3, 4, 50])
@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("_id", ["Location/l0", "Location/l1", "Slot/t0", "Slot/t1"]),
        ("-_id", ["Slot/t6", "Slot/t5", "Location/l6", "Location/l5"]),
        ("_source", ["Location/l0", "Location/l1", "Slot/t0", "Slot/t1"]),
        ("-_source", ["Location/l6", "Location/l5", "Slot/t0", "Slot/t1"]),
        ("_source,-_id", ["Location/l0", "Location/l1", "Slot/t6", "Slot/t5"]),
        ("_lastUpdated", ["Location/l0", "Location/l1", "Slot/t0", "Slot/t1"]),
    ],
)
def test_pages_in_an_order_are_merged(kept: Services, count: int, sort: str, wanted: list[str]) -> None:
    pages = paged(kept, f"_type=Location,Slot&_sort={sort}&_count={count}")

    every = [name for page in pages for name in page]
    assert [every[0], every[1], every[7], every[8]] == wanted
    assert sorted(every) == sorted([*(f"Location/l{n}" for n in range(7)), *(f"Slot/t{n}" for n in range(7))])
    assert all(len(page) == count for page in pages[:-1])


def test_an_order_by_what_the_types_share_goes_through_all_of_them(kept: Services) -> None:
    pages = paged(kept, "_sort=_id&_count=4")

    ids = [name.partition("/")[2] for page in pages for name in page]
    assert ids == sorted(ids)
    assert len(ids) == len(_resources())


def test_the_links_totals_and_includes_are_those_of_a_search(kept: Services) -> None:
    bundle = found(kept, asked("_type=Slot,Location&_count=50&_include=Slot:schedule&_include:iterate=Schedule:actor"))

    assert bundle["total"] == 14
    assert link(bundle, "self") == (
        f"{BASE}?_type=Location,Slot&_count=50&_include=Slot:schedule&_include:iterate=Schedule:actor"
    )
    assert sorted(names(bundle, "include")) == sorted(f"Schedule/s{n}" for n in range(7))
    every = found(kept, asked("_type=Schedule,Slot&_include=*&_count=50"))
    assert link(every, "self") == f"{BASE}?_type=Schedule,Slot&_count=50&_include=Schedule:%2A&_include=Slot:%2A"
    assert names(every, "include") == [f"Location/l{n}" for n in range(7)]
    assert found(kept, asked("_type=Slot,Location&_summary=count"))["total"] == 14
    assert "total" not in found(kept, asked("_type=Slot,Location&_count=3"))
    assert found(kept, asked("_type=Slot,Location&_count=3&_total=accurate"))["total"] == 14
    assert names(found(kept, asked("_source=http://x/3"))) == ["Location/l3"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("_type=Slot,Lokatie", "did you mean 'Location'"),
        ("_type=Slot&_type=Location", "_type is given once"),
        ("_type=Account", "no such type can be searched here"),
        ("_type=Slot,Location&start=2026", "no parameter 'start' on Location"),
        ("_type=Slot,Location&_include=Patient:link", "matches are Location"),
        ("_type=Slot,Location&_include=Slot:scedule", "did you mean 'schedule'"),
        ("name=x", "no parameter 'name'"),
        ("_sort=name", "no parameter 'name'"),
        ("_list=x", "_list is not served"),
    ],
)
def test_what_not_every_type_has_is_refused(text: str, told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        asked(text)

    assert told in "; ".join(issue.diagnostics for issue in refused.value.issues)


def test_lenient_leaves_out_what_no_type_knows_and_nothing_that_some_do(kept: Services) -> None:
    bundle = found(kept, asked("_type=Slot,Location&nonsense=1", strict=False))

    assert len(names(bundle)) == 14
    assert bundle["entry"][-1]["resource"]["issue"][0]["severity"] == "warning"
    with pytest.raises(BadRequest, match="no parameter 'start'"):
        asked("_type=Slot,Location&start=2026", strict=False)


def test_everything_in_a_compartment(kept: Services) -> None:
    pages = paged(kept, "_count=3", ("Patient", "p0"))

    every = [name for page in pages for name in page]
    assert sorted(every) == sorted(
        ["Encounter/e0", "Patient/p0", "Patient/p1", *(f"Observation/o0{n}" for n in range(4)), "Observation/o13"]
    )
    assert names(found(kept, asked("_type=Encounter", ("Patient", "p1")))) == ["Encounter/e1"]
    assert names(found(kept, asked("", ("Practitioner", "d1")))) == ["Observation/o13", "Practitioner/d1"]
    assert names(found(kept, asked("", ("Patient", "nobody")))) == []
    with pytest.raises(ResourceNotFound, match="no Slot compartment"):
        asked("", ("Slot", "t1"))
    with pytest.raises(BadRequest, match="no such type"):
        asked("_type=Slot", ("Patient", "p0"))


def test_one_type_in_a_compartment(kept: Services) -> None:
    def ask(text: str, resource_type: str = "Observation", of: str = "Patient", id_: str = "p0") -> Any:
        request = within(parse(resource_type, parse_qsl(text)), of, id_)
        return json.loads(query.search(request, CALLER, kept, base=BASE))

    assert names(ask("status=final")) == [f"Observation/o{n}" for n in ("01", "02", "03", "13")]
    first = ask("status=final&_count=2")
    assert link(first, "self") == f"{BASE}/Patient/p0/Observation?status=final&_count=2"
    following = str(link(first, "next"))
    assert urlsplit(following).path == "/fhir/Patient/p0/Observation"
    assert names(ask(urlsplit(following).query)) == ["Observation/o03", "Observation/o13"]
    with pytest.raises(BadRequest, match="page link is of a search"):
        ask(urlsplit(following).query, id_="p1")
    assert names(ask("", "Patient")) == ["Patient/p0", "Patient/p1"]
    with pytest.raises(BadRequest, match="Location is not in the Patient compartment; in it are"):
        ask("", "Location")
    with pytest.raises(
        ResourceNotFound, match="there is no Location compartment; there are those of Device, Encounter"
    ):
        ask("", "Location", "Location")


def test_a_page_is_not_taken_for_one_of_something_else(kept: Services) -> None:
    url = link(found(kept, asked("_type=Slot,Location&_count=3")), "next")
    page = urlsplit(str(url)).query

    with pytest.raises(BadRequest, match="page link is of a search of something else"):
        found(kept, asked(page, ("Patient", "p0")))
    with pytest.raises(BadRequest, match="used as it was given"):
        asked(f"{page}&_count=4")


def test_what_a_caller_may_not_read_is_not_there_and_refused_when_it_is_named(kept: Services) -> None:
    caller = Caller("00000001", "x", types=frozenset({"Slot", "Observation"}))

    assert {name.partition("/")[0] for name in names(found(kept, asked("_count=100"), caller))} == {
        "Slot",
        "Observation",
    }
    assert {n.partition("/")[0] for n in names(found(kept, asked("", ("Patient", "p0")), caller))} == {"Observation"}
    with pytest.raises(Forbidden, match="may not read Location"):
        found(kept, asked("_type=Slot,Location"), caller)
    with pytest.raises(Forbidden):
        found(kept, asked(""), Caller("00000001", "x", types=frozenset()))
    url = link(found(kept, asked("_count=3")), "next")
    fewer = replace(development_caller(), development=False, types=caller.types)
    assert {n.partition("/")[0] for n in names(found(kept, asked(urlsplit(str(url)).query), fewer))} <= {
        "Slot",
        "Observation",
    }


def test_it_is_audited_with_what_was_seen(kept: Services) -> None:
    found(kept, asked("_type=Slot,Location&_count=2&_source=http://x/1"))

    with kept.store.reading() as db:
        ((content,),) = db.rows("select content from audit order by seq desc, lane limit 1")
    row = json.loads(bytes(content))
    assert row["entities"] == ["Location/l1"]
    assert row["parameters"] == ["_type", "_count", "_source"]
    assert "http://x/1" not in bytes(content).decode()
