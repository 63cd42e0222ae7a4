"""Structure and codes, case by case: what is wrong, where, and nothing else."""

import time
from pathlib import Path
from typing import Any

import pytest

from gateway.fhir.json import decode
from gateway.fhir.types import resource_types
from gateway.validation import Validator
from gateway.validation.structure import structure_issues
from gateway.validation.validator import quick

CASES = decode((Path(__file__).parent / "structural_cases.json").read_bytes())


def structural(resource: Any) -> list[list[str | None]]:
    return [[issue.code, issue.expression] for issue in structure_issues(resource)]


def test_the_table_has_enough_wrong_cases() -> None:
    assert sum(bool(case["issues"]) for case in CASES) >= 56


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_walk_finds_what_is_wrong_and_nothing_else(case: dict[str, Any]) -> None:
    assert structural(case["resource"]) == case["issues"]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_the_validator_says_the_same(case: dict[str, Any]) -> None:
    found = [[issue.code, issue.expression] for issue in Validator().issues(case["resource"])]

    assert found == case["issues"]


def test_no_text_holds_a_value_of_the_message() -> None:
    secret = "999900006"
    patient = {
        "resourceType": "Patient",
        "gender": secret,
        "birthDate": secret,
        "active": secret,
        "managingOrganization": {"reference": secret},
        "identifier": secret,
        "text": {"status": "generated", "div": f"<div>{secret}</div>"},
        secret: secret,
    }

    issues = structure_issues(patient)

    assert len(issues) == 7
    assert not [issue for issue in issues if secret in str(issue)]


def test_an_unknown_element_comes_with_the_one_that_was_meant() -> None:
    (issue,) = structure_issues({"resourceType": "Patient", "birthdate": "2020-01-01"})

    assert issue.diagnostics == "R4 Patient has no element 'birthdate'; did you mean 'birthDate'?"


def test_a_wrong_code_comes_with_what_is_allowed() -> None:
    (issue,) = structure_issues({"resourceType": "Patient", "gender": "man"})

    assert issue.diagnostics.endswith("administrative-gender: female, male, other, unknown")
    assert issue.value == "man"


def test_what_json_cannot_hold_is_said_not_raised() -> None:
    patient: Any = {"resourceType": "Patient", "name": [{"family": "\ud800"}], "active": object(), 5: "x"}

    assert {issue.code for issue in Validator().issues(patient)} == {"bad-value", "wrong-type", "unknown-element"}


def test_a_resource_wrong_everywhere_gives_a_bounded_list() -> None:
    patient = {"resourceType": "Patient", "name": [{"famly": "x"}] * 5_000}

    assert len(Validator().issues(patient)) == 1_000


def test_hostile_names_and_codes_cost_little() -> None:
    long = "birthdate" * 100_000
    many = {f"birthdat{n}": "x" for n in range(20_000)}
    patient = {"resourceType": "Patient", "gender": "male" * 100_000, long: "x", **many}

    start = time.perf_counter()
    issues = Validator().issues(patient)

    assert len(issues) == 1_000
    assert time.perf_counter() - start < 10  # comparing the long names would take minutes
    assert max(len(issue.diagnostics) for issue in issues) < 200


@pytest.mark.parametrize("resource_type", sorted(resource_types()))
def test_every_type_has_a_schema_that_compiles_and_refuses_what_it_should(resource_type: str) -> None:
    empty = {"resourceType": resource_type}
    nothing_required = all(issue.code == "invariant" for issue in structure_issues(empty))

    assert quick(resource_type).is_valid(empty) == nothing_required
    assert not quick(resource_type).is_valid({"resourceType": resource_type, "unheardOf": 1})
