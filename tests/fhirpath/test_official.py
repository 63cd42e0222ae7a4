"""The official R4 suite of HL7: what passes keeps passing, what does not is listed with its reason."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from scripts.fhirpath_scoreboard import ROOT, page
from tests.fhirpath.official import cases, failure
from tests.shared import SHARED, needs_shared

LISTED = Path(__file__).with_name("official_failures.yaml")


def listed() -> Mapping[str, str]:
    reasons: Mapping[str, str] = yaml.safe_load(LISTED.read_text(encoding="utf-8"))
    return reasons


@cache
def failures() -> tuple[int, Mapping[str, str]]:
    assert SHARED
    folder = SHARED / "data" / "fhirpath"
    each = {case.key: failure(case, folder) for case in cases(folder)}
    return len(each), {key: how for key, how in each.items() if how}


@needs_shared
def test_no_case_fails_that_is_not_listed() -> None:
    assert {key: how for key, how in failures()[1].items() if key not in listed()} == {}


@needs_shared
def test_no_listed_case_passes() -> None:
    assert set(listed()) - set(failures()[1]) == set()


@needs_shared
def test_the_suite_was_read_whole() -> None:
    total, failed = failures()
    assert total >= 935
    assert (total - len(failed)) / total >= 0.98


def test_every_listed_case_has_a_reason() -> None:
    assert all(len(reason) > 20 for reason in listed().values())


@needs_shared
def test_the_scoreboard_tells_this() -> None:
    assert SHARED
    board = ROOT / "docs" / "scoreboard-fhirpath.md"
    renew = "python scripts/fhirpath_scoreboard.py CASES"
    assert board.read_text(encoding="utf-8") == page(SHARED / "data" / "fhirpath"), renew
