"""The R4 invariants of what we store, each broken and held, and all of them compiled."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.fhir import elements, tables
from gateway.fhir.json import decode
from gateway.validation import Validator, invariants
from gateway.validation.structure import structure_issues

CASES = decode((Path(__file__).parent / "invariant_cases.json").read_bytes())


def broken(issues: list[Any]) -> list[list[str]]:
    return [[issue.diagnostics.partition(":")[0], issue.severity, issue.expression] for issue in issues]


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_an_invariant_is_broken_or_held(case: dict[str, Any]) -> None:
    assert broken(Validator().issues(case["resource"])) == case["broken"]
    assert broken(structure_issues(case["resource"])) == case["broken"]


def test_every_invariant_of_r4_is_compiled_or_written_in_python() -> None:
    keys = {row.key for row in tables.invariants()}
    paths = {path.removesuffix("[x]") for row in tables.invariants() for path in row.paths}
    asked = {rule.invariant.key for path in paths for rule in invariants.rules(path)}

    assert keys - asked == set(invariants._KEYS.split()) | invariants._BEST_PRACTICE


def test_a_datatype_is_held_to_the_invariants_of_its_base() -> None:
    assert {rule.invariant.key for rule in invariants.rules("Age")} == {"age-1", "qty-3"}


def test_what_is_wrong_in_structure_is_said_once_and_the_rest_still_asked() -> None:
    issues = Validator().issues(
        {"resourceType": "Organization", "telecom": [{"value": 5}], "address": [{"use": "home"}]}
    )

    assert [issue.code for issue in issues] == ["wrong-type", "invariant"]


def test_every_invariant_names_a_path_that_exists() -> None:
    for row in tables.invariants():
        for path in row.paths:
            owner, _, name = path.removesuffix("[x]").rpartition(".")
            assert elements.is_type(path) or elements.child(owner, name), path


@pytest.mark.parametrize(
    ("latitude", "longitude", "is_right"),
    [("52.07", "4.3", True), ("-90", "180", True), ("90.0001", "4.3", False), ("52.07", "-180.5", False)],
)
def test_degrees_are_those_of_the_earth(latitude: str, longitude: str, is_right: bool) -> None:
    """R4 says it in words alone: a position is of WGS84."""
    position = {"latitude": Decimal(latitude), "longitude": Decimal(longitude)}

    found = Validator().issues({"resourceType": "Location", "id": "a", "position": position})

    assert [(issue.code, issue.expression) for issue in found] == (
        [] if is_right else [("invariant", "Location.position")]
    )
