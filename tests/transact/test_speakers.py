"""Nobody sends or asks in the name of another organisation, by whichever door and however that one is named."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.errors import Forbidden
from gateway.fhir.types import Resource
from gateway.services import Services
from gateway.settings import Settings
from gateway.transact import Create, Patch, Put, transact
from gateway.transact.speakers import NOT_YOURS, UNKNOWN
from tests.policy_world import HOME, HOSPITAL, URA, asking, does, organisation, patient, peopled, request, task

OWN, OTHERS = organisation(HOSPITAL), organisation(HOME)


@pytest.fixture
def world(services: Services) -> Services:
    to = peopled(services)
    does(HOSPITAL, Put(patient()), to)
    does(HOSPITAL, Put(request()), to)
    return to


def named(ura: str | None, **more: Any) -> Resource:
    identifier = {"identifier": [{"system": URA, "value": ura}]} if ura else {}
    return {"resourceType": "Organization", "name": "Zorg", **identifier, **more}


def role(of: dict[str, Any] | None) -> Resource:
    return {"resourceType": "PractitionerRole", "id": "role", **({"organization": of} if of else {})}


SAID = {
    "by URA": (OWN, OTHERS),
    "by the registered Organization": (
        organisation(HOSPITAL, by_reference=True),
        organisation(HOME, by_reference=True),
    ),
    "by our own address": (
        {"reference": f"{Settings().base_url}/Organization/partner-duinrand"},
        {"reference": f"{Settings().base_url}/Organization/partner-duinhof"},
    ),
    "by both, which differ": (
        OWN | organisation(HOSPITAL, by_reference=True),
        OWN | organisation(HOME, by_reference=True),
    ),
    "contained": ({"reference": "#o"}, {"reference": "#other"}),
}


def asked_by(requester: dict[str, Any]) -> Resource:
    inside = {"#o": [named("00000002", id="o")], "#other": [named("00000006", id="other")]}
    contained = inside.get(requester.get("reference", ""))
    found = request(requester=requester)
    return found | {"contained": contained} if contained else found


@pytest.mark.parametrize("how", SAID)
def test_who_asks_is_who_writes_it(world: Services, how: str) -> None:
    own, others = SAID[how]
    does(HOSPITAL, Create(asked_by(own)), world)

    with pytest.raises(Forbidden, match="another organisation") as refused:
        does(HOSPITAL, Create(asked_by(others)), world)

    assert [issue.expression for issue in refused.value.issues] == ["ServiceRequest.requester"]


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([named("00000002")], None),
        ([named("00000006")], NOT_YOURS),
        ([named(None)], UNKNOWN),
        ([role({"reference": "urn:uuid:1"}), named("00000002")], None),
        ([role({"reference": "urn:uuid:1"}), named("00000006")], NOT_YOURS),
        ([role(OTHERS)], NOT_YOURS),
        ([role(None)], UNKNOWN),
        ([{"resourceType": "Practitioner", "name": [{"family": "Arts"}]}], None),
    ],
)
def test_an_organisation_of_the_same_bundle_is_looked_at(
    world: Services, entries: list[Resource], text: str | None
) -> None:
    made = [Create(one, full_url=f"urn:uuid:{number}") for number, one in enumerate(entries)]
    ops = [*made, Create(request(requester={"reference": "urn:uuid:0"}), full_url="urn:uuid:r")]

    if text is None:
        transact(ops, asking(HOSPITAL, world), world)
        return
    with pytest.raises(Forbidden) as refused:
        transact(ops, asking(HOSPITAL, world), world)
    assert [(issue.diagnostics, issue.expression) for issue in refused.value.issues] == [
        (text, f"Bundle.entry[{len(entries)}].resource.requester")
    ]


def test_each_that_names_another_is_told(world: Services) -> None:
    ops = [Create(request(requester=OTHERS)), Create(request(requester=OWN)), Create(task(OWN, requester=OTHERS))]

    with pytest.raises(Forbidden) as refused:
        transact(ops, asking(HOSPITAL, world), world)

    assert [issue.expression for issue in refused.value.issues] == [
        "Bundle.entry[0].resource.requester",
        "Bundle.entry[2].resource.requester",
    ]


@pytest.mark.parametrize("elsewhere", ["Organization/nowhere", "https://elsewhere.example/fhir/Organization/1"])
def test_an_organisation_that_is_not_here_is_nobody(world: Services, elsewhere: str) -> None:
    with pytest.raises(Forbidden, match="no URA"):
        does(HOSPITAL, Create(request(requester={"reference": elsewhere})), world)


@pytest.mark.parametrize("requester", [{"display": "wij"}, {"reference": "Practitioner/1"}], ids=["a word", "a person"])
def test_who_is_no_organisation_is_nobody_elses(world: Services, requester: dict[str, Any]) -> None:
    does(HOSPITAL, Create(request(requester=requester)), world)


def test_who_answers_a_task_leaves_its_requester(world: Services) -> None:
    does(HOSPITAL, Put(task(OTHERS, requester=OWN)), world)

    does(HOME, Patch("Task", "t", lambda found: found | {"status": "accepted"}), world)


def test_it_is_not_made_another_later(world: Services) -> None:
    does(HOSPITAL, Put(request("mine", requester=OWN)), world)

    with pytest.raises(Forbidden):
        does(HOSPITAL, Patch("ServiceRequest", "mine", lambda found: found | {"requester": OTHERS}), world)
