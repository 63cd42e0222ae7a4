"""Bundles, case by case."""

from pathlib import Path
from typing import Any

import pytest

from gateway.fhir.json import decode
from gateway.validation import Validator

CASES = decode((Path(__file__).parent / "bundle_cases.json").read_bytes())


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_bundle_is_told_everything_that_is_wrong_with_it(case: dict[str, Any]) -> None:
    found = [[issue.code, issue.expression] for issue in Validator().bundle_issues(case["resource"])]

    assert found == case["issues"]


@pytest.mark.parametrize("key", ["bdl-1", "bdl-2", "bdl-3", "bdl-4", "bdl-5", "bdl-7", "bdl-8", "bdl-9"])
def test_every_bundle_invariant_has_a_broken_case(key: str) -> None:
    texts = [i.diagnostics for case in CASES for i in Validator().bundle_issues(case["resource"])]

    assert any(text.startswith(f"{key}:") for text in texts)


def test_a_bundle_is_also_taken_by_the_general_door() -> None:
    bundle = {"resourceType": "Bundle", "type": "transaction", "total": 1}

    assert Validator().issues(bundle) == Validator().bundle_issues(bundle) != []
