"""Findings as an OperationOutcome. https://hl7.org/fhir/R4/operationoutcome.html"""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from gateway.data import shipped
from gateway.errors import Issue
from gateway.fhir.types import Resource

ACTOR = "https://msb-gateway.example/fhir/StructureDefinition/issue-actor"
_ALL_WELL = Issue("all-well", "no findings", severity="information")


class Concept(msgspec.Struct, frozen=True):
    """One code of the catalogue: its FHIR issue type, who must act, and its display by language."""

    code: str
    type: str
    actor: str
    display: dict[str, str]


@cache
def catalogue() -> dict[str, Concept]:
    """Return the concepts of `profiles/CodeSystem-gateway-issue.json` by code."""
    return {concept["code"]: _concept(concept) for concept in _code_system()["concept"]}


@cache
def _code_system() -> Resource:
    content: Resource = msgspec.json.decode((shipped("profiles") / "CodeSystem-gateway-issue.json").read_bytes())
    return content


def _concept(row: dict[str, Any]) -> Concept:
    properties = {p["code"]: p["valueCode"] for p in row["property"]}
    display = {"en": row["display"]} | {d["language"]: d["value"] for d in row["designation"]}
    return Concept(row["code"], properties["type"], properties["actor"], display)


def operation_outcome(issues: Iterable[Issue], *, show_values: bool = False, language: str = "en") -> Resource:
    """Return the findings as one OperationOutcome; without findings, one issue that says so.

    The offending values are in it only when `show_values`; displays are English or Dutch (`nl`).
    """
    rendered = [_issue(issue, language, show_value=show_values) for issue in issues]
    return {"resourceType": "OperationOutcome", "issue": rendered or [_issue(_ALL_WELL, language, show_value=False)]}


def _issue(issue: Issue, language: str, *, show_value: bool) -> Resource:
    concept = catalogue().get(issue.code) or catalogue()["exception"]
    rendered: Resource = {
        "extension": [{"url": ACTOR, "valueCode": concept.actor}],
        "severity": issue.severity,
        "code": concept.type,
        "details": _details(issue, concept, language),
        "diagnostics": _diagnostics(issue, show_value=show_value),
    }
    if issue.place:
        rendered["location"] = [str(place) for place in (issue.place, *issue.others)]
    if issue.expression:
        rendered["expression"] = [issue.expression]
    return rendered


def _details(issue: Issue, concept: Concept, language: str) -> Resource:
    display = concept.display.get(language, concept.display["en"])
    coding = {"system": _code_system()["url"], "code": concept.code, "display": display}
    return {"coding": [coding], "text": issue.diagnostics}


def _diagnostics(issue: Issue, *, show_value: bool) -> str:
    value = f"value: {issue.value}" if show_value and issue.value is not None else None
    place = str(issue.place) if issue.place else None
    return "; ".join(part for part in (issue.diagnostics, place, ", ".join(issue.about), issue.rule, value) if part)
