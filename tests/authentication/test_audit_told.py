"""Who asked stands in the audit with what it was known by and from where; partners are told of themselves alone."""

from __future__ import annotations

from typing import Any

from flask.testing import FlaskClient

from gateway.access.policy import development_caller
from gateway.services import Services
from gateway.transact.partners import add
from tests.authentication.asking import Clock, audited, granted, read, shown
from tests.trust import World, partner

FHIR = {"Content-Type": "application/fhir+json"}
PLACE = {"resourceType": "Location", "id": "l1", "name": "IC"}


def told(http: FlaskClient, world: World, name: str, query: str = "") -> list[dict[str, Any]]:
    answer = http.get(f"/fhir/AuditEvent{query}", headers=shown(world, name))
    assert answer.status_code == 200, answer.text
    return [entry["resource"] for entry in answer.get_json().get("entry", ())]


def test_a_row_says_by_which_certificate_somebody_was_known_and_from_where(
    http: FlaskClient, world: World, to: Services
) -> None:
    http.get("/fhir/Location", headers=shown(world, "gouwe"))
    row = audited(to)[-1]
    assert (row["partner"], row["role"], row["address"]) == ("gouwe", "ziekenhuis", "127.0.0.1")
    assert row["by"].startswith("certificate ")


def test_a_row_says_by_which_token_of_which_client(http: FlaskClient, clock: Clock, to: Services) -> None:
    token = granted(http, clock)
    login = audited(to)[-1]
    (named,) = [entity for entity in login["entities"] if entity.startswith("token:")]
    assert (login["action"], login["address"]) == ("login", "127.0.0.1")
    read(http, token)
    assert audited(to)[-1]["by"] == f"token {named.removeprefix('token:')} of client duinrand-ehr"


def test_who_is_not_known_stands_there_with_its_address(http: FlaskClient, to: Services) -> None:
    assert http.get("/fhir/Slot").status_code == 401
    row = audited(to)[-1]
    assert (row["action"], row["organisation"], row["address"]) == ("refused", "unknown", "127.0.0.1")


def test_what_is_refused_for_its_scope_stands_there_with_who_asked(
    http: FlaskClient, clock: Clock, to: Services
) -> None:
    assert read(http, granted(http, clock), "/fhir/Patient/p1").status_code == 403
    row = audited(to)[-1]
    assert (row["action"], row["partner"], row["parameters"]) == ("refused", "duinrand", ["forbidden"])
    assert (row["entities"], row["patients"]) == (["Patient/p1"], ["p1"])


def test_a_partner_is_told_of_itself_and_who_is_registered_for_it_of_everybody(
    http: FlaskClient, world: World, to: Services
) -> None:
    http.put("/fhir/Location/l1", json=PLACE, headers=FHIR | shown(world, "gouwe"))
    http.get("/fhir/Slot", headers=shown(world, "duinrand"))
    add(
        [partner("duinrand", world.pairs["duinrand"], scopes=("system/AuditEvent.rs", "system/Slot.rs"))],
        development_caller(),
        to,
        replace=True,
    )
    mine = told(http, world, "duinrand")
    assert {event["agent"][0]["who"]["display"] for event in mine} == {"Duinrand"}
    assert "Location/l1" not in str(mine)

    seen = ("AuditEvent", "Slot")
    add(
        [partner("duinrand", world.pairs["duinrand"], scopes=("system/AuditEvent.rs", "system/Slot.rs"), sees=seen)],
        development_caller(),
        to,
        replace=True,
    )
    everything = told(http, world, "duinrand")
    assert "Location/l1" in str(everything)
    assert "Gouwe" in str(told(http, world, "duinrand", "?entity=Location/l1"))


def test_without_the_scope_nobody_is_told_anything(http: FlaskClient, clock: Clock) -> None:
    token = granted(http, clock)
    assert read(http, token, "/fhir/AuditEvent").status_code == 403
    assert read(http, token, "/fhir/AuditEvent/0-1").status_code == 403
