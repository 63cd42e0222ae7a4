"""Extensions that change what a resource says: only those that an installed package defines are taken."""

from dataclasses import replace
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.errors import InvalidResource
from gateway.services import Services
from gateway.transact import Create, Put, transact
from gateway.validation.validator import Validator
from tests.validation.profile_kit import library

URL = "https://example.org/fhir/StructureDefinition/not-really"
MODIFIER = {"url": URL, "valueBoolean": True}
KNOWN = {
    "resourceType": "StructureDefinition",
    "url": URL,
    "status": "active",
    "kind": "complex-type",
    "abstract": False,
    "type": "Extension",
    "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
    "derivation": "constraint",
    "differential": {"element": [{"id": "Extension", "path": "Extension", "isModifier": True}]},
}


def place(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Location", "status": "active", **more}


def told(services: Services, *resources: dict[str, Any]) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidResource) as refused:
        transact([Create(one) for one in resources], development_caller(), services)
    return [(issue.code, issue.expression) for issue in refused.value.issues]


def test_an_unknown_modifier_refuses_the_resource(services: Services) -> None:
    assert told(services, place(modifierExtension=[MODIFIER])) == [
        ("unknown-modifier", "Location.modifierExtension[0]")
    ]


def test_every_one_is_told_however_deep_it_stands(services: Services) -> None:
    inner = {"resourceType": "Organization", "id": "o", "name": "A", "modifierExtension": [MODIFIER]}
    deep = place(contained=[inner], managingOrganization={"reference": "#o"})
    hours = place(hoursOfOperation=[{"daysOfWeek": ["mon"], "modifierExtension": [MODIFIER, MODIFIER]}])

    assert told(services, deep, hours) == [
        ("unknown-modifier", "Bundle.entry[0].resource.contained[0].modifierExtension[0]"),
        ("unknown-modifier", "Bundle.entry[1].resource.hoursOfOperation[0].modifierExtension[0]"),
        ("unknown-modifier", "Bundle.entry[1].resource.hoursOfOperation[0].modifierExtension[1]"),
    ]


def test_one_that_an_installed_package_defines_is_taken(services: Services) -> None:
    knowing = replace(services, validator=Validator(library(KNOWN)))

    (outcome,) = transact([Create(place(modifierExtension=[MODIFIER]))], development_caller(), knowing)

    assert outcome.status == "created"


def test_the_word_in_a_text_is_no_modifier(services: Services) -> None:
    (outcome,) = transact([Put(place(id="a", description='"modifierExtension":[{}]'))], development_caller(), services)

    assert outcome.status == "created"
