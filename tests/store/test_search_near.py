"""What is near a place, on both engines, by every plan, against the plain way: every distance by haversine."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.access.policy import development_caller
from gateway.errors import BadRequest
from gateway.fhir.json import decode
from gateway.fhir.search import SearchRequest, parse
from gateway.fhir.search.near import point, squared_chord
from gateway.fhir.types import Resource
from gateway.query import search as asked_of_the_door
from gateway.services import Services
from gateway.store import Database, search
from gateway.store.index import rows
from gateway.store.index.cells import cells, ranges
from gateway.store.search import CANDIDATES, Scope
from gateway.store.search.offered import AS_SAID
from gateway.store.search.pages import Results
from gateway.transact import Put, transact

BASE, CALLER = "https://gateway.example/fhir", development_caller()
PLANS = [CANDIDATES, 25, 0]
HAGUE, POLE, DATE_LINE = (52.07, 4.30), (89.9, 12.0), (-17.5, 179.98)
EARTH = 6_371_008.8


def haversine(one: tuple[float, float], other: tuple[float, float]) -> float:
    (a, b), (c, d) = (map(radians, place) for place in (one, other))
    return 2 * EARTH * asin(min(1, sqrt(sin((c - a) / 2) ** 2 + cos(a) * cos(c) * sin((d - b) / 2) ** 2)))


@cache
def places() -> dict[str, tuple[float, float]]:
    """Return places around three points: crowded, across a pole, across the date line; some at the same spot."""
    chance, found = random.Random(11), {}
    for number in range(120):
        found[f"h{number}"] = (52.07 + chance.gauss(0, 0.2), 4.30 + chance.gauss(0, 0.3))
    for number in range(30):
        found[f"p{number}"] = (90 - abs(chance.gauss(0, 0.5)), chance.uniform(-180, 180))
    for number in range(40):
        east = 180 + chance.gauss(0, 0.4)
        found[f"d{number}"] = (-17.5 + chance.gauss(0, 0.4), east if east <= 180 else east - 360)
    for number in range(7):
        found[f"s{number}"] = (52.1, 4.4)
    return found


def resources() -> Iterator[Resource]:
    for number, (id_, (latitude, longitude)) in enumerate(places().items()):
        yield {
            "resourceType": "Location",
            "id": id_,
            "status": "active" if number % 3 else "suspended",
            "name": f"Post {number % 10}",
            "position": {"latitude": round(latitude, 9), "longitude": round(longitude, 9)},
        }
    yield {"resourceType": "Location", "id": "nowhere", "status": "active", "name": "Post"}
    for number in range(40):
        at = [f"h{3 * number}", f"h{3 * number + 1}", f"d{number}"][: 1 + number % 3]
        yield {
            "resourceType": "HealthcareService",
            "id": f"c{number}",
            "location": [{"reference": f"Location/{id_}"} for id_ in at],
        }
        actors = [{"reference": f"Location/h{number}"}, {"reference": f"HealthcareService/c{39 - number}"}]
        yield {"resourceType": "Schedule", "id": f"c{number}", "actor": actors[: 1 + number % 2]}
        for day in range(1, 4):
            yield {
                "resourceType": "Slot",
                "id": f"c{number}-{day}",
                "schedule": {"reference": f"Schedule/c{number}"},
                "status": "free" if (number + day) % 2 else "busy",
                "start": f"2026-01-0{day}T10:00:00Z",
                "end": f"2026-01-0{day}T11:00:00Z",
            }


@pytest.fixture
def filled(services: Services) -> Services:
    transact([Put(resource) for resource in resources()], CALLER, services)
    return services


def by_id() -> dict[str, tuple[float, float]]:
    return {id_: (round(lat, 9), round(lon, 9)) for id_, (lat, lon) in places().items()}


@cache
def linked() -> dict[str, set[str]]:
    """Return the Locations that each resource leads to, by its reference."""
    found: dict[str, set[str]] = {}
    for resource in resources():
        reference = f"{resource['resourceType']}/{resource['id']}"
        match resource["resourceType"]:
            case "HealthcareService":
                found[reference] = {place["reference"].partition("/")[2] for place in resource["location"]}
            case "Schedule":
                found[reference] = {
                    a["reference"].partition("/")[2] for a in resource["actor"] if a["reference"][0] == "L"
                }
            case "Slot":
                found[reference] = found[resource["schedule"]["reference"]]
            case _:
                found[reference] = {resource["id"]}
    return found


def expected(resource_type: str, at: tuple[float, float], meters: float) -> dict[str, float]:
    """Return the distance of everything within reach."""
    far = {id_: haversine(at, place) for id_, place in by_id().items()}
    found = {
        reference.partition("/")[2]: min((far[id_] for id_ in ids if id_ in far), default=1e9)
        for reference, ids in linked().items()
        if reference.startswith(f"{resource_type}/")
    }
    return {id_: distance for id_, distance in found.items() if distance <= meters}


def asked(resource_type: str, query: str) -> SearchRequest:
    return parse(resource_type, parse_qsl(query))


def pages(db: Database, request: SearchRequest, scope: Scope) -> list[Results]:
    found = [search.read(db, request, scope)]
    while (position := found[-1].next) is not None:
        assert len(found[-1].matches) == request.count
        assert len(found) < 100
        found.append(search.read(db, request, scope, position))
    return found


WAYS = [
    ("Location", "near={}"),
    ("HealthcareService", "location.near={}"),
    ("Schedule", "actor:Location.near={}"),
    ("Schedule", "actor.near={}"),
    ("Slot", "schedule.actor:Location.near={}"),
]
AROUND = [
    (HAGUE, "25|km", 25_000),
    (HAGUE, "5|mi", 5 * 1609.344),
    (HAGUE, "100|km", 100_000),
    (POLE, "80|km", 80_000),
    (DATE_LINE, "40000|m", 40_000),
    ((90.0, 0.0), "100|km", 100_000),
    ((-17.5, -180.0), "60|km", 60_000),
    (HAGUE, "30000|km", 3e7),
]


@pytest.mark.parametrize("candidates", PLANS)
def test_what_is_near_is_found_the_nearest_first_on_every_page(filled: Services, candidates: int) -> None:
    wrong: list[Any] = []
    with filled.store.reading() as db:
        for resource_type, way in WAYS:
            for at, far, meters in AROUND:
                request = asked(resource_type, f"{way.format(f'{at[0]}|{at[1]}|{far}')}&_count=23")
                wanted = expected(resource_type, at, meters)
                all_pages = pages(db, request, Scope(BASE, candidates=candidates, now=AS_SAID))
                found = [row for page in all_pages for row in page.matches]
                distances = [page.distances[row.key] for page in all_pages for row in page.matches]
                ids = [row.id for row in found]
                if sorted(ids) != sorted(wanted) or distances != sorted(distances):
                    wrong.append((resource_type, way, at, far, ids, sorted(wanted, key=wanted.__getitem__)))
                assert distances == pytest.approx([wanted[id_] for id_ in ids], abs=0.01)
                assert {page.total for page in all_pages} <= {None, len(wanted)}

    assert wrong == []


@pytest.mark.parametrize("candidates", PLANS)
def test_a_place_goes_with_other_conditions_and_orders(filled: Services, candidates: int) -> None:
    near = expected("Location", HAGUE, 25_000)
    active = {r["id"] for r in resources() if r.get("status") == "active"}
    free = {r["id"] for r in resources() if r.get("status") == "free" and r["start"] >= "2026-01-02"}
    capacity = expected("Slot", HAGUE, 25_000)
    scope = Scope(BASE, candidates=candidates, now=AS_SAID)
    with filled.store.reading() as db:

        def ids(resource_type: str, query: str) -> list[str]:
            found = pages(db, asked(resource_type, query), scope)
            return [row.id for page in found for row in page.matches]

        both = ids("Location", "near=52.07|4.30|25|km&status=active&_count=5")
        assert sorted(both) == sorted(near.keys() & active)
        assert [near[id_] for id_ in both] == sorted(near[id_] for id_ in both)
        named = ids("Location", "near=52.07|4.30|25|km&_sort=name&_count=5")
        assert sorted(named) == sorted(near)
        names = {r["id"]: r["name"] for r in resources() if "name" in r}
        assert [names[id_] for id_ in named] == sorted(names[id_] for id_ in named)
        query = "status=free&start=ge2026-01-02&schedule.actor:Location.near=52.07|4.30|25|km&_count=5"
        slots = ids("Slot", query)
        assert [capacity[id_] for id_ in slots] == sorted(capacity[id_] for id_ in free & capacity.keys())
        assert sorted(slots) == sorted(free & capacity.keys())
        assert ids("Location", "near:missing=true") == ["nowhere"]
        total = search.read(db, asked("Location", "near=52.07|4.30|25|km&_total=accurate&_count=1"), scope).total
        assert total == len(near)
        pointing = ids("Location", "_has:HealthcareService:location:location.near=52.07|4.30|3|km&_count=100")
        assert set(pointing) == {
            id_
            for reference, led in linked().items()
            if reference.startswith("HealthcareService/") and led & expected("Location", HAGUE, 3000).keys()
            for id_ in led
        }


def test_places_at_one_spot_are_paged_without_a_repetition(filled: Services) -> None:
    with filled.store.reading() as db:
        request = asked("Location", "near=52.1|4.4|1|m&_count=2")
        found = [row.id for page in pages(db, request, Scope(BASE, candidates=0)) for row in page.matches]

    assert found == [f"s{number}" for number in range(7)]


def test_the_answer_says_how_far_in_the_unit_that_was_asked(filled: Services) -> None:
    def answer(query: str) -> Any:
        return decode(asked_of_the_door(asked("Location", query), CALLER, filled, base=BASE))

    (entry, *_), meters = answer("near=52.1|4.4|2|km")["entry"], answer("near=52.101|4.4|200|m&_count=1")
    assert entry["search"] == {
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/location-distance",
                "valueDistance": {"value": 0, "unit": "km", "system": "http://unitsofmeasure.org", "code": "km"},
            }
        ],
        "mode": "match",
    }
    ((extension,), unit) = meters["entry"][0]["search"]["extension"], "m"
    assert extension["valueDistance"]["unit"] == unit
    assert float(extension["valueDistance"]["value"]) == pytest.approx(111.2, abs=0.2)
    assert "search" in entry
    assert "extension" not in answer("name=post&_count=1")["entry"][0]["search"]


def test_the_distance_that_is_looked_within_is_told(services: Services) -> None:
    found = decode(asked_of_the_door(asked("Location", "near=52.07|4.3"), CALLER, services, base=BASE))

    assert found["link"][0]["url"] == f"{BASE}/Location?near=52.07%7C4.3%7C50%7Ckm"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("52,07|4,30", "decimal point, not a comma"),
        ("52.07|4.30|25|km,51|4|1|km", "one place is asked at a time"),
        ("91|4.30", "the latitude is a number of degrees from -90 to 90"),
        ("52.07|180.5", "the longitude is a number of degrees from -180 to 180"),
        ("52.07", "latitude|longitude|distance|unit"),
        ("noord|oost", "the latitude"),
        ("52.07|4.30|-1|km", "not negative"),
        ("52.07|4.30|ver|km", "the distance is a number"),
        ("52.07|4.30|25|furlong", "the unit is one of m, km, mi"),
        ("52.07|4.30|25|km|x", "latitude|longitude|distance|unit"),
    ],
)
def test_what_is_no_place_is_refused_by_name(value: str, said: str) -> None:
    with pytest.raises(BadRequest) as raised:
        asked("Location", f"near={value}")

    (issue,) = raised.value.issues
    assert issue.code == "bad-value"
    assert issue.diagnostics.startswith("near: ")
    assert said in issue.diagnostics


def test_a_place_is_no_order() -> None:
    with pytest.raises(BadRequest, match="comes by its distance"):
        asked("Location", "_sort=near")


@pytest.mark.parametrize("position", [{"latitude": 91, "longitude": 4}, {"latitude": 52}, {"longitude": -181}])
def test_degrees_that_are_none_have_no_row(position: Resource) -> None:
    assert rows({"resourceType": "Location", "id": "a", "position": position}).position == []


Point = tuple[float, float, float]
SPECIAL = [point(*at) for at in [(90, 0), (-90, 77), (89.9999, 5), (0, 180), (52, -180), (52, 180), (0, 0), (-52, 4)]]


def sized(vector: Sequence[float]) -> Point:
    x, y, z = vector
    size = sqrt(x * x + y * y + z * z)
    return x / size, y / size, z / size


def anywhere(chance: random.Random) -> Point:
    return sized([chance.gauss(0, 1) for _ in range(3)])


def away(chance: random.Random, center: Point, squared: float) -> Point:
    """Return a point so far from another one, often straight to the north or the south."""
    to = chance.choice([anywhere(chance), (0.0, 0.0, 1.0), (0.0, 0.0, -1.0)])
    up = sum(a * b for a, b in zip(to, center, strict=True))
    across = [a - up * b for a, b in zip(to, center, strict=True)]
    if sum(map(abs, across)) < 1e-9:
        return center
    part = sqrt(squared * (1 - squared / 4))
    return sized([a * (1 - squared / 2) + b * part for a, b in zip(center, sized(across), strict=True)])


@pytest.mark.parametrize("seed", range(4))
def test_each_place_in_a_ring_is_in_one_of_its_ranges(seed: int) -> None:
    chance, checked = random.Random(seed), 0
    for _ in range(300):
        center = chance.choice([*SPECIAL, *(anywhere(chance) for _ in range(20))])
        high = min(4.0, 100 ** chance.uniform(-6.5, 0.31))
        low = chance.choice([0, high / 2, high * (1 - 10 ** chance.uniform(-6, -1))])
        found = ranges(center, low, high)
        assert len(found) <= 1024, "few ranges"
        for _ in range(40):
            at = away(chance, center, chance.choice([low, high, chance.uniform(low, high)]))
            squared = sum((a - b) ** 2 for a, b in zip(center, at, strict=True))
            if low <= squared < high:
                checked += 1
                assert sum(first <= cell < last for cell in cells(at) for first, last in found) == 1

    assert checked > 5000


def test_ranges_of_a_thin_ring_far_out_hold_little_that_is_not_in_it() -> None:
    chance, center = random.Random(3), point(52.2, 5.2)
    low, high = squared_chord(100_000), squared_chord(100_100)
    found = ranges(center, low, high)
    places = [point(chance.uniform(51, 53.4), chance.uniform(3.2, 7.2)) for _ in range(20_000)]
    looked_at = sum(any(first <= cell < last for first, last in found) for at in places for cell in cells(at)[-1:])

    assert looked_at < 200, "the square around it holds all of them, the ring some 20"
