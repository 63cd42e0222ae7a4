"""What the R4 tables say."""

import pytest

from gateway.fhir import elements, tables
from gateway.fhir.elements import child, children, invariants, is_primitive, parent_type, required_codes
from gateway.fhir.types import resource_types


def test_all_resource_types_of_r4_are_there() -> None:
    named = required_codes("http://hl7.org/fhir/ValueSet/resource-types|4.0.1")

    assert len(resource_types()) == 146
    assert named == resource_types() | {"Resource", "DomainResource"}


def test_an_element_knows_its_type_and_cardinality() -> None:
    name, gender = child("Patient", "name"), child("Patient", "gender")

    assert name
    assert (name.types, name.is_list, name.required) == (("HumanName",), True, False)
    assert gender
    assert gender.binding == "http://hl7.org/fhir/ValueSet/administrative-gender"


def test_a_choice_is_found_by_its_stem_and_by_its_json_names() -> None:
    stem, typed = child("Observation", "value"), child("Observation", "valueQuantity")

    assert stem
    assert stem.choice
    assert "valueQuantity" in stem.json_names
    assert typed
    assert (typed.types, typed.choice) == (("Quantity",), False)
    assert child("Observation", "valueAddress") is None


def test_a_backbone_is_a_type_by_its_path() -> None:
    contact = child("Patient", "contact")

    assert contact
    assert contact.types == ("Patient.contact",)
    assert parent_type("Patient.contact") == "BackboneElement"
    assert set(children("Patient.contact")) >= {"id", "extension", "modifierExtension", "relationship"}


def test_a_content_reference_is_resolved() -> None:
    link = child("Bundle.entry", "link")

    assert link
    assert link.types == ("Bundle.link",)


def test_a_reference_knows_its_targets() -> None:
    schedule, focus = child("Slot", "schedule"), child("Task", "focus")

    assert schedule
    assert schedule.targets == ("Schedule",)
    assert focus
    assert focus.targets == ()


@pytest.mark.parametrize(
    ("type_name", "parent"),
    [
        ("Age", "Quantity"),
        ("code", "string"),
        ("Patient", "DomainResource"),
        ("Bundle", "Resource"),
        ("Resource", None),
    ],
)
def test_a_type_knows_what_it_specialises(type_name: str, parent: str | None) -> None:
    assert parent_type(type_name) == parent


def test_the_traps_of_the_definitions_are_avoided() -> None:
    id_ = child("Patient", "id")

    assert id_
    assert id_.types == ("id",)
    assert child("HealthcareService", "offeredIn") is None  # R5
    assert child("Meta", "project") is None  # a vendor's
    assert child("EvidenceVariable.characteristic", "definition") is not None  # left out of some snapshots
    assert not elements.is_type("SubscriptionStatus")


def test_every_type_and_target_that_is_named_exists() -> None:
    for owner, row in tables.types().items():
        for element in children(owner).values():
            assert all(elements.is_type(name) for name in (*element.types, *element.targets)), (owner, element)
        assert row.base is None or elements.is_type(row.base)


def test_nothing_is_known_of_an_unknown_type() -> None:
    assert children("Bed") == {}
    assert child("Bed", "name") is None
    assert not is_primitive("Bed")
    assert invariants("Bed") == ()


def test_invariants_come_with_their_path_those_of_the_base_on_the_type() -> None:
    found = {(rule.key, rule.path) for rule in invariants("Patient")}

    assert {("pat-1", "Patient.contact"), ("dom-2", "Patient")} <= found
    assert not {key for key, _ in found if key.startswith("per-")}


def test_bound_codes_are_listed_where_they_can_be() -> None:
    bound = {e.binding for name in tables.types() for e in children(name).values() if e.binding}
    unlisted = {value_set.rpartition("/")[2] for value_set in bound if required_codes(value_set) is None}

    slot_status = required_codes("http://hl7.org/fhir/ValueSet/slotstatus") or frozenset()

    assert sorted(slot_status) == ["busy", "busy-tentative", "busy-unavailable", "entered-in-error", "free"]
    assert unlisted == {"mimetypes", "currencies", "ucum-units", "LL379-9"}


def test_search_parameters_are_those_of_the_type() -> None:
    patient = elements.search_parameters("Patient")

    assert patient["birthdate"].expression == "Patient.birthDate"
    assert patient["birthdate"].url == "http://hl7.org/fhir/SearchParameter/individual-birthdate"
    assert patient["general-practitioner"].targets == ("Practitioner", "Organization", "PractitionerRole")
    assert {"_id", "_lastUpdated"} <= patient.keys()
    assert "birthdate" not in elements.search_parameters("Slot")


def test_a_composite_parameter_names_its_components() -> None:
    composite = elements.search_parameters("Observation")["code-value-quantity"]

    assert [part.expression for part in composite.components] == ["code", "value.ofType(Quantity)"]
    assert all(part.definition.startswith("http://hl7.org/fhir/SearchParameter/") for part in composite.components)
