"""A search for a reference to a version finds that version alone; one without finds them all.

https://hl7.org/fhir/R4/search.html#versions
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway import query
from gateway.access.policy import development_caller
from gateway.errors import BadRequest
from gateway.fhir.search import parse
from gateway.services import Services
from gateway.transact import Put, transact

CALLER = development_caller()
ELSEWHERE = "https://elsewhere.example/fhir/Patient/1"


@pytest.fixture
def filled(services: Services) -> Services:
    patient = {"resourceType": "Patient", "id": "1", "active": True}
    transact([Put(patient)], CALLER, services)
    references = {
        "plain": "Patient/1",
        "first": "Patient/1/_history/1",
        "second": "Patient/1/_history/2",
        "absolute": f"{services.settings.base_url}/Patient/1/_history/2",
        "elsewhere": ELSEWHERE,
        "elsewhere-2": f"{ELSEWHERE}/_history/2",
    }
    flags = [
        {
            "resourceType": "Flag",
            "id": id_,
            "status": "active",
            "code": {"text": "x"},
            "subject": {"reference": reference},
        }
        for id_, reference in references.items()
    ]
    transact([Put(flag) for flag in flags], CALLER, services)
    return services


def found(to: Services, *pairs: tuple[str, str], type_: str = "Flag") -> Any:
    return json.loads(query.search(parse(type_, pairs), CALLER, to, base=to.settings.base_url))


def ids(bundle: Any) -> set[str]:
    entries = [entry["resource"]["id"] for entry in bundle.get("entry", [])]
    assert len(entries) == len(set(entries)) == bundle["total"]
    return set(entries)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Patient/1", {"plain", "first", "second", "absolute"}),
        ("1", {"plain", "first", "second", "absolute"}),
        ("Patient/1/_history/1", {"first"}),
        ("Patient/1/_history/2", {"second", "absolute"}),
        ("Patient/1/_history/3", set()),
        ("Patient/1/_history/1,Patient/1/_history/2", {"first", "second", "absolute"}),
        ("Patient/1/_history/1,Patient/1", {"plain", "first", "second", "absolute"}),
        (ELSEWHERE, {"elsewhere", "elsewhere-2"}),
        (f"{ELSEWHERE}/_history/2", {"elsewhere-2"}),
        (f"{ELSEWHERE}/_history/2,Patient/1/_history/1", {"elsewhere-2", "first"}),
    ],
)
def test_a_version_is_what_is_asked_for(filled: Services, value: str, expected: set[str]) -> None:
    assert ids(found(filled, ("subject", value))) == expected
    assert ids(found(filled, ("patient", value))) == expected
    assert found(filled, ("subject", value))["link"][0]["url"].endswith(value.replace("|", "%7C"))


def test_our_own_address_is_local_with_a_version_too(filled: Services) -> None:
    value = f"{filled.settings.base_url}/Patient/1/_history/2"

    assert ids(found(filled, ("subject", value))) == {"second", "absolute"}


def test_what_refers_to_a_version_is_chained_and_included_as_ever(filled: Services) -> None:
    here = {"plain", "first", "second", "absolute"}

    assert ids(found(filled, ("subject:Patient.active", "true"))) == here
    assert ids(found(filled, ("_has:Flag:subject:_id", "first"), type_="Patient")) == {"1"}
    bundle = found(filled, ("subject", "Patient/1/_history/1"), ("_include", "Flag:subject"))
    assert [entry["resource"]["id"] for entry in bundle["entry"]] == ["first", "1"]


def test_a_version_in_a_composite_is_refused() -> None:
    with pytest.raises(BadRequest) as refused:
        parse("DocumentReference", [("relationship", "DocumentReference/1/_history/2$replaces")])

    assert "version" in refused.value.issues[0].diagnostics
