from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from gateway import query
from gateway.access.policy import Caller, development_caller
from gateway.errors import BadRequest, Forbidden
from gateway.fhir.search import SearchRequest, parse
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.transact import Delete, Put, transact

BASE = "https://gateway.example/fhir"
CALLER = development_caller()
BSN = "999900006"


def slot(id_: str, day: int, *, schedule: str = "s1", status: str = "free", **elements: Any) -> Resource:
    return {
        "resourceType": "Slot",
        "id": id_,
        "schedule": {"reference": f"Schedule/{schedule}"},
        "status": status,
        "start": f"2026-01-{day:02}T10:00:00+01:00",
        "end": f"2026-01-{day:02}T11:00:00+01:00",
        **elements,
    }


def schedule(id_: str, service: str) -> Resource:
    return {"resourceType": "Schedule", "id": id_, "actor": [{"reference": f"HealthcareService/{service}"}]}


def store(to: Services, *resources: Resource) -> None:
    transact([Put(resource) for resource in resources], CALLER, to)


def search(to: Services, resource_type: str, text: str = "", *, caller: Caller = CALLER, strict: bool = True) -> Any:
    pairs = parse_qsl(text, keep_blank_values=True)
    return json.loads(query.search(parse(resource_type, pairs, strict=strict), caller, to, base=BASE))


def link(bundle: Any, relation: str) -> str | None:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


def followed(url: str) -> SearchRequest:
    parts = urlsplit(url)
    return parse(parts.path.rpartition("/")[2], parse_qsl(parts.query))


def ids(bundle: Any, mode: str = "match") -> list[str]:
    return [e["resource"]["id"] for e in bundle.get("entry", []) if e["search"]["mode"] == mode]


@pytest.fixture
def places(services: Services) -> Services:
    services_of = [{"resourceType": "HealthcareService", "id": f"h{n}", "name": f"Spoed {n}"} for n in (1, 2)]
    slots = [
        slot(f"t{n}", n, schedule="s2" if n % 3 == 0 else "s1", status="busy" if n % 4 == 0 else "free")
        for n in range(1, 13)
    ]
    store(services, *services_of, schedule("s1", "h1"), schedule("s2", "h2"), *slots)
    return services


def test_the_bars_question(places: Services) -> None:
    bundle = search(
        places,
        "Slot",
        "status=free&start=ge2026-01-02T00:00:00Z&start=le2026-01-09T00:00:00Z"
        "&Schedule.actor:HealthcareService=h1&_include=Slot:schedule&_include:iterate=Schedule:actor",
    )

    assert bundle["type"] == "searchset"
    assert bundle["total"] == 3
    assert ids(bundle) == ["t2", "t5", "t7"]
    assert ids(bundle, "include") == ["s1", "h1"]
    assert bundle["entry"][0]["fullUrl"] == f"{BASE}/Slot/t2"
    assert bundle["entry"][0]["resource"]["meta"]["versionId"] == "1"
    assert "&schedule.actor:HealthcareService=h1&" in str(link(bundle, "self"))


def test_an_empty_result_is_a_bundle_with_a_total_of_none(places: Services) -> None:
    bundle = search(places, "Slot", "status=entered-in-error")

    assert (bundle["total"], "entry" in bundle, link(bundle, "next")) == (0, False, None)


def test_pages_follow_each_other_by_sealed_links(places: Services) -> None:
    bundle = search(places, "Slot", "status=free&_count=4&_include=Slot:schedule")
    assert link(bundle, "self") == f"{BASE}/Slot?status=free&_count=4&_include=Slot:schedule"
    assert bundle["total"] == 9
    seen = [ids(bundle)]
    while url := link(bundle, "next"):
        assert "free" not in url
        bundle = json.loads(query.search(followed(url), CALLER, places, base=BASE))
        assert link(bundle, "self") == url
        assert ids(bundle, "include")
        seen.append(ids(bundle))

    assert seen == [["t1", "t2", "t3", "t5"], ["t6", "t7", "t9", "t10"], ["t11"]]


def test_a_page_does_not_move_when_others_write(places: Services) -> None:
    url = link(search(places, "Slot", "status=free&_count=4"), "next")
    transact([Delete("Slot", "t1"), Put(slot("t0", 1)), Put(slot("t99", 31))], CALLER, places)

    assert url
    bundle = json.loads(query.search(followed(url), CALLER, places, base=BASE))
    assert ids(bundle) == ["t6", "t7", "t9", "t10"]


@pytest.mark.parametrize("forged", ["x", "", "AAAA", "A" * 400, "%%%", "é"])
def test_a_forged_page_link_is_refused(places: Services, forged: str) -> None:
    with pytest.raises(BadRequest, match="not a page link"):
        query.search(parse("Slot", [("_page", forged)]), CALLER, places, base=BASE)


def test_a_page_link_with_one_letter_changed_is_refused(places: Services) -> None:
    url = str(link(search(places, "Slot", "_count=4"), "next"))
    token = url.partition("=")[2].partition("&")[0]
    changed = token[:20] + ("A" if token[20] != "A" else "B") + token[21:]

    with pytest.raises(BadRequest):
        query.search(parse("Slot", [("_page", changed)]), CALLER, places, base=BASE)
    with pytest.raises(BadRequest, match="another resource type"):
        query.search(parse("Schedule", [("_page", token)]), CALLER, places, base=BASE)


def test_a_page_link_is_no_right_to_read(places: Services) -> None:
    url = str(link(search(places, "Slot", "_count=4&_include=Slot:schedule"), "next"))

    fewer = replace(development_caller(), development=False)  # the same caller, whose rights were narrowed since
    only_slots = replace(fewer, types=frozenset({"Slot"}))
    bundle = json.loads(query.search(followed(url), only_slots, places, base=BASE))
    assert ids(bundle, "include") == []
    with pytest.raises(Forbidden):
        query.search(followed(url), replace(fewer, types=frozenset({"Task"})), places, base=BASE)


def test_what_a_caller_may_not_see_plays_no_part_anywhere(places: Services) -> None:
    caller = Caller("00000001", "partner", types=frozenset({"Slot", "HealthcareService"}))

    assert ids(search(places, "Slot", "_count=1&_include=Slot:schedule", caller=caller), "include") == []
    assert search(places, "Slot", "schedule.actor:HealthcareService=h1", caller=caller)["total"] == 0
    assert search(places, "Slot", "schedule.active:missing=true", caller=caller)["total"] == 0
    assert search(places, "HealthcareService", "_has:Schedule:actor:_id=s1", caller=caller)["total"] == 0
    assert search(places, "HealthcareService", "_has:Schedule:actor:_id=s1&_summary=count", caller=caller)["total"] == 0
    assert ids(search(places, "HealthcareService", "_revinclude=Schedule:actor", caller=caller), "include") == []
    for text in ("", "_summary=count", "_id=s1", "_id=nowhere"):
        with pytest.raises(Forbidden):
            search(places, "Schedule", text, caller=caller)


def test_a_bsn_that_was_posted_stands_in_no_link(services: Services) -> None:
    identifier = {"system": "http://fhir.nl/fhir/NamingSystem/bsn", "value": BSN}
    people = [{"resourceType": "Patient", "id": f"p{n}", "identifier": [identifier]} for n in range(3)]
    store(services, *people)

    bundle = search(services, "Patient", f"identifier={BSN}&_count=2")

    assert bundle["total"] == 3
    assert BSN not in json.dumps(bundle["link"])
    again = json.loads(query.search(followed(str(link(bundle, "self"))), CALLER, services, base=BASE))
    assert ids(again) == ids(bundle)
    rest = json.loads(query.search(followed(str(link(bundle, "next"))), CALLER, services, base=BASE))
    assert sorted(ids(bundle) + ids(rest)) == ["p0", "p1", "p2"]


def test_lenient_tells_what_was_left_out_and_links_to_what_was_applied(places: Services) -> None:
    bundle = search(places, "Slot", "staus=free&status=busy", strict=False)

    assert ids(bundle) == ["t4", "t8", "t12"]
    outcome = bundle["entry"][-1]
    assert outcome["search"]["mode"] == "outcome"
    assert outcome["resource"]["issue"][0]["severity"] == "warning"
    assert "did you mean 'status'" in outcome["resource"]["issue"][0]["diagnostics"]
    assert link(bundle, "self") == f"{BASE}/Slot?status=busy"
    assert bundle["total"] == 3


def test_a_day_holds_every_slot_of_the_day_on_the_nights_the_clock_changes(services: Services) -> None:
    def at(id_: str, start: str) -> Resource:
        return slot(id_, 1) | {"start": start, "end": "2026-12-01T00:00:00Z"}

    store(
        services,
        at("before-spring", "2026-03-28T22:59:59Z"),
        at("first-of-spring", "2026-03-28T23:00:00Z"),
        at("last-of-spring", "2026-03-29T21:59:59.999Z"),
        at("after-spring", "2026-03-29T22:00:00Z"),
        at("before-autumn", "2026-10-24T21:59:59Z"),
        at("first-of-autumn", "2026-10-24T22:00:00Z"),
        at("summer-half-past-two", "2026-10-25T02:30:00+02:00"),
        at("winter-half-past-two", "2026-10-25T02:30:00+01:00"),
        at("last-of-autumn", "2026-10-25T22:59:59Z"),
        at("after-autumn", "2026-10-25T23:00:00Z"),
    )

    assert ids(search(services, "Slot", "start=2026-03-29")) == ["first-of-spring", "last-of-spring"]
    assert ids(search(services, "Slot", "start=ge2026-10-25&start=lt2026-10-26")) == [
        "first-of-autumn",
        "summer-half-past-two",
        "winter-half-past-two",
        "last-of-autumn",
    ]


def test_only_some_elements_are_marked_as_such(places: Services) -> None:
    (entry,) = search(places, "Slot", "_elements=comment&_count=1&_id=t1")["entry"]

    assert entry["resource"].keys() == {"resourceType", "id", "meta", "schedule", "status", "start", "end"}
    assert entry["resource"]["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_decimals_and_unknown_extensions_leave_as_they_came(services: Services) -> None:
    extension = {"url": "http://example.org/x", "valueDecimal": 1}
    resource = slot("t1", 1, extension=[extension])
    body = json.dumps(resource).replace('"valueDecimal": 1', '"valueDecimal": 1.10')
    from gateway.fhir.json import decode

    store(services, decode(body))
    found = query.search(parse("Slot", []), CALLER, services, base=BASE)

    assert b'"valueDecimal":1.10' in found


def test_too_many_includes_are_said_to_be_cut_off(services: Services) -> None:
    store(services, schedule("s1", "h1"), {"resourceType": "HealthcareService", "id": "h1"})
    for batch in range(11):
        store(services, *[slot(f"t{batch}-{n}", n % 28 + 1) for n in range(100)])

    bundle = search(services, "Schedule", "_revinclude=Slot:schedule")

    assert len(ids(bundle, "include")) == 1000
    assert bundle["entry"][-1]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "too-large"


def test_counting_tells_the_total_and_nothing_else(places: Services) -> None:
    bundle = search(places, "Slot", "status=free&_summary=count")

    assert (bundle["total"], "entry" in bundle) == (9, False)
    assert "total" not in search(places, "Slot", "status=free&_total=none")


def test_every_search_is_audited_by_name_and_never_by_value(places: Services) -> None:
    search(places, "Slot", "identifier=secret-4711&status=free")
    search(places, "Slot", "_id=t1&_include=Slot:schedule", caller=replace(CALLER, purpose="ETREAT"))

    with places.store.reading() as db:
        rows = [json.loads(bytes(content)) for (content,) in db.rows("select content from audit")]
    found = [row for row in rows if row["action"] == "search"]
    assert sorted((row["parameters"], row["entities"], row["purpose"]) for row in found) == [
        (["_id", "_include"], ["Slot/t1", "Schedule/s1"], "ETREAT"),
        (["identifier", "status"], [], "TREAT"),
    ]
    assert "4711" not in json.dumps(rows)
