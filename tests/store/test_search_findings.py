"""Composites, units, words and codes of sets: what they find, by every plan, against what is said in plain Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest

from gateway.access.policy import development_caller
from gateway.fhir.search import SearchRequest, parse
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.store import search
from gateway.store.search import Scope
from gateway.store.search.offered import AS_SAID
from gateway.transact import Put, transact
from gateway.validation.profiles.definitions import Definitions
from gateway.validation.terms import Terms
from gateway.validation.terms.searched import SearchedCodes

LOINC, UCUM = "http://loinc.org", "http://unitsofmeasure.org"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
KINDS = "http://terminology.hl7.org/CodeSystem/v2-0203"
CALLER = development_caller()
GRAMS = {"g": 1.0, "mg": 0.001, "kg": 1000.0}
Holds = Callable[[Resource], bool]
# The kinds of encounters, without those below IMP.
VISITS: Resource = {
    "resourceType": "ValueSet",
    "url": "http://x/visits",
    "compose": {
        "include": [{"system": ACT, "filter": [{"property": "concept", "op": "is-a", "value": "_ActEncounterCode"}]}],
        "exclude": [{"system": ACT, "filter": [{"property": "concept", "op": "is-a", "value": "IMP"}]}],
    },
}
DEFINITIONS = Definitions()
DEFINITIONS.add_resource(VISITS)
CODES = SearchedCodes(Terms(DEFINITIONS))


def _coded(system: str, code: str, display: str, text: str = "") -> Resource:
    return {"coding": [{"system": system, "code": code, "display": display}], **({"text": text} if text else {})}


def _quantity(value: float, code: str, unit: str = "", system: str = UCUM) -> Resource:
    return {"value": value, "unit": unit or code, "system": system, "code": code}


def _pressure(n: int) -> Resource:
    """A systolic and a diastolic pressure: one of them is above 140 in most, but seldom the same one."""
    values = [("8480-6", "Systolic", 90 + n * 7 % 80), ("8462-4", "Diastolic", 170 - n * 7 % 80)]
    return {
        "resourceType": "Observation",
        "id": f"p{n}",
        "status": "final",
        "code": _coded(LOINC, "85354-9", "Blood pressure panel", "Bloeddruk" if n % 2 else "RR"),
        "component": [
            {"code": _coded(LOINC, code, display), "valueQuantity": _quantity(value, "mm[Hg]", "mmHg")}
            for code, display, value in values
        ],
        "effectiveDateTime": f"2026-01-{n + 1:02}T10:00:00+01:00",
    }


def _dose(n: int) -> Resource:
    value, code = [(5, "mg"), (0.005, "g"), (5, "g"), (0.5, "kg"), (5.04, "mg"), (5, "mL")][n % 6]
    word = ["koorts", "Koorts en hoest", "hoesten", "geen koorts, wel pijn op de borst", "hóést"][n % 5]
    return {
        "resourceType": "Observation",
        "id": f"d{n}",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "3141-9"}, {"code": "gewicht", "display": "Gewicht (kg)"}]},
        "valueQuantity": _quantity(value, code) if n % 4 else {"value": value, "unit": code},
        **(
            {
                "text": {
                    "status": "generated",
                    "div": f"<div xmlns='http://www.w3.org/1999/xhtml'><p class='pijn'>{word}</p>!</div>",
                }
            }
            if n % 3
            else {}
        ),
    }


def _answer(n: int) -> Resource:
    values: list[Resource] = [
        {"valueCodeableConcept": _coded("http://x", "yes", "Ja, zeker")},
        {"valueCodeableConcept": _coded("http://x", "no", "Nee")},
        {"valueString": "Ja, soms"},
        {"valueDateTime": "2026-02-03T10:00:00+01:00"},
        {"valuePeriod": {"start": "2026-02-01", "end": "2026-02-04"}},
    ]
    code = _coded("http://x", "smoker" if n % 2 else "drinker", "Rookt u?")
    return {"resourceType": "Observation", "id": f"a{n}", "status": "final", "code": code, **values[n % 5]}


def _others() -> Iterator[Resource]:
    for n, code in enumerate(("EMER", "IMP", "ACUTE", "NONAC", "AMB")):
        yield {
            "resourceType": "Encounter",
            "id": f"e{n}",
            "status": "finished",
            "class": {"system": ACT, "code": code, "display": f"Klasse {code}"},
        }
    for n, kind in enumerate(("MR", "PPN", "MR")):
        of = {"coding": [{"system": KINDS, "code": kind}], "text": "Dossiernummer" if kind == "MR" else "Paspoort"}
        yield {
            "resourceType": "Patient",
            "id": f"p{n}",
            "identifier": [{"type": of, "system": f"http://{n}", "value": "12"}],
        }
    for n, code in enumerate(("replaces", "appends")):
        yield {
            "resourceType": "DocumentReference",
            "id": f"r{n}",
            "status": "current",
            "relatesTo": [
                {"code": code, "target": {"reference": "DocumentReference/1"}},
                {"code": "signs", "target": {"reference": "DocumentReference/2"}},
            ],
            "content": [{"attachment": {"url": f"http://x/{n}"}}],
            "meta": {"source": ["http://x.example/a", "http://x.example/a/b/c"][n]},
        }


def every_one() -> list[Resource]:
    made = [make(n) for make in (_pressure, _dose, _answer) for n in range(24)]
    return [*made, *_others()]


def _parts(resource: Resource) -> Iterator[Resource]:
    yield resource
    yield from resource.get("component", ())


def _codes(part: Resource) -> set[str]:
    return {coding["code"] for coding in part["code"]["coding"]}


def _grams(resource: Resource) -> float | None:
    found = resource.get("valueQuantity", {})
    return found["value"] * GRAMS[found["code"]] if found.get("code") in GRAMS else None


def _value(resource: Resource, kind: str) -> Any:
    return resource.get(f"value{kind}")


def _component(code: str, holds: Callable[[float], bool]) -> Holds:
    return lambda r: any(code in _codes(c) and holds(c["valueQuantity"]["value"]) for c in r.get("component", ()))


def _anywhere(code: str, holds: Callable[[float], bool]) -> Holds:
    return lambda r: any(
        code in _codes(c) and "valueQuantity" in c and holds(c["valueQuantity"]["value"]) for c in _parts(r)
    )


def _said(resource: Resource) -> str:
    return str(resource.get("text", {}).get("div", ""))


def _is(id_: str) -> Holds:
    return lambda r: r["id"] in id_.split()


OBSERVATIONS: dict[str, Holds] = {
    "component-code-value-quantity=8480-6$gt140": _component("8480-6", lambda v: v > 140),
    f"component-code-value-quantity={LOINC}|8462-4$lt100|{UCUM}|mm[Hg]": _component("8462-4", lambda v: v < 100),
    "component-code-value-quantity=8480-6$gt140,8462-4$lt100": lambda r: (
        _component("8480-6", lambda v: v > 140)(r) or _component("8462-4", lambda v: v < 100)(r)
    ),
    "component-code-value-quantity=8480-6$gt140&component-code-value-quantity=8462-4$gt100": lambda r: (
        _component("8480-6", lambda v: v > 140)(r) and _component("8462-4", lambda v: v > 100)(r)
    ),
    f"component-code-value-quantity={LOINC}|$gt165": lambda r: any(
        c["valueQuantity"]["value"] > 165 for c in r.get("component", ())
    ),
    "component-code-value-quantity=|8480-6$gt1": lambda _: False,
    "component-code-value-quantity=8480-6$gt18|http://unitsofmeasure.org|kPa": _component(
        "8480-6", lambda v: v * 0.133322 > 18
    ),
    "combo-code-value-quantity=8480-6$gt140": _anywhere("8480-6", lambda v: v > 140),
    "combo-code-value-quantity=3141-9$gt1": _anywhere("3141-9", lambda v: v > 1),
    "combo-code-value-quantity=|gewicht$gt1": _anywhere("gewicht", lambda v: v > 1),
    "code-value-quantity=gewicht$gt1": _anywhere("gewicht", lambda v: v > 1),
    "code-value-quantity=8480-6$gt1": lambda _: False,
    "code-value-concept=smoker$http://x|yes": lambda r: (
        "smoker" in _codes(r) and (_value(r, "CodeableConcept") or {"coding": [{}]})["coding"][0].get("code") == "yes"
    ),
    "combo-code-value-concept=smoker$yes": lambda r: (
        "smoker" in _codes(r) and (_value(r, "CodeableConcept") or {"coding": [{}]})["coding"][0].get("code") == "yes"
    ),
    "code-value-string=http://x|drinker$ja": lambda r: "drinker" in _codes(r) and _value(r, "String") == "Ja, soms",
    "code-value-date=smoker$2026-02-03": lambda r: "smoker" in _codes(r) and _value(r, "DateTime") is not None,
    "code-value-date=smoker$ge2026-02-02": lambda r: (
        "smoker" in _codes(r) and (_value(r, "DateTime") or _value(r, "Period")) is not None
    ),
    f"value-quantity=5|{UCUM}|mg": lambda r: 0.0045 <= (_grams(r) or 0) < 0.0055,
    f"value-quantity=5.0|{UCUM}|mg": lambda r: 0.00495 <= (_grams(r) or 0) < 0.00505,
    f"value-quantity=0.005|{UCUM}|g": lambda r: 0.0045 <= (_grams(r) or 0) < 0.0055,
    f"value-quantity=gt4|{UCUM}|g": lambda r: (_grams(r) or 0) > 4,
    f"value-quantity=le5|{UCUM}|g": lambda r: 0 < (_grams(r) or 0) <= 5,
    f"value-quantity=ap5|{UCUM}|g": lambda r: 4.5 <= (_grams(r) or 0) <= 5.5,
    f"value-quantity=5|{UCUM}|unheard": lambda _: False,
    "value-quantity=5||mg": lambda r: (
        _value(r, "Quantity") is not None
        and _value(r, "Quantity")["unit"] == "mg"
        and 4.5 <= _value(r, "Quantity")["value"] < 5.5
    ),
    "code:text=bloeddruk": lambda r: r["code"].get("text") == "Bloeddruk",
    "code:text=BLOOD": lambda r: "85354-9" in _codes(r),
    "code:text=panel": lambda _: False,
    "code:text=systolic": lambda _: False,
    "combo-code:text=systolic": lambda r: "component" in r,
    "component-code:text=diastolic,bloed": lambda r: "component" in r,
    "code:text=gewicht&value-quantity=gt100": lambda r: "gewicht" in _codes(r) and r["valueQuantity"]["value"] > 100,
    "value-concept:text=ja": lambda r: (
        (_value(r, "CodeableConcept") or {"coding": [{}]})["coding"][0].get("code") == "yes"
    ),
    "_text=koorts": lambda r: "oorts" in _said(r),
    "_text=KOORTS": lambda r: "oorts" in _said(r),
    "_text=hoest": lambda r: "hoest<" in _said(r) or "hóést" in _said(r),
    "_text=hoest*": lambda r: "hoest" in _said(r) or "hóést" in _said(r),
    "_text=koorts hoest": lambda r: "Koorts en hoest" in _said(r),
    "_text=borst pijn": lambda r: "pijn op de borst" in _said(r),
    "_text=koorts hoest,borst": lambda r: "Koorts en hoest" in _said(r) or "borst" in _said(r),
    "_text=class": lambda _: False,
    "_text=pijn&value-quantity=gt1": lambda r: "pijn op" in _said(r) and r["valueQuantity"]["value"] > 1,
    "_text:missing=true": lambda r: "text" not in r,
}
OTHERS: dict[str, dict[str, Holds]] = {
    "Encounter": {
        f"class:below={ACT}|_ActEncounterCode": _is("e0 e1 e2 e3 e4"),
        f"class:below={ACT}|IMP": _is("e1 e2 e3"),
        f"class:above={ACT}|ACUTE": _is("e1 e2"),
        "class:in=http://x/visits": _is("e0 e4"),
        "class:not-in=http://x/visits": _is("e1 e2 e3"),
        "class:in=http://x/visits&status:in=http://hl7.org/fhir/ValueSet/encounter-status": _is("e0 e4"),
        "status:in=http://hl7.org/fhir/ValueSet/encounter-status": _is("e0 e1 e2 e3 e4"),
        "status:not-in=http://hl7.org/fhir/ValueSet/encounter-status": _is(""),
        "status:in=http://hl7.org/fhir/ValueSet/slotstatus": _is(""),
        "status:not-in=http://hl7.org/fhir/ValueSet/slotstatus": _is("e0 e1 e2 e3 e4"),
        "class:text=klasse e": _is("e0"),
    },
    "Patient": {
        f"identifier:of-type={KINDS}|MR|12": _is("p0 p2"),
        f"identifier:of-type={KINDS}|MR|13": _is(""),
        f"identifier:of-type={KINDS}|PPN|12": _is("p1"),
        "identifier:text=dossier": _is("p0 p2"),
        "identifier=12": _is("p0 p1 p2"),
        f"_id:not=p0&identifier:of-type={KINDS}|MR|12": _is("p2"),
    },
    "DocumentReference": {
        "relationship=DocumentReference/1$replaces": _is("r0"),
        "relationship=1$http://hl7.org/fhir/document-relationship-type|appends": _is("r1"),
        "relationship=DocumentReference/2$replaces": _is(""),
        "_source:above=http://x.example/a/b/c/d": _is("r0 r1"),
        "_source:above=http://x.example/a/b": _is("r0"),
        "_source:below=http://x.example/a": _is("r0 r1"),
        "_source:above=https://x.example/a": _is(""),
    },
}
PLANS = [(500, 1000), (0, 3)]


@pytest.fixture
def kept(services: Services) -> list[Resource]:
    found = every_one()
    transact([Put(resource) for resource in found], CALLER, services)
    return found


def asked(resource_type: str, query: str) -> SearchRequest:
    return parse(resource_type, [*parse_qsl(query.replace("+", "%2B")), ("_count", "1000")], codes=CODES)


@pytest.mark.parametrize(("candidates", "reach"), PLANS)
def test_it_is_found_when_it_is_so(services: Services, kept: list[Resource], candidates: int, reach: int) -> None:
    wrong, nothing = [], []
    with services.store.reading() as db:
        for resource_type, queries in {"Observation": OBSERVATIONS, **OTHERS}.items():
            for query, holds in queries.items():
                scope = Scope(candidates=candidates, reach=reach, now=AS_SAID)
                found = sorted(row.id for row in search.read(db, asked(resource_type, query), scope).matches)
                wanted = sorted(r["id"] for r in kept if r["resourceType"] == resource_type and holds(r))
                wrong += [(query, found, wanted)] if found != wanted else []
                nothing += [query] if not wanted else []

    assert wrong == []
    assert len(nothing) < 14  # the others do find something


def test_a_chain_asks_words_and_composites_of_one_and_the_same_resource(services: Services) -> None:
    told = [f"<div xmlns='http://www.w3.org/1999/xhtml'>{word}</div>" for word in ("koorts", "hoest")]
    both: list[Resource] = [
        {"resourceType": "Patient", "id": f"{n}", "text": {"status": "generated", "div": div}}
        for n, div in enumerate(told)
    ]
    seen: list[Resource] = [
        {
            "resourceType": "Appointment",
            "id": "a",
            "status": "proposed",
            "participant": [{"actor": {"reference": f"Patient/{n}"}, "status": "accepted"} for n in range(2)],
        }
    ]
    transact([Put(resource) for resource in [*both, *seen]], CALLER, services)
    with services.store.reading() as db:
        for query, found in (
            ("patient._text=koorts", ["a"]),
            ("patient._text=hoest", ["a"]),
            ("patient._text=koorts hoest", []),
            ("patient._text=koorts,hoest", ["a"]),
        ):
            for candidates in (500, 0):
                results = search.read(db, asked("Appointment", query), Scope(candidates=candidates))
                assert [row.id for row in results.matches] == found, query


def test_what_is_changed_is_found_by_what_it_is_now(services: Services) -> None:
    transact([Put(_pressure(0)), Put(_dose(1))], CALLER, services)
    transact(
        [Put({k: v for k, v in _pressure(0).items() if k != "component"} | {"code": {"text": "x"}})], CALLER, services
    )
    transact([Put({k: v for k, v in _dose(1).items() if k != "text"})], CALLER, services)
    with services.store.reading() as db:
        for query in ("combo-code-value-quantity=8480-6$gt1", "_text=koorts", "code:text=blood"):
            assert search.read(db, asked("Observation", query), Scope()).matches == [], query
        for table in ("string", "quantity", "token"):
            ((count,),) = db.rows(f"select count(*) from index_{table} where param like '%8480-6%' or param = '_text'")
            assert count == 0
