"""A small region to search in, and what a search over it must find, worked out the slow and plain way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from gateway.fhir.search import (
    AllOf,
    AnyOf,
    Chain,
    Condition,
    DateRange,
    Filter,
    Has,
    Missing,
    Not,
    NumberRange,
    QuantityRange,
    Says,
    SearchRequest,
    Target,
    Text,
    Token,
    Value,
    fold,
)
from gateway.fhir.types import Resource
from gateway.store.index import IndexRows, rows
from gateway.store.search import Visible

Region = Mapping[tuple[str, str], Resource]
STORED_AT = 1_767_603_600_000_000  # 2026-01-05T09:00Z, when the clock of the tests stands still
BED, CARE = "http://example.org/bed", "http://example.org/care"
SLOT_STATUS = "http://hl7.org/fhir/slotstatus"


@cache
def region() -> Region:
    """Return some hundred resources that point at each other."""
    return {(resource["resourceType"], resource["id"]): resource for resource in _resources()}


def _resources() -> Iterator[Resource]:
    yield from _places()
    yield from _capacity()
    yield from _people()
    yield from _work()


def _places() -> Iterator[Resource]:
    for n in range(5):
        part = {"partOf": {"reference": f"Organization/o{n - 1}"}} if n else {}
        identifier = {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": f"0000000{n}"}
        yield {
            "resourceType": "Organization",
            "id": f"o{n}",
            "name": f"Ziekenhuis {n}",
            "identifier": [identifier],
        } | part
    for n in range(12):
        yield {
            "resourceType": "Location",
            "id": f"l{n}",
            "status": "active" if n % 3 else "suspended",
            "name": ["Spoedeisende Hulp", "spoed post", "Intensive-Care", "Afdeling Süd", "100% bed_1"][n % 5],
            "managingOrganization": {"reference": f"Organization/o{n % 5}"},
            **({"address": {"city": "'s-Gravenhage", "postalCode": "2501 CB"}} if n % 2 else {}),
        }


def _capacity() -> Iterator[Resource]:
    for n in range(4):
        yield {
            "resourceType": "HealthcareService",
            "id": f"h{n}",
            "name": f"Spoed {n}",
            "active": True,
            "providedBy": {"reference": f"Organization/o{n}"},
            "location": [{"reference": f"Location/l{n}"}, {"reference": f"Location/l{n + 4}"}],
        }
    for n in range(8):
        actors = [{"reference": f"HealthcareService/h{n % 4}"}, {"reference": f"Location/l{n}"}]
        yield {"resourceType": "Schedule", "id": f"s{n}", "active": n % 2 == 0, "actor": actors}
    for n in range(96):
        yield _slot(n)


def _slot(n: int) -> Resource:
    """Slots around the two nights on which the clock changes, and on the days about them."""
    day = ["2026-03-28", "2026-03-29", "2026-03-30", "2026-10-24", "2026-10-25", "2026-10-26"][n % 6]
    winter = day in {"2026-03-28", "2026-10-26"} or (day == "2026-10-25" and n % 4 == 3)
    hour, offset = [0, 1, 12, 23][n % 4], "+01:00" if winter else "+02:00"
    if day == "2026-03-29" and hour < 2:
        offset = "+01:00"
    coding = [{"system": BED, "code": "icu"}] if n % 5 == 0 else [{"code": "ward"}, {"system": CARE, "code": "ward"}]
    return {
        "resourceType": "Slot",
        "id": f"t{n}",
        "schedule": {"reference": f"Schedule/s{n % 8}" + ("/_history/1" if n % 16 < 4 else "")}
        if n % 16
        else {"reference": "https://x.example/fhir/Schedule/s1"},
        "status": ["free", "busy", "busy-tentative"][n % 3],
        "start": f"{day}T{hour:02}:30:00{offset}",
        "end": f"{day}T{hour:02}:45:00{offset}",
        "serviceType": [{"coding": coding}],
        **({"identifier": [{"system": "http://example.org/slot", "value": f"{n}"}]} if n % 7 == 0 else {}),
    }


def _people() -> Iterator[Resource]:
    for n in range(6):
        yield {"resourceType": "Practitioner", "id": f"d{n}", "name": [{"family": f"Dokter{n}", "given": ["Anna"]}]}
    for n in range(24):
        names = [{"family": ["de Vriès", "Özdemir", "Jansen"][n % 3], "given": ["Jan", "Piet"][: n % 2 + 1]}]
        yield {
            "resourceType": "Patient",
            "id": f"p{n}",
            "active": True,
            "name": names + ([{"family": "Alias", "given": ["Aaf"]}] if n % 4 == 0 else []),
            "identifier": [{"system": "http://example.org/patient", "value": f"{n % 20}"}],
            **({"birthDate": ["1980", "1980-05", "1980-05-17", "2001-01-01"][n % 4]} if n % 5 else {}),
            **({"gender": ["male", "female"][n % 2]} if n % 6 else {}),
            "generalPractitioner": [{"reference": f"Practitioner/d{n % 6}"}],
        }


def _work() -> Iterator[Resource]:
    for n in range(30):
        period = {"start": f"2026-01-{n % 28 + 1:02}T10:00:00+01:00"}
        minutes = {"value": n * 10, "unit": "min", "system": "http://unitsofmeasure.org", "code": "min"}
        yield {
            "resourceType": "Encounter",
            "id": f"e{n}",
            "status": "finished" if n % 2 else "in-progress",
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": ["EMER", "IMP"][n % 2]},
            "subject": {"reference": f"Patient/p{n % 24}"},
            "period": period | ({"end": f"2026-02-{n % 28 + 1:02}"} if n % 2 else {}),
            "location": [{"location": {"reference": f"Location/l{n % 12}"}}],
            **({"length": minutes} if n % 3 else {}),
        }
    for n in range(12):
        owner = {"identifier": {"system": "http://fhir.nl/fhir/NamingSystem/ura", "value": "00000001"}}
        yield {
            "resourceType": "Task",
            "id": f"w{n}",
            "status": ["requested", "accepted"][n % 2],
            "intent": "order",
            "for": {"reference": f"Patient/p{n}" + (f"/_history/{n // 4 + 1}" if n % 2 else "")},
            "owner": {"reference": f"Organization/o{n % 5}"} if n % 3 else owner,
            "authoredOn": f"2026-01-{n + 1:02}",
        }


@cache
def indexed(resource_type: str, id_: str, base: str) -> IndexRows:
    """Return the index rows of a resource of the region."""
    return rows(region()[resource_type, id_], base=base)


def expected(request: SearchRequest, where: Region, base: str) -> set[str]:
    """Return the ids of all matches."""
    return {
        id_
        for (type_, id_), resource in where.items()
        if type_ == request.resource_type and _all(request, resource, where, base)
    }


def seen(visible: Visible, where: Region, base: str) -> Region:
    """Return the part of a region that can be seen: to who sees no more, that is all there is."""
    return {
        name: resource
        for name, resource in where.items()
        if visible.admits(name[0])
        and ((rule := visible.condition(name[0])) is None or _holds(rule, resource, where, base))
    }


def _all(request: SearchRequest, resource: Resource, where: Region, base: str) -> bool:
    return all(_holds(condition, resource, where, base) for condition in request.conditions)


def _holds(condition: Condition, resource: Resource, where: Region, base: str) -> bool:
    match condition:
        case Chain(parameter, targets):
            pointed = [
                r[1:]
                for r in indexed(resource["resourceType"], resource["id"], base).reference
                if r[0] == parameter.code
            ]
            return any(
                (type_, id_) in where and _holds(then, where[type_, id_], where, base)
                for target, then in targets
                for type_, id_ in pointed
                if type_ == target
            )
        case Has(source, parameter, then):
            here = (parameter.code, resource["resourceType"], resource["id"])
            return any(
                here in indexed(other["resourceType"], other["id"], base).reference and _holds(then, other, where, base)
                for (type_, _), other in where.items()
                if type_ == source
            )
        case AnyOf(conditions):
            return any(_holds(each, resource, where, base) for each in conditions)
        case AllOf(conditions):
            return all(_holds(each, resource, where, base) for each in conditions)
        case Not(one):
            return not _holds(one, resource, where, base)
        case Says():
            raise AssertionError("no search asks it: see test_says.py")
        case Filter(_, modifier, _) if modifier == "not":
            return not any(_is(condition, value, resource, base) for value in condition.values)
        case Filter():
            return any(_is(condition, value, resource, base) for value in condition.values)


def _is(asked: Filter, value: Value, resource: Resource, base: str) -> bool:
    code, found = asked.parameter.code, indexed(resource["resourceType"], resource["id"], base)
    if code == "_lastUpdated":
        return _last_updated(value)
    if code == "_id" and isinstance(value, Missing):
        return not value.missing
    if code == "_id":
        return isinstance(value, Token) and value.code == resource["id"] and not value.system
    if isinstance(value, Missing):
        return value.missing != any(
            row[0] in {code, f"{code}:identifier"} for row in _table(asked, found) + found.token
        )
    if asked.modifier == "identifier":
        return any(_token(value, row) for row in found.token if row[0] == f"{code}:identifier")
    name = f"{code}:version" if isinstance(value, Target) and value.version else code
    return any(_row(asked, value, row, base) for row in _table(asked, found) if row[0] == name)


def _last_updated(value: Value) -> bool:
    if isinstance(value, DateRange):
        return _date(value, STORED_AT, STORED_AT, instant=True)
    return isinstance(value, Missing) and not value.missing


def _table(asked: Filter, found: IndexRows) -> list[Any]:
    table: list[Any] = getattr(found, asked.parameter.type)
    return table


def _row(asked: Filter, value: Value, row: Any, base: str) -> bool:
    match value:
        case Token():
            return _token(value, row)
        case Text(text) if asked.modifier == "exact":
            return bool(row[2] == text)
        case Text(text) if asked.modifier == "contains":
            return fold(text) in row[1]
        case Text(text) if asked.parameter.type == "string":
            return bool(row[1].startswith(fold(text)))
        case Text(text):
            return bool(row[1] == text) or (asked.modifier == "below" and row[1].startswith(f"{text}/"))
        case Target(types, id_, version):
            local = id_.startswith(f"{base}/")
            wanted = (types, id_) if not local else ((id_.split("/")[-2],), id_.split("/")[-1])
            named = f"{wanted[1]}/_history/{version}" if version else wanted[1]
            return (not wanted[0] or row[1] in wanted[0]) and row[2] == named
        case DateRange():
            return _date(value, row[1], row[2], instant=asked.parameter.code == "start")
        case QuantityRange(number, system, unit):
            return row[1] == (system or row[1]) and row[2] == (unit or row[2]) and _number(number, row[3])
        case _:
            raise AssertionError(value)


def _token(value: Value, row: Any) -> bool:
    assert isinstance(value, Token)
    system = "" if value.system == SLOT_STATUS else value.system
    return (system is None or row[1] == system) and (value.code is None or row[2] == value.code)


def _date(value: DateRange, low: int, high: int, *, instant: bool) -> bool:
    """Compare the ranges in the words of https://hl7.org/fhir/R4/search.html#prefix; an instant is a point."""
    high = low + 1 if instant else high
    inside = value.low <= low and high <= value.high
    margin = max(value.high - value.low, 24 * 3600 * 1_000_000)
    answers = {
        "eq": inside,
        "ne": not inside,
        "gt": high > value.high,
        "lt": low < value.low,
        "ge": inside or high > value.high,
        "le": inside or low < value.low,
        "sa": low >= value.high,
        "eb": high <= value.low,
        "ap": low < value.high + margin and high > value.low - margin,
    }
    return answers[value.prefix]


def _number(asked: NumberRange, value: float) -> bool:
    equal = asked.low <= value < asked.high
    answers = {
        "eq": equal,
        "ne": not equal,
        "gt": value > asked.value,
        "sa": value > asked.value,
        "lt": value < asked.value,
        "eb": value < asked.value,
        "ge": value >= asked.value,
        "le": value <= asked.value,
        "ap": abs(value - asked.value) <= max(asked.value / 10, asked.high - asked.value),
    }
    return answers[asked.prefix]
