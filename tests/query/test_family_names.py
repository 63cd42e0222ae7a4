"""A Dutch family name is found with its prefix and without, and by the names that are joined in it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import query
from gateway.access.policy import development_caller
from gateway.fhir.search import fold, parse
from gateway.fhir.search.families import parts_of_family
from gateway.services import Services
from gateway.store.index import rows
from gateway.transact import Put, transact

CALLER = development_caller()
NAMES = {
    "berg": "van der Berg",
    "bergman": "Bergman",
    "veld": "in \u2019t Veld",
    "joined": "Jansen-van den Berg",
    "ancona": "d'Ancona",
    "roy": "Le Roy",
    "van": "Van",
}


@pytest.fixture
def people(services: Services) -> Services:
    people = [
        {"resourceType": kind, "id": id_, "name": [{"family": family}]}
        for kind in ("Patient", "Practitioner")
        for id_, family in NAMES.items()
    ]
    transact([Put(one) for one in people], CALLER, services)
    return services


def found(to: Services, kind: str, name: str, value: str) -> set[str]:
    bundle = json.loads(query.search(parse(kind, [(name, value)]), CALLER, to, base="https://gateway.example/fhir"))
    entries = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
    assert len(entries) == len(set(entries)) == bundle["total"]
    return set(entries)


@pytest.mark.parametrize(
    ("modifier", "value", "expected"),
    [
        ("", "berg", {"berg", "bergman", "joined"}),
        ("", "van der berg", {"berg"}),
        ("", "van den berg", {"joined"}),
        ("", "van", {"berg", "joined", "van"}),
        ("", "jansen", {"joined"}),
        ("", "veld", {"veld"}),
        ("", "in 't veld", {"veld"}),
        ("", "ancona", {"ancona"}),
        ("", "dancona", {"ancona"}),
        ("", "roy", {"roy"}),
        ("", "der berg", set()),
        (":exact", "van der Berg", {"berg"}),
        (":exact", "Berg", set()),
        (":exact", "berg", set()),
        (":contains", "berg", {"berg", "bergman", "joined"}),
    ],
)
def test_with_its_prefix_and_without(people: Services, modifier: str, value: str, expected: set[str]) -> None:
    for kind in ("Patient", "Practitioner"):
        assert found(people, kind, f"family{modifier}", value) == expected
        assert found(people, kind, f"name{modifier}", value) == expected


@given(st.text(alphabet="vanderBGtiu -'\u2019\u2013\u00e9d", max_size=30) | st.text(max_size=30))
def test_nothing_that_was_found_before_is_lost(family: str) -> None:
    strings = rows({"resourceType": "Patient", "name": [{"family": family}]}).string

    for param in ("family", "name"):
        assert (param, fold(family), family) in strings
    assert all(exact == family or value in parts_of_family(family) for _, value, exact in strings)
    assert all(part and part == fold(part) and part != fold(family) for part in parts_of_family(family))


@pytest.mark.parametrize(
    ("family", "parts"),
    [
        ("van den Berg-de Wit", ("berg de wit", "de wit", "wit")),
        ("\u00d6zdemir \u2013 de Vri\u00e8s", ("de vries", "vries")),
        ("'s-Gravesande", ("gravesande",)),
        ("El-Khatib", ("khatib",)),
        ("Jansen", ()),
        ("-", ()),
    ],
)
def test_the_parts_of_a_name(family: str, parts: tuple[str, ...]) -> None:
    assert parts_of_family(family) == parts
