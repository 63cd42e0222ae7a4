"""Whose a resource is stands in its security labels, and nobody but the gateway has a say in that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gateway import query
from gateway.access.partners import Partner
from gateway.access.policy import development_caller, unlimited
from gateway.fhir.json import decode
from gateway.fhir.owner import SYSTEM
from gateway.fhir.search import parse
from gateway.ingest import ingest
from gateway.services import Services
from gateway.store import Identity
from gateway.transact import ConditionalPut, Create, Patch, Put, partners, transact
from tests.messages import bed_message

DUINRAND = Partner(
    id="duinrand", name="Ziekenhuis Duinrand", kind="ziekenhuis", ura="00000002", scopes=("system/*.cruds",)
)
HAAGRAND = Partner(id="haagrand", name="Haagrand", kind="hap", scopes=("system/*.cruds",))
ONE, OTHER = unlimited(DUINRAND.caller()), unlimited(HAAGRAND.caller())


def place(**elements: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "id": "place", "name": "Spoed", **elements}


def label(code: str) -> dict[str, str]:
    return {"system": SYSTEM, "code": code}


def bare(resource: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in resource.items() if name != "meta"}


def security(to: Services, id_: str = "place", type_: str = "Location") -> Any:
    found = to.store.read(Identity(type_, id_))
    assert found is not None
    return decode(found.body).get("meta", {}).get("security")


def test_what_a_partner_makes_is_its_own(services: Services) -> None:
    (made,) = transact([Create(place())], ONE, services)
    transact([Put(place(id="by-put"))], OTHER, services)

    assert security(services, made.id) == [label("00000002")]
    assert security(services, "by-put") == [label("haagrand")]  # who has no URA is known by its id


@pytest.mark.parametrize("caller", [OTHER, development_caller()], ids=["another partner", "development"])
def test_it_stays_so_whoever_writes_it(services: Services, caller: Any) -> None:
    transact([Put(place())], ONE, services)
    transact([Put(place(name="Spoedplein"))], caller, services)
    assert security(services) == [label("00000002")]

    transact([Patch("Location", "place", lambda found: found | {"name": "SEH"})], caller, services)
    assert security(services) == [label("00000002")]

    transact([ConditionalPut(place(name="Anders"), "_id=place")], caller, services)
    assert security(services) == [label("00000002")]


@pytest.mark.parametrize("caller", [ONE, OTHER, development_caller()], ids=["owner", "another partner", "development"])
def test_nobody_sets_changes_or_takes_it(services: Services, caller: Any) -> None:
    transact([Put(place())], ONE, services)
    other = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    said = {"security": [label("00000009"), other, label("00000009")]}

    transact([Put(place(meta=said))], caller, services)
    assert security(services) == [other, label("00000002")]

    transact([Patch("Location", "place", bare)], caller, services)
    assert security(services) == [label("00000002")]


def test_development_sets_none(services: Services) -> None:
    transact([Put(place(meta={"security": [label("00000002")]}))], development_caller(), services)

    assert security(services) is None


def test_who_writes_what_was_nobodys_owns_it(services: Services) -> None:
    transact([Put(place())], development_caller(), services)
    (same,) = transact([Put(place())], ONE, services)
    assert (same.status, security(services)) == ("unchanged", None)

    transact([Put(place(name="SEH"))], ONE, services)
    assert security(services) == [label("00000002")]


def test_what_says_the_same_makes_no_version(services: Services) -> None:
    transact([Put(place())], ONE, services)

    for caller in (ONE, OTHER, development_caller()):
        for said in ({}, {"meta": {"security": [label("00000009")]}}, {"meta": {"security": [label("00000002")]}}):
            assert [made.status for made in transact([Put(place(**said))], caller, services)] == ["unchanged"]


def test_it_is_found_by_its_label(services: Services) -> None:
    transact([Put(place())], ONE, services)
    transact([Put(place(id="other"))], OTHER, services)
    transact([Put(place(name="SEH"))], OTHER, services)

    request = parse("Location", [("_security", f"{SYSTEM}|00000002")])
    found = decode(query.search(request, development_caller(), services, base="https://gateway.example/fhir"))

    assert [each["resource"]["id"] for each in found["entry"]] == ["place"]


def test_what_mappings_make_of_a_message_is_its_senders(services: Services) -> None:
    sender = replace(ONE, providers=frozenset({"dev"}))
    message = bed_message()

    taken = ingest(message, provider="dev", content_type=None, caller=sender, to=services)

    made = [one for message in taken.messages for one in message.made]
    assert len(made) > 2
    assert {tuple(each["code"] for each in security(services, one.id, one.type) or ()) for one in made} == {
        ("00000002",)
    }


def test_what_the_registry_shows_is_the_partners_own(services: Services) -> None:
    partners.add([DUINRAND], replace(development_caller(), name="operator"), services)

    assert security(services, "partner-duinrand", "Organization") == [label("00000002")]
