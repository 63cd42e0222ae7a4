"""A patient summary never reads as "there is none": what was not received is unknown, in every section and case."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.access.policy import development_caller
from gateway.data import shipped
from gateway.ingest import Ingested, ingest
from gateway.query import read
from gateway.services import Services

CASES = shipped("mappings") / "xml" / "gp_summary" / "cases"
GOOD = [path for path in sorted(CASES.glob("good-*.json")) if not path.name.endswith(".issues.json")]
REQUIRED = {"11450-4", "48765-2", "10160-0", "47519-4", "46264-8"}  # of the Dutch patient summary
ALLERGIES = "48765-2"
UNKNOWN = {"unavailable", "notasked", "withheld"}
NONE_AT_ALL = ("nilknown", "716186003", "no-known-allergies", "no-allergy-info", "160244002")


def resources(path: Path) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in json.loads(path.read_text("utf-8"))["entry"]]


def sections(path: Path) -> dict[str, dict[str, Any]]:
    (composition,) = [r for r in resources(path) if r["resourceType"] == "Composition"]
    return {section["code"].get("coding", [{}])[0].get("code", ""): section for section in composition["section"]}


def reason(section: dict[str, Any]) -> str | None:
    return section["emptyReason"]["coding"][0]["code"] if "emptyReason" in section else None


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_every_section_holds_something_or_says_that_it_is_unknown(path: Path) -> None:
    found = sections(path)

    assert found.keys() >= REQUIRED
    for section in found.values():
        assert ("entry" in section) != ("emptyReason" in section)
        assert reason(section) in {None, *UNKNOWN}
        assert "entry" in section or "onbekend" in section["text"]["div"]


@pytest.mark.parametrize("path", GOOD, ids=lambda p: p.stem)
def test_no_case_says_that_there_are_no_allergies(path: Path) -> None:
    assert not [word for word in NONE_AT_ALL if word in path.read_text("utf-8")]


@pytest.mark.parametrize(
    ("case", "because"),
    [
        ("good-nothing-but-the-patient", "unavailable"),
        ("good-allergies-not-asked", "notasked"),
        ("good-allergies-kept-back", "withheld"),
        ("good-denied-without-saying-what", "unavailable"),
        ("good-answer-not-whole", "unavailable"),
        ("good-whole", None),
        ("good-allergy-denied", None),
    ],
)
def test_an_empty_section_on_allergies_says_why(case: str, because: str | None) -> None:
    assert reason(sections(CASES / f"{case}.json")[ALLERGIES]) == because


def test_a_denied_allergy_is_refuted_and_its_line_says_so() -> None:
    path = CASES / "good-allergy-denied.json"
    (allergy,) = [r for r in resources(path) if r["resourceType"] == "AllergyIntolerance"]

    assert allergy["verificationStatus"]["coding"][0]["code"] == "refuted"
    assert "Ontkend: PENICILLINES" in sections(path)[ALLERGIES]["text"]["div"]


def test_a_contra_indication_is_no_allergy() -> None:
    kinds = {r["resourceType"] for r in resources(CASES / "good-contra-indication-in-words.json")}

    assert "Flag" in kinds
    assert "AllergyIntolerance" not in kinds


@pytest.mark.parametrize("case", ["good-answer-not-whole", "good-answer-broken-off-by-the-source"])
def test_an_answer_that_is_not_whole_is_preliminary_and_told(case: str) -> None:
    (composition,) = [r for r in resources(CASES / f"{case}.json") if r["resourceType"] == "Composition"]
    (told,) = json.loads((CASES / f"{case}.issues.json").read_text("utf-8"))

    assert composition["status"] == "preliminary"
    assert (told["severity"], told["code"]) == ("warning", "no-answer")


@pytest.mark.parametrize("path", sorted(CASES.glob("broken-*.xml")), ids=lambda p: p.stem)
def test_an_answer_without_a_summary_makes_nothing(services: Services, path: Path) -> None:
    whose = "duinrand" if "capacity" in path.stem else "dev"
    taken = send(path.read_bytes(), services, whose)

    assert taken.refusal is not None or all(not message.made for message in taken.messages)


def send(data: bytes, to: Services, provider: str = "dev") -> Ingested:
    later = replace(to, clock=lambda: datetime(2026, 9, 2, tzinfo=UTC))
    return ingest(data, provider=provider, content_type=None, caller=development_caller(), to=later)


def test_an_older_answer_that_comes_late_does_not_undo_the_newer(services: Services) -> None:
    newer = (CASES / "good-local-number.xml").read_bytes()
    older = newer.replace(b"20260901094500", b"20260831094500").replace(b'extension="90', b'extension="80')
    older = older.replace(b"Hartkloppingen", b"Iets anders")

    made = send(newer, services).messages[0].made
    send(older, services)

    (condition,) = [one for one in made if one.type == "Condition"]
    body = read("Condition", condition.id, development_caller(), services).body
    assert b"Hartkloppingen" in body
